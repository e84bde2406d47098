package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"carrel/internal/guest"
)

// clipboardLimit is the maximum length of a text that the relay carries, in bytes: that of one request to the X server, without
// its header.
const clipboardLimit = 16<<20 - 64

// Events, requests and values of the X protocol for selections.
const (
	xCreateWindow      = 1
	xChangeProperty    = 18
	xDeleteProperty    = 19
	xSetSelectionOwner = 22
	xConvertSelection  = 24
	xSendEvent         = 25

	xPropertyNotify   = 28
	xSelectionRequest = 30
	xSelectionNotify  = 31

	xInputOnly    = 2
	xAtomType     = 4
	xNewValue     = 0
	xFixesVersion = 0
	xFixesSelect  = 2
	xOwnerChanges = 1
	xBigEnable    = 0
)

// clipboardRelay lets the display server read large clipboards. Programs transfer more than about 256 KiB in pieces (INCR), which
// Xvnc 1.15 does not support: the text would silently not reach the browser. The relay reads such text piece by piece and then
// offers it as its own, in one piece. Programs inside lose the other formats of that text, such as its fonts.
//
// It has a connection of its own and is used by one goroutine.
type clipboardRelay struct {
	x        *xConn
	tooLarge func(size int) // called for text beyond clipboardLimit, which is not relayed

	window, clipboard, targets, utf8, incr, transfer uint32 // transfer is the property for the pieces
	fixes                                            byte   // the code of the event for a new owner of the clipboard

	taking bool // pieces are being received
	size   int  // received so far
	text   []byte
}

// newClipboardRelay prepares a relay on a connection.
func newClipboardRelay(x *xConn, tooLarge func(size int)) (*clipboardRelay, error) {
	x.keep = true
	c := &clipboardRelay{x: x, tooLarge: tooLarge, window: x.ids}
	for name, atom := range map[string]*uint32{
		"CLIPBOARD": &c.clipboard, "TARGETS": &c.targets, "UTF8_STRING": &c.utf8, "INCR": &c.incr, "CARREL_CLIPBOARD": &c.transfer,
	} {
		var err error
		if *atom, err = x.atom(name); err != nil {
			return nil, err
		}
	}
	fixes, err := x.extension("XFIXES")
	if err != nil {
		return nil, err
	}
	big, err := x.extension("BIG-REQUESTS")
	if err != nil {
		return nil, err
	}
	c.fixes = fixes.event
	if _, err := x.ask(big.opcode, xBigEnable, nil); err != nil {
		return nil, err
	}
	if _, err := x.ask(fixes.opcode, xFixesVersion, words(1, 0)); err != nil {
		return nil, err
	}
	onePixelEach := little.AppendUint32(nil, 1|1<<16)
	window := slices.Concat(words(c.window, x.root), make([]byte, 4), onePixelEach, []byte{0, 0, xInputOnly, 0},
		words(0, xEventMask, xPropertyChange))
	if err := x.send(xCreateWindow, 0, window); err != nil {
		return nil, err
	}
	return c, x.send(fixes.opcode, xFixesSelect, words(x.root, c.clipboard, xOwnerChanges))
}

// run relays until ctx or the display ends.
func (c *clipboardRelay) run(ctx context.Context) error {
	defer context.AfterFunc(ctx, c.x.close)()
	for {
		m, err := c.x.event()
		if err != nil {
			return err
		}
		if err := c.handle(m); err != nil && !errors.Is(err, errX) { // errX: a program has ended meanwhile
			return err
		}
	}
}

func (c *clipboardRelay) handle(m []byte) error {
	switch m[0] & 0x7f {
	case c.fixes:
		return c.ownerChanged(little.Uint32(m[8:]), little.Uint32(m[16:]))
	case xSelectionNotify:
		if little.Uint32(m[20:]) == c.transfer {
			return c.begin()
		}
	case xPropertyNotify:
		if c.taking && little.Uint32(m[8:]) == c.transfer && m[16] == xNewValue {
			return c.take(little.Uint32(m[12:]))
		}
	case xSelectionRequest:
		return c.offer(m)
	}
	return nil
}

// ownerChanged requests the text of the clipboard's new owner, to see whether it comes in pieces. It ignores the display server
// as owner: that text came from the browser.
func (c *clipboardRelay) ownerChanged(owner, at uint32) error {
	if owner == c.window {
		return nil
	}
	c.taking, c.size, c.text = false, 0, nil
	if owner == 0 || c.x.ofServer(owner) {
		return nil
	}
	return c.x.send(xConvertSelection, 0, words(c.window, c.clipboard, c.utf8, c.transfer, at))
}

// begin reads the owner's reply. Deleting it requests the pieces, if it announced pieces.
func (c *clipboardRelay) begin() error {
	kind, _, err := c.x.bytes(c.window, c.transfer, 0, false)
	if err != nil {
		return err
	}
	c.taking, c.size, c.text = kind == c.incr, 0, nil
	return c.x.send(xDeleteProperty, 0, words(c.window, c.transfer))
}

// take reads a piece; an empty one is the end.
func (c *clipboardRelay) take(at uint32) error {
	_, piece, err := c.x.bytes(c.window, c.transfer, clipboardLimit/4, true)
	if err != nil {
		return err
	}
	if c.size += len(piece); c.size > clipboardLimit {
		c.text = nil
	} else {
		c.text = append(c.text, piece...)
	}
	if len(piece) > 0 {
		return nil
	}
	c.taking = false
	if c.size > clipboardLimit {
		c.tooLarge(c.size)
		return nil
	}
	return c.x.send(xSetSelectionOwner, 0, words(c.window, c.clipboard, at)) // refused if there was another owner after that time
}

// offer replies to a program that requests the text from the relay.
func (c *clipboardRelay) offer(request []byte) error {
	requestor, target, property := request[12:16], little.Uint32(request[20:]), request[24:28]
	if little.Uint32(property) == 0 {
		property = request[20:24] // an obsolete program
	}
	var err error
	switch {
	case target == c.targets && c.text != nil:
		err = c.x.sendLarge(xChangeProperty, 0, slices.Concat(requestor, property, words(xAtomType), []byte{32, 0, 0, 0}, words(2, c.targets, c.utf8)))
	case target == c.utf8 && c.text != nil:
		err = c.x.sendLarge(xChangeProperty, 0, slices.Concat(requestor, property, words(c.utf8), []byte{8, 0, 0, 0}, words(uint32(len(c.text))), c.text))
	default:
		property = make([]byte, 4)
	}
	if err != nil {
		return err
	}
	answer := slices.Concat([]byte{xSelectionNotify, 0, 0, 0}, request[4:8], requestor, request[16:24], property, make([]byte, 8))
	return c.x.send(xSendEvent, 0, slices.Concat(requestor, words(0), answer))
}

func words(values ...uint32) []byte {
	var b []byte
	for _, v := range values {
		b = little.AppendUint32(b, v)
	}
	return b
}

// relayClipboard relays large clipboards as long as the display runs. If it fails, the session continues.
func (s *session) relayClipboard(ctx context.Context, cookie []byte) {
	x, err := dialX(displayNumber(s.login), cookie)
	if err == nil {
		defer x.close()
		var relay *clipboardRelay
		if relay, err = newClipboardRelay(x, s.clipboardTooLarge); err == nil {
			err = relay.run(ctx)
		}
	}
	slog.Debug("the clipboard is no longer relayed", "account", s.login.Name, "reason", err)
}

// clipboardTooLarge shows the user that the copied text stays inside.
func (s *session) clipboardTooLarge(size int) {
	title, text := "Too large for the clipboard", "%.1f MB can be pasted inside this desktop, but not outside: the limit is %d MB. Move it as a file."
	if slices.ContainsFunc(s.env, func(v string) bool { return strings.HasPrefix(v, "LANG=zh") }) {
		title, text = "内容过大", "%.1f MB 的内容可以在此桌面内粘贴，但不能粘贴到外部：上限为 %d MB。请改用文件。"
	}
	m := guest.Message{Title: title, Text: fmt.Sprintf(text, float64(size)/(1<<20), clipboardLimit>>20+1)}
	if err := s.show(m); err != nil {
		slog.Warn("telling of a clipboard that is too large", "account", s.login.Name, "error", err)
	}
}
