package desktop_test

import (
	"context"
	"slices"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/desktop/desktoptest"
	"carrel/internal/directory"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
)

var connections = map[string]func(*env){
	"a connection is listed until its lease ends, which the gateway extends": func(e *env) {
		d := e.AddDesktop("pc")
		e.AddSessions(d.ID)
		until := e.Clock.Now().Add(time.Minute)
		want := desktop.Connection{ID: "c", DesktopID: d.ID, UserID: storetest.UserOf(storetest.Project), SignInHash: "sign-in", Gateway: "g",
			Opened: e.Clock.Now(), LeaseUntil: until}
		e.Same(e.Connections(d.ID), []desktop.Connection{want})
		for _, gateway := range []string{"g", "other"} {
			e.Update(func(tx *store.Tx) error {
				return desktop.ExtendConnections(e.Context(), tx, gateway, until.Add(time.Minute))
			})
			until = until.Add(time.Hour) // the other gateway's are its own
		}
		e.Clock.Advance(2*time.Minute - time.Microsecond)
		e.Same(len(e.Connections(d.ID)), 1)
		e.Clock.Advance(time.Microsecond)
		e.Same(len(e.Connections(d.ID)), 0)
	},
	"a connection that was closed is gone, and may be closed again": func(e *env) {
		d := e.AddDesktop("pc")
		e.AddSessions(d.ID)
		for range 2 {
			e.Update(func(tx *store.Tx) error { return desktop.DeleteConnection(e.Context(), tx, "c") })
		}
		e.Same(len(e.Connections(d.ID)), 0)
	},
	"connections of a gateway that died are dropped once, by whoever comes first": func(e *env) {
		d := e.AddDesktop("pc")
		e.AddSessions(d.ID)
		drop := func(ctx context.Context, tx *store.Tx) ([]desktop.Connection, error) {
			return desktop.DropStaleConnections(ctx, tx)
		}
		e.Same(len(storetest.Do(e, drop)), 0)
		e.Clock.Advance(time.Minute)
		e.Same(storetest.IDs(storetest.Do(e, drop), func(c desktop.Connection) string { return c.DesktopID }), []string{d.ID})
		e.Same(len(storetest.Do(e, drop)), 0)
	},
	"the connections of a user are dropped, and those of others stay": func(e *env) {
		d := e.AddDesktop("pc")
		e.AddSessions(d.ID)
		drop := func(userID string) []string {
			return storetest.IDs(storetest.Do(e, func(ctx context.Context, tx *store.Tx) ([]desktop.Connection, error) {
				return desktop.DropConnectionsOf(ctx, tx, userID)
			}), func(c desktop.Connection) string { return c.DesktopID })
		}
		e.Same(len(drop("somebody else")), 0)
		e.Same(drop(storetest.UserOf(storetest.Project)), []string{d.ID})
		e.Same(len(e.Connections(d.ID)), 0)
	},
	"a connection's grounds follow what it rests on": func(e *env) {
		d := e.AddDesktop("pc", desktoptest.AssignedTo(storetest.UserOf(storetest.Project)), func(d *desktop.Desktop) { d.Status = desktop.StatusActive })
		e.AddSessions(d.ID)
		want := desktop.Grounds{ConnectionID: "c", Status: desktop.StatusActive, Assigned: true, SignedIn: true}
		check := func() {
			e.Helper()
			e.Same(e.grounds("g"), []desktop.Grounds{want})
		}
		check()
		e.Same(len(e.grounds("other")), 0)

		u := e.ReadUser()
		u.Locked, u.Disabled, u.Expires = true, true, e.Clock.Now().Add(time.Hour)
		e.Update(func(tx *store.Tx) error { return directory.SaveUser(e.Context(), tx, u) })
		want.Locked, want.Disabled, want.UserExpires = true, true, u.Expires
		check()
		e.Clock.Advance(time.Minute) // the sign-in expires
		want.SignedIn = false
		check()
		d.Status = desktop.StatusStopping
		e.Update(func(tx *store.Tx) error { return desktop.SaveDesktop(e.Context(), tx, d) })
		want.Status = desktop.StatusStopping
		check()
		e.Update(func(tx *store.Tx) error { return directory.DeleteUser(e.Context(), tx, u.ID) })
		e.Same(len(e.grounds("g")), 0)
	},
	"a connection to a desktop that is no longer assigned, or whose person signed out, has lost its grounds": func(e *env) {
		d := e.AddDesktop("pc")
		e.AddSessions(d.ID)
		e.Update(func(tx *store.Tx) error { return signin.DeleteSignIn(e.Context(), tx, "sign-in") })
		e.Same(e.grounds("g"), []desktop.Grounds{{ConnectionID: "c"}})
	},
	"the same user's later connection replaces an earlier one, wherever it is carried, while its lease holds": func(e *env) {
		d := e.AddDesktop("pc", desktoptest.AssignedTo(storetest.UserOf(storetest.Project), storetest.UserOf(storetest.OtherProject)))
		e.AddSessions(d.ID)
		open := func(id, user string, opened time.Time, lease time.Duration) {
			e.Update(func(tx *store.Tx) error {
				return desktop.InsertConnection(e.Context(), tx, desktop.Connection{ID: id, DesktopID: d.ID, UserID: user, Gateway: "elsewhere",
					Opened: opened, LeaseUntil: e.Clock.Now().Add(lease)})
			})
		}
		replaced := func() bool { return e.grounds("g")[0].Replaced }
		now := e.Clock.Now()
		open("a", storetest.UserOf(storetest.Project), now, time.Minute) // the same moment, a lower id
		open("e", storetest.UserOf(storetest.Project), now.Add(-time.Second), time.Minute)
		open("f", storetest.UserOf(storetest.OtherProject), now.Add(time.Second), time.Minute)
		open("g", storetest.UserOf(storetest.Project), now.Add(time.Second), 0)
		e.Same(replaced(), false)
		open("d", storetest.UserOf(storetest.Project), now, time.Minute) // the same moment, a higher id
		e.Same(replaced(), true)
		e.Same(slices.IndexFunc(e.grounds("elsewhere"), func(g desktop.Grounds) bool { return g.ConnectionID == "d" && g.Replaced }), -1)
	},
}

func (e *env) grounds(gateway string) []desktop.Grounds {
	e.Helper()
	return storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]desktop.Grounds, error) {
		return desktop.ReadGrounds(ctx, tx, gateway)
	})
}
