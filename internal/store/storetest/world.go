package storetest

import (
	"context"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/pool"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// What ou.go, name_policy.go, group.go, export.go and notification.go use until they stand beside their rooms.

type behaviour struct {
	sentence string
	test     func(*world)
}

func sentences(all []behaviour) map[string]func(*world) {
	tests := map[string]func(*world){}
	for _, b := range all {
		tests[b.sentence] = b.test
	}
	return tests
}

type world struct {
	*Env
	store store.Transactions
	clock *Clock
}

func newWorld(e *Env) *world {
	w := &world{e, e.Store, e.Clock}
	w.update(func(tx *store.Tx) error {
		if err := catalog.InsertVPC(w.Context(), tx, catalog.VPC{ID: "vpc", ProjectID: project}); err != nil {
			return err
		}
		return catalog.InsertSubnet(w.Context(), tx, catalog.Subnet{ID: "subnet", ProjectID: project, VPCID: "vpc", CIDR: "10.0.0.0/16", Gateway: "10.0.0.1"})
	})
	return w
}

const (
	project      = Project
	otherProject = OtherProject
)

var everything = Everything

func personOf(project string) string { return UserOf(project) }

func (w *world) update(f func(*store.Tx) error) { w.Helper(); w.Update(f) }
func (w *world) view(f func(*store.Tx) error)   { w.Helper(); w.View(f) }
func (w *world) same(got, want any)             { w.Helper(); w.Same(got, want) }
func (w *world) refuses(code workspace.Code, f func(*store.Tx) error) string {
	w.Helper()
	return w.Refuses(code, f)
}
func (w *world) one(errs []error, code workspace.Code) { w.Helper(); w.One(errs, code) }
func (w *world) all(errs []error)                      { w.Helper(); w.All(errs) }

func (w *world) addUsers(users ...directory.User) {
	w.Helper()
	w.update(func(tx *store.Tx) error { return directory.InsertUsers(w.Context(), tx, users) })
}

func (w *world) addDesktop(name string, changes ...func(*desktop.Desktop)) desktop.Desktop {
	w.Helper()
	d := desktop.Desktop{ID: workspace.NewID(), ProjectID: project, Type: workspace.Dedicated, Name: name, SubnetID: "subnet", Created: w.clock.Now()}
	for _, change := range changes {
		change(&d)
	}
	w.update(func(tx *store.Tx) error { return desktop.InsertDesktops(w.Context(), tx, []desktop.Desktop{d}) })
	return d
}

func (w *world) addPool(id string, changes ...func(*pool.Pool)) {
	w.Helper()
	p := pool.Pool{ID: id, ProjectID: project, Name: id, Type: pool.Dynamic, EnterpriseID: "0"}
	for _, change := range changes {
		change(&p)
	}
	w.update(func(tx *store.Tx) error { return pool.InsertPool(w.Context(), tx, p, nil) })
}

func (w *world) pool(id string) pool.Pool {
	w.Helper()
	return Get(w, func(ctx context.Context, tx *store.Tx) (pool.Pool, error) { return pool.ReadPool(ctx, tx, project, id) })
}

// assignedTo gives a new desktop to people.
func assignedTo(users ...string) func(*desktop.Desktop) {
	return func(d *desktop.Desktop) {
		for _, u := range users {
			d.Assignments = append(d.Assignments, desktop.Assignment{UserID: u, Group: workspace.GroupDefault})
		}
	}
}

func together(n int, f func(i int) error) []error { return Together(n, f) }

func get[T any](w *world, f func(context.Context, *store.Tx) (T, error)) T {
	w.Helper()
	return Get(w, f)
}
func do[T any](w *world, f func(context.Context, *store.Tx) (T, error)) T {
	w.Helper()
	return Do(w, f)
}
func ids[T any](rows []T, id func(T) string) []string { return IDs(rows, id) }
