// Package pooltest is the fixture of rooms whose rows rest on pools.
package pooltest

import (
	"context"
	"fmt"
	"strings"

	"carrel/internal/desktop"
	"carrel/internal/desktop/desktoptest"
	"carrel/internal/pool"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

// Env is a store with a network and a user in each of two projects, to which pools are added.
type Env struct{ *desktoptest.Env }

// NewEnv adds the networks.
func NewEnv(e *storetest.Env) *Env { return &Env{desktoptest.NewEnv(e)} }

// NewPool returns a pool of the project.
func NewPool(id string) pool.Pool {
	return pool.Pool{ID: id, ProjectID: storetest.Project, Name: id, Type: pool.Dynamic, EnterpriseID: "0"}
}

// AddPool inserts a pool of the project, after applying changes.
func (e *Env) AddPool(id string, changes ...func(*pool.Pool)) pool.Pool {
	e.Helper()
	p := NewPool(id)
	p.Created, p.Updated = e.Clock.Now(), e.Clock.Now()
	for _, change := range changes {
		change(&p)
	}
	e.Update(func(tx *store.Tx) error { return pool.InsertPool(e.Context(), tx, p, nil) })
	return p
}

// Pool reads a pool of the project.
func (e *Env) Pool(id string) pool.Pool {
	e.Helper()
	return storetest.Get(e, func(ctx context.Context, tx *store.Tx) (pool.Pool, error) {
		return pool.ReadPool(ctx, tx, storetest.Project, id)
	})
}

// In returns a change that puts a new desktop into a pool.
func In(poolID string) func(*desktop.Desktop) {
	return func(d *desktop.Desktop) { d.PoolID, d.Type = poolID, workspace.Pooled }
}

// PoolWith inserts a pool with desktops.
func (e *Env) PoolWith(id string, desktops int) []desktop.Member {
	e.Helper()
	e.AddPool(id)
	for i := range desktops {
		e.AddDesktop(fmt.Sprint(id, "-", i), In(id))
	}
	return e.Members(id)
}

// Members reads the desktops of pools.
func (e *Env) Members(poolIDs ...string) []desktop.Member {
	e.Helper()
	return storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]desktop.Member, error) {
		return desktop.Members(ctx, tx, poolIDs...)
	})
}

// Member reads one of a pool's desktops again.
func (e *Env) Member(m desktop.Member) desktop.Member {
	e.Helper()
	for _, again := range e.Members(m.PoolID) {
		if again.DesktopID == m.DesktopID {
			return again
		}
	}
	e.Fatalf("desktop %s is not in pool %s", m.DesktopID, m.PoolID)
	return m
}

// Put saves a member that has not changed since it was read.
func (e *Env) Put(m desktop.Member, was desktop.Binding) desktop.Member {
	e.Helper()
	if !e.TryPut(m, was) {
		e.Fatalf("desktop %s was not saved", m.DesktopID)
	}
	return m
}

// TryPut saves a member, and reports whether it had not changed since it was read.
func (e *Env) TryPut(m desktop.Member, was desktop.Binding) bool {
	e.Helper()
	return storetest.Do(e, func(ctx context.Context, tx *store.Tx) (bool, error) {
		return desktop.SaveMember(ctx, tx, m, was, workspace.GroupSudo)
	})
}

// Bind binds a member to a user.
func (e *Env) Bind(m desktop.Member, userID string) desktop.Member {
	e.Helper()
	return e.Put(m.AfterBinding(userID, e.Clock.Now()), m.Binding)
}

// Assigned returns the users that a desktop is assigned to, with their privileges.
func (e *Env) Assigned(desktopID string) string {
	e.Helper()
	return strings.Join(storetest.IDs(e.Desktop(desktopID).Assignments, func(a desktop.Assignment) string {
		return a.UserName + " " + string(a.Group)
	}), ", ")
}

// Grant gives users and groups access to a pool.
func (e *Env) Grant(poolID string, grants ...pool.Grant) {
	e.Helper()
	for i := range grants {
		grants[i].Created = e.Clock.Now()
	}
	e.Update(func(tx *store.Tx) error { return pool.PutGrants(e.Context(), tx, poolID, grants) })
}

// ToUser returns the grant of a user.
func ToUser(id string, in workspace.UserGroup) pool.Grant {
	return pool.Grant{Type: pool.GrantUser, ObjectID: id, Group: in}
}

// ToGroup returns the grant of a group.
func ToGroup(id string, in workspace.UserGroup) pool.Grant {
	return pool.Grant{Type: pool.GrantGroup, ObjectID: id, Group: in}
}
