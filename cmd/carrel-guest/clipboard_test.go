package main

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"testing"
)

// fakeClipboard is an X server whose clipboard a program with a large text owns. It hands the text over in pieces.
type fakeClipboard struct {
	t      *testing.T
	conn   net.Conn
	pieces [][]byte // still to come; nil once the end was told
	atoms  map[string]uint32

	announced bool
	owned     chan struct{} // closed when the relay offers the text as its own
	offered   chan []byte   // what a program got that asked the relay
}

const (
	fakeOpcode  = 130
	fakeFixes   = 90
	fakeProgram = 0x600001 // its window
	fakeTime    = 4242
)

// serveClipboard starts a fake and a relay on it.
func serveClipboard(t *testing.T, pieces [][]byte) (f *fakeClipboard, refused chan int) {
	t.Helper()
	ours, theirs := net.Pipe()
	f = &fakeClipboard{
		t: t, conn: theirs, pieces: pieces, atoms: map[string]uint32{}, owned: make(chan struct{}), offered: make(chan []byte, 1),
	}
	go f.serve()
	x, err := greetX(ours, testCookie)
	if err != nil {
		t.Fatal(err)
	}
	refused = make(chan int, 1)
	relay, err := newClipboardRelay(x, func(size int) { refused <- size })
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan error, 1)
	go func() { over <- relay.run(t.Context()) }()
	t.Cleanup(func() {
		ours.Close()
		theirs.Close()
		<-over
	})
	return f, refused
}

func (f *fakeClipboard) serve() {
	if _, err := io.ReadFull(f.conn, make([]byte, 12+20+cookieSize)); err != nil {
		return
	}
	body := make([]byte, 32+4+8+4)
	binary.LittleEndian.PutUint32(body[4:], 0x200000)
	binary.LittleEndian.PutUint32(body[8:], 0x1fffff)
	binary.LittleEndian.PutUint16(body[16:], 3)
	body[21] = 1
	f.write(append([]byte{1, 0, 11, 0, 0, 0, byte(len(body) / 4), 0}, body...))
	for {
		head := make([]byte, 4)
		if _, err := io.ReadFull(f.conn, head); err != nil {
			return
		}
		size := 4*int(binary.LittleEndian.Uint16(head[2:])) - 4
		if size < 0 { // a large request
			length := make([]byte, 4)
			if _, err := io.ReadFull(f.conn, length); err != nil {
				return
			}
			size = 4*int(binary.LittleEndian.Uint32(length)) - 8
		}
		rest := make([]byte, size)
		if _, err := io.ReadFull(f.conn, rest); err != nil {
			return
		}
		f.answer(head[0], rest)
	}
}

func (f *fakeClipboard) write(b []byte) { _, _ = f.conn.Write(b) }

func (f *fakeClipboard) reply(b []byte) {
	b[0] = 1
	f.write(b)
}

func (f *fakeClipboard) answer(op byte, rest []byte) {
	word := func(i int) uint32 { return binary.LittleEndian.Uint32(rest[i:]) }
	reply := make([]byte, 32)
	switch op {
	case xInternAtom:
		name := string(rest[4 : 4+binary.LittleEndian.Uint16(rest)])
		f.atoms[name] = uint32(100 + len(f.atoms))
		binary.LittleEndian.PutUint32(reply[8:], f.atoms[name])
		f.reply(reply)
	case xQueryExtension:
		reply[8], reply[9], reply[10] = 1, fakeOpcode, fakeFixes
		f.reply(reply)
	case fakeOpcode:
		if len(rest) == 12 { // the wish to hear of owners: a program copies something
			f.event(fakeFixes, 0, fakeProgram, f.atoms["CLIPBOARD"], fakeTime)
			return
		}
		f.reply(reply)
	case xConvertSelection:
		f.event(xSelectionNotify, word(16), word(0), word(4), word(8), word(12))
	case xGetProperty:
		f.property(reply)
	case xDeleteProperty:
		f.event(xPropertyNotify, word(0), word(4), fakeTime, xNewValue)
	case xSetSelectionOwner:
		if word(4) == f.atoms["CLIPBOARD"] && word(8) == fakeTime {
			close(f.owned)
		}
		f.event(xSelectionRequest, 0, word(0), fakeProgram, f.atoms["CLIPBOARD"], f.atoms["UTF8_STRING"], 7)
	case xChangeProperty:
		f.offered <- rest[20 : 20+word(16)]
	}
}

// property answers with the announcement of pieces first and then with each piece, of which the next event tells.
func (f *fakeClipboard) property(reply []byte) {
	if !f.announced {
		f.announced = true
		binary.LittleEndian.PutUint32(reply[8:], f.atoms["INCR"])
		f.reply(reply)
		return
	}
	var piece []byte
	if len(f.pieces) > 0 {
		piece, f.pieces = f.pieces[0], f.pieces[1:]
	}
	reply[1] = 8
	binary.LittleEndian.PutUint32(reply[4:], uint32(len(pad(piece))/4))
	binary.LittleEndian.PutUint32(reply[8:], f.atoms["UTF8_STRING"])
	binary.LittleEndian.PutUint32(reply[16:], uint32(len(piece)))
	f.reply(append(reply, pad(piece)...))
	if len(piece) > 0 {
		f.event(xPropertyNotify, 0, f.atoms["CARREL_CLIPBOARD"], fakeTime, xNewValue)
	}
}

func (f *fakeClipboard) event(code byte, values ...uint32) {
	e := append([]byte{code, 0, 0, 0}, words(values...)...)
	f.write(append(e, make([]byte, 32-len(e))...))
}

func TestTextInPiecesIsOfferedInOne(t *testing.T) {
	pieces := [][]byte{bytes.Repeat([]byte("a"), 1<<18), bytes.Repeat([]byte("b"), 1<<18), []byte("end")}
	f, _ := serveClipboard(t, pieces)
	<-f.owned
	if got := <-f.offered; !bytes.Equal(got, bytes.Join(pieces, nil)) {
		t.Errorf("the relay offers %d bytes", len(got))
	}
}

func TestTextBeyondTheLimitIsToldOf(t *testing.T) {
	piece := bytes.Repeat([]byte("a"), 1<<22)
	_, refused := serveClipboard(t, [][]byte{piece, piece, piece, piece})
	if size := <-refused; size != 4<<22 {
		t.Errorf("told of %d bytes", size)
	}
}
