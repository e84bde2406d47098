package storetest

import (
	"context"

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
	*env
	store store.Transactions
	clock *Clock
}

func newWorld(e *Env) *world { return &world{newEnv(e), e.Store, e.Clock} }

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
func (w *world) addUsers(users ...directory.User)      { w.Helper(); w.AddUsers(users...) }
func (w *world) addDesktop(name string, changes ...func(*desktop.Desktop)) desktop.Desktop {
	w.Helper()
	return w.AddDesktop(name, changes...)
}
func (w *world) addPool(id string, changes ...func(*pool.Pool)) pool.Pool {
	w.Helper()
	return w.AddPool(id, changes...)
}
func (w *world) pool(id string) pool.Pool               { w.Helper(); return w.Pool(id) }
func assignedTo(users ...string) func(*desktop.Desktop) { return AssignedTo(users...) }

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
