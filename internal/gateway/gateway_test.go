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
		w := newWorld(t)
		g := w.gateway(nil)
		page := g.open(w.ticket())
		screen := w.screens.last(t)
		w.waitLogin(desktop.LoginConnected)

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
		w.waitLogin(desktop.LoginDisconnected)
	})
	t.Run("StaysConnectedUntilTheLastOneCloses", func(t *testing.T) {
		w := newWorld(t)
		g, other := w.gateway(nil), w.user("other")
		first, second := g.open(w.ticket()), g.open(w.ticketOf(other))
		w.waitLogin(desktop.LoginConnected)
		first.Close(websocket.StatusNormalClosure, "")
		w.waitConnections(1)
		w.waitLogin(desktop.LoginConnected)
		second.Close(websocket.StatusNormalClosure, "")
		w.waitLogin(desktop.LoginDisconnected)
	})
	t.Run("IsNotFedFasterThanTheBrowserReads", func(t *testing.T) {
		w := newWorld(t)
		g := w.gateway(nil)
		g.open(w.ticket())
		screen := w.screens.last(t)
		screen.SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
		n, err := io.Copy(screen, io.LimitReader(zeros{}, 256<<20))
		if err == nil {
			t.Errorf("the gateway took %d bytes that nobody reads", n)
		}
	})
	t.Run("EndsWhenTheBrowserTakesNothing", func(t *testing.T) {
		w := newWorld(t)
		g := w.gateway(func(c *gateway.Config) { c.Stall, c.Ping = 100*time.Millisecond, time.Hour })
		g.open(w.ticket())
		screen := w.screens.last(t)
		_, err := io.Copy(screen, zeros{}) // until the gateway closes the display
		if err == nil {
			t.Error("copying ended without the display being closed")
		}
		w.waitLogin(desktop.LoginDisconnected)
	})
	t.Run("EndsWhenTheBrowserDoesNotAnswerPings", func(t *testing.T) {
		w := newWorld(t)
		g := w.gateway(func(c *gateway.Config) { c.Stall, c.Ping = 100*time.Millisecond, 50*time.Millisecond })
		g.open(w.ticket()) // nobody reads it, so no ping is answered
		if _, err := w.screens.last(t).Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("the display: %v", err)
		}
	})
	t.Run("LivesThroughManyPings", func(t *testing.T) {
		w := newWorld(t)
		g := w.gateway(func(c *gateway.Config) { c.Ping = 5 * time.Millisecond })
		page := g.open(w.ticket())
		screen := w.screens.last(t)
		for range 50 {
			go screen.Write([]byte("x"))
			page.read(1)
		}
	})
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(w *world) (ticket string)
		want  gateway.Ending
	}{
		{"AnUnknownTicket", func(w *world) string { return "nonsense" }, gateway.TicketRefused},
		{"NoTicket", func(w *world) string { return "" }, gateway.TicketRefused},
		{"AnOldTicket", func(w *world) string {
			ticket := w.ticket()
			w.later(signin.TicketLife)
			return ticket
		}, gateway.TicketRefused},
		{"ALockedUser", func(w *world) string { return w.after(func() { w.lock(w.visitor.ID) }) }, gateway.AccessEnded},
		{"AUserWhoSignedOut", func(w *world) string { return w.after(w.signOut) }, gateway.AccessEnded},
		{"ADesktopThatWasDeleted", func(w *world) string { return w.after(w.deleteDesktop) }, gateway.TicketRefused},
		{"AStoppedDesktop", func(w *world) string {
			return w.after(func() { w.setStatus(desktop.StatusShutoff, workspace.NoTask) })
		}, gateway.Stopped},
		{"ABusyDesktop", func(w *world) string {
			return w.after(func() { w.setStatus(desktop.StatusActive, workspace.TaskRebooting) })
		}, gateway.Stopped},
		{"AnEngineThatDoesNotAnswer", func(w *world) string {
			return w.after(func() { w.screens.fail = engine.ErrUnavailable })
		}, gateway.Unavailable},
		{"ADisplayThatDoesNotAnswer", func(w *world) string {
			return w.after(func() { w.screens.fail = errors.New("no display answers") })
		}, gateway.DisplayLost},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			g := w.gateway(nil)
			g.open(c.spoil(w)).expect(c.want)
			w.waitConnections(0)
		})
	}
	t.Run("ATicketThatWasUsed", func(t *testing.T) {
		w := newWorld(t)
		g, ticket := w.gateway(nil), w.ticket()
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
		w.waitConnections(1)
		for _, p := range pages {
			p.CloseNow()
		}
		<-endings
	})
	t.Run("AForeignOrigin", func(t *testing.T) {
		w := newWorld(t)
		g := w.gateway(func(c *gateway.Config) { c.Origins = []string{"https://desktops.example.org"} })
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
		w := newWorld(t)
		g := w.gateway(nil)
		w.screens.fail, w.screens.state = engine.ErrConflict, engine.Stopped
		g.open(w.ticket()).expect(gateway.Stopped)
		w.waitStatus(desktop.StatusShutoff) // so that it can be started
	})
}

func TestEndings(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(w *world, g *served)
		want gateway.Ending
	}{
		{"WhenTheUserIsLocked", func(w *world, _ *served) { w.lock(w.visitor.ID) }, gateway.AccessEnded},
		{"WhenTheUserSignsOut", func(w *world, _ *served) { w.signOut() }, gateway.AccessEnded},
		{"WhenTheSignInExpires", func(w *world, _ *served) { w.later(signin.SignInLife) }, gateway.AccessEnded},
		{"WhenTheDesktopFallsAsleep", func(w *world, _ *served) {
			w.setStatus(desktop.StatusHibernating, workspace.TaskHibernating)
		}, gateway.Stopped},
		{"WhenTheMachineStops", func(w *world, _ *served) {
			w.setStatus(desktop.StatusStopping, workspace.TaskPoweringOff)
			w.screen.Close()
		}, gateway.Stopped},
		{"WhenTheDesktopIsDeleted", func(w *world, _ *served) {
			w.deleteDesktop()
			w.screen.Close()
		}, gateway.Gone},
		{"WhenTheDisplayEndsByItself", func(w *world, _ *served) { w.screen.Close() }, gateway.DisplayLost},
		{"WhenTheServerStops", func(w *world, g *served) {
			if err := g.Drain(w.t.Context()); err != nil {
				w.t.Error(err)
			}
		}, gateway.Restarting},
		{"WhenOpenedAgainHere", func(w *world, g *served) { g.open(w.ticket()) }, gateway.Replaced},
		{"WhenOpenedAgainThroughAnotherReplica", func(w *world, _ *served) { w.gateway(nil).open(w.ticket()) }, gateway.Replaced},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			g := w.gateway(nil)
			page := g.open(w.ticket())
			w.screen = w.screens.last(t)
			w.waitLogin(desktop.LoginConnected)
			done := make(chan struct{})
			go func() {
				defer close(done)
				page.expect(c.want)
			}()
			c.end(w, g)
			<-done
		})
	}
	t.Run("LeaveOthersAlone", func(t *testing.T) {
		w := newWorld(t)
		g, other := w.gateway(nil), w.user("other")
		mine := g.open(w.ticket())
		w.screens.last(t)
		theirs := g.open(w.ticketOf(other))
		screen := w.screens.last(t)
		w.waitConnections(2)
		w.lock(w.visitor.ID)
		mine.expect(gateway.AccessEnded)
		go screen.Write([]byte("still here"))
		theirs.read(len("still here"))
	})
	t.Run("AreAllDifferentOnTheWire", func(t *testing.T) {
		seen := map[websocket.StatusCode]string{}
		for _, e := range gateway.Endings {
			if seen[e.Code] != "" || len(e.Reason) > 123 {
				t.Errorf("%s: code %d, as %q; reason of %d bytes", e.Name, e.Code, seen[e.Code], len(e.Reason))
			}
			seen[e.Code] = e.Name
		}
	})
}

func TestDrain(t *testing.T) {
	w := newWorld(t)
	g := w.gateway(nil)
	page := g.open(w.ticket())
	w.waitConnections(1)
	told := make(chan struct{})
	go func() {
		defer close(told)
		page.expect(gateway.Restarting)
	}()
	w.must(g.Drain(t.Context()))
	<-told
	w.waitConnections(0)
	ticket := w.ticket()
	g.open(ticket).expect(gateway.Restarting)
	w.gateway(nil).open(ticket) // the ticket is still good elsewhere
	w.waitLogin(desktop.LoginConnected)
}

func TestAGatewayThatDiedIsSweptByAnother(t *testing.T) {
	w := newWorld(t)
	dead := desktop.Connection{
		ID: workspace.NewID(), DesktopID: w.desktop, UserID: w.visitor.ID, Gateway: "dead",
		Opened: w.now(), LeaseUntil: w.now().Add(30 * time.Second),
	}
	ticket, err := w.service.Connections.Admit(t.Context(), w.ticket())
	w.must(err)
	w.must(w.service.Connections.OpenConnection(t.Context(), ticket, dead))
	w.waitLogin(desktop.LoginConnected)
	w.later(31 * time.Second)
	w.gateway(func(c *gateway.Config) { c.Lease = 30 * time.Millisecond })
	w.waitLogin(desktop.LoginDisconnected)
}

// world is a database with one running desktop of one user who is signed in, and displays that tests hold the far end of.
type world struct {
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

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, screens: &screens{opened: make(chan net.Conn, 64)}, desktop: workspace.NewID()}
	s, err := store.Open(context.Background(), filepath.Join(t.TempDir(), "carrel.db"), store.WithClock(w.now))
	w.must(err)
	t.Cleanup(func() { s.Close() })
	w.store, w.service = s, core.NewServices(core.Config{Store: s})
	w.must(w.service.Catalog.Subscribe(t.Context(), project, "10.1.0.0/16", []catalog.NewSubnet{{Name: "n", CIDR: "10.1.0.0/16", Gateway: "10.1.0.1", Network: "n"}}))
	ada, bob := w.person("ada"), w.person("other")
	w.must(s.Update(t.Context(), func(tx *store.Tx) error {
		subnets, err := catalog.Subnets(t.Context(), tx, project)
		if err != nil {
			return err
		}
		if err := directory.InsertUsers(t.Context(), tx, []directory.User{ada, bob}); err != nil {
			return err
		}
		return desktop.InsertDesktops(t.Context(), tx, []desktop.Desktop{{
			ID: w.desktop, ProjectID: project, Type: workspace.Shared, Name: "d", HostName: "d", SubnetID: subnets[0].ID, Address: "10.1.0.5",
			Root: desktop.Volume{ID: workspace.NewID(), Type: "SAS", GB: 80, Created: tx.Now()}, Status: desktop.StatusActive,
			Login: desktop.LoginRegistered, Created: tx.Now(), Updated: tx.Now(),
			Assignments: []desktop.Assignment{
				{DesktopID: w.desktop, UserID: ada.ID, Group: workspace.GroupSudo, Created: tx.Now()},
				{DesktopID: w.desktop, UserID: bob.ID, Group: workspace.GroupSudo, Created: tx.Now()},
			},
		}})
	}))
	w.visitor = w.user("ada")
	return w
}

func (w *world) person(name string) directory.User {
	return directory.User{ID: workspace.NewID(), ProjectID: project, Name: name, EnterpriseID: "0", Created: w.now(), Updated: w.now()}
}

// user signs a person in.
func (w *world) user(name string) (v signin.Visitor) {
	w.t.Helper()
	w.must(w.store.Update(w.t.Context(), func(tx *store.Tx) (err error) {
		if v.User, err = directory.UserByName(w.t.Context(), tx, project, name); err != nil {
			return err
		}
		v.SignInHash = workspace.HashToken(workspace.NewToken())
		return signin.InsertSignIn(w.t.Context(), tx, signin.SignIn{
			TokenHash: v.SignInHash, UserID: v.ID, Created: tx.Now(), Expires: tx.Now().Add(signin.SignInLife),
		})
	}))
	return v
}

func (w *world) ticket() string { return w.ticketOf(w.visitor) }

func (w *world) ticketOf(v signin.Visitor) string {
	w.t.Helper()
	ticket, err := w.service.Connections.OpenDesktop(w.t.Context(), v, w.desktop)
	w.must(err)
	return ticket
}

// after makes a ticket and then lets something happen.
func (w *world) after(happen func()) string {
	ticket := w.ticket()
	happen()
	return ticket
}

func (w *world) lock(userID string) {
	service := core.NewServices(core.Config{Store: w.store})
	w.must(service.SignIn.ActOnUser(w.t.Context(), workspace.Caller{ProjectID: project}, userID, signin.LockOut))
}

func (w *world) signOut() {
	w.must(w.store.Update(w.t.Context(), func(tx *store.Tx) error {
		return signin.DeleteSignIn(w.t.Context(), tx, w.visitor.SignInHash)
	}))
}

func (w *world) deleteDesktop() {
	w.must(w.store.Update(w.t.Context(), func(tx *store.Tx) error { return desktop.DeleteDesktop(w.t.Context(), tx, w.desktop) }))
}

func (w *world) setStatus(status desktop.DesktopStatus, task workspace.Task) {
	w.must(w.store.Update(w.t.Context(), func(tx *store.Tx) error {
		d, err := desktop.ReadDesktop(w.t.Context(), tx, "", w.desktop)
		if err != nil {
			return err
		}
		d.Status, d.Task = status, task
		return desktop.SaveDesktop(w.t.Context(), tx, d)
	}))
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.ahead)
}

func (w *world) later(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ahead += d
}

func (w *world) waitLogin(want desktop.LoginStatus) {
	w.t.Helper()
	w.wait("login status "+string(want), func(d desktop.Desktop, _ int) bool { return d.Login == want })
}

func (w *world) waitStatus(want desktop.DesktopStatus) {
	w.t.Helper()
	w.wait("status "+string(want), func(d desktop.Desktop, _ int) bool { return d.Status == want })
}

func (w *world) waitConnections(want int) {
	w.t.Helper()
	w.wait("connections", func(_ desktop.Desktop, n int) bool { return n == want })
}

// wait looks at the desktop until it is as wanted.
func (w *world) wait(what string, as func(desktop.Desktop, int) bool) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	for tick := time.Tick(5 * time.Millisecond); ; {
		var d desktop.Desktop
		var open []desktop.Connection
		err := w.store.View(ctx, func(tx *store.Tx) (err error) {
			if open, err = desktop.Connections(ctx, tx, w.desktop); err != nil {
				return err
			}
			d, err = desktop.ReadDesktop(ctx, tx, "", w.desktop)
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
			w.t.Fatalf("%s did not come: %s, %s, %d connections, %v", what, d.Status, d.Login, len(open), err)
		case <-tick:
		}
	}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
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

func (w *world) gateway(change func(*gateway.Config)) *served {
	w.t.Helper()
	c := gateway.Config{
		Sessions: w.service.Connections, Displays: w.screens, Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(),
		Check: 10 * time.Millisecond,
	}
	if change != nil {
		change(&c)
	}
	g, err := gateway.New(c)
	w.must(err)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { g.Run(ctx) })
	server := httptest.NewServer(g)
	w.t.Cleanup(func() {
		limit, stop := context.WithTimeout(context.Background(), patience)
		defer stop()
		if err := g.Drain(limit); err != nil {
			w.t.Error(err)
		}
		cancel()
		running.Wait()
		server.Close()
	})
	return &served{g, w.t, "ws" + strings.TrimPrefix(server.URL, "http") + "/gateway/display?ticket="}
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
