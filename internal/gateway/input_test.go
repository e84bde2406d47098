package gateway_test

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"io"
	"slices"
	"testing"

	"github.com/coder/websocket"

	"carrel/internal/gateway"
)

// hello is how a viewer begins: version, no security, a shared screen.
var hello = []byte("RFB 003.008\n\x01\x01")

// clipboard is a text of n random bytes.
func clipboard(n int) []byte {
	m := binary.BigEndian.AppendUint32([]byte{6, 0, 0, 0}, uint32(n))
	text := make([]byte, n)
	rand.Read(text)
	return append(m, text...)
}

// screenOf asks for a screen of one monitor, or of two that share its width.
func screenOf(width, height uint16, monitors int) []byte {
	m := []byte{251, 0}
	m = binary.BigEndian.AppendUint16(m, width)
	m = binary.BigEndian.AppendUint16(m, height)
	m = append(m, byte(monitors), 0)
	share := width / uint16(max(monitors, 1))
	for i := range monitors {
		m = binary.BigEndian.AppendUint32(m, uint32(70+i))
		for _, side := range []uint16{uint16(i) * share, 0, share, height} {
			m = binary.BigEndian.AppendUint16(m, side)
		}
		m = binary.BigEndian.AppendUint32(m, 0)
	}
	return m
}

// encodings lists what a viewer understands.
func encodings(all ...int32) []byte {
	m := binary.BigEndian.AppendUint16([]byte{2, 0}, uint16(len(all)))
	for _, e := range all {
		m = binary.BigEndian.AppendUint32(m, uint32(e))
	}
	return m
}

// eachMessage is one of each that noVNC and TigerVNC's viewer send, beside wishes for a screen.
var eachMessage = map[string][]byte{
	"pixel format":        append([]byte{0}, bytes.Repeat([]byte{251}, 19)...),
	"encodings":           encodings(7, 5, -239, -308, -316),
	"no encodings":        encodings(),
	"update request":      {3, 1, 251, 251, 251, 251, 251, 251, 251, 251},
	"key":                 {4, 1, 0, 0, 251, 251, 251, 251},
	"pointer":             {5, 3, 251, 251, 251, 251},
	"more pointer":        {5, 0x83, 251, 251, 251, 251, 251},
	"clipboard":           append([]byte{6, 0, 0, 0, 0, 0, 0, 3}, 251, 251, 251),
	"empty clipboard":     {6, 0, 0, 0, 0, 0, 0, 0},
	"extended clipboard":  append([]byte{6, 0, 0, 0, 255, 255, 255, 252}, 251, 0, 251, 251),
	"continuous updates":  {150, 1, 251, 251, 251, 251, 251, 251, 251, 251},
	"fence":               {248, 0, 0, 0, 251, 251, 251, 251, 3, 251, 251, 251},
	"empty fence":         {248, 0, 0, 0, 0, 0, 0, 1, 0},
	"QEMU key":            {255, 0, 0, 1, 251, 251, 251, 251, 251, 251, 251, 251},
	"QEMU audio on":       {255, 1, 0, 0},
	"QEMU audio's format": {255, 1, 0, 2, 251, 251, 251, 251, 251, 251},
}

// TestAHugeScreenIsAskedForSmaller is about a page on a 4K screen at 33 %, which asks for 11636x6545.
func TestAHugeScreenIsAskedForSmaller(t *testing.T) {
	for _, c := range []struct {
		name        string
		sent, wants []byte
	}{
		{"AHugeOne", screenOf(11636, 6545, 1), screenOf(5461, 3071, 1)},
		{"AHugeOneOfTwoMonitors", screenOf(11636, 6545, 2), screenOf(5461, 3071, 1)},
		{"AHugeOneOfNone", screenOf(11636, 6545, 0), slices.Concat(screenOf(5461, 3071, 1)[:8], make([]byte, 8), []byte{0x15, 0x55, 0x0b, 0xff, 0, 0, 0, 0})},
		{"AnUsualOne", screenOf(1920, 1080, 1), screenOf(1920, 1080, 1)},
		{"AnUsualOneOfTwoMonitors", screenOf(3840, 1080, 2), screenOf(3840, 1080, 2)},
		{"A4KOne", screenOf(3840, 2160, 1), screenOf(3840, 2160, 1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newEnv(t)
			e.screens.memory = 2048
			g := e.gateway(nil)
			page := g.open(e.ticket())
			screen := e.screens.last(t)
			sent, wants := slices.Clone(hello), slices.Clone(hello)
			for _, name := range []string{"encodings", "more pointer", "clipboard"} {
				sent, wants = append(sent, eachMessage[name]...), append(wants, eachMessage[name]...)
			}
			sent, wants = append(sent, c.sent...), append(wants, c.wants...)
			sent, wants = append(sent, eachMessage["key"]...), append(wants, eachMessage["key"]...)
			go func() {
				for _, half := range [][]byte{sent[:len(hello)+3], sent[len(hello)+3:]} {
					page.Write(t.Context(), websocket.MessageBinary, half)
				}
			}()
			got := make([]byte, len(wants))
			if _, err := io.ReadFull(screen, got); err != nil || !bytes.Equal(got, wants) {
				t.Errorf("the display got\n% x, %v; want\n% x", got, err, wants)
			}
		})
	}
}

func TestEveryOtherMessageGoesThroughAsItIsHoweverItIsSplit(t *testing.T) {
	for name, m := range eachMessage {
		before := encodings(-316)
		if name == "pointer" {
			before = encodings(7)
		}
		stream := slices.Concat(hello, before, m, m, eachMessage["key"], screenOf(800, 600, 1), m)
		for size := 1; size <= len(stream); size++ {
			if got, err := gateway.Follow(slices.Collect(slices.Chunk(stream, size))...); err != nil || !bytes.Equal(got, stream) {
				t.Fatalf("%s in pieces of %d: %v\n% x; want\n% x", name, size, err, got, stream)
			}
		}
	}
}

func TestEachMessageGoesOnAtOnceWhenItIsComplete(t *testing.T) {
	for name, m := range eachMessage {
		if got, err := gateway.Follow(hello, encodings(-316), m); name != "pointer" && (err != nil || !bytes.HasSuffix(got, m)) {
			t.Errorf("%s: %v, the display has % x", name, err, got)
		}
	}
}

func TestAViewerThatSpeaksOtherwiseIsShutOut(t *testing.T) {
	for name, stream := range map[string][]byte{
		"an unknown message":      append(slices.Clone(hello), 252, 0),
		"an unknown QEMU message": append(slices.Clone(hello), 255, 7),
		"an unknown version":      []byte("RFB 004.000\n"),
		"a password":              []byte("RFB 003.008\n\x02"),
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnv(t)
			g := e.gateway(nil)
			page := g.open(e.ticket())
			screen := e.screens.last(t)
			go io.Copy(io.Discard, screen)
			go page.Write(t.Context(), websocket.MessageBinary, stream)
			page.expect(gateway.NotUnderstood)
		})
	}
	if got, err := gateway.Follow([]byte("RFB 003.003\n\x01"), eachMessage["key"]); err != nil || !bytes.HasSuffix(got, eachMessage["key"]) {
		t.Errorf("a viewer of version 3.3: %v, % x", err, got)
	}
}

// FuzzInput checks that the way a stream is split changes nothing, that nothing but sizes of screens is changed, and that no
// screen is asked for that is too large.
func FuzzInput(f *testing.F) {
	for _, m := range eachMessage {
		f.Add(slices.Concat(hello, m, m), uint8(3))
	}
	f.Add(slices.Concat(hello, screenOf(11636, 6545, 2), eachMessage["key"]), uint8(5))
	f.Fuzz(func(t *testing.T, stream []byte, size uint8) {
		whole, failure := gateway.Follow(stream)
		pieces, err := gateway.Follow(slices.Collect(slices.Chunk(stream, int(size)+1))...)
		if !bytes.Equal(whole, pieces) || (failure == nil) != (err == nil) {
			t.Fatalf("in pieces of %d: % x, %v; whole: % x, %v", int(size)+1, pieces, err, whole, failure)
		}
		if again, err := gateway.Follow(whole); err != nil && failure == nil || !bytes.Equal(again, whole) {
			t.Fatalf("what went through does not go through again: % x, %v; % x", again, err, whole)
		}
	})
}
