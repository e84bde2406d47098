package enginetest

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
)

// Viewer is a small VNC viewer for tests. It speaks the Remote Framebuffer protocol without authentication, with raw pixels of 32
// bits, resizing and the plain clipboard. One goroutine may read and another one write.
type Viewer struct {
	Name    string      // the desktop's, from the greeting
	Picture *image.RGBA // what has arrived so far
	CutText string      // the server's clipboard, if it has sent one
	Resizes bool        // the server supports resizing

	conn    io.ReadWriteCloser
	r       *bufio.Reader
	updates int // number received
}

// The encodings that a Viewer supports.
const (
	encodingRaw            = 0
	encodingDesktopSize    = -223
	encodingExtendedLayout = -308
)

// NewViewer greets the server at the other end of the stream, which it then owns. If it fails, it leaves the stream open.
func NewViewer(conn io.ReadWriteCloser) (*Viewer, error) {
	v := &Viewer{conn: conn, r: bufio.NewReader(conn)}
	if err := v.greet(); err != nil {
		return nil, fmt.Errorf("greeting the display: %w", err)
	}
	return v, nil
}

func (v *Viewer) greet() error {
	banner := make([]byte, 12)
	if _, err := io.ReadFull(v.r, banner); err != nil {
		return err
	}
	if string(banner[:10]) != "RFB 003.00" {
		return fmt.Errorf("the banner is %q", banner)
	}
	if _, err := v.conn.Write([]byte("RFB 003.008\n")); err != nil {
		return err
	}
	if err := v.secure(); err != nil {
		return err
	}
	if _, err := v.conn.Write([]byte{1}); err != nil { // allow other viewers
		return err
	}
	hello := make([]byte, 24)
	if _, err := io.ReadFull(v.r, hello); err != nil {
		return err
	}
	length := binary.BigEndian.Uint32(hello[20:])
	if length > 1<<16 {
		return fmt.Errorf("a name of %d bytes", length)
	}
	name := make([]byte, length)
	if _, err := io.ReadFull(v.r, name); err != nil {
		return err
	}
	v.Name = string(name)
	v.Picture = image.NewRGBA(image.Rect(0, 0, int(binary.BigEndian.Uint16(hello)), int(binary.BigEndian.Uint16(hello[2:]))))
	return v.choose()
}

// secure chooses no authentication, which is type 1.
func (v *Viewer) secure() error {
	count, err := v.r.ReadByte()
	if err != nil {
		return err
	}
	types := make([]byte, count)
	if _, err := io.ReadFull(v.r, types); err != nil {
		return err
	}
	if _, err := v.conn.Write([]byte{1}); err != nil {
		return err
	}
	var result uint32
	if err := binary.Read(v.r, binary.BigEndian, &result); err != nil {
		return err
	}
	if result != 0 {
		return fmt.Errorf("of the security types %v, no authentication was refused", types)
	}
	return nil
}

// choose requests pixels in the format of image.RGBA.
func (v *Viewer) choose() error {
	format := []byte{0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 0, 8, 16, 0, 0, 0}
	if _, err := v.conn.Write(format); err != nil {
		return err
	}
	encodings := []int32{encodingRaw, encodingDesktopSize, encodingExtendedLayout}
	b := binary.BigEndian.AppendUint16([]byte{2, 0}, uint16(len(encodings)))
	for _, e := range encodings {
		b = binary.BigEndian.AppendUint32(b, uint32(e))
	}
	_, err := v.conn.Write(b)
	return err
}

// Ask requests the whole picture or, if incremental, its changes.
func (v *Viewer) Ask(incremental bool) error {
	b := []byte{3, 0, 0, 0, 0, 0}
	if incremental {
		b[1] = 1
	}
	b = binary.BigEndian.AppendUint16(b, uint16(v.Picture.Rect.Dx()))
	b = binary.BigEndian.AppendUint16(b, uint16(v.Picture.Rect.Dy()))
	_, err := v.conn.Write(b)
	return err
}

// Key presses and releases a key, by its X11 keysym.
func (v *Viewer) Key(sym uint32) error {
	if err := v.KeyEvent(sym, true); err != nil {
		return err
	}
	return v.KeyEvent(sym, false)
}

// KeyEvent presses or releases a key.
func (v *Viewer) KeyEvent(sym uint32, down bool) error {
	b := []byte{4, 0, 0, 0}
	if down {
		b[1] = 1
	}
	_, err := v.conn.Write(binary.BigEndian.AppendUint32(b, sym))
	return err
}

// Type presses the keys that write a text of Latin-1 characters.
func (v *Viewer) Type(text string) error {
	for _, r := range text {
		if err := v.Key(uint32(r)); err != nil {
			return err
		}
	}
	return nil
}

// Pointer moves the pointer; the lowest bit of buttons is the left one.
func (v *Viewer) Pointer(at image.Point, buttons byte) error {
	b := binary.BigEndian.AppendUint16([]byte{5, buttons}, uint16(at.X))
	_, err := v.conn.Write(binary.BigEndian.AppendUint16(b, uint16(at.Y)))
	return err
}

// Cut sends the viewer's clipboard, a text of ASCII characters.
func (v *Viewer) Cut(text string) error {
	b := binary.BigEndian.AppendUint32([]byte{6, 0, 0, 0}, uint32(len(text)))
	_, err := v.conn.Write(append(b, text...))
	return err
}

// Resize requests another size.
func (v *Viewer) Resize(size image.Point) error {
	b := []byte{251, 0}
	b = binary.BigEndian.AppendUint16(b, uint16(size.X))
	b = binary.BigEndian.AppendUint16(b, uint16(size.Y))
	b = append(b, 1, 0)
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(size.X))
	b = binary.BigEndian.AppendUint16(b, uint16(size.Y))
	_, err := v.conn.Write(append(b, 0, 0, 0, 0))
	return err
}

// Next reads one message of the server, an update of the picture or its clipboard, and returns whether it contained pixels.
func (v *Viewer) Next() (pixels bool, err error) {
	kind, err := v.r.ReadByte()
	if err != nil {
		return false, err
	}
	switch kind {
	case 0:
		return v.update()
	case 1:
		return false, errors.New("the display sent a colour map")
	case 2: // the bell
		return false, nil
	case 3:
		return false, v.cutText()
	}
	return false, fmt.Errorf("the display sent a message of type %d", kind)
}

// Update reads until pixels have arrived. An update without any (Xvnc answers a request for the whole picture with its size
// first) has answered the request, so it requests the rest.
func (v *Viewer) Update() error {
	for {
		updates := v.updates
		pixels, err := v.Next()
		if pixels || err != nil {
			return err
		}
		if v.updates > updates {
			if err := v.Ask(true); err != nil {
				return err
			}
		}
	}
}

// Close closes the stream.
func (v *Viewer) Close() error { return v.conn.Close() }

func (v *Viewer) cutText() error {
	b := make([]byte, 7)
	if _, err := io.ReadFull(v.r, b); err != nil {
		return err
	}
	n := int32(binary.BigEndian.Uint32(b[3:]))
	if n < 0 || n > 1<<20 {
		return fmt.Errorf("the display sent a clipboard of %d bytes", n)
	}
	text := make([]byte, n)
	_, err := io.ReadFull(v.r, text)
	v.CutText = string(text)
	return err
}

func (v *Viewer) update() (pixels bool, err error) {
	v.updates++
	b := make([]byte, 3)
	if _, err := io.ReadFull(v.r, b); err != nil {
		return false, err
	}
	for range binary.BigEndian.Uint16(b[1:]) {
		drew, err := v.rectangle()
		if err != nil {
			return pixels, err
		}
		pixels = pixels || drew
	}
	return pixels, nil
}

func (v *Viewer) rectangle() (pixels bool, err error) {
	b := make([]byte, 12)
	if _, err := io.ReadFull(v.r, b); err != nil {
		return false, err
	}
	n := func(i int) int { return int(binary.BigEndian.Uint16(b[i:])) }
	switch encoding := int32(binary.BigEndian.Uint32(b[8:])); encoding {
	case encodingRaw:
		return true, v.draw(image.Rect(n(0), n(2), n(0)+n(4), n(2)+n(6)))
	case encodingDesktopSize:
		v.adopt(n(4), n(6))
		return false, nil
	case encodingExtendedLayout:
		return false, v.layout(n(0), n(2), n(4), n(6))
	default:
		return false, fmt.Errorf("the display used encoding %d", encoding)
	}
}

func (v *Viewer) draw(area image.Rectangle) error {
	if !area.In(v.Picture.Rect) {
		return fmt.Errorf("the display drew %v in a picture of %v", area, v.Picture.Rect)
	}
	for y := area.Min.Y; y < area.Max.Y; y++ {
		row := v.Picture.Pix[v.Picture.PixOffset(area.Min.X, y):][:4*area.Dx()]
		if _, err := io.ReadFull(v.r, row); err != nil {
			return err
		}
		for i := 3; i < len(row); i += 4 {
			row[i] = 0xff // the fourth byte of a pixel has no meaning in the protocol
		}
	}
	return nil
}

// layout reads the screens of an ExtendedDesktopSize and sets the size, unless the change was refused.
func (v *Viewer) layout(reason, status, w, h int) error {
	b := make([]byte, 4)
	if _, err := io.ReadFull(v.r, b); err != nil {
		return err
	}
	if _, err := io.CopyN(io.Discard, v.r, 16*int64(b[0])); err != nil {
		return err
	}
	v.Resizes = true
	if reason == 1 && status != 0 {
		return fmt.Errorf("the display refused the size: status %d", status)
	}
	v.adopt(w, h)
	return nil
}

func (v *Viewer) adopt(w, h int) {
	if size := image.Rect(0, 0, w, h); size != v.Picture.Rect {
		v.Picture = image.NewRGBA(size)
	}
}
