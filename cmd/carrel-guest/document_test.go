package main

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"

	"carrel/internal/guest"
)

// keeper answers one request with a fixed response and hands over the request's path.
func keeper(t *testing.T, response string) (net.Conn, <-chan string) {
	t.Helper()
	ours, theirs := net.Pipe()
	path := make(chan string, 1)
	go func() {
		defer theirs.Close()
		r, err := http.ReadRequest(bufio.NewReader(theirs))
		if err != nil {
			t.Error(err)
			return
		}
		path <- r.URL.Path
		if _, err := io.WriteString(theirs, response); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() { ours.Close() })
	return ours, path
}

func TestTheDocumentIsReadFromTheGuestAPI(t *testing.T) {
	conn, path := keeper(t, "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n"+
		`{"hostname":"desk-1","accounts":[{"name":"ann","group":"sudo"}],"new_field":1}`)
	d, err := readDocument(conn)
	if err != nil {
		t.Fatal(err)
	}
	if d.Hostname != "desk-1" || len(d.Accounts) != 1 || d.Accounts[0].Name != "ann" {
		t.Errorf("got %+v", d)
	}
	if got := <-path; got != "/1.0/config/"+guest.ConfigKey {
		t.Errorf("asked for %q", got)
	}
}

func TestAMissingDocumentIsToldFromABrokenOne(t *testing.T) {
	conn, _ := keeper(t, "HTTP/1.0 404 Not Found\r\n\r\nnot found")
	if _, err := readDocument(conn); !errors.Is(err, errNoDocument) {
		t.Errorf("got %v", err)
	}
	for _, response := range []string{
		"HTTP/1.0 500 Internal Server Error\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\n{", "\r\n\r\n",
	} {
		conn, _ := keeper(t, response)
		if _, err := readDocument(conn); err == nil || errors.Is(err, errNoDocument) {
			t.Errorf("%q: got %v", response, err)
		}
	}
}

func TestTheLastDocumentOutlivesTheProgram(t *testing.T) {
	s, _ := testSystem(t)
	if d, err := s.lastDocument(); !errors.Is(err, errNoDocument) || d.Hostname != "" {
		t.Errorf("before any: got %+v, %v", d, err)
	}
	for _, name := range []string{"desk-1", "desk-2"} {
		if err := s.keepDocument(guest.Desktop{Hostname: name}); err != nil {
			t.Fatal(err)
		}
		if d, err := s.lastDocument(); err != nil || d.Hostname != name {
			t.Errorf("got %+v, %v", d, err)
		}
	}
}
