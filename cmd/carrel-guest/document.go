package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strings"
	"time"

	"carrel/internal/guest"
)

// guestAPI is the socket through which Incus tells an instance about itself.
const guestAPI = "/dev/incus/sock"

// errNoDocument says that the desktop's keeper has not written a document.
var errNoDocument = errors.New("no document")

// wantedDesktop reads the desktop's document from its keeper. It fails with errNoDocument when there is none.
func wantedDesktop() (guest.Desktop, error) {
	conn, err := net.DialTimeout("unix", guestAPI, 5*time.Second)
	if err != nil {
		return guest.Desktop{}, fmt.Errorf("reaching the guest API: %w", err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	return readDocument(conn)
}

// readDocument speaks HTTP 1.0, whose answer ends with the connection; a real client would double this program's
// size and memory for one request.
func readDocument(conn io.ReadWriter) (guest.Desktop, error) {
	var d guest.Desktop
	_, err := fmt.Fprintf(conn, "GET /1.0/config/%s HTTP/1.0\r\nHost: incus\r\n\r\n", guest.ConfigKey)
	if err != nil {
		return d, fmt.Errorf("asking the guest API: %w", err)
	}
	r := bufio.NewReader(conn)
	status, err := r.ReadString('\n')
	if err != nil {
		return d, fmt.Errorf("reading the guest API's answer: %w", err)
	}
	if _, err := textproto.NewReader(r).ReadMIMEHeader(); err != nil {
		return d, fmt.Errorf("reading the guest API's answer: %w", err)
	}
	switch fields := strings.Fields(status); {
	case len(fields) < 2:
		return d, fmt.Errorf("the guest API answered %q", status)
	case fields[1] == "404":
		return d, errNoDocument
	case fields[1] != "200":
		return d, fmt.Errorf("the guest API answered %q", strings.TrimSpace(status))
	}
	if err := json.NewDecoder(r).Decode(&d); err != nil {
		return d, fmt.Errorf("reading the document: %w", err)
	}
	return d, nil
}
