package rfb

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"image"
	"reflect"
	"testing"
)

// encode writes a message as a viewer does.
func encode(m any) []byte {
	be := binary.BigEndian
	switch m := m.(type) {
	case SetPixelFormat:
		return m.Format.append([]byte{typeSetPixelFormat, 0, 0, 0})
	case SetEncodings:
		b := be.AppendUint16([]byte{typeSetEncodings, 0}, uint16(len(m.Encodings)))
		for _, e := range m.Encodings {
			b = be.AppendUint32(b, uint32(e))
		}
		return b
	case UpdateRequest:
		b := appendPoint([]byte{typeUpdateRequest, flag(m.Incremental)}, m.Area.Min)
		return appendPoint(b, m.Area.Size())
	case KeyEvent:
		return be.AppendUint32([]byte{typeKeyEvent, flag(m.Down), 0, 0}, m.Sym)
	case PointerEvent:
		return appendPoint([]byte{typePointerEvent, m.Buttons}, m.At)
	case CutText:
		text := toLatin1(m.Text)
		return append(be.AppendUint32([]byte{typeCutText, 0, 0, 0}, uint32(len(text))), text...)
	case SetDesktopSize:
		b := append(appendPoint([]byte{typeSetDesktopSize, 0}, m.Size), byte(len(m.Screens)), 0)
		for _, s := range m.Screens {
			b = appendPoint(appendPoint(be.AppendUint32(b, s.ID), s.Area.Min), s.Area.Size())
			b = be.AppendUint32(b, s.Flags)
		}
		return b
	}
	panic("no such message")
}

func examples() []any {
	big := native
	big.BigEndian, big.Max, big.Shift = true, [3]uint16{31, 63, 31}, [3]uint8{11, 5, 0}
	return []any{
		SetPixelFormat{native},
		SetPixelFormat{big},
		SetEncodings{[]int32{encodingRaw, encodingExtendedDesktopSize}},
		SetEncodings{[]int32{}},
		UpdateRequest{true, image.Rect(1, 2, 300, 400)},
		KeyEvent{true, 0xff0d},
		PointerEvent{5, image.Pt(70, 80)},
		CutText{"naïve café"},
		CutText{},
		SetDesktopSize{image.Pt(1024, 768), []Screen{{7, image.Rect(0, 0, 1024, 768), 9}}},
	}
}

func TestEveryMessageIsReadAsItWasMeant(t *testing.T) {
	var stream []byte
	for _, m := range examples() {
		stream = append(stream, encode(m)...)
	}
	r := bufio.NewReader(bytes.NewReader(stream))
	for _, want := range examples() {
		got, err := ReadMessage(r)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("read %#v, %v; want %#v", got, err, want)
		}
	}
}

func TestATornMessageIsAnError(t *testing.T) {
	for _, m := range examples() {
		whole := encode(m)
		for n := range whole {
			if got, err := ReadMessage(bufio.NewReader(bytes.NewReader(whole[:n]))); err == nil {
				t.Errorf("%d of %d bytes of %#v were read as %#v", n, len(whole), m, got)
			}
		}
	}
}

func TestWhatNoViewerHasReasonToSendIsRefused(t *testing.T) {
	colourMap, odd, far := native, native, native
	colourMap.TrueColour = false
	odd.BitsPerPixel = 24
	far.Shift[1] = 32
	cases := map[string][]byte{
		"an unknown type":     {99, 0, 0, 0},
		"a colour map":        encode(SetPixelFormat{colourMap}),
		"24 bits per pixel":   encode(SetPixelFormat{odd}),
		"a shift out of it":   encode(SetPixelFormat{far}),
		"a huge clipboard":    {typeCutText, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff},
		"a clipboard below 0": {typeCutText, 0, 0, 0, 0xff, 0xff, 0xff, 0xff},
	}
	for name, b := range cases {
		if m, err := ReadMessage(bufio.NewReader(bytes.NewReader(b))); err == nil {
			t.Errorf("%s was read as %#v", name, m)
		}
	}
}

// FuzzReadMessage feeds streams of messages. Whatever they are, reading ends, and what was read means the same when it
// is written and read again.
func FuzzReadMessage(f *testing.F) {
	for _, m := range examples() {
		f.Add(encode(m))
	}
	f.Add([]byte{typeCutText, 0, 0, 0, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, stream []byte) {
		r := bufio.NewReader(bytes.NewReader(stream))
		for {
			m, err := ReadMessage(r)
			if err != nil {
				return
			}
			again, err := ReadMessage(bufio.NewReader(bytes.NewReader(encode(m))))
			if err != nil || !reflect.DeepEqual(again, m) {
				t.Fatalf("%#v was read again as %#v, %v", m, again, err)
			}
		}
	})
}
