package gateway

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"carrel/internal/guest"
)

// input forwards the viewer's messages (RFC 6143 and the extensions of TigerVNC and QEMU) and reduces requests for a screen that is larger than
// the desktop's memory allows: a page that is zoomed out requests 11636x6545, and the display server would be killed for lack of memory with
// everything in the session. Messages may be split and joined in any way. It fails on an unknown message, as the display server would.
type input struct {
	to     io.Writer
	pixels func() int // the largest screen; called when one is asked for that not every desktop may have

	phase    phase
	extended bool   // pointer events may have a second byte of buttons
	held     []byte // the beginning of a message that needs more bytes to inspect
	pass     int64  // bytes of the present message that go through unseen
	out      []byte // what the present Write passes on
}

// phase is the phase of the RFB handshake.
type phase int

const (
	versionPhase phase = iota
	securityPhase
	initPhase
	messagePhase
)

// errMessage means that a viewer sent an unknown message.
var errMessage = errors.New("the viewer's message is not understood")

// errScreen means that writing to the display failed.
var errScreen = errors.New("the display takes nothing more")

// Message types, and the fields used here.
const (
	setPixelFormat       = 0
	setEncodings         = 2
	updateRequest        = 3
	keyEvent             = 4
	pointerEvent         = 5
	cutText              = 6
	continuousUpdates    = 150
	fence                = 248
	setDesktopSize       = 251
	qemu                 = 255
	qemuKey, qemuAudio   = 0, 1
	qemuAudioFormat      = 2
	extendedMouseButtons = -316
	moreButtons          = 1 << 7 // in a pointer event's buttons
	noSecurity           = 1
	screenLayout         = 16 // bytes of one monitor
)

// Write forwards the next bytes of the viewer, or returns errMessage or errScreen.
func (i *input) Write(p []byte) (int, error) {
	i.out = i.out[:0]
	err := i.follow(p)
	if len(i.out) > 0 {
		if _, werr := i.to.Write(i.out); werr != nil {
			return 0, fmt.Errorf("%w: %w", errScreen, werr)
		}
	}
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

// follow moves p to out.
func (i *input) follow(p []byte) error {
	for len(p) > 0 {
		if i.pass > 0 {
			n := min(i.pass, int64(len(p)))
			i.out, p, i.pass = append(i.out, p[:n]...), p[n:], i.pass-n
			continue
		}
		need, rest, err := i.need()
		if err != nil {
			return err
		}
		if missing := need - len(i.held); missing > 0 {
			n := min(missing, len(p))
			i.held, p = append(i.held, p[:n]...), p[n:]
			if n < missing {
				return nil
			}
			continue
		}
		i.take(rest)
	}
	// Send what is complete now, not with the next message.
	if need, rest, err := i.need(); err != nil {
		return err
	} else if i.pass == 0 && len(i.held) > 0 && len(i.held) >= need {
		i.take(rest)
	}
	return nil
}

// take forwards the held bytes, which need no further inspection; rest more bytes of the message follow.
func (i *input) take(rest int64) {
	switch {
	case i.phase == versionPhase && string(i.held[:11]) == "RFB 003.003":
		i.phase = initPhase // the display chooses, and none is chosen
	case i.phase != messagePhase:
		i.phase++
	case i.held[0] == setEncodings:
		i.extended = false
		for n := 4; n < len(i.held); n += 4 {
			i.extended = i.extended || int32(binary.BigEndian.Uint32(i.held[n:])) == extendedMouseButtons
		}
	case i.held[0] == setDesktopSize:
		i.held = i.fit(i.held)
	}
	i.out, i.held, i.pass = append(i.out, i.held...), i.held[:0], rest
}

// need returns how many bytes of the present message have to be inspected, as far as the held bytes show, and how many more follow.
func (i *input) need() (need int, rest int64, err error) {
	switch i.phase {
	case versionPhase:
		return i.needVersion()
	case securityPhase:
		if len(i.held) > 0 && i.held[0] != noSecurity {
			return 0, 0, fmt.Errorf("%w: security type %d", errMessage, i.held[0])
		}
		return 1, 0, nil
	case initPhase:
		return 1, 0, nil
	case messagePhase:
	}
	if len(i.held) == 0 {
		return 1, 0, nil
	}
	switch i.held[0] {
	case setPixelFormat:
		return 1, 19, nil
	case updateRequest, continuousUpdates:
		return 1, 9, nil
	case keyEvent:
		return 1, 7, nil
	case pointerEvent:
		return i.needPointer()
	case setEncodings:
		return i.after(4, func(m []byte) (int, int64) { return 4 + 4*int(binary.BigEndian.Uint16(m[2:])), 0 })
	case cutText:
		return i.after(8, func(m []byte) (int, int64) {
			length := int64(int32(binary.BigEndian.Uint32(m[4:])))
			return 8, max(length, -length) // negative: with formats other than Latin 1
		})
	case fence:
		return i.after(9, func(m []byte) (int, int64) { return 9, int64(m[8]) })
	case setDesktopSize:
		return i.after(8, func(m []byte) (int, int64) { return 8 + screenLayout*int(m[6]), 0 })
	case qemu:
		return i.needQEMU()
	}
	return 0, 0, fmt.Errorf("%w: type %d", errMessage, i.held[0])
}

// after is need for a message whose first bytes contain its length.
func (i *input) after(head int, length func(m []byte) (int, int64)) (int, int64, error) {
	if len(i.held) < head {
		return head, 0, nil
	}
	need, rest := length(i.held)
	return need, rest, nil
}

func (i *input) needVersion() (int, int64, error) {
	const length = 12
	if len(i.held) < length {
		return length, 0, nil
	}
	switch string(i.held) {
	case "RFB 003.003\n", "RFB 003.007\n", "RFB 003.008\n":
		return length, 0, nil
	}
	return 0, 0, fmt.Errorf("%w: protocol version %q", errMessage, i.held)
}

func (i *input) needPointer() (int, int64, error) {
	if !i.extended {
		return 1, 5, nil
	}
	return i.after(2, func(m []byte) (int, int64) {
		if m[1]&moreButtons != 0 {
			return 2, 5
		}
		return 2, 4
	})
}

func (i *input) needQEMU() (int, int64, error) {
	if len(i.held) < 2 {
		return 2, 0, nil
	}
	switch i.held[1] {
	case qemuKey:
		return 2, 10, nil
	case qemuAudio:
		return i.after(4, func(m []byte) (int, int64) {
			if binary.BigEndian.Uint16(m[2:]) == qemuAudioFormat {
				return 4, 6
			}
			return 4, 0
		})
	}
	return 0, 0, fmt.Errorf("%w: type %d, subtype %d", errMessage, qemu, i.held[1])
}

// fit returns the screen request to forward: a screen that is too large is reduced to one smaller monitor.
func (i *input) fit(m []byte) []byte {
	width, height := int(binary.BigEndian.Uint16(m[2:])), int(binary.BigEndian.Uint16(m[4:]))
	if width*height <= guest.ScreenPixels(0) {
		return m
	}
	w, h := guest.FitScreen(width, height, i.pixels())
	if w == width && h == height {
		return m
	}
	var monitor [screenLayout]byte // at the left upper corner, without flags
	if len(m) >= 8+screenLayout {
		copy(monitor[:4], m[8:]) // its id
	}
	binary.BigEndian.PutUint16(monitor[8:], uint16(w))
	binary.BigEndian.PutUint16(monitor[10:], uint16(h))
	m = append(m[:8], monitor[:]...)
	binary.BigEndian.PutUint16(m[2:], uint16(w))
	binary.BigEndian.PutUint16(m[4:], uint16(h))
	m[6] = 1
	return m
}
