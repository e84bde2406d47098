package gateway_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"carrel/internal/catalog"
	"carrel/internal/core"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/engine"
	"carrel/internal/gateway"
	"carrel/internal/signin"
	"carrel/internal/store"
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

// env is a database with one running desktop of one user who is signed in, and displays that tests hold the far end of.
type env struct {
	t       testing.TB
	store   *store.Store
	service *core.Services
	screens *screens
	screen  net.Conn // that a test keeps
	desktop string
	visitor signin.Visitor

	mu    sync.Mutex
	ahead time.Duration // of the real clock
}

const project = "0123456789abcdef0123456789abcdef"

func newEnv(t testing.TB) *env {
	t.Helper()
	e := &env{t: t, screens: &screens{opened: make(chan net.Conn, 64)}, desktop: workspace.NewID()}
	s, err := store.Open(context.Background(), filepath.Join(t.TempDir(), "carrel.db"), store.WithClock(e.now))
	e.must(err)
	t.Cleanup(func() { s.Close() })
	e.store, e.service = s, core.NewServices(core.Config{Store: s})
	e.must(e.service.Catalog.Subscribe(t.Context(), project, "10.1.0.0/16", []catalog.NewSubnet{{Name: "n", CIDR: "10.1.0.0/16", Gateway: "10.1.0.1", Network: "n"}}))
	ada, bob := e.person("ada"), e.person("other")
	e.must(s.Update(t.Context(), func(tx *store.Tx) error {
		subnets, err := catalog.Subnets(t.Context(), tx, project)
		if err != nil {
			return err
		}
		if err := directory.InsertUsers(t.Context(), tx, []directory.User{ada, bob}); err != nil {
			return err
		}
		return desktop.InsertDesktops(t.Context(), tx, []desktop.Desktop{{
			ID: e.desktop, ProjectID: project, Type: workspace.Shared, Name: "d", HostName: "d", SubnetID: subnets[0].ID, Address: "10.1.0.5",
			Root: desktop.Volume{ID: workspace.NewID(), Type: "SAS", GB: 80, Created: tx.Now()}, Status: desktop.StatusActive,
			Login: desktop.LoginRegistered, Created: tx.Now(), Updated: tx.Now(),
			Assignments: []desktop.Assignment{
				{DesktopID: e.desktop, UserID: ada.ID, Group: workspace.GroupSudo, Created: tx.Now()},
				{DesktopID: e.desktop, UserID: bob.ID, Group: workspace.GroupSudo, Created: tx.Now()},
			},
		}})
	}))
	e.visitor = e.user("ada")
	return e
}

func (e *env) person(name string) directory.User {
	return directory.User{ID: workspace.NewID(), ProjectID: project, Name: name, EnterpriseID: "0", Created: e.now(), Updated: e.now()}
}

// user signs a person in.
func (e *env) user(name string) (v signin.Visitor) {
	e.t.Helper()
	e.must(e.store.Update(e.t.Context(), func(tx *store.Tx) (err error) {
		if v.User, err = directory.UserByName(e.t.Context(), tx, project, name); err != nil {
			return err
		}
		v.SignInHash = workspace.HashToken(workspace.NewToken())
		return signin.InsertSignIn(e.t.Context(), tx, signin.SignIn{
			TokenHash: v.SignInHash, UserID: v.ID, Created: tx.Now(), Expires: tx.Now().Add(signin.SignInLife),
		})
	}))
	return v
}

func (e *env) ticket() string { return e.ticketOf(e.visitor) }

func (e *env) ticketOf(v signin.Visitor) string {
	e.t.Helper()
	ticket, err := e.service.Connections.OpenDesktop(e.t.Context(), v, e.desktop)
	e.must(err)
	return ticket
}

// after makes a ticket and then lets something happen.
func (e *env) after(happen func()) string {
	ticket := e.ticket()
	happen()
	return ticket
}

func (e *env) lock(userID string) {
	service := core.NewServices(core.Config{Store: e.store})
	e.must(service.SignIn.ActOnUser(e.t.Context(), workspace.Caller{ProjectID: project}, userID, signin.LockOut))
}

func (e *env) signOut() {
	e.must(e.store.Update(e.t.Context(), func(tx *store.Tx) error {
		return signin.DeleteSignIn(e.t.Context(), tx, e.visitor.SignInHash)
	}))
}

func (e *env) deleteDesktop() {
	e.must(e.store.Update(e.t.Context(), func(tx *store.Tx) error { return desktop.DeleteDesktop(e.t.Context(), tx, e.desktop) }))
}

func (e *env) setStatus(status desktop.DesktopStatus, task workspace.Task) {
	e.must(e.store.Update(e.t.Context(), func(tx *store.Tx) error {
		d, err := desktop.ReadDesktop(e.t.Context(), tx, "", e.desktop)
		if err != nil {
			return err
		}
		d.Status, d.Task = status, task
		return desktop.SaveDesktop(e.t.Context(), tx, d)
	}))
}

func (e *env) now() time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return time.Now().Add(e.ahead)
}

func (e *env) later(d time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ahead += d
}

func (e *env) waitLogin(want desktop.LoginStatus) {
	e.t.Helper()
	e.wait("login status "+string(want), func(d desktop.Desktop, _ int) bool { return d.Login == want })
}

func (e *env) waitStatus(want desktop.DesktopStatus) {
	e.t.Helper()
	e.wait("status "+string(want), func(d desktop.Desktop, _ int) bool { return d.Status == want })
}

func (e *env) waitConnections(want int) {
	e.t.Helper()
	e.wait("connections", func(_ desktop.Desktop, n int) bool { return n == want })
}

// wait looks at the desktop until it is as wanted.
func (e *env) wait(what string, as func(desktop.Desktop, int) bool) {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(e.t.Context(), patience)
	defer cancel()
	for tick := time.Tick(5 * time.Millisecond); ; {
		var d desktop.Desktop
		var open []desktop.Connection
		err := e.store.View(ctx, func(tx *store.Tx) (err error) {
			if open, err = desktop.Connections(ctx, tx, e.desktop); err != nil {
				return err
			}
			d, err = desktop.ReadDesktop(ctx, tx, "", e.desktop)
			if workspace.CodeOf(err) == workspace.CodeDesktopNotFound {
				err = nil
			}
			return err
		})
		if err == nil && as(d, len(open)) {
			return
		}
		select {
		case <-ctx.Done():
			e.t.Fatalf("%s did not come: %s, %s, %d connections, %v", what, d.Status, d.Login, len(open), err)
		case <-tick:
		}
	}
}

func (e *env) must(err error) {
	e.t.Helper()
	if err != nil {
		e.t.Fatal(err)
	}
}

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
