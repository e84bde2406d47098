package rfb

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
)

// The messages that a viewer sends.
type (
	// SetPixelFormat sets the pixel format from now on.
	SetPixelFormat struct{ Format PixelFormat }
	// SetEncodings lists the encodings that the viewer supports, in its order of preference.
	SetEncodings struct{ Encodings []int32 }
	// UpdateRequest requests an area: what has changed in it, or all of it.
	UpdateRequest struct {
		Incremental bool
		Area        image.Rectangle
	}
	// KeyEvent is a key, by its X11 keysym.
	KeyEvent struct {
		Down bool
		Sym  uint32
	}
	// PointerEvent is the position of the pointer and the pressed buttons; the lowest bit is the left one.
	PointerEvent struct {
		Buttons uint8
		At      image.Point
	}
	// CutText is the viewer's clipboard.
	CutText struct{ Text string }
	// SetDesktopSize requests another size.
	SetDesktopSize struct {
		Size    image.Point
		Screens []Screen
	}
)

// Screen is one monitor of a desktop.
type Screen struct {
	ID    uint32
	Area  image.Rectangle
	Flags uint32
}

// The types of those messages.
const (
	typeSetPixelFormat = 0
	typeSetEncodings   = 2
	typeUpdateRequest  = 3
	typeKeyEvent       = 4
	typePointerEvent   = 5
	typeCutText        = 6
	typeSetDesktopSize = 251
)

// maxCutText is the maximum length of a viewer's clipboard, in bytes.
const maxCutText = 1 << 20

// ReadMessage reads one message of a viewer. It returns an error if the stream ends, or for a message that no viewer should send
// here.
func ReadMessage(r *bufio.Reader) (any, error) {
	kind, err := r.ReadByte()
	if err != nil {
		return nil, err
	}
	var m any
	switch kind {
	case typeSetPixelFormat:
		m, err = readSetPixelFormat(r)
	case typeSetEncodings:
		m, err = readSetEncodings(r)
	case typeUpdateRequest:
		m, err = readUpdateRequest(r)
	case typeKeyEvent:
		m, err = readKeyEvent(r)
	case typePointerEvent:
		m, err = readPointerEvent(r)
	case typeCutText:
		m, err = readCutText(r)
	case typeSetDesktopSize:
		m, err = readSetDesktopSize(r)
	default:
		return nil, fmt.Errorf("unknown message type %d", kind)
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, fmt.Errorf("reading message of type %d: %w", kind, err)
	}
	return m, nil
}

func readSetPixelFormat(r io.Reader) (m SetPixelFormat, err error) {
	var b [19]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return m, err
	}
	m.Format = parsePixelFormat(b[3:])
	return m, m.Format.check()
}

func readSetEncodings(r io.Reader) (m SetEncodings, err error) {
	var b [3]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return m, err
	}
	m.Encodings = make([]int32, binary.BigEndian.Uint16(b[1:]))
	return m, binary.Read(r, binary.BigEndian, m.Encodings)
}

func readUpdateRequest(r io.Reader) (m UpdateRequest, err error) {
	var b [9]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return m, err
	}
	m.Incremental, m.Area = b[0] != 0, parseArea(b[1:])
	return m, nil
}

func readKeyEvent(r io.Reader) (m KeyEvent, err error) {
	var b [7]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return m, err
	}
	return KeyEvent{Down: b[0] != 0, Sym: binary.BigEndian.Uint32(b[3:])}, nil
}

func readPointerEvent(r io.Reader) (m PointerEvent, err error) {
	var b [5]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return m, err
	}
	return PointerEvent{Buttons: b[0], At: parsePoint(b[1:])}, nil
}

func readCutText(r io.Reader) (m CutText, err error) {
	var b [7]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return m, err
	}
	n := binary.BigEndian.Uint32(b[3:])
	if n > maxCutText {
		return m, fmt.Errorf("%d bytes of clipboard; at most %d are taken", n, maxCutText)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return m, err
	}
	m.Text = fromLatin1(text)
	return m, nil
}

func readSetDesktopSize(r io.Reader) (m SetDesktopSize, err error) {
	var b [7]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return m, err
	}
	m.Size = parsePoint(b[1:])
	m.Screens = make([]Screen, b[5])
	for i := range m.Screens {
		var b [16]byte
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return m, err
		}
		m.Screens[i] = Screen{
			ID: binary.BigEndian.Uint32(b[0:]), Area: parseArea(b[4:]), Flags: binary.BigEndian.Uint32(b[12:]),
		}
	}
	return m, nil
}

func parsePoint(b []byte) image.Point {
	return image.Pt(int(binary.BigEndian.Uint16(b)), int(binary.BigEndian.Uint16(b[2:])))
}

func parseArea(b []byte) image.Rectangle {
	at := parsePoint(b)
	return image.Rectangle{Min: at, Max: at.Add(parsePoint(b[4:]))}
}

// Clipboard texts are Latin-1.

func fromLatin1(b []byte) string {
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

func toLatin1(s string) []byte {
	b := make([]byte, 0, len(s))
	for _, r := range s {
		if r > 0xff {
			r = '?'
		}
		b = append(b, byte(r))
	}
	return b
}
