package chaos

import (
	"context"
	"slices"
	"sync"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/signin"
	"carrel/internal/workspace"
)

// gateway carries the displays of people, as internal/gateway does, without their pictures.
type gateway struct {
	e      *env
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu   sync.Mutex // guards what follows
	name string     // another one after it was killed
	open []link
}

// link is an open display.
type link struct {
	id, desktopID, userID string
}

const linkLease = 2 * time.Minute

func openGateway(e *env) *gateway {
	g := &gateway{e: e, name: workspace.NewID()}
	ctx, cancel := context.WithCancel(context.Background())
	g.cancel = cancel
	g.done.Go(func() { g.run(ctx) })
	return g
}

// run ends connections whose grounds are gone, renews the others, and forgets those of gateways that died.
func (g *gateway) run(ctx context.Context) {
	tick := time.NewTicker(6 * time.Second)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		name, ids := g.ids()
		if len(ids) > 0 {
			ended, err := g.e.service.Connections.CheckConnections(ctx, name, ids)
			g.e.unexpected("checking connections", err)
			for _, e := range ended {
				g.close(e.ID)
			}
		}
		if n%4 == 0 {
			g.e.unexpected("renewing connections", g.e.service.Connections.RenewConnections(ctx, name, linkLease))
			_, err := g.e.service.Connections.SweepConnections(ctx)
			g.e.unexpected("sweeping connections", err)
		}
	}
}

func (g *gateway) ids() (string, []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	var ids []string
	for _, l := range g.open {
		ids = append(ids, l.id)
	}
	return g.name, ids
}

// admit opens the display that a ticket is for.
func (g *gateway) admit(ticket string) (signin.Ticket, error) {
	ctx := context.Background()
	t, err := g.e.service.Connections.Admit(ctx, ticket)
	if err != nil {
		return t, err
	}
	g.mu.Lock()
	name := g.name
	g.mu.Unlock()
	c := desktop.Connection{
		ID: workspace.NewID(), DesktopID: t.DesktopID, UserID: t.UserID, SignInHash: t.SignInHash, Gateway: name,
		Opened: time.Now(), LeaseUntil: time.Now().Add(linkLease),
	}
	if err := g.e.service.Connections.OpenConnection(ctx, t, c); err != nil {
		return t, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.name == name {
		g.open = append(g.open, link{c.ID, c.DesktopID, c.UserID})
	}
	return t, nil
}

// close ends a connection.
func (g *gateway) close(id string) {
	g.mu.Lock()
	at := slices.IndexFunc(g.open, func(l link) bool { return l.id == id })
	var l link
	if at >= 0 {
		l = g.open[at]
		g.open = slices.Delete(g.open, at, at+1)
	}
	g.mu.Unlock()
	if at >= 0 {
		g.e.unexpected("closing a connection", g.e.service.Connections.CloseConnection(context.Background(), l.id, l.desktopID))
	}
}

// of lists the connections of a person, or of all.
func (g *gateway) of(userID string) []link {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(g.open), func(l link) bool { return userID != "" && l.userID != userID })
}

// die forgets all connections, as a gateway that is killed does: their rows stay until their leases have run out.
func (g *gateway) die() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.name, g.open = workspace.NewID(), nil
}

func (g *gateway) stop() {
	g.cancel()
	g.done.Wait()
}
