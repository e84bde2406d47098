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

// clipboardLimit is how much text the relay carries, in bytes: the most that one request to the X server can hold, less its head.
const clipboardLimit = 16<<20 - 64

// Events, requests and values of the X protocol that selections need.
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

// clipboardRelay lets the display server read large clipboards. Programs hand over more than about 256 KiB in pieces (INCR), which
// Xvnc 1.15 does not understand: what a person copies would reach no browser, without a word. The relay takes such text piece by
// piece and then offers it as its own, in one. Programs inside lose the other formats of that copy, such as its fonts.
//
// It has a connection of its own and is used by one goroutine.
type clipboardRelay struct {
	x        *xConn
	tooLarge func(size int) // told of text beyond clipboardLimit, which is left alone

	window, clipboard, targets, utf8, incr, transfer uint32 // transfer is the property that pieces arrive in
	fixes                                            byte   // the code of the event that the clipboard has another owner

	taking bool // pieces are coming in
	size   int  // of what has come
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
		if err := c.handle(m); err != nil && !errors.Is(err, errX) { // errX: a program is gone in the middle of it
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

// ownerChanged asks the clipboard's new owner for its text, to see whether it comes in pieces. What the display server itself
// owns came from the browser and is not asked for.
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

// begin looks at the owner's answer. Removing it lets the pieces come, if it announced pieces.
func (c *clipboardRelay) begin() error {
	kind, _, err := c.x.bytes(c.window, c.transfer, 0, false)
	if err != nil {
		return err
	}
	c.taking, c.size, c.text = kind == c.incr, 0, nil
	return c.x.send(xDeleteProperty, 0, words(c.window, c.transfer))
}

// take takes a piece; an empty one is the end.
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
	return c.x.send(xSetSelectionOwner, 0, words(c.window, c.clipboard, at)) // refused when another owner came after that time
}

// offer answers a program that asks the relay for the text.
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

// relayClipboard relays large clipboards for as long as the display runs. Without it the session goes on.
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

// clipboardTooLarge tells the person that what they copied stays inside.
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
