package sim

import (
	"image"
	"io"
	"sync"
	"time"
	"unicode/utf8"

	"carrel/internal/guest"
)

// screen is the screen of one session, shared by all its viewers.
type screen struct {
	mu        sync.Mutex // guards what follows
	changed   chan struct{}
	size      image.Point
	lines     []string // typed text; the last line is being typed
	control   bool     // the Ctrl key is down
	clipboard string
	copies    int // how often the clipboard was set
	pointer   image.Point
	buttons   uint8
	input     time.Time // the last key or pointer event
	message   *guest.Message
	viewers   map[io.Closer]bool
}

const (
	keptLines  = 100
	lineLength = 200
)

// Sizes of a session's screen.
var (
	firstSize    = image.Pt(1280, 800)
	smallestSize = image.Pt(160, 120)
	largestSize  = image.Pt(4096, 2304)
)

func newScreen(since time.Time) *screen {
	return &screen{
		changed: make(chan struct{}), size: firstSize, lines: []string{""}, pointer: image.Pt(-1, -1), input: since,
	}
}

// announce signals a change. The mutex is locked.
func (s *screen) announce() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// Changed implements rfb.Desktop, as the methods below do.
func (s *screen) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// Size returns the size of the picture.
func (s *screen) Size() image.Point {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.size
}

// Resize changes the size, unless it is out of range.
func (s *screen) Resize(p image.Point) bool {
	if p.X < smallestSize.X || p.Y < smallestSize.Y || p.X > largestSize.X || p.Y > largestSize.Y {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.size = p
	s.announce()
	return true
}

// Clipboard returns the text that was copied last.
func (s *screen) Clipboard() (string, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clipboard, s.copies
}

// Paste sets the clipboard.
func (s *screen) Paste(text string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.copy(text)
	return s.copies
}

// copy sets the clipboard. The mutex is locked.
func (s *screen) copy(text string) {
	s.clipboard = text
	s.copies++
	s.announce()
}

// Pointer stores the position of the pointer.
func (s *screen) Pointer(at image.Point, buttons uint8) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pointer, s.buttons, s.input = at, buttons, time.Now()
	s.announce()
}

// X11 keysyms that do not write a character.
const (
	keyBackspace = 0xff08
	keyReturn    = 0xff0d
	keyEscape    = 0xff1b
	keyEnter     = 0xff8d // on the number pad
	keyControlL  = 0xffe3
	keyControlR  = 0xffe4
)

// Key adds typed characters to the text. Ctrl+C copies the line, Ctrl+V pastes, Escape hides the message.
func (s *screen) Key(sym uint32, down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.input = time.Now()
	switch {
	case sym == keyControlL || sym == keyControlR:
		s.control = down
	case !down:
	case s.control && (sym == 'c' || sym == 'C'):
		s.copy(s.lines[len(s.lines)-1])
	case s.control && (sym == 'v' || sym == 'V'):
		for _, r := range s.clipboard {
			s.write(r)
		}
	case s.control:
	case sym == keyBackspace:
		line := &s.lines[len(s.lines)-1]
		_, n := utf8.DecodeLastRuneInString(*line)
		*line = (*line)[:len(*line)-n]
	case sym == keyReturn || sym == keyEnter:
		s.write('\n')
	case sym == keyEscape:
		s.message = nil
	default:
		s.write(character(sym))
	}
	s.announce()
}

// character returns the character of a keysym, or 0.
func character(sym uint32) rune {
	switch {
	case sym >= 0x20 && sym <= 0x7e, sym >= 0xa0 && sym <= 0xff:
		return rune(sym)
	case sym >= 0x01000100 && sym <= 0x0110ffff:
		return rune(sym - 0x01000000)
	}
	return 0
}

// write adds a character to the text. The mutex is locked.
func (s *screen) write(r rune) {
	last := len(s.lines) - 1
	switch {
	case r == '\n':
		s.lines = append(s.lines, "")
		s.lines = s.lines[max(0, len(s.lines)-keptLines):]
	case r >= ' ' && utf8.ValidRune(r) && utf8.RuneCountInString(s.lines[last]) < lineLength:
		s.lines[last] += string(r)
	}
}

// show shows a message on the screen.
func (s *screen) show(m guest.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.message = &m
	s.announce()
}

// use returns the number of viewers and the time of the last input.
func (s *screen) use() (viewers int, input time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.viewers), s.input
}

func (s *screen) attach(c io.Closer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.viewers == nil {
		s.viewers = map[io.Closer]bool{}
	}
	s.viewers[c] = true
	s.announce()
}

func (s *screen) detach(c io.Closer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.viewers, c)
	s.announce()
}

// disconnect ends every viewer's stream.
func (s *screen) disconnect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.viewers {
		c.Close() // closing a pipe cannot fail
	}
	clear(s.viewers)
}
