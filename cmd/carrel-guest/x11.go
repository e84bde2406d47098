package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// The requests of the X protocol that the supervisor uses, and the event that it waits for.
const (
	xChangeWindowAttributes = 2
	xGetWindowAttributes    = 3
	xGetGeometry            = 14
	xInternAtom             = 16
	xGetProperty            = 20
	xCreatePixmap           = 53
	xFreePixmap             = 54
	xCreateGC               = 55
	xFreeGC                 = 60
	xClearArea              = 61
	xPutImage               = 72
	xGetImage               = 73
	xQueryExtension         = 98

	xSaverQueryInfo = 1 // of the extension MIT-SCREEN-SAVER

	xBackPixmap     = 1 << 0 // attributes of ChangeWindowAttributes
	xEventMask      = 1 << 11
	xStructure      = 1 << 17 // events of a window itself, such as its new size
	xSubstructure   = 1 << 19
	xPropertyChange = 1 << 22

	xViewable = 2
	xZPixmap  = 2
)

// xConn is a connection to an X server for one goroutine. It supports the few requests above, in little-endian.
type xConn struct {
	conn net.Conn
	in   *bufio.Reader
	root uint32
	ids  uint32 // the first id for resources of this client
	mask uint32 // the bits of an id that its client chooses; the others identify the client
	news bool   // events have arrived while a reply was awaited

	keep bool     // keep those events for event
	kept [][]byte // the kept events
}

// errX means that the server refused a request, for example because a window is gone.
var errX = errors.New("the X server refused a request")

var little = binary.LittleEndian

// dialX connects to a display with its cookie.
func dialX(display int, cookie []byte) (*xConn, error) {
	conn, err := net.DialTimeout("unix", filepath.Join(x11Folder, "X"+strconv.Itoa(display)), 5*time.Second)
	if err != nil {
		return nil, fmt.Errorf("reaching the X server: %w", err)
	}
	x, err := greetX(conn, cookie)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return x, nil
}

// greetX does the handshake on a connection, which remains the caller's if it fails.
func greetX(conn net.Conn, cookie []byte) (*xConn, error) {
	x := &xConn{conn: conn, in: bufio.NewReader(conn)}
	if err := x.setup(cookie); err != nil {
		return nil, err
	}
	return x, nil
}

func (x *xConn) close() { _ = x.conn.Close() }

func (x *xConn) setup(cookie []byte) error {
	hello := []byte{'l', 0, 11, 0, 0, 0}
	hello = little.AppendUint16(hello, uint16(len(cookieName)))
	hello = little.AppendUint16(hello, uint16(len(cookie)))
	hello = append(hello, 0, 0)
	hello = append(hello, pad([]byte(cookieName))...)
	hello = append(hello, pad(cookie)...)
	if _, err := x.conn.Write(hello); err != nil {
		return fmt.Errorf("greeting the X server: %w", err)
	}
	head := make([]byte, 8)
	if _, err := io.ReadFull(x.in, head); err != nil {
		return fmt.Errorf("reading the X server's greeting: %w", err)
	}
	body := make([]byte, 4*int(little.Uint16(head[6:])))
	if _, err := io.ReadFull(x.in, body); err != nil {
		return fmt.Errorf("reading the X server's greeting: %w", err)
	}
	const accepted, fixedPart, formatSize = 1, 32, 8
	if head[0] != accepted || len(body) < fixedPart {
		return fmt.Errorf("%w: the connection", errX)
	}
	vendor, formats := int(little.Uint16(body[16:])), int(body[21])
	screen := fixedPart + (vendor+3)/4*4 + formats*formatSize
	if len(body) < screen+4 {
		return fmt.Errorf("%w: it has no screen", errX)
	}
	x.ids, x.mask, x.root = little.Uint32(body[4:]), little.Uint32(body[8:]), little.Uint32(body[screen:])
	return nil
}

func pad(b []byte) []byte {
	return append(slices.Clip(b), make([]byte, (4-len(b)%4)%4)...)
}

// send writes a request; body is everything after the length field.
func (x *xConn) send(op, detail byte, body []byte) error {
	body = pad(body)
	b := little.AppendUint16([]byte{op, detail}, uint16(1+len(body)/4))
	if _, err := x.conn.Write(append(b, body...)); err != nil {
		return fmt.Errorf("writing to the X server: %w", err)
	}
	return nil
}

// next reads one message: an error, a reply with all of its data, or an event.
func (x *xConn) next() ([]byte, error) {
	const size, reply, generic = 32, 1, 35
	m := make([]byte, size)
	if _, err := io.ReadFull(x.in, m); err != nil {
		return nil, fmt.Errorf("reading from the X server: %w", err)
	}
	if m[0] == reply || m[0]&0x7f == generic {
		more := make([]byte, 4*int(little.Uint32(m[4:])))
		if _, err := io.ReadFull(x.in, more); err != nil {
			return nil, fmt.Errorf("reading from the X server: %w", err)
		}
		m = append(m, more...)
	}
	return m, nil
}

// ask sends a request and returns its reply. Of events that arrive before it, it only records that there were any: callers that
// wait for events check everything after each.
func (x *xConn) ask(op, detail byte, body []byte) ([]byte, error) {
	if err := x.send(op, detail, body); err != nil {
		return nil, err
	}
	for {
		m, err := x.next()
		if err != nil {
			return nil, err
		}
		switch m[0] {
		case 0:
			return nil, fmt.Errorf("%w: code %d for request %d", errX, m[1], op)
		case 1:
			return m, nil
		default:
			x.news = true
			if x.keep {
				x.kept = append(x.kept, m)
			}
		}
	}
}

// event waits for an event, unless one was kept. It ignores errors of requests that have no reply.
func (x *xConn) event() ([]byte, error) {
	if len(x.kept) > 0 {
		m := x.kept[0]
		x.kept = x.kept[1:]
		return m, nil
	}
	for {
		m, err := x.next()
		if err != nil || m[0] > 1 {
			return m, err
		}
	}
}

// ofServer reports whether the server itself created the resource with this id, rather than a client.
func (x *xConn) ofServer(id uint32) bool { return id&^x.mask == 0 }

// xExtension has the codes of an extension.
type xExtension struct {
	opcode byte // of its requests
	event  byte // the code of its first event
}

// extension queries an extension of the server.
func (x *xConn) extension(name string) (xExtension, error) {
	body := little.AppendUint16(nil, uint16(len(name)))
	r, err := x.ask(xQueryExtension, 0, append(append(body, 0, 0), name...))
	if err != nil {
		return xExtension{}, err
	}
	if present := r[8]; present != 1 {
		return xExtension{}, fmt.Errorf("%w: it has no %s", errX, name)
	}
	return xExtension{opcode: r[9], event: r[10]}, nil
}

// sendLarge writes a request of any size that the extension BIG-REQUESTS allows.
func (x *xConn) sendLarge(op, detail byte, body []byte) error {
	body = pad(body)
	b := little.AppendUint32([]byte{op, detail, 0, 0}, uint32(2+len(body)/4))
	if _, err := x.conn.Write(append(b, body...)); err != nil {
		return fmt.Errorf("writing to the X server: %w", err)
	}
	return nil
}

// bytes reads the beginning of a property, at most limit times four bytes, and its type. With remove the property is deleted if
// that was all of it.
func (x *xConn) bytes(window, name uint32, limit uint32, remove bool) (kind uint32, value []byte, err error) {
	var detail byte
	if remove {
		detail = 1
	}
	var body []byte
	for _, v := range []uint32{window, name, 0, 0, limit} {
		body = little.AppendUint32(body, v)
	}
	r, err := x.ask(xGetProperty, detail, body)
	if err != nil {
		return 0, nil, err
	}
	if format := r[1]; format == 8 {
		value = r[32 : 32+little.Uint32(r[16:])]
	}
	return little.Uint32(r[8:]), value, nil
}

// listen requests events of the root window.
func (x *xConn) listen(events uint32) error {
	body := little.AppendUint32(nil, x.root)
	body = little.AppendUint32(body, xEventMask)
	return x.send(xChangeWindowAttributes, 0, little.AppendUint32(body, events))
}

func (x *xConn) atom(name string) (uint32, error) {
	body := little.AppendUint16(nil, uint16(len(name)))
	body = append(body, 0, 0)
	r, err := x.ask(xInternAtom, 0, append(body, name...))
	if err != nil {
		return 0, err
	}
	return little.Uint32(r[8:]), nil
}

// property reads a list of 32-bit values; a missing one is empty.
func (x *xConn) property(window, name uint32) ([]uint32, error) {
	var body []byte
	for _, v := range []uint32{window, name, 0, 0, 1024} {
		body = little.AppendUint32(body, v)
	}
	r, err := x.ask(xGetProperty, 0, body)
	if err != nil {
		return nil, err
	}
	var values []uint32
	if format := r[1]; format == 32 {
		for i := range little.Uint32(r[16:]) {
			values = append(values, little.Uint32(r[32+4*i:]))
		}
	}
	return values, nil
}

func (x *xConn) viewable(window uint32) (bool, error) {
	r, err := x.ask(xGetWindowAttributes, 0, little.AppendUint32(nil, window))
	if err != nil {
		return false, err
	}
	return r[26] == xViewable, nil
}

// painted reports whether a window shows more than one colour: it has been drawn, not merely mapped.
func (x *xConn) painted(window uint32) (bool, error) {
	g, err := x.ask(xGetGeometry, 0, little.AppendUint32(nil, window))
	if err != nil {
		return false, err
	}
	body := little.AppendUint32(nil, window)
	body = append(body, 0, 0, 0, 0)
	body = append(body, g[16:20]...) // width and height
	body = little.AppendUint32(body, 0xffffffff)
	r, err := x.ask(xGetImage, xZPixmap, body)
	if err != nil {
		return false, err
	}
	pixels := r[32:]
	for i := 4; i+4 <= len(pixels); i += 4 {
		if little.Uint32(pixels[i:])&0xffffff != little.Uint32(pixels)&0xffffff {
			return true, nil
		}
	}
	return false, nil
}

// watchPanel returns when a window of the type "dock" is drawn: that is the desktop's panel. It returns an error when ctx or the
// display ends.
func (x *xConn) watchPanel(ctx context.Context) error {
	defer context.AfterFunc(ctx, x.close)()
	var atoms [3]uint32
	var err error
	for i, name := range []string{"_NET_CLIENT_LIST", "_NET_WM_WINDOW_TYPE", "_NET_WM_WINDOW_TYPE_DOCK"} {
		if atoms[i], err = x.atom(name); err != nil {
			return err
		}
	}
	if err := x.listen(xPropertyChange | xSubstructure); err != nil {
		return err
	}
	for {
		x.news = false
		found, drawn, err := x.panel(atoms[0], atoms[1], atoms[2])
		if err != nil || drawn {
			return err
		}
		if found { // neither mapping inside a frame nor drawing causes an event here; it takes only moments
			select {
			case <-time.After(5 * time.Millisecond):
				continue
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if x.news {
			continue
		}
		if _, err := x.next(); err != nil {
			return err
		}
	}
}

// panel looks for the dock among the window manager's clients.
func (x *xConn) panel(clients, windowType, dock uint32) (found, drawn bool, err error) {
	windows, err := x.property(x.root, clients)
	if err != nil {
		return false, false, err
	}
	for _, w := range windows {
		types, err := x.property(w, windowType)
		if errors.Is(err, errX) {
			continue // closed meanwhile
		}
		if err != nil {
			return false, false, err
		}
		if len(types) == 0 || types[0] != dock {
			continue
		}
		found = true
		shown, err := x.viewable(w)
		if err == nil && shown {
			drawn, err = x.painted(w)
		}
		if err != nil && !errors.Is(err, errX) {
			return false, false, err
		}
		if drawn {
			return true, true, nil
		}
	}
	return found, false, nil
}

// idle returns the time since the last key press or pointer movement.
func (x *xConn) idle() (time.Duration, error) {
	_ = x.conn.SetDeadline(time.Now().Add(5 * time.Second))
	saver, err := x.extension("MIT-SCREEN-SAVER")
	if err != nil {
		return 0, err
	}
	r, err := x.ask(saver.opcode, xSaverQueryInfo, little.AppendUint32(nil, x.root))
	if err != nil {
		return 0, err
	}
	return time.Duration(little.Uint32(r[16:])) * time.Millisecond, nil // the time since the last input
}
