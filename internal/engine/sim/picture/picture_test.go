package picture

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func scene() Scene {
	return Scene{
		Now: time.Date(2026, 9, 1, 9, 41, 7, 0, time.UTC), Name: "reading-room-3", State: "running", Account: "alice",
		Facts: []Fact{
			{"Machine", "reading-room-3-8d1f0c2a"}, {"Address", "10.87.0.12"},
			{"Size", "2 CPUs, 4096 MiB of memory, 80 GiB of disk"}, {"Host", "sim"},
		},
		Lines: []string{"Dear diary,", "today I typed into a picture"}, Pointer: image.Pt(900, 640), Viewers: 2,
		Message: "Maintenance tonight\nThis desktop restarts at six o'clock. Please save your work before you leave.", Urgent: true,
	}
}

// TestEverySizeHasAPicture paints at ordinary and at odd sizes. With a folder in PICTURES it leaves what it painted
// there, for people to look at.
func TestEverySizeHasAPicture(t *testing.T) {
	sizes := []image.Point{{1920, 1080}, {1280, 800}, {640, 480}, {160, 120}, {161, 900}, {900, 121}}
	for _, size := range sizes {
		for name, s := range map[string]Scene{"full": scene(), "plain": plain(), "empty": {Pointer: image.Pt(-1, -1)}} {
			p := image.NewRGBA(image.Rectangle{Max: size})
			new(Painter).Paint(p, s)
			for i := 3; i < len(p.Pix); i += 4 {
				if p.Pix[i] != 0xff {
					t.Fatalf("%v %s: a pixel is not painted", size, name)
				}
			}
			keep(t, p, fmt.Sprintf("%dx%d-%s.png", size.X, size.Y, name))
		}
	}
}

func keep(t *testing.T, p image.Image, name string) {
	t.Helper()
	folder := os.Getenv("PICTURES")
	if folder == "" {
		return
	}
	f, err := os.Create(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(png.Encode(f, p), f.Close()); err != nil {
		t.Fatal(err)
	}
}

func plain() Scene {
	s := scene()
	s.Lines, s.Message, s.Viewers = []string{""}, "", 1
	return s
}

func TestThePictureTellsWhatTheSceneSays(t *testing.T) {
	changes := map[string]func(*Scene){
		"name":      func(s *Scene) { s.Name = "reading-room-4" },
		"state":     func(s *Scene) { s.State = "hibernated" },
		"account":   func(s *Scene) { s.Account = "bob" },
		"fact":      func(s *Scene) { s.Facts = append([]Fact{{"Machine", "another"}}, s.Facts[1:]...) },
		"time":      func(s *Scene) { s.Now = s.Now.Add(time.Second) },
		"line":      func(s *Scene) { s.Lines = []string{"x"} },
		"clipboard": func(s *Scene) { s.Clipboard = "copied" },
		"message":   func(s *Scene) { s.Message = "Hello\nLunch is ready." },
		"pointer":   func(s *Scene) { s.Pointer = image.Pt(20, 400) },
		"button":    func(s *Scene) { s.Pressed = true },
		"viewers":   func(s *Scene) { s.Viewers = 3 },
	}
	var painter Painter
	before, again := image.NewRGBA(image.Rect(0, 0, 1280, 800)), image.NewRGBA(image.Rect(0, 0, 1280, 800))
	painter.Paint(before, plain())
	painter.Paint(again, plain())
	if !bytes.Equal(before.Pix, again.Pix) {
		t.Error("the same scene looks different")
	}
	for name, change := range changes {
		s := plain()
		change(&s)
		painter.Paint(again, s)
		if bytes.Equal(before.Pix, again.Pix) {
			t.Errorf("another %s looks the same", name)
		}
	}
}

func TestATextIsShortenedToItsWidth(t *testing.T) {
	f, s := faces{}, style{regular, 14}
	const text = "a rather long line of text"
	if got := f.fit(s, text, 1000, false); got != text {
		t.Errorf("with space it is %q", got)
	}
	head, tail := f.fit(s, text, 80, false), f.fit(s, text, 80, true)
	if f.width(s, head) > 80 || !strings.HasPrefix(head, "a rat") || !strings.HasSuffix(head, "…") {
		t.Errorf("its beginning is %q", head)
	}
	if f.width(s, tail) > 80 || !strings.HasSuffix(tail, "text") || !strings.HasPrefix(tail, "…") {
		t.Errorf("its end is %q", tail)
	}
}

func BenchmarkPaint(b *testing.B) {
	p := image.NewRGBA(image.Rect(0, 0, 1280, 800))
	var painter Painter
	s := scene()
	for b.Loop() {
		painter.Paint(p, s)
	}
}

func BenchmarkFirstPaint(b *testing.B) {
	p := image.NewRGBA(image.Rect(0, 0, 1280, 800))
	s := scene()
	for b.Loop() {
		new(Painter).Paint(p, s)
	}
}
