package gateway_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/prometheus/client_golang/prometheus"

	"carrel/internal/engine"
	"carrel/internal/gateway"
)

// screens opens displays over the loopback network and hands their far ends to the test.
type screens struct {
	opened chan net.Conn
	fail   error
	state  engine.State
	memory int // MiB
}

func (s *screens) Display(_ context.Context, _, account string) (io.ReadWriteCloser, error) {
	if s.fail != nil {
		return nil, s.fail
	}
	if account == "" {
		return nil, errors.New("no account")
	}
	near, far := net.Pipe()
	s.opened <- far
	return near, nil
}

func (s *screens) Find(context.Context, string) (engine.Machine, error) {
	if s.state == "" {
		return engine.Machine{State: engine.Running, MemoryMiB: s.memory}, nil
	}
	return engine.Machine{State: s.state, MemoryMiB: s.memory}, nil
}

// last returns the far end of the display that was opened last.
func (s *screens) last(t testing.TB) net.Conn {
	t.Helper()
	far := <-s.opened
	for {
		select {
		case far = <-s.opened:
		default:
			t.Cleanup(func() { far.Close() })
			return far
		}
	}
}

// served is a gateway that serves.
type served struct {
	*gateway.Gateway
	t   testing.TB
	url string
}

func (e *env) gateway(change func(*gateway.Config)) *served {
	e.t.Helper()
	c := gateway.Config{
		Sessions: e.service.Connections, Displays: e.screens, Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(),
		Check: 10 * time.Millisecond,
	}
	if change != nil {
		change(&c)
	}
	g, err := gateway.New(c)
	e.must(err)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { g.Run(ctx) })
	server := httptest.NewServer(g)
	e.t.Cleanup(func() {
		limit, stop := context.WithTimeout(context.Background(), patience)
		defer stop()
		if err := g.Drain(limit); err != nil {
			e.t.Error(err)
		}
		cancel()
		running.Wait()
		server.Close()
	})
	return &served{g, e.t, "ws" + strings.TrimPrefix(server.URL, "http") + "/gateway/display?ticket="}
}

// page is a browser's end.
type page struct {
	*websocket.Conn
	t testing.TB
}

func (s *served) open(ticket string) *page {
	s.t.Helper()
	//nolint:bodyclose // the library closes it
	ws, _, err := websocket.Dial(s.t.Context(), s.url+ticket, &websocket.DialOptions{Subprotocols: []string{"binary"}})
	if err != nil {
		s.t.Fatal(err)
	}
	if ws.Subprotocol() != "binary" {
		s.t.Errorf("the subprotocol is %q", ws.Subprotocol())
	}
	s.t.Cleanup(func() { ws.CloseNow() })
	return &page{ws, s.t}
}

func (p *page) read(n int) []byte {
	p.t.Helper()
	var got []byte
	for len(got) < n {
		_, message, err := p.Read(p.t.Context())
		if err != nil {
			p.t.Errorf("reading: %v", err)
			return got
		}
		got = append(got, message...)
	}
	return got
}

// patience is how long a test waits for what must come. It ends a test that would wait for ever, and is no measure.
const patience = 2 * time.Minute

// expect reads until the connection ends, as it must.
func (p *page) expect(want gateway.Ending) {
	p.t.Helper()
	if got := p.ending(); got != want.Code {
		p.t.Errorf("it ended with %d, want %d (%s)", got, want.Code, want.Name)
	}
}

// ending reads until the connection ends, and returns -1 where nobody said why.
func (p *page) ending() websocket.StatusCode {
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	for {
		if _, _, err := p.Read(ctx); err != nil {
			return websocket.CloseStatus(err)
		}
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }
