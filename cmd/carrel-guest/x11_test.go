package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"
)

// fakeX is an X server with one panel-like window, which appears, gets visible and is painted in the steps that a test
// lists. Only the last step of them repeats.
type fakeX struct {
	conn  net.Conn
	steps []panelStep
	at    int

	heights []uint16    // of the screen, each for two looks and announced by an event; without any, it is a single line
	screens [][2]uint16 // widths and heights, one for each look, and after each but the last an event
	sizes   [][2]uint16 // that the screen may be given
	wishes  chan int    // which of them it was
	looks   int
	strips  chan []byte // the bodies of what is painted, if anybody wants to know
}

type panelStep struct {
	listed, viewable, painted bool
	event                     bool // an event follows the look at this step
}

const (
	fakeRoot   = 0x123
	fakeWindow = 0x456
	fakeDock   = 71 // the third atom

	fakeConfigured = 0x789 // when the screen's sizes changed
)

var testCookie = bytes.Repeat([]byte{7}, cookieSize)

// serveX starts the fake and connects to it.
func serveX(t *testing.T, steps ...panelStep) *xConn {
	t.Helper()
	return (&fakeX{steps: steps}).dial(t)
}

func (f *fakeX) dial(t *testing.T) *xConn {
	t.Helper()
	ours, theirs := net.Pipe()
	f.conn = theirs
	go func() {
		defer theirs.Close()
		f.serve(t)
	}()
	t.Cleanup(func() { ours.Close() })
	x, err := greetX(ours, testCookie)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func (f *fakeX) serve(t *testing.T) {
	hello := make([]byte, 12+20+cookieSize)
	if _, err := io.ReadFull(f.conn, hello); err != nil {
		return
	}
	if !bytes.Equal(hello[len(hello)-cookieSize:], testCookie) {
		t.Error("the client did not show the cookie")
	}
	body := make([]byte, 32+4+8+4)
	binary.LittleEndian.PutUint16(body[16:], 3) // the vendor's name, padded
	body[21] = 1                                // one format
	binary.LittleEndian.PutUint32(body[32+4+8:], fakeRoot)
	head := []byte{1, 0, 11, 0, 0, 0, byte(len(body) / 4), 0}
	if _, err := f.conn.Write(append(head, body...)); err != nil {
		return
	}
	atoms := byte(fakeDock - 2)
	for {
		head := make([]byte, 4)
		if _, err := io.ReadFull(f.conn, head); err != nil {
			return
		}
		rest := make([]byte, 4*int(binary.LittleEndian.Uint16(head[2:]))-4)
		if _, err := io.ReadFull(f.conn, rest); err != nil {
			return
		}
		out := f.answer(head[0], rest, &atoms)
		if out == nil {
			continue
		}
		if _, err := f.conn.Write(out); err != nil {
			return
		}
	}
}

func (f *fakeX) answer(op byte, rest []byte, atoms *byte) []byte {
	reply := make([]byte, 32)
	reply[0] = 1
	words := func(values ...uint32) []byte {
		reply[1] = 32
		binary.LittleEndian.PutUint32(reply[4:], uint32(len(values)))
		binary.LittleEndian.PutUint32(reply[16:], uint32(len(values)))
		for _, v := range values {
			reply = binary.LittleEndian.AppendUint32(reply, v)
		}
		return reply
	}
	switch op {
	case xPutImage:
		f.strips <- rest
		return nil
	case xChangeWindowAttributes, xCreatePixmap, xFreePixmap, xCreateGC, xFreeGC, xClearArea:
		return nil
	case xInternAtom:
		reply[8] = *atoms
		*atoms++
	case xGetProperty:
		if binary.LittleEndian.Uint32(rest) == fakeWindow {
			return words(fakeDock)
		}
		f.at++ // a new look begins
		now := f.steps[min(f.at-1, len(f.steps)-1)]
		var list []byte
		if now.listed {
			list = words(fakeWindow)
		} else {
			list = words()
		}
		if now.event {
			return append(list, append([]byte{19}, make([]byte, 31)...)...)
		}
		return list
	case xGetWindowAttributes:
		if f.steps[min(f.at-1, len(f.steps)-1)].viewable {
			reply[26] = xViewable
		}
	case xGetGeometry:
		reply[1], reply[16], reply[18] = 24, 2, 1
		if len(f.screens) > 0 {
			now := f.screens[min(f.looks, len(f.screens)-1)]
			binary.LittleEndian.PutUint16(reply[16:], now[0])
			binary.LittleEndian.PutUint16(reply[18:], now[1])
			if f.looks++; f.looks < len(f.screens) {
				return append(reply, append([]byte{22}, make([]byte, 31)...)...)
			}
		}
		if len(f.heights) > 0 {
			binary.LittleEndian.PutUint16(reply[18:], f.heights[min(f.looks/2, len(f.heights)-1)])
			if f.looks++; f.looks%2 == 0 && f.looks < 2*len(f.heights) {
				return append(reply, append([]byte{22}, make([]byte, 31)...)...)
			}
		}
	case xGetImage:
		if f.steps[min(f.at-1, len(f.steps)-1)].painted {
			return words(0xff0000, 0x00ff00)
		}
		return words(0xff0000, 0xff0000)
	case xQueryExtension:
		reply[8], reply[9] = 1, 140
	case 140:
		const version, info, set = 8, 4, 20
		switch {
		case len(f.sizes) == 0:
		case len(rest) == version:
		case len(rest) == info:
			binary.LittleEndian.PutUint32(reply[4:], uint32(2*len(f.sizes)))
			binary.LittleEndian.PutUint32(reply[16:], fakeConfigured)
			binary.LittleEndian.PutUint16(reply[20:], uint16(len(f.sizes)))
			for _, s := range f.sizes {
				reply = binary.LittleEndian.AppendUint32(reply, uint32(s[0])|uint32(s[1])<<16)
				reply = append(reply, 0, 0, 0, 0) // millimetres
			}
			return reply
		case len(rest) == set && binary.LittleEndian.Uint32(rest[8:]) == fakeConfigured:
			f.wishes <- int(binary.LittleEndian.Uint16(rest[12:]))
			return reply
		}
		binary.LittleEndian.PutUint32(reply[16:], 90_000)
	}
	return reply
}

func TestIdleTimeIsWhatTheDisplaySays(t *testing.T) {
	x := serveX(t, panelStep{})
	got, err := x.idle()
	if err != nil || got != 90*time.Second {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestThePanelCountsOnceItIsPainted(t *testing.T) {
	for name, steps := range map[string][]panelStep{
		"Whole":        {{listed: true, viewable: true, painted: true}},
		"AppearsLater": {{event: true}, {event: true}, {listed: true, viewable: true, painted: true}},
		// The window manager shows a window inside a frame without a further event.
		"GetsVisibleWithoutAnEvent": {{event: true}, {listed: true}, {listed: true}, {listed: true, viewable: true, painted: true}},
		"IsPaintedLater":            {{listed: true, viewable: true}, {listed: true, viewable: true}, {listed: true, viewable: true, painted: true}},
	} {
		t.Run(name, func(t *testing.T) {
			x := serveX(t, steps...)
			if err := x.watchPanel(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWatchingThePanelEndsWithTheSession(t *testing.T) {
	x := serveX(t, panelStep{})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- x.watchPanel(ctx) }()
	cancel()
	if err := <-ended; err == nil {
		t.Error("it says that the panel is drawn")
	}
}
