package gateway_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/gateway"
	"carrel/internal/signin"
	"carrel/internal/usage"
	"carrel/internal/workspace"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConnection(t *testing.T) {
	t.Run("CarriesBytesBothWaysAndTheLoginStatusFollows", func(t *testing.T) {
		e := newEnv(t)
		g := e.gateway(nil)
		page := g.open(e.ticket())
		screen := e.screens.last(t)
		e.waitLogin(desktop.LoginConnected)

		out, in := make([]byte, 300<<10), slices.Concat(hello, clipboard(50<<10))
		rand.Read(out)
		go screen.Write(out)
		if got := page.read(len(out)); !bytes.Equal(got, out) {
			t.Error("the browser got other bytes than the display sent")
		}
		go page.Write(t.Context(), websocket.MessageBinary, in)
		got := make([]byte, len(in))
		if _, err := io.ReadFull(screen, got); err != nil || !bytes.Equal(got, in) {
			t.Errorf("the display got other bytes than the browser sent (%v)", err)
		}
		page.Close(websocket.StatusNormalClosure, "")
		e.waitLogin(desktop.LoginDisconnected)
	})
	t.Run("StaysConnectedUntilTheLastOneCloses", func(t *testing.T) {
		e := newEnv(t)
		g, other := e.gateway(nil), e.user("other")
		first, second := g.open(e.ticket()), g.open(e.ticketOf(other))
		e.waitLogin(desktop.LoginConnected)
		first.Close(websocket.StatusNormalClosure, "")
		e.waitConnections(1)
		e.waitLogin(desktop.LoginConnected)
		second.Close(websocket.StatusNormalClosure, "")
		e.waitLogin(desktop.LoginDisconnected)
	})
	t.Run("IsUseOfTheDesktopUntilItCloses", func(t *testing.T) {
		e := newEnv(t)
		begin := e.now()
		page := e.gateway(nil).open(e.ticket())
		e.waitLogin(desktop.LoginConnected)
		e.later(5 * time.Second)
		page.Close(websocket.StatusNormalClosure, "")
		e.waitLogin(desktop.LoginDisconnected)
		end := e.now()
		e.later(time.Hour) // is no use any more
		all, n, err := e.service.Usage.Used(t.Context(), usage.Query{
			ProjectID: project, By: usage.ByDay, Period: usage.Period{From: begin, Until: e.now()}, Page: workspace.Page{Limit: 10},
		})
		if err != nil || n != 1 || all[0].DesktopID != e.desktop || all[0].UserName != "ada" {
			t.Fatalf("%+v, %v", all, err)
		}
		if used := all[0].Parts[0].Used; used < 5*time.Second || used > end.Sub(begin) {
			t.Errorf("used for %v of %v", used, end.Sub(begin))
		}
	})
	t.Run("IsNotFedFasterThanTheBrowserReads", func(t *testing.T) {
		e := newEnv(t)
		g := e.gateway(nil)
		g.open(e.ticket())
		screen := e.screens.last(t)
		screen.SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
		n, err := io.Copy(screen, io.LimitReader(zeros{}, 256<<20))
		if err == nil {
			t.Errorf("the gateway took %d bytes that nobody reads", n)
		}
	})
	t.Run("EndsWhenTheBrowserTakesNothing", func(t *testing.T) {
		e := newEnv(t)
		g := e.gateway(func(c *gateway.Config) { c.Stall, c.Ping = 100*time.Millisecond, time.Hour })
		g.open(e.ticket())
		screen := e.screens.last(t)
		_, err := io.Copy(screen, zeros{}) // until the gateway closes the display
		if err == nil {
			t.Error("copying ended without the display being closed")
		}
		e.waitLogin(desktop.LoginDisconnected)
	})
	t.Run("EndsWhenTheBrowserDoesNotAnswerPings", func(t *testing.T) {
		e := newEnv(t)
		g := e.gateway(func(c *gateway.Config) { c.Stall, c.Ping = 100*time.Millisecond, 50*time.Millisecond })
		g.open(e.ticket()) // nobody reads it, so no ping is answered
		if _, err := e.screens.last(t).Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("the display: %v", err)
		}
	})
	t.Run("LivesThroughManyPings", func(t *testing.T) {
		e := newEnv(t)
		g := e.gateway(func(c *gateway.Config) { c.Ping = 5 * time.Millisecond })
		page := g.open(e.ticket())
		screen := e.screens.last(t)
		for range 50 {
			go screen.Write([]byte("x"))
			page.read(1)
		}
	})
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(e *env) (ticket string)
		want  gateway.Ending
	}{
		{"AnUnknownTicket", func(e *env) string { return "nonsense" }, gateway.TicketRefused},
		{"NoTicket", func(e *env) string { return "" }, gateway.TicketRefused},
		{"AnOldTicket", func(e *env) string {
			ticket := e.ticket()
			e.later(signin.TicketLife)
			return ticket
		}, gateway.TicketRefused},
		{"ALockedUser", func(e *env) string { return e.after(func() { e.lock(e.visitor.ID) }) }, gateway.AccessEnded},
		{"AUserWhoSignedOut", func(e *env) string { return e.after(e.signOut) }, gateway.AccessEnded},
		{"ADesktopThatWasDeleted", func(e *env) string { return e.after(e.deleteDesktop) }, gateway.TicketRefused},
		{"AStoppedDesktop", func(e *env) string {
			return e.after(func() { e.setStatus(desktop.StatusShutoff, workspace.NoTask) })
		}, gateway.Stopped},
		{"ABusyDesktop", func(e *env) string {
			return e.after(func() { e.setStatus(desktop.StatusActive, workspace.TaskRebooting) })
		}, gateway.Stopped},
		{"AnEngineThatDoesNotAnswer", func(e *env) string {
			return e.after(func() { e.screens.fail = engine.ErrUnavailable })
		}, gateway.Unavailable},
		{"ADisplayThatDoesNotAnswer", func(e *env) string {
			return e.after(func() { e.screens.fail = errors.New("no display answers") })
		}, gateway.DisplayLost},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newEnv(t)
			g := e.gateway(nil)
			g.open(c.spoil(e)).expect(c.want)
			e.waitConnections(0)
		})
	}
	t.Run("ATicketThatWasUsed", func(t *testing.T) {
		e := newEnv(t)
		g, ticket := e.gateway(nil), e.ticket()
		// Which of them comes first is for the gateway to say, not for the order in which they were let in.
		const tries = 5
		pages, endings := make([]*page, tries), make(chan websocket.StatusCode, tries)
		for i := range pages {
			pages[i] = g.open(ticket)
		}
		for _, p := range pages {
			go func() { endings <- p.ending() }()
		}
		for range tries - 1 {
			if code := <-endings; code != gateway.TicketRefused.Code {
				t.Errorf("one of those who came too late was told %d", code)
			}
		}
		e.waitConnections(1)
		for _, p := range pages {
			p.CloseNow()
		}
		<-endings
	})
	t.Run("AForeignOrigin", func(t *testing.T) {
		e := newEnv(t)
		g := e.gateway(func(c *gateway.Config) { c.Origins = []string{"https://desktops.example.org"} })
		for origin, want := range map[string]int{
			"https://evil.example": http.StatusForbidden, "https://desktops.example.org": http.StatusSwitchingProtocols,
		} {
			//nolint:bodyclose // the library closes it
			ws, response, _ := websocket.Dial(t.Context(), g.url+"x", &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {origin}}})
			if response == nil || response.StatusCode != want {
				t.Errorf("%s: %v", origin, response)
			}
			if ws != nil {
				ws.CloseNow()
			}
		}
	})
	t.Run("ADesktopThatWasSwitchedOffInside", func(t *testing.T) {
		e := newEnv(t)
		g := e.gateway(nil)
		e.screens.fail, e.screens.state = engine.ErrConflict, engine.Stopped
		g.open(e.ticket()).expect(gateway.Stopped)
		e.waitStatus(desktop.StatusShutoff) // so that it can be started
	})
}

func TestEndings(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(e *env, g *served)
		want gateway.Ending
	}{
		{"WhenTheUserIsLocked", func(e *env, _ *served) { e.lock(e.visitor.ID) }, gateway.AccessEnded},
		{"WhenTheUserSignsOut", func(e *env, _ *served) { e.signOut() }, gateway.AccessEnded},
		{"WhenTheSignInExpires", func(e *env, _ *served) { e.later(signin.SignInLife) }, gateway.AccessEnded},
		{"WhenTheDesktopFallsAsleep", func(e *env, _ *served) {
			e.setStatus(desktop.StatusHibernating, workspace.TaskHibernating)
		}, gateway.Stopped},
		{"WhenTheMachineStops", func(e *env, _ *served) {
			e.setStatus(desktop.StatusStopping, workspace.TaskPoweringOff)
			e.screen.Close()
		}, gateway.Stopped},
		{"WhenTheDesktopIsDeleted", func(e *env, _ *served) {
			e.deleteDesktop()
			e.screen.Close()
		}, gateway.Gone},
		{"WhenAnAdministratorEndsTheSession", func(e *env, _ *served) {
			e.setStatus(desktop.StatusActive, workspace.TaskLoggingOff)
		}, gateway.LoggedOff},
		{"WhenTheDisplayEndsByItself", func(e *env, _ *served) { e.screen.Close() }, gateway.DisplayLost},
		{"WhenTheServerStops", func(e *env, g *served) {
			if err := g.Drain(e.t.Context()); err != nil {
				e.t.Error(err)
			}
		}, gateway.Restarting},
		{"WhenOpenedAgainHere", func(e *env, g *served) { g.open(e.ticket()) }, gateway.Replaced},
		{"WhenOpenedAgainThroughAnotherReplica", func(e *env, _ *served) { e.gateway(nil).open(e.ticket()) }, gateway.Replaced},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newEnv(t)
			g := e.gateway(nil)
			page := g.open(e.ticket())
			e.screen = e.screens.last(t)
			e.waitLogin(desktop.LoginConnected)
			done := make(chan struct{})
			go func() {
				defer close(done)
				page.expect(c.want)
			}()
			c.end(e, g)
			<-done
		})
	}
	t.Run("LeaveOthersAlone", func(t *testing.T) {
		e := newEnv(t)
		g, other := e.gateway(nil), e.user("other")
		own := g.open(e.ticket())
		e.screens.last(t)
		theirs := g.open(e.ticketOf(other))
		screen := e.screens.last(t)
		e.waitConnections(2)
		e.lock(e.visitor.ID)
		own.expect(gateway.AccessEnded)
		go screen.Write([]byte("still here"))
		theirs.read(len("still here"))
	})
	t.Run("AreAllDifferentOnTheWire", func(t *testing.T) {
		seen := map[websocket.StatusCode]string{}
		for _, ending := range gateway.Endings {
			if seen[ending.Code] != "" || len(ending.Reason) > 123 {
				t.Errorf("%s: code %d, as %q; reason of %d bytes", ending.Name, ending.Code, seen[ending.Code], len(ending.Reason))
			}
			seen[ending.Code] = ending.Name
		}
	})
}

func TestDrain(t *testing.T) {
	e := newEnv(t)
	g := e.gateway(nil)
	page := g.open(e.ticket())
	e.waitConnections(1)
	told := make(chan struct{})
	go func() {
		defer close(told)
		page.expect(gateway.Restarting)
	}()
	e.must(g.Drain(t.Context()))
	<-told
	e.waitConnections(0)
	ticket := e.ticket()
	g.open(ticket).expect(gateway.Restarting)
	e.gateway(nil).open(ticket) // the ticket is still good elsewhere
	e.waitLogin(desktop.LoginConnected)
}

func TestAGatewayThatDiedIsSweptByAnother(t *testing.T) {
	e := newEnv(t)
	dead := desktop.Connection{
		ID: workspace.NewID(), DesktopID: e.desktop, UserID: e.visitor.ID, Gateway: "dead",
		Opened: e.now(), LeaseUntil: e.now().Add(30 * time.Second),
	}
	ticket, err := e.service.Connections.Admit(t.Context(), e.ticket())
	e.must(err)
	e.must(e.service.Connections.OpenConnection(t.Context(), ticket, dead))
	e.waitLogin(desktop.LoginConnected)
	e.later(31 * time.Second)
	e.gateway(func(c *gateway.Config) { c.Lease = 30 * time.Millisecond })
	e.waitLogin(desktop.LoginDisconnected)
}
