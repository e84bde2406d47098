package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"time"

	"carrel/internal/guest"
)

// guestAPI is the socket through which Incus gives an instance its configuration.
const guestAPI = "/dev/incus/sock"

// errNoDocument means that no document has been written for the desktop.
var errNoDocument = errors.New("no document")

// wantedDesktop reads the desktop's document from Incus. errNoDocument if there is none.
func wantedDesktop() (guest.Desktop, error) {
	conn, err := net.DialTimeout("unix", guestAPI, 5*time.Second)
	if err != nil {
		return guest.Desktop{}, fmt.Errorf("reaching the guest API: %w", err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	return readDocument(conn)
}

// readDocument speaks HTTP 1.0, whose response ends with the connection; a real client would double this program's size and
// memory for one request.
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

// documentFile has the last applied document, for a boot at which Incus does not answer.
const documentFile = "var/lib/carrel/desktop.json"

func (s *system) keepDocument(d guest.Desktop) error {
	b, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("keeping the document: %w", err)
	}
	path := s.path(documentFile)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("keeping the document: %w", err)
	}
	return replaceFile(path, string(b), 0o600)
}

// lastDocument reads what keepDocument wrote. If there is nothing, the document is empty and the error is errNoDocument.
func (s *system) lastDocument() (guest.Desktop, error) {
	var d guest.Desktop
	b, err := os.ReadFile(s.path(documentFile))
	if errors.Is(err, os.ErrNotExist) {
		return d, errNoDocument
	}
	if err != nil {
		return d, fmt.Errorf("reading the last document: %w", err)
	}
	if err := json.Unmarshal(b, &d); err != nil {
		return guest.Desktop{}, fmt.Errorf("reading the last document: %w", err)
	}
	return d, nil
}
