package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/prometheus/client_golang/prometheus"

	"carrel/internal/connection"
	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/signin"
	"carrel/internal/workspace"
)

// Sessions is the part of the domain that the gateway uses; *connection.Service implements it.
type Sessions interface {
	Admit(ctx context.Context, token string) (signin.Ticket, error)
	MayConnect(ctx context.Context, t signin.Ticket) error
	OpenConnection(ctx context.Context, t signin.Ticket, c desktop.Connection) error
	CloseConnection(ctx context.Context, id, desktopID string) error
	RenewConnections(ctx context.Context, gateway string, lease time.Duration) error
	CheckConnections(ctx context.Context, gateway string, ids []string) ([]connection.EndedConnection, error)
	SweepConnections(ctx context.Context) (int, error)
	NoteStopped(ctx context.Context, desktopID string, hibernated bool) error
}

// Displays is the part of an engine that the gateway uses.
type Displays interface {
	Display(ctx context.Context, id, account string) (io.ReadWriteCloser, error)
	Find(ctx context.Context, id string) (engine.Machine, error)
}

// Config is the configuration of a gateway. Zero durations mean the stated defaults.
type Config struct {
	Sessions Sessions
	Displays Displays
	Log      *slog.Logger
	Metrics  prometheus.Registerer

	// Origins are whole origins, such as "https://desktops.example.org", whose pages may connect besides those of the host
	// that the browser asked for. A proxy that rewrites the Host header needs one.
	Origins []string

	Check     time.Duration // between looks at the grounds of connections; 1 s
	Lease     time.Duration // of connection rows, renewed at a third; 30 s
	Ping      time.Duration // between keep-alives, which proxies want to see; 20 s
	Stall     time.Duration // how long a browser may take for one frame or answer; 30 s
	OpenLimit time.Duration // how long opening may take; 20 s
}

// Gateway serves displays. It is safe for concurrent use.
type Gateway struct {
	Config
	id      string
	metrics *metrics

	mu       sync.Mutex
	open     map[string]*openDisplay // by id
	draining bool
	handlers sync.WaitGroup
}

// New returns a gateway and registers its metrics. Run must be running while it serves.
func New(c Config) (*Gateway, error) {
	fallback(&c.Check, time.Second)
	fallback(&c.Lease, 30*time.Second)
	fallback(&c.Ping, 20*time.Second)
	fallback(&c.Stall, 30*time.Second)
	fallback(&c.OpenLimit, 20*time.Second)
	m, err := newMetrics(c.Metrics)
	if err != nil {
		return nil, fmt.Errorf("registering the gateway's metrics: %w", err)
	}
	return &Gateway{Config: c, id: workspace.NewID(), metrics: m, open: map[string]*openDisplay{}}, nil
}

func fallback(d *time.Duration, value time.Duration) {
	if *d == 0 {
		*d = value
	}
}

// ServeHTTP serves GET /gateway/display. It returns when the connection has ended.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begun := time.Now()
	g.mu.Lock()
	if !g.draining {
		g.handlers.Add(1)
		defer g.handlers.Done()
	}
	draining := g.draining
	g.mu.Unlock()
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"binary"}, OriginPatterns: g.Origins})
	if err != nil {
		g.metrics.opens.WithLabelValues("handshake").Inc()
		g.Log.InfoContext(r.Context(), "a browser was not let in", "origin", r.Header.Get("Origin"), "error", err)
		return
	}
	defer ws.CloseNow()
	if draining {
		g.refuse(ws, Restarting)
		return
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context())) // a hijacked request's context is not cancelled with the connection
	defer cancel()
	g.serve(ctx, cancel, ws, r.URL.Query().Get("ticket"), begun)
}

// serve opens a display for a ticket and carries it until it ends. cancel ends ctx.
func (g *Gateway) serve(ctx context.Context, cancel func(), ws *websocket.Conn, token string, begun time.Time) {
	limit := time.AfterFunc(g.OpenLimit, cancel) // not a deadline: the stream may live as long as the context
	c, ending, err := g.connect(ctx, token)
	if err == nil && !limit.Stop() {
		c.display.Close()
		g.forget(c)
		ending, err = DisplayLost, context.DeadlineExceeded
	}
	if err != nil {
		limit.Stop()
		g.Log.InfoContext(ctx, "a display was not opened", "outcome", ending.Name, "error", err)
		g.refuse(ws, ending)
		return
	}
	c.log.InfoContext(ctx, "a display was opened", "took", time.Since(begun))
	g.metrics.opens.WithLabelValues("opened").Inc()
	c.ws, c.begun = ws, begun
	if !g.add(c) {
		c.finish(Restarting)
	}
	ending = c.carry(ctx)
	g.remove(c)
	if ending == DisplayLost {
		ending = g.whyLost(ctx, c.ticket)
	}
	g.metrics.ends.WithLabelValues(ending.Name).Inc()
	c.log.InfoContext(ctx, "a display was closed", "ending", ending.Name, "after", time.Since(begun),
		"sent", c.sent.Load(), "received", c.received.Load())
	ws.Close(ending.Code, ending.Reason)
	cancel()
	c.copies.Wait()
	g.forget(c)
	if ending == Stopped {
		g.noteStopped(context.WithoutCancel(ctx), c.ticket.DesktopID)
	}
}

// connect redeems the ticket, opens the display and records the connection.
func (g *Gateway) connect(ctx context.Context, token string) (*openDisplay, Ending, error) {
	t, err := g.Sessions.Admit(ctx, token)
	if err != nil && t.DesktopID == "" && workspace.CodeOf(err) == workspace.CodeBadCredentials {
		return nil, TicketRefused, err
	}
	if err != nil {
		return nil, refusal(err), err
	}
	display, err := g.Displays.Display(ctx, t.DesktopID, t.Account)
	if err != nil {
		if unopened(err) == Stopped {
			g.noteStopped(ctx, t.DesktopID)
		}
		return nil, unopened(err), fmt.Errorf("desktop %s: %w", t.DesktopID, err)
	}
	now := time.Now().UTC().Truncate(time.Microsecond)
	row := desktop.Connection{
		ID: workspace.NewID(), DesktopID: t.DesktopID, UserID: t.UserID, SignInHash: t.SignInHash,
		Gateway: g.id, Opened: now, LeaseUntil: now.Add(g.Lease),
	}
	if err := g.Sessions.OpenConnection(ctx, t, row); err != nil {
		display.Close()
		return nil, refusal(err), fmt.Errorf("recording a connection: %w", err)
	}
	return &openDisplay{
		id: row.ID, ticket: t, display: display, gateway: g, ended: make(chan Ending, 1),
		log: g.Log.With("connection", row.ID, "desktop", t.DesktopID, "user", t.UserID),
	}, Ending{}, nil
}

func (g *Gateway) refuse(ws *websocket.Conn, e Ending) {
	g.metrics.opens.WithLabelValues(e.Name).Inc()
	ws.Close(e.Code, e.Reason)
}

// whyLost determines from the domain and the engine why a display ended.
func (g *Gateway) whyLost(ctx context.Context, t signin.Ticket) Ending {
	ctx, cancel := context.WithTimeout(ctx, g.OpenLimit)
	defer cancel()
	if err := g.Sessions.MayConnect(ctx, t); err != nil {
		if ending := refusal(err); ending != Fault {
			return ending
		}
	}
	m, err := g.Displays.Find(ctx, t.DesktopID)
	switch {
	case errors.Is(err, engine.ErrUnavailable):
		return Unavailable
	case err == nil && (m.State == engine.Stopped || m.State == engine.Hibernated):
		return Stopped
	}
	return DisplayLost
}

// noteStopped reports to the domain that a machine was shut down from inside. It checks twice, since a machine that restarts is off for a
// moment.
func (g *Gateway) noteStopped(ctx context.Context, desktopID string) {
	ctx, cancel := context.WithTimeout(ctx, g.OpenLimit)
	defer cancel()
	for i := range 2 {
		m, err := g.Displays.Find(ctx, desktopID)
		if err != nil || m.State != engine.Stopped && m.State != engine.Hibernated {
			return
		}
		if i == 1 {
			err = g.Sessions.NoteStopped(ctx, desktopID, m.State == engine.Hibernated)
			if err != nil && workspace.CodeOf(err) != workspace.CodeDesktopNotFound {
				g.Log.WarnContext(ctx, "recording that a desktop is off", "desktop", desktopID, "error", err)
			}
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(g.Check):
		}
	}
}
