package rfb

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/draw"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// board is a desktop of one colour with one spot.
type board struct {
	mu      sync.Mutex
	size    image.Point
	spot    image.Point
	fill    color.RGBA
	changed chan struct{}
	copied  string
	copies  int
	keys    []uint32
}

func newBoard() *board {
	return &board{size: image.Pt(200, 100), fill: color.RGBA{0xff, 0x80, 0x08, 0xff}, changed: make(chan struct{})}
}

func (b *board) do(change func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change()
	close(b.changed)
	b.changed = make(chan struct{})
}

func (b *board) Name() string             { return "board" }
func (b *board) Size() image.Point        { b.mu.Lock(); defer b.mu.Unlock(); return b.size }
func (b *board) Changed() <-chan struct{} { b.mu.Lock(); defer b.mu.Unlock(); return b.changed }
func (b *board) Clipboard() (string, int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.copied, b.copies
}
func (b *board) Pointer(at image.Point, _ uint8) { b.do(func() { b.spot = at }) }
func (b *board) Key(sym uint32, down bool)       { b.do(func() { b.keys = append(b.keys, sym) }) }

func (b *board) Paste(text string) (serial int) {
	b.do(func() { b.copied = text; b.copies++; serial = b.copies })
	return serial
}

func (b *board) Resize(p image.Point) bool {
	if p.X > 1000 {
		return false
	}
	b.do(func() { b.size = p })
	return true
}

func (b *board) Paint(dst *image.RGBA) {
	b.mu.Lock()
	defer b.mu.Unlock()
	draw.Draw(dst, dst.Rect, image.NewUniform(b.fill), image.Point{}, draw.Src)
	if b.spot != (image.Point{}) {
		dst.SetRGBA(b.spot.X, b.spot.Y, color.RGBA{0, 0, 0xff, 0xff})
	}
}

// dial serves the board to a viewer that has not said anything yet.
func dial(t *testing.T, b *board) net.Conn {
	near, far := net.Pipe()
	var served sync.WaitGroup
	served.Go(func() {
		if err := Serve(far, b); err != nil {
			t.Errorf("serving: %v", err)
		}
	})
	t.Cleanup(func() { near.Close(); served.Wait() })
	return near
}

func send(t *testing.T, c net.Conn, b ...byte) {
	t.Helper()
	if _, err := c.Write(b); err != nil {
		t.Fatal(err)
	}
}

func expect(t *testing.T, c net.Conn, want ...byte) {
	t.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("received % x (%v); want % x", got[:n], err, want)
	}
}

// greet shakes hands as a viewer of version 3.8 does.
func greet(t *testing.T, c net.Conn) {
	t.Helper()
	expect(t, c, []byte("RFB 003.008\n")...)
	send(t, c, []byte("RFB 003.008\n")...)
	expect(t, c, 1, 1)
	send(t, c, 1)
	expect(t, c, 0, 0, 0, 0)
	send(t, c, 1)
	expectInit(t, c)
}

func expectInit(t *testing.T, c net.Conn) {
	t.Helper()
	expect(t, c, 0, 200, 0, 100, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 0, 8, 16, 0, 0, 0, 0, 0, 0, 5, 'b', 'o', 'a', 'r', 'd')
}

// rect is one rectangle of an update.
type rect struct {
	area     image.Rectangle
	encoding int32
}

func receive(t *testing.T, c net.Conn) rect {
	t.Helper()
	b := make([]byte, 12)
	if _, err := io.ReadFull(c, b); err != nil {
		t.Fatal(err)
	}
	return rect{parseArea(b), int32(binary.BigEndian.Uint32(b[8:]))}
}

func skip(t *testing.T, c net.Conn, n int) {
	t.Helper()
	if _, err := io.CopyN(io.Discard, c, int64(n)); err != nil {
		t.Fatal(err)
	}
}

var everything = image.Rect(0, 0, 200, 100)

func TestViewersOfEveryVersionAreGreeted(t *testing.T) {
	t.Run("3.8", func(t *testing.T) { greet(t, dial(t, newBoard())) })
	t.Run("3.7", func(t *testing.T) {
		c := dial(t, newBoard())
		expect(t, c, []byte("RFB 003.008\n")...)
		send(t, c, []byte("RFB 003.007\n")...)
		expect(t, c, 1, 1)
		send(t, c, 1)
		send(t, c, 0)
		expectInit(t, c)
	})
	t.Run("3.3", func(t *testing.T) {
		c := dial(t, newBoard())
		expect(t, c, []byte("RFB 003.008\n")...)
		send(t, c, []byte("RFB 003.003\n")...)
		expect(t, c, 0, 0, 0, 1)
		send(t, c, 0)
		expectInit(t, c)
	})
}

func TestPixelsTravelInTheFormatThatTheViewerSets(t *testing.T) {
	formats := map[string]struct {
		format PixelFormat
		pixel  []byte // of 0xff8008
	}{
		"native":     {native, []byte{0xff, 0x80, 0x08, 0xff}},
		"BGR":        {PixelFormat{32, 24, false, true, [3]uint16{255, 255, 255}, [3]uint8{16, 8, 0}}, []byte{0x08, 0x80, 0xff, 0}},
		"big endian": {PixelFormat{32, 24, true, true, [3]uint16{255, 255, 255}, [3]uint8{16, 8, 0}}, []byte{0, 0xff, 0x80, 0x08}},
		"565":        {PixelFormat{16, 16, false, true, [3]uint16{31, 63, 31}, [3]uint8{11, 5, 0}}, []byte{0x01, 0xfc}},
		"565 big":    {PixelFormat{16, 16, true, true, [3]uint16{31, 63, 31}, [3]uint8{11, 5, 0}}, []byte{0xfc, 0x01}},
		"332":        {PixelFormat{8, 8, false, true, [3]uint16{7, 7, 3}, [3]uint8{0, 3, 6}}, []byte{0x27}},
	}
	for name, f := range formats {
		t.Run(name, func(t *testing.T) {
			c := dial(t, newBoard())
			greet(t, c)
			send(t, c, encode(SetPixelFormat{f.format})...)
			send(t, c, encode(UpdateRequest{false, everything})...)
			expect(t, c, 0, 0, 0, 1)
			if r := receive(t, c); r.area != everything || r.encoding != encodingRaw {
				t.Fatalf("received %+v", r)
			}
			expect(t, c, bytes.Repeat(f.pixel, 200*100)...)
		})
	}
}

func TestAnIncrementalRequestWaitsAndBringsOnlyWhatChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := dial(t, newBoard())
		greet(t, c)
		send(t, c, encode(UpdateRequest{false, everything})...)
		expect(t, c, 0, 0, 0, 1)
		receive(t, c)
		skip(t, c, 200*100*4)
		send(t, c, encode(UpdateRequest{true, everything})...)
		synctest.Wait() // with nothing to tell: what comes next is about the spot
		send(t, c, encode(PointerEvent{0, image.Pt(70, 20)})...)
		expect(t, c, 0, 0, 0, 1)
		r := receive(t, c)
		if !image.Pt(70, 20).In(r.area) || r.area.Dx() > tileWidth || r.area.Dy() > tileHeight {
			t.Errorf("the spot at 70, 20 came as %v", r.area)
		}
		skip(t, c, r.area.Dx()*r.area.Dy()*4)
	})
}

func TestTheDesktopTakesOnTheSizeOfTheViewer(t *testing.T) {
	b := newBoard()
	c := dial(t, b)
	greet(t, c)
	send(t, c, encode(SetEncodings{[]int32{encodingRaw, encodingExtendedDesktopSize}})...)
	send(t, c, encode(UpdateRequest{false, everything})...)
	expect(t, c, 0, 0, 0, 2)
	expect(t, c, layout(0, 0, 200, 100, 0)...)
	receive(t, c)
	skip(t, c, 200*100*4)

	send(t, c, encode(UpdateRequest{true, everything})...)
	send(t, c, encode(SetDesktopSize{image.Pt(300, 50), []Screen{{7, image.Rect(0, 0, 300, 50), 0}}})...)
	expect(t, c, 0, 0, 0, 2)
	expect(t, c, layout(1, sizeAdopted, 300, 50, 7)...)
	if r := receive(t, c); r.area != image.Rect(0, 0, 300, 50) {
		t.Errorf("after the change of size came %+v", r)
	}
	skip(t, c, 300*50*4)

	send(t, c, encode(UpdateRequest{true, image.Rect(0, 0, 300, 50)})...)
	send(t, c, encode(SetDesktopSize{image.Pt(2000, 50), []Screen{{7, image.Rect(0, 0, 2000, 50), 0}}})...)
	expect(t, c, 0, 0, 0, 1)
	expect(t, c, layout(1, sizeTooLarge, 300, 50, 0)...)

	send(t, c, encode(UpdateRequest{true, image.Rect(0, 0, 300, 50)})...)
	send(t, c, encode(SetDesktopSize{image.Pt(100, 50), nil})...)
	expect(t, c, 0, 0, 0, 1)
	expect(t, c, layout(1, sizeInvalidLayout, 300, 50, 0)...)
}

// layout is the rectangle that tells a size.
func layout(reason, status, w, h int, id uint32) []byte {
	return appendLayout(nil, reply{reason: uint16(reason), status: uint16(status), screen: Screen{ID: id}}, image.Pt(w, h))
}

func TestALayoutIsWrittenAsTheProtocolSays(t *testing.T) {
	want := []byte{
		0, 1, 0, 2, 0x01, 0x2c, 0, 50, 0xff, 0xff, 0xfe, 0xcc, // reason, status, 300 by 50, ExtendedDesktopSize
		1, 0, 0, 0, // one screen
		0, 0, 0, 7, 0, 0, 0, 0, 0x01, 0x2c, 0, 50, 0, 0, 0, 0,
	}
	if got := layout(1, 2, 300, 50, 7); !bytes.Equal(got, want) {
		t.Errorf("wrote % x; want % x", got, want)
	}
}

func TestAnotherViewerLearnsOfANewSize(t *testing.T) {
	for name, encoding := range map[string]int32{"ExtendedDesktopSize": encodingExtendedDesktopSize, "DesktopSize": encodingDesktopSize} {
		t.Run(name, func(t *testing.T) {
			b := newBoard()
			c := dial(t, b)
			greet(t, c)
			send(t, c, encode(SetEncodings{[]int32{encoding}})...)
			send(t, c, encode(UpdateRequest{false, everything})...)
			if encoding == encodingDesktopSize {
				expect(t, c, 0, 0, 0, 1)
			} else {
				expect(t, c, 0, 0, 0, 2)
				expect(t, c, layout(0, 0, 200, 100, 0)...)
			}
			receive(t, c)
			skip(t, c, 200*100*4)
			send(t, c, encode(UpdateRequest{true, everything})...)
			b.Resize(image.Pt(60, 40))
			expect(t, c, 0, 0, 0, 2)
			r := receive(t, c)
			if r.encoding != encoding || r.area.Size() != image.Pt(60, 40) {
				t.Errorf("the new size came as %+v", r)
			}
		})
	}
}

func TestThePointerIsDrawnByTheViewer(t *testing.T) {
	c := dial(t, newBoard())
	greet(t, c)
	send(t, c, encode(SetEncodings{[]int32{encodingCursor}})...)
	send(t, c, encode(UpdateRequest{false, everything})...)
	expect(t, c, 0, 0, 0, 2)
	r := receive(t, c)
	if r.encoding != encodingCursor || r.area.Min != (image.Point{}) {
		t.Fatalf("received %+v", r)
	}
	skip(t, c, r.area.Dx()*r.area.Dy()*4)
	mask := make([]byte, (r.area.Dx()+7)/8*r.area.Dy())
	if _, err := io.ReadFull(c, mask); err != nil {
		t.Fatal(err)
	}
	if mask[0] != 0x80 || mask[2] != 0xc0 {
		t.Errorf("the arrow's mask begins with % x", mask[:4])
	}
	if r := receive(t, c); r.area != everything {
		t.Errorf("the picture came as %+v", r)
	}
}

func TestTheClipboardTravelsInBothDirections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBoard()
		c := dial(t, b)
		greet(t, c)
		send(t, c, encode(CutText{"from the viewer: é"})...)
		synctest.Wait()
		if text, _ := b.Clipboard(); text != "from the viewer: é" {
			t.Errorf("the desktop has %q", text)
		}
		// It is not sent back: the next thing that comes is what the desktop copies.
		b.Paste("from the desktop: é 書")
		expect(t, c, append([]byte{3, 0, 0, 0, 0, 0, 0, 21}, "from the desktop: \xe9 ?"...)...)
		synctest.Wait()
		send(t, c, encode(UpdateRequest{false, everything})...)
		expect(t, c, 0, 0, 0, 1) // it comes once
	})
}

func TestABadMessageEndsTheStream(t *testing.T) {
	for name, before := range map[string][]byte{
		"while nothing happens":            nil,
		"while a picture waits to be read": encode(UpdateRequest{false, everything}),
	} {
		t.Run(name, func(t *testing.T) {
			near, far := net.Pipe()
			result := make(chan error, 1)
			go func() { result <- Serve(far, newBoard()) }()
			greet(t, near)
			send(t, near, append(before, 99)...)
			if err := <-result; err == nil {
				t.Error("serving ended without a reason")
			}
			if _, err := io.Copy(io.Discard, near); err != nil {
				t.Errorf("the stream ended with %v", err)
			}
		})
	}
}

// A viewer that sends without reading must not keep the server from noticing what it sends.
func TestAViewerThatDoesNotReadCanStillLeave(t *testing.T) {
	b := newBoard()
	c := dial(t, b)
	greet(t, c)
	send(t, c, encode(UpdateRequest{false, everything})...)
	for range 100 {
		send(t, c, encode(KeyEvent{true, 'a'})...)
	}
	c.Close()
}
