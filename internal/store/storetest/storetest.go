// Package storetest holds what every store.Transactions must do, as one suite of behaviours, and gives tests databases of
// their own.
package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Database is an empty database of one test's own.
type Database struct {
	// Open opens it; a second call does what another process would. The store is closed when the test ends.
	Open func(t testing.TB, clock func() time.Time) store.Transactions
	// WakesOthers says that stores which were opened apart wake one another's workers.
	WakesOthers bool
}

// behaviour is one thing that a store does, as a sentence.
type behaviour struct {
	sentence string
	test     func(*world)
}

// Run runs the suite. It asks for a fresh database for each behaviour, several at a time.
func Run(t *testing.T, fresh func(testing.TB) Database) {
	areas := []struct {
		name       string
		behaviours []behaviour
	}{
		{"Transactions", transactions}, {"Service", service}, {"Catalog", catalogs}, {"Capacities", capacities}, {"Limits", limits}, {"Networks", networks}, {"Users", users}, {"Groups", groups}, {"NamePolicies", namePolicies}, {"Exports", exports}, {"ClientTokens", clientTokens},
		{"Desktops", desktops}, {"Assignments", assignments}, {"DesktopLists", desktopLists}, {"Jobs", jobs}, {"Claims", claims}, {"Mails", mails}, {"Notifications", notifications},
		{"SignIns", signIns}, {"Attempts", attempts}, {"OTP", otp}, {"Connections", connections}, {"Work", works},
		{"Pools", pools}, {"Members", members}, {"Seats", seats}, {"Rushes", rushes}, {"Waiting", waiting}, {"Grants", grants}, {"Decisions", decisions}, {"Rollouts", rollouts},
	}
	for _, area := range areas {
		t.Run(area.name, func(t *testing.T) {
			for _, b := range area.behaviours {
				t.Run(b.sentence, func(t *testing.T) {
					t.Parallel()
					b.test(newWorld(t, fresh(t)))
				})
			}
		})
	}
}

// Clock is a clock that tests move. Its methods may be called concurrently.
type Clock struct {
	mu  sync.Mutex // guards now
	now time.Time
}

// NewClock makes a clock that stands still at a moment with microseconds.
func NewClock() *Clock { return &Clock{now: time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)} }

// Now returns the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// world is a store with two projects, each with a network and a person.
type world struct {
	*testing.T
	store    store.Transactions
	clock    *Clock
	database Database
}

// The world's ids. What belongs to the other project has the same name there.
const (
	project      = "project-1"
	otherProject = "project-2"
)

func subnetOf(project string) string { return "subnet-of-" + project }
func groupOf(project string) string  { return "group-of-" + project }
func personOf(project string) string { return "person-of-" + project }

func newWorld(t *testing.T, database Database) *world {
	w := &world{T: t, clock: NewClock(), database: database}
	w.store = database.Open(t, w.clock.Now)
	for i, p := range []string{project, otherProject} {
		w.update(func(tx *store.Tx) error {
			ctx := t.Context()
			if err := catalog.InsertVPC(ctx, tx, catalog.VPC{ID: "vpc-of-" + p, ProjectID: p, CIDR: "10.0.0.0/8"}); err != nil {
				return err
			}
			subnet := catalog.Subnet{ID: subnetOf(p), ProjectID: p, VPCID: "vpc-of-" + p, Name: "desktops",
				CIDR: fmt.Sprintf("10.%d.0.0/16", i), Gateway: fmt.Sprintf("10.%d.0.1", i)}
			if err := catalog.InsertSubnet(ctx, tx, subnet); err != nil {
				return err
			}
			if err := catalog.InsertSecurityGroup(ctx, tx, catalog.SecurityGroup{ID: groupOf(p), ProjectID: p}); err != nil {
				return err
			}
			return directory.InsertUsers(ctx, tx, []directory.User{{ID: personOf(p), ProjectID: p, Name: "person", Created: tx.Now()}})
		})
	}
	return w
}

// update runs f in a transaction that must succeed.
func (w *world) update(f func(*store.Tx) error) {
	w.Helper()
	if err := w.store.Update(w.Context(), f); err != nil {
		w.Fatalf("Update: %v", err)
	}
}

// view runs f in a read-only transaction that must succeed.
func (w *world) view(f func(*store.Tx) error) {
	w.Helper()
	if err := w.store.View(w.Context(), f); err != nil {
		w.Fatalf("View: %v", err)
	}
}

// refuses runs f in a transaction that must fail with the code, and returns the message.
func (w *world) refuses(code workspace.Code, f func(*store.Tx) error) string {
	w.Helper()
	err := w.store.Update(w.Context(), f)
	if err == nil || workspace.CodeOf(err) != code {
		w.Fatalf("got %v, want the code %s", err, code)
	}
	return err.Error()
}

// together calls f from n goroutines at once, each until it is answered, and returns what each returned.
func together(n int, f func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-start
			errs[i] = answered(func() error { return f(i) })
		})
	}
	close(start)
	all.Wait()
	return errs
}

// patience is how often answered calls: for some minutes where connections are waited for, for a moment where there is no database.
const patience = 50

// answered calls f again while it says that the database does not answer at the moment, as the portal does: on a busy machine
// the last of a crowd wait for a connection longer than a store has them wait.
func answered(f func() error) (err error) {
	for range patience {
		if err = f(); workspace.CodeOf(err) != workspace.CodeNoDatabase {
			break
		}
	}
	return err
}

// one checks that exactly one caller succeeded and all others were refused with the code.
func (w *world) one(errs []error, code workspace.Code) {
	w.Helper()
	succeeded := 0
	for _, err := range errs {
		switch {
		case err == nil:
			succeeded++
		case workspace.CodeOf(err) != code:
			w.Errorf("a caller failed with %v, want the code %s", err, code)
		}
	}
	if succeeded != 1 {
		w.Errorf("%d callers succeeded, want 1", succeeded)
	}
}

// all checks that every caller succeeded.
func (w *world) all(errs []error) {
	w.Helper()
	for _, err := range errs {
		if err != nil {
			w.Error(err)
		}
	}
}

// get runs f in a read-only transaction that must succeed, and returns its result.
func get[T any](w *world, f func(context.Context, *store.Tx) (T, error)) (out T) {
	w.Helper()
	w.view(func(tx *store.Tx) (err error) {
		out, err = f(w.Context(), tx)
		return err
	})
	return out
}

// do runs f in a transaction that must succeed, and returns its result.
func do[T any](w *world, f func(context.Context, *store.Tx) (T, error)) (out T) {
	w.Helper()
	w.update(func(tx *store.Tx) (err error) {
		out, err = f(w.Context(), tx)
		return err
	})
	return out
}

// ids names the rows of a list.
func ids[T any](rows []T, id func(T) string) []string {
	var out []string
	for _, r := range rows {
		out = append(out, id(r))
	}
	return out
}
