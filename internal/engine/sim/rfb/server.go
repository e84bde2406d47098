// Package rfb serves a picture to a VNC viewer: the Remote Framebuffer protocol (RFC 6143) without authentication, with
// raw pixels, the viewer's own pointer, resizing, and the clipboard in both directions. It is meant for pictures that
// are mostly calm and for viewers that are near.
package rfb

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
	"sync"
	"time"
)

// Desktop is what is served. It must be safe for concurrent use; it may have several viewers.
type Desktop interface {
	// Name returns the window title.
	Name() string
	// Size returns the current size of the picture.
	Size() image.Point
	// Resize changes the size of the picture for a viewer, and returns whether it could.
	Resize(image.Point) bool
	// Paint draws the whole picture in the size of dst.
	Paint(dst *image.RGBA)
	// Changed returns a channel that is closed when the results of Paint, Size or Clipboard change, except with time.
	Changed() <-chan struct{}
	// Clipboard returns the text that was copied last, and the number of times that it was set.
	Clipboard() (text string, serial int)
	// Paste sets the clipboard and returns its new serial.
	Paste(text string) (serial int)
	// Key is a press or release of a key, by its X11 keysym.
	Key(sym uint32, down bool)
	// Pointer is the position of the pointer and the pressed buttons.
	Pointer(at image.Point, buttons uint8)
}

// Tick is the interval of painting the picture without a change, for what depends on the time in it.
const Tick = time.Second

// Serve serves one viewer until the stream ends, and closes it. It returns nil if the viewer has left, and the error otherwise.
func Serve(conn io.ReadWriteCloser, d Desktop) error {
	s := &server{
		desktop: d, w: bufio.NewWriterSize(conn, 64<<10), r: bufio.NewReader(conn),
		format: native, wake: make(chan struct{}, 1), size: d.Size(),
	}
	defer conn.Close()
	if err := s.handshake(); err != nil {
		return left(fmt.Errorf("greeting the viewer: %w", err))
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	var reader sync.WaitGroup
	reader.Go(func() {
		cancel(s.listen())
		conn.Close() // ends a blocked write
	})
	err := s.show(ctx)
	conn.Close()
	reader.Wait()
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return left(err)
}

// left returns nil for the errors by which a stream ends.
func left(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.ErrClosedPipe) {
		return nil
	}
	return err
}

type server struct {
	desktop Desktop
	r       *bufio.Reader
	wake    chan struct{} // signals show that listen has changed something

	mu      sync.Mutex // guards what follows: listen writes it, show reads it
	format  PixelFormat
	can     abilities
	want    *request
	replies []reply
	pasted  int // serial of the clipboard that this viewer has

	// Only show uses the fields below.
	w      *bufio.Writer
	size   image.Point // of the picture as the viewer has it
	shown  *image.RGBA // the picture that the viewer has
	next   *image.RGBA
	blank  bool // the viewer has no picture yet
	buffer []byte
}

// abilities are the extensions that a viewer supports.
type abilities struct{ cursor, resize, layout bool }

// The encodings that are used here.
const (
	encodingRaw                 = 0
	encodingCursor              = -239
	encodingDesktopSize         = -223
	encodingExtendedDesktopSize = -308
)

// request is what the viewer waits for; it is replaced, never modified.
type request struct {
	area image.Rectangle
	all  image.Rectangle // the area that is sent even if it has not changed
}

// reply is an answer that is sent with the next update.
type reply struct {
	reason, status uint16
	screen         Screen
	cursor         bool
}

func (s *server) handshake() error {
	s.w.WriteString("RFB 003.008\n")
	if err := s.w.Flush(); err != nil {
		return err
	}
	var version [12]byte
	if _, err := io.ReadFull(s.r, version[:]); err != nil {
		return err
	}
	if err := s.secure(string(version[:])); err != nil {
		return err
	}
	if _, err := s.r.ReadByte(); err != nil { // whether to share the desktop: it is always shared
		return err
	}
	name := s.desktop.Name()
	b := appendPoint(nil, s.size)
	b = native.append(b)
	b = binary.BigEndian.AppendUint32(b, uint32(len(name)))
	s.w.Write(append(b, name...))
	return s.w.Flush()
}

// secure negotiates no authentication, as the viewer's version requires.
func (s *server) secure(version string) error {
	const none = 1
	switch version {
	case "RFB 003.003\n":
		s.w.Write([]byte{0, 0, 0, none})
		return s.w.Flush()
	case "RFB 003.007\n", "RFB 003.008\n":
	default:
		return fmt.Errorf("the viewer speaks %q", version)
	}
	s.w.Write([]byte{1, none})
	if err := s.w.Flush(); err != nil {
		return err
	}
	choice, err := s.r.ReadByte()
	if err != nil {
		return err
	}
	if choice != none {
		return fmt.Errorf("the viewer chose security type %d", choice)
	}
	if version == "RFB 003.008\n" {
		s.w.Write([]byte{0, 0, 0, 0})
	}
	return s.w.Flush()
}

// listen reads the viewer's messages until the stream ends.
func (s *server) listen() error {
	for {
		m, err := ReadMessage(s.r)
		if err != nil {
			return err
		}
		switch m := m.(type) {
		case KeyEvent:
			s.desktop.Key(m.Sym, m.Down)
		case PointerEvent:
			s.desktop.Pointer(m.At, m.Buttons)
		default:
			s.note(m)
		}
	}
}

// note stores what show has to know.
func (s *server) note(m any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch m := m.(type) {
	case SetPixelFormat:
		s.format = m.Format
	case SetEncodings:
		s.learn(m.Encodings)
	case UpdateRequest:
		s.ask(m)
	case CutText:
		s.pasted = s.desktop.Paste(m.Text)
	case SetDesktopSize:
		s.resize(m)
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// learn stores the viewer's encodings. The mutex is locked, as for ask and resize.
func (s *server) learn(encodings []int32) {
	before := s.can
	s.can = abilities{}
	for _, e := range encodings {
		switch e {
		case encodingCursor:
			s.can.cursor = true
		case encodingDesktopSize:
			s.can.resize = true
		case encodingExtendedDesktopSize:
			s.can.layout = true
		}
	}
	if s.can.cursor && !before.cursor {
		s.replies = append(s.replies, reply{cursor: true})
	}
	if s.can.layout && !before.layout {
		s.replies = append(s.replies, reply{})
	}
}

func (s *server) ask(m UpdateRequest) {
	var next request
	if s.want != nil {
		next = *s.want
	}
	next.area = next.area.Union(m.Area)
	if !m.Incremental {
		next.all = next.all.Union(m.Area)
	}
	s.want = &next
}

// The results of SetDesktopSize.
const (
	sizeAdopted       = 0
	sizeTooLarge      = 2
	sizeInvalidLayout = 3
)

func (s *server) resize(m SetDesktopSize) {
	r := reply{reason: 1}
	switch {
	case len(m.Screens) == 0 || m.Size.X == 0 || m.Size.Y == 0:
		r.status = sizeInvalidLayout
	case !s.desktop.Resize(m.Size):
		r.status = sizeTooLarge
	default:
		r.status, r.screen = sizeAdopted, m.Screens[0]
	}
	s.replies = append(s.replies, r)
}

// show sends what the viewer waits for, whenever there is something to send.
func (s *server) show(ctx context.Context) error {
	tick := time.NewTicker(Tick)
	defer tick.Stop()
	for {
		changed := s.desktop.Changed()
		if err := s.sendClipboard(); err != nil {
			return err
		}
		if err := s.sendUpdate(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-s.wake:
		case <-tick.C:
		}
	}
}

func (s *server) sendClipboard() error {
	text, serial := s.desktop.Clipboard()
	s.mu.Lock()
	known := serial == s.pasted
	s.pasted = serial
	s.mu.Unlock()
	if known {
		return nil
	}
	latin := toLatin1(text)
	b := binary.BigEndian.AppendUint32([]byte{3, 0, 0, 0}, uint32(len(latin)))
	s.w.Write(append(b, latin...))
	return s.w.Flush()
}
