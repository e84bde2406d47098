package storetest

import (
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
)

// Road is a proxy to PostgreSQL that can be closed, as by an outage: open connections break, new ones are refused.
type Road struct {
	t      testing.TB
	server string // the server's socket
	path   string // the proxy's socket

	mu       sync.Mutex // guards what follows
	listener net.Listener
	on       []net.Conn
}

// NewRoad returns an open road, and the address of the database through it.
func NewRoad(t testing.TB, address string) (*Road, string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	r := &Road{t: t, server: filepath.Join(u.Query().Get("host"), ".s.PGSQL.5432"), path: filepath.Join(t.TempDir(), ".s.PGSQL.5432")}
	u.RawQuery = url.Values{"host": {filepath.Dir(r.path)}}.Encode()
	r.Open()
	t.Cleanup(r.Close)
	return r, u.String()
}

// Open lets connections through.
func (r *Road) Open() {
	r.t.Helper()
	l, err := (&net.ListenConfig{}).Listen(r.t.Context(), "unix", r.path)
	if err != nil {
		r.t.Fatal(err)
	}
	r.mu.Lock()
	r.listener = l
	r.mu.Unlock()
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			go r.lead(near)
		}
	}()
}

func (r *Road) lead(near net.Conn) {
	far, err := (&net.Dialer{}).DialContext(r.t.Context(), "unix", r.server)
	if err != nil {
		near.Close()
		return
	}
	r.mu.Lock()
	r.on = append(r.on, near, far)
	r.mu.Unlock()
	go copyAll(near, far)
	copyAll(far, near)
}

// copyAll copies until either end is closed, and closes both.
func copyAll(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// Close ends the open connections and refuses new ones.
func (r *Road) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.listener.Close()
	for _, c := range r.on {
		c.Close()
	}
	r.on = nil
}
