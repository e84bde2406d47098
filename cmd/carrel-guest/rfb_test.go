package main

import (
	"bytes"
	"io"
	"net"
	"testing"
)

// displayServer plays a display server on one end of a pipe: it sends what it is told to and returns all that came.
func displayServer(t *testing.T, conn net.Conn, kinds []byte) <-chan []byte {
	t.Helper()
	heard := make(chan []byte, 1)
	go func() {
		defer conn.Close()
		var got bytes.Buffer
		in := io.TeeReader(conn, &got)
		defer func() { heard <- got.Bytes() }()
		take := func(n int64) bool {
			_, err := io.CopyN(io.Discard, in, n)
			return err == nil
		}
		say := func(b []byte) bool {
			_, err := conn.Write(b)
			return err == nil
		}
		name := "anna"
		about := append(make([]byte, 23), byte(len(name)))
		_ = say([]byte(rfbVersion)) && take(12) && say(append([]byte{byte(len(kinds))}, kinds...)) && take(1) &&
			say(make([]byte, 4)) && take(1) && say(append(about, name...)) && take(8+8+10) && say([]byte{0})
	}()
	return heard
}

func TestTheFirstKeyOfADisplayIsOneWithoutAMeaning(t *testing.T) {
	ours, theirs := net.Pipe()
	heard := displayServer(t, theirs, []byte{2, rfbSecurityNone})
	if err := primeKeyboard(ours); err != nil {
		t.Fatal(err)
	}
	want := "RFB 003.008\n\x01\x01" +
		"\x04\x01\x00\x00\x00\xff\xff\xff" + "\x04\x00\x00\x00\x00\xff\xff\xff" +
		"\x03\x00\x00\x00\x00\x00\x00\x01\x00\x01"
	if got := string(<-heard); got != want {
		t.Errorf("the display heard %q, want %q", got, want)
	}
}

func TestADisplayWithAPasswordIsNotPrimed(t *testing.T) {
	ours, theirs := net.Pipe()
	heard := displayServer(t, theirs, []byte{2})
	if err := primeKeyboard(ours); err == nil {
		t.Error("it was")
	}
	ours.Close()
	<-heard
}
