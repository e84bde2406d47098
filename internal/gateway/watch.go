package gateway

import (
	"context"
	"slices"
	"time"

	"carrel/internal/connection"
)

// Run watches the connections until the context ends: it ends those that are no longer allowed, renews the leases of their rows, and deletes
// the rows of gateways that have died. When it returns, connections continue; see Drain.
func (g *Gateway) Run(ctx context.Context) {
	check, renew := time.NewTicker(g.Check), time.NewTicker(g.Lease/3)
	defer check.Stop()
	defer renew.Stop()
	g.sweep(ctx) // what this process left when it was killed
	for {
		select {
		case <-ctx.Done():
			return
		case <-check.C:
			g.check(ctx)
		case <-renew.C:
			g.renew(ctx)
			g.sweep(ctx)
		}
	}
}

// Drain tells every browser to reconnect, which it does at another replica or later, and returns when all connections have ended or with the
// context's error. New connections are told the same. http.Server.Shutdown does not do this.
func (g *Gateway) Drain(ctx context.Context) error {
	g.mu.Lock()
	g.draining = true
	for _, c := range g.open {
		c.finish(Restarting)
	}
	g.mu.Unlock()
	done := make(chan struct{})
	go func() {
		g.handlers.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Open returns the number of open connections.
func (g *Gateway) Open() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.open)
}

// add adds a recorded connection to those that Run watches, and ends an earlier one of the same user to the same desktop. It returns false while
// the gateway drains.
func (g *Gateway) add(c *openDisplay) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, other := range g.open {
		if other.ticket.UserID == c.ticket.UserID && other.ticket.DesktopID == c.ticket.DesktopID {
			other.finish(Replaced)
		}
	}
	g.open[c.id] = c
	g.metrics.connections.Inc()
	return !g.draining
}

func (g *Gateway) remove(c *openDisplay) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.open, c.id)
	g.metrics.connections.Dec()
}

// forget deletes the connection's row. If that fails, its lease expires.
func (g *Gateway) forget(c *openDisplay) {
	ctx, cancel := context.WithTimeout(context.Background(), g.OpenLimit)
	defer cancel()
	if err := g.Sessions.CloseConnection(ctx, c.id, c.ticket.DesktopID); err != nil {
		c.log.WarnContext(ctx, "deleting the row of a connection", "error", err)
	}
}

func (g *Gateway) check(ctx context.Context) {
	g.mu.Lock()
	ids := make([]string, 0, len(g.open))
	for id := range g.open {
		ids = append(ids, id)
	}
	g.mu.Unlock()
	if len(ids) == 0 {
		return
	}
	slices.Sort(ids)
	ended, err := g.Sessions.CheckConnections(ctx, g.id, ids)
	if err != nil {
		g.complain(ctx, "checking connections", err)
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, e := range ended {
		if c := g.open[e.ID]; c != nil {
			c.log.InfoContext(ctx, "a display must be closed", "why", e.Why)
			c.finish(refusal(e.Why))
		}
	}
}

func (g *Gateway) renew(ctx context.Context) {
	if g.Open() == 0 {
		return
	}
	if err := g.Sessions.RenewConnections(ctx, g.id, g.Lease); err != nil {
		g.complain(ctx, "renewing connections", err)
	}
}

func (g *Gateway) sweep(ctx context.Context) {
	n, err := g.Sessions.SweepConnections(ctx)
	if err != nil {
		g.complain(ctx, "forgetting connections of gateways that died", err)
	} else if n > 0 {
		g.Log.InfoContext(ctx, "connections of dead gateways were deleted", "connections", n)
	}
}

func (g *Gateway) complain(ctx context.Context, doing string, err error) {
	if ctx.Err() == nil {
		g.Log.WarnContext(ctx, "checking the connections failed", "doing", doing, "error", err)
	}
}

var _ Sessions = (*connection.Service)(nil)
