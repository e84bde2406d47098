package portal_test

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/core"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/portal"
	"carrel/internal/secret"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

// env is a portal over a database with the people ada, bob and fresh, who has no password. All desktops are ada's.
type env struct {
	t       *testing.T
	store   *store.Store
	service *core.Services
	server  *httptest.Server
	stop    func()
	desktop map[string]string // ids by name
	folder  string            // of the database

	mu    sync.Mutex
	ahead time.Duration
}

func newEnv(t *testing.T) *env {
	t.Helper()
	path := storetest.SQLitePath(t)
	e := &env{t: t, desktop: map[string]string{}, folder: filepath.Dir(path)}
	s, err := store.Open(context.Background(), path, store.WithClock(e.now))
	e.must(err)
	t.Cleanup(func() { s.Close() })
	passwords, err := secret.NewPasswords(secret.Cost{MemoryKiB: 64, Passes: 1, Lanes: 1})
	e.must(err)
	e.store, e.service = s, core.NewServices(core.Config{Store: s, Passwords: passwords})
	e.populate(passwords)
	p, err := portal.New(portal.Config{
		SignIns: e.service.SignIn, Desktops: e.service.Connections, Refusals: e.service.Refusals, Log: slog.New(slog.DiscardHandler), Poll: 20 * time.Millisecond,
		Origins: []string{"https://desktops.example.org"},
		Pages: fstest.MapFS{
			"index.html":       {Data: []byte("<!doctype html>the page")},
			"docs.html":        {Data: []byte("<!doctype html>of the API")},
			"assets/a-1234.js": {Data: []byte(strings.Repeat("js ", 100))},
		},
	})
	e.must(err)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { p.Run(ctx) })
	e.server = httptest.NewServer(p)
	e.stop = func() {
		cancel()
		running.Wait()
	}
	t.Cleanup(func() {
		e.stop()
		e.server.Close()
	})
	return e
}

func (e *env) populate(passwords *secret.Passwords) {
	ctx := e.t.Context()
	e.must(e.service.Catalog.Subscribe(ctx, project, "", "10.1.0.0/16", []catalog.NewSubnet{{Name: "n", CIDR: "10.1.0.0/16", Gateway: "10.1.0.1", Network: "n"}}))
	hash, err := passwords.Hash(password)
	e.must(err)
	e.must(e.store.Update(ctx, func(tx *store.Tx) error {
		ada := directory.User{ID: workspace.NewID(), ProjectID: project, Name: "ada", PasswordHash: hash, MayChangePassword: true, EnterpriseID: "0"}
		bob, fresh := ada, ada
		bob.ID, bob.Name = workspace.NewID(), "bob"
		fresh.ID, fresh.Name, fresh.PasswordHash = workspace.NewID(), "fresh", ""
		if err := directory.InsertUsers(ctx, tx, []directory.User{ada, bob, fresh}); err != nil {
			return err
		}
		image := catalog.Image{ID: workspace.NewID(), Type: catalog.ImageGold, Name: "debian", OSVersion: "Debian GNU/Linux 12", Created: tx.Now()}
		if err := catalog.PutImages(ctx, tx, []catalog.Image{image}); err != nil {
			return err
		}
		subnets, err := catalog.Subnets(ctx, tx, project)
		if err != nil {
			return err
		}
		var all []desktop.Desktop
		for i, state := range []desktop.Desktop{
			{Name: "running", Status: desktop.StatusActive}, {Name: "off", Status: desktop.StatusShutoff},
			{Name: "asleep", Status: desktop.StatusHibernated}, {Name: "busy", Status: desktop.StatusRestarting, Task: workspace.TaskRebooting},
		} {
			d := state
			d.ID, d.ProjectID, d.Type, d.HostName = workspace.NewID(), project, workspace.Dedicated, d.Name
			d.ImageID, d.SubnetID, d.Address = image.ID, subnets[0].ID, "10.1.0."+strconv.Itoa(5+i)
			d.Root = desktop.Volume{ID: workspace.NewID(), Type: "SAS", GB: 80, Created: tx.Now()}
			d.Assignments = []desktop.Assignment{{DesktopID: d.ID, UserID: ada.ID, Group: workspace.GroupSudo, Created: tx.Now()}}
			d.Created, d.Updated = tx.Now(), tx.Now()
			e.desktop[d.Name] = d.ID
			all = append(all, d)
		}
		return desktop.InsertDesktops(ctx, tx, all)
	}))
}

func (e *env) user(name string) (u directory.User) {
	e.must(e.store.View(e.t.Context(), func(tx *store.Tx) (err error) {
		u, err = directory.UserByName(e.t.Context(), tx, project, name)
		return err
	}))
	return u
}

func (e *env) change(name string, f func(*directory.User)) {
	u := e.user(name)
	f(&u)
	e.must(e.store.Update(e.t.Context(), func(tx *store.Tx) error { return directory.SaveUser(e.t.Context(), tx, u) }))
}

func (e *env) setStatus(name string, status desktop.DesktopStatus) {
	e.must(e.store.Update(e.t.Context(), func(tx *store.Tx) error {
		d, err := desktop.ReadDesktop(e.t.Context(), tx, project, e.desktop[name])
		if err != nil {
			return err
		}
		d.Status = status
		return desktop.SaveDesktop(e.t.Context(), tx, d)
	}))
}

// subJobs counts what has been ordered.
func (e *env) subJobs() (n int) {
	e.must(e.store.View(e.t.Context(), func(tx *store.Tx) (err error) {
		_, n, err = tx.SubJobs(e.t.Context(), workspace.SubJobQuery{ProjectID: project, Page: workspace.Page{Limit: 10}})
		return err
	}))
	return n
}

func (e *env) passwordToken(name string) string {
	token := workspace.NewToken()
	e.must(e.store.Update(e.t.Context(), func(tx *store.Tx) error {
		return signin.InsertPasswordToken(e.t.Context(), tx, signin.PasswordToken{
			TokenHash: workspace.HashToken(token), UserID: e.user(name).ID, Expires: tx.Now().Add(24 * time.Hour),
		})
	}))
	return token
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

func (e *env) must(err error) {
	e.t.Helper()
	if err != nil {
		e.t.Fatal(err)
	}
}
