package gateway_test

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/core"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

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
	s, err := store.Open(context.Background(), storetest.SQLitePath(t), store.WithClock(e.now))
	e.must(err)
	t.Cleanup(func() { s.Close() })
	e.store, e.service = s, core.NewServices(core.Config{Store: s})
	e.must(e.service.Catalog.Subscribe(t.Context(), project, "", "10.1.0.0/16", []catalog.NewSubnet{{Name: "n", CIDR: "10.1.0.0/16", Gateway: "10.1.0.1", Network: "n"}}))
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
