package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Values of the RFB protocol 3.8 (RFC 6143).
const (
	rfbVersion          = "RFB 003.008\n"
	rfbSecurityNone     = 1
	rfbShared           = 1
	rfbUpdateRequest    = 3
	rfbKeyEvent         = 4
	rfbServerInitLength = 24 // without the desktop's name, whose length is in the last four bytes
)

// keyVoidSymbol is the keysym XK_VoidSymbol, which no program and no lock key reacts to.
const keyVoidSymbol = 0xffffff

// primeKeyboard connects to a display server as a viewer does and presses and releases a key without a meaning.
//
// A new Xvnc 1.15 loses the first key event whose character its layout does not have: it adds the character to the master
// keyboard's map, and the first event of its own keyboard device copies that device's map over it. After one event the maps are
// the same. XTEST has a device of its own, and would cause the loss again.
//
// It returns when the server has processed the key: servers process messages in order, and it has answered a request for a pixel
// that was sent after the key.
func primeKeyboard(conn io.ReadWriter) error {
	if err := rfbOpen(conn); err != nil {
		return err
	}
	if _, err := conn.Write(slices.Concat(keyEvent(true), keyEvent(false), onePixel())); err != nil {
		return fmt.Errorf("sending a key: %w", err)
	}
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
		return fmt.Errorf("waiting for the picture after a key: %w", err)
	}
	return nil
}

// rfbOpen does the handshake with the server, without authentication.
func rfbOpen(conn io.ReadWriter) error {
	greeting := make([]byte, len(rfbVersion))
	if _, err := io.ReadFull(conn, greeting); err != nil {
		return fmt.Errorf("reading the greeting: %w", err)
	}
	if !strings.HasPrefix(string(greeting), "RFB ") {
		return fmt.Errorf("the display greets with %q", greeting)
	}
	if _, err := io.WriteString(conn, rfbVersion); err != nil {
		return fmt.Errorf("greeting the display: %w", err)
	}
	count := make([]byte, 1)
	if _, err := io.ReadFull(conn, count); err != nil {
		return fmt.Errorf("reading how to sign in: %w", err)
	}
	kinds := make([]byte, count[0])
	if _, err := io.ReadFull(conn, kinds); err != nil {
		return fmt.Errorf("reading how to sign in: %w", err)
	}
	if !slices.Contains(kinds, rfbSecurityNone) {
		return fmt.Errorf("the display wants a password (security types %v)", kinds)
	}
	if _, err := conn.Write([]byte{rfbSecurityNone}); err != nil {
		return fmt.Errorf("signing in: %w", err)
	}
	result := make([]byte, 4)
	if _, err := io.ReadFull(conn, result); err != nil {
		return fmt.Errorf("signing in: %w", err)
	}
	if refused := binary.BigEndian.Uint32(result); refused != 0 {
		return fmt.Errorf("the display refused the sign-in with %d", refused)
	}
	if _, err := conn.Write([]byte{rfbShared}); err != nil {
		return fmt.Errorf("signing in: %w", err)
	}
	about := make([]byte, rfbServerInitLength)
	if _, err := io.ReadFull(conn, about); err != nil {
		return fmt.Errorf("reading what the display is: %w", err)
	}
	name := int64(binary.BigEndian.Uint32(about[rfbServerInitLength-4:]))
	if _, err := io.CopyN(io.Discard, conn, name); err != nil {
		return fmt.Errorf("reading the display's name: %w", err)
	}
	return nil
}

func keyEvent(down bool) []byte {
	m := make([]byte, 8)
	m[0] = rfbKeyEvent
	if down {
		m[1] = 1
	}
	binary.BigEndian.PutUint32(m[4:], keyVoidSymbol)
	return m
}

// onePixel returns a request for the pixel at the top left, whether it has changed or not.
func onePixel() []byte {
	return []byte{rfbUpdateRequest, 0, 0, 0, 0, 0, 0, 1, 0, 1}
}
