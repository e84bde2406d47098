package main

import (
	"context"
	"encoding/xml"
	"image/color"
	"math"
	"os"
	"slices"
	"testing"
)

func TestTheBackdropIsAsHighAsTheScreenAlsoWhenThatChanges(t *testing.T) {
	f := &fakeX{heights: []uint16{768, 1080}, strips: make(chan []byte, 9)}
	x := f.dial(t)
	ctx, cancel := context.WithCancel(t.Context())
	painted, ended := make(chan struct{}, 9), make(chan error, 1)
	go func() { ended <- x.keepBackdrop(ctx, func() { painted <- struct{}{} }) }()
	for _, height := range f.heights {
		<-painted
		const header = 20
		request := <-f.strips
		if got := len(request) - header; got != 4*stripWidth*int(height) {
			t.Fatalf("the strip has %d bytes for %d lines", got, height)
		}
		first, last := request[header:][:3], request[len(request)-4:][:3]
		if top, bottom := colorOf(first), colorOf(last); top != backdropTop || bottom != backdropBottom {
			t.Errorf("at %d lines it goes from %v to %v", height, top, bottom)
		}
	}
	cancel()
	if err := <-ended; err == nil {
		t.Error("it ended of itself")
	}
}

func colorOf(pixel []byte) color.RGBA { return color.RGBA{pixel[2], pixel[1], pixel[0], 0xff} }

func TestTheHighestStripFitsInOneRequest(t *testing.T) {
	const header, limit = 24, 4 * math.MaxUint16
	if n := header + len(strip(backdropTop, backdropBottom, stripLimit)); n > limit {
		t.Errorf("%d bytes, but a request has at most %d", n, limit)
	}
}

// TestTheBackdropStaysWhenTheDesktopEnvironmentDraws compares with what the image has it draw.
func TestTheBackdropStaysWhenTheDesktopEnvironmentDraws(t *testing.T) {
	content, err := os.ReadFile("../../images/debian-xfce/overlay/etc/xdg/xfce4/xfconf/xfce-perchannel-xml/xfce4-desktop.xml")
	if err != nil {
		t.Fatal(err)
	}
	type property struct {
		Name       string     `xml:"name,attr"`
		Properties []property `xml:"property"`
		Values     []struct {
			Value float64 `xml:"value,attr"`
		} `xml:"value"`
	}
	var channel struct {
		Properties []property `xml:"property"`
	}
	if err := xml.Unmarshal(content, &channel); err != nil {
		t.Fatal(err)
	}
	found := map[string]color.RGBA{}
	var walk func([]property)
	walk = func(all []property) {
		for _, p := range all {
			if slices.Contains([]string{"rgba1", "rgba2"}, p.Name) && len(p.Values) == 4 {
				part := func(i int) uint8 { return uint8(math.Round(255 * p.Values[i].Value)) }
				found[p.Name] = color.RGBA{part(0), part(1), part(2), part(3)}
			}
			walk(p.Properties)
		}
	}
	walk(channel.Properties)
	if found["rgba1"] != backdropTop || found["rgba2"] != backdropBottom {
		t.Errorf("it draws from %v to %v, the guest from %v to %v", found["rgba1"], found["rgba2"], backdropTop, backdropBottom)
	}
}
