package listen_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"carrel/internal/listen"
)

// dial opens a connection and sends a text on it.
func dial(t *testing.T, s *httptest.Server, text string) net.Conn {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestHalfSentBodiesAreNotHeldForEver(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/reads", func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	mux.HandleFunc("/ignores", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello") })
	mux.HandleFunc("/closes", func(w http.ResponseWriter, r *http.Request) { r.Body.Close() })
	s := httptest.NewServer(listen.Deadlines(mux, 100*time.Millisecond, time.Minute))
	t.Cleanup(s.Close)
	for _, path := range []string{"/reads", "/ignores", "/closes", "/unknown"} {
		for kind, head := range map[string]string{"length": "Content-Length: 100", "chunked": "Transfer-Encoding: chunked"} {
			c := dial(t, s, "POST "+path+" HTTP/1.1\r\nHost: x\r\n"+head+"\r\n\r\n5\r\nhal")
			if _, err := io.ReadAll(c); err != nil && !strings.Contains(err.Error(), "reset") { // ends only when the server closes
				t.Errorf("%s with %s: %v", path, kind, err)
			}
		}
	}
}

// What a handler does after the body is whole may take longer than the body may.
func TestADeadlineForTheBodyEndsNoWork(t *testing.T) {
	const short = 50 * time.Millisecond
	mux := http.NewServeMux()
	mux.HandleFunc("/works", func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Error(err)
		}
		select {
		case <-r.Context().Done():
			http.Error(w, "the caller has gone", http.StatusInternalServerError)
		case <-time.After(6 * short):
			fmt.Fprint(w, "done")
		}
	})
	s := httptest.NewServer(listen.Deadlines(mux, short, time.Minute))
	t.Cleanup(s.Close)
	for _, request := range []string{
		"POST /works HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody",
		"GET /works HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		c := dial(t, s, request)
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || string(body) != "done" {
			t.Errorf("got %q, %v", body, err)
		}
	}
}
