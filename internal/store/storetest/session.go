package storetest

import (
	"context"
	"slices"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/work"
	"carrel/internal/workspace"
)

// addSessions signs the person in and opens the desktop, with a ticket and a password token left over.
func (e *env) AddSessions(on string) {
	e.Helper()
	soon := e.Clock.Now().Add(time.Minute)
	e.Update(func(tx *store.Tx) error {
		ctx, user := e.Context(), UserOf(Project)
		if err := signin.InsertSignIn(ctx, tx, signin.SignIn{TokenHash: "sign-in", UserID: user, Created: e.Clock.Now(), Expires: soon}); err != nil {
			return err
		}
		if err := signin.InsertTicket(ctx, tx, signin.Ticket{TokenHash: "ticket", DesktopID: on, UserID: user, Account: "person", SignInHash: "sign-in", Expires: soon}); err != nil {
			return err
		}
		if err := signin.InsertPasswordToken(ctx, tx, signin.PasswordToken{TokenHash: "password", UserID: user, Expires: soon}); err != nil {
			return err
		}
		return desktop.InsertConnection(ctx, tx, desktop.Connection{ID: "c", DesktopID: on, UserID: user, SignInHash: "sign-in", Gateway: "g",
			Opened: e.Clock.Now(), LeaseUntil: soon})
	})
}

// noSessions checks that nothing is left of addSessions.
func (e *env) NoSessions(desktop string) {
	e.Helper()
	e.Refuses(workspace.CodeBadCredentials, e.ReadSignIn)
	e.Refuses(workspace.CodeForbidden, e.TakeTicket)
	e.Refuses(workspace.CodeForbidden, e.ReadPasswordToken)
	e.Same(len(e.Connections(desktop)), 0)
}

func (e *env) ReadSignIn(tx *store.Tx) error {
	_, err := signin.ReadSignIn(e.Context(), tx, "sign-in")
	return err
}

func (e *env) TakeTicket(tx *store.Tx) error {
	_, err := signin.TakeTicket(e.Context(), tx, "ticket")
	return err
}

func (e *env) ReadPasswordToken(tx *store.Tx) error {
	_, err := signin.ReadPasswordToken(e.Context(), tx, "password")
	return err
}

func (e *env) Connections(on string) []desktop.Connection {
	e.Helper()
	return Get(e, func(ctx context.Context, tx *store.Tx) ([]desktop.Connection, error) {
		return desktop.Connections(ctx, tx, on)
	})
}

var signIns = map[string]func(*env){
	"sign-ins, tickets and password tokens hold until they expire": func(e *env) {
		d := e.AddDesktop("pc")
		e.AddSessions(d.ID)
		e.Clock.Advance(time.Minute - time.Microsecond)
		expires := e.Clock.Now().Add(time.Microsecond)
		e.Same(Get(e, func(ctx context.Context, tx *store.Tx) (signin.SignIn, error) {
			return signin.ReadSignIn(ctx, tx, "sign-in")
		}),
			signin.SignIn{TokenHash: "sign-in", UserID: UserOf(Project), Created: expires.Add(-time.Minute), Expires: expires})
		e.Same(Get(e, func(ctx context.Context, tx *store.Tx) (signin.PasswordToken, error) {
			return signin.ReadPasswordToken(ctx, tx, "password")
		}),
			signin.PasswordToken{TokenHash: "password", UserID: UserOf(Project), Expires: expires})
		e.Clock.Advance(time.Microsecond)
		e.Refuses(workspace.CodeBadCredentials, e.ReadSignIn)
		e.Refuses(workspace.CodeForbidden, e.TakeTicket)
		e.Refuses(workspace.CodeForbidden, e.ReadPasswordToken)
	},
	"a ticket is read whole, once": func(e *env) {
		d := e.AddDesktop("pc")
		e.AddSessions(d.ID)
		e.Same(Do(e, func(ctx context.Context, tx *store.Tx) (signin.Ticket, error) {
			return signin.TakeTicket(ctx, tx, "ticket")
		}),
			signin.Ticket{TokenHash: "ticket", DesktopID: d.ID, UserID: UserOf(Project), Account: "person", SignInHash: "sign-in", Expires: e.Clock.Now().Add(time.Minute)})
		e.Refuses(workspace.CodeForbidden, e.TakeTicket)
	},
	"of 20 callers at once one gets a ticket": func(e *env) {
		e.AddSessions(e.AddDesktop("pc").ID)
		e.One(Together(20, func(int) error { return e.Store.Update(e.Context(), e.TakeTicket) }), workspace.CodeForbidden)
	},
	"a ticket that was taken in an update that failed is still good": func(e *env) {
		e.AddSessions(e.AddDesktop("pc").ID)
		e.Refuses(workspace.CodeConflict, func(tx *store.Tx) error {
			if err := e.TakeTicket(tx); err != nil {
				return err
			}
			return workspace.Errorf(workspace.CodeConflict, "the desktop is off")
		})
		e.Update(e.TakeTicket)
	},
	"signing out ends one sign-in, or all of a user's": func(e *env) {
		signIn := func(hash, user string) {
			e.Update(func(tx *store.Tx) error {
				return signin.InsertSignIn(e.Context(), tx, signin.SignIn{TokenHash: hash, UserID: user, Expires: e.Clock.Now().Add(time.Hour)})
			})
		}
		left := func() (left []string) {
			for _, hash := range []string{"a", "b", "c", "theirs"} {
				e.Store.View(e.Context(), func(tx *store.Tx) error {
					if _, err := signin.ReadSignIn(e.Context(), tx, hash); err == nil {
						left = append(left, hash)
					}
					return nil
				})
			}
			return left
		}
		for _, hash := range []string{"a", "b", "c"} {
			signIn(hash, UserOf(Project))
		}
		signIn("theirs", UserOf(OtherProject))
		for range 2 {
			e.Update(func(tx *store.Tx) error { return signin.DeleteSignIn(e.Context(), tx, "a") })
		}
		e.Same(left(), []string{"b", "c", "theirs"})
		e.Update(func(tx *store.Tx) error { return signin.DeleteSignInsOf(e.Context(), tx, UserOf(Project)) })
		e.Same(left(), []string{"theirs"})
	},
	"a password token is used up with all others of the user": func(e *env) {
		for _, hash := range []string{"password", "another"} {
			e.Update(func(tx *store.Tx) error {
				return signin.InsertPasswordToken(e.Context(), tx, signin.PasswordToken{TokenHash: hash, UserID: UserOf(Project), Expires: e.Clock.Now().Add(time.Hour)})
			})
		}
		e.View(e.ReadPasswordToken)
		e.Update(func(tx *store.Tx) error { return signin.DeletePasswordTokensOf(e.Context(), tx, UserOf(Project)) })
		e.Refuses(workspace.CodeForbidden, e.ReadPasswordToken)
	},
	"a sign-in, ticket or token of a user who was just deleted is a conflict": func(e *env) {
		d := e.AddDesktop("pc")
		for _, insert := range []func(*store.Tx) error{
			func(tx *store.Tx) error {
				return signin.InsertSignIn(e.Context(), tx, signin.SignIn{TokenHash: "x", UserID: "gone"})
			},
			func(tx *store.Tx) error {
				return signin.InsertTicket(e.Context(), tx, signin.Ticket{TokenHash: "x", DesktopID: d.ID, UserID: "gone"})
			},
			func(tx *store.Tx) error {
				return signin.InsertPasswordToken(e.Context(), tx, signin.PasswordToken{TokenHash: "x", UserID: "gone"})
			},
			func(tx *store.Tx) error {
				return desktop.InsertConnection(e.Context(), tx, desktop.Connection{ID: "x", DesktopID: "gone", UserID: UserOf(Project)})
			},
		} {
			e.Refuses(workspace.CodeConflict, insert)
		}
	},
	"what has expired is removed, a few at a time": func(e *env) {
		// The world's clock is turned back to see what is left: what has expired is hidden either way.
		now := e.Clock.Now()
		for i, hash := range []string{"oldest", "older", "current"} {
			e.Update(func(tx *store.Tx) error {
				return signin.InsertSignIn(e.Context(), tx, signin.SignIn{TokenHash: hash, UserID: UserOf(Project), Expires: now.Add(time.Duration(i) * time.Minute)})
			})
		}
		left := func() (left []string) {
			e.Clock.Advance(-time.Hour)
			defer e.Clock.Advance(time.Hour)
			for _, hash := range []string{"oldest", "older", "current"} {
				e.Store.View(e.Context(), func(tx *store.Tx) error {
					if _, err := signin.ReadSignIn(e.Context(), tx, hash); err == nil {
						left = append(left, hash)
					}
					return nil
				})
			}
			return left
		}
		e.Clock.Advance(time.Minute)
		for _, want := range [][]string{{"older", "current"}, {"current"}, {"current"}} {
			e.Update(func(tx *store.Tx) error { return work.DeleteExpired(e.Context(), tx, 1) })
			e.Same(left(), want)
		}
	},
}

var connections = map[string]func(*env){
	"a connection is listed until its lease ends, which the gateway extends": func(e *env) {
		d := e.AddDesktop("pc")
		e.AddSessions(d.ID)
		until := e.Clock.Now().Add(time.Minute)
		want := desktop.Connection{ID: "c", DesktopID: d.ID, UserID: UserOf(Project), SignInHash: "sign-in", Gateway: "g",
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
		e.Same(len(Do(e, drop)), 0)
		e.Clock.Advance(time.Minute)
		e.Same(IDs(Do(e, drop), func(c desktop.Connection) string { return c.DesktopID }), []string{d.ID})
		e.Same(len(Do(e, drop)), 0)
	},
	"the connections of a user are dropped, and those of others stay": func(e *env) {
		d := e.AddDesktop("pc")
		e.AddSessions(d.ID)
		drop := func(userID string) []string {
			return IDs(Do(e, func(ctx context.Context, tx *store.Tx) ([]desktop.Connection, error) {
				return desktop.DropConnectionsOf(ctx, tx, userID)
			}), func(c desktop.Connection) string { return c.DesktopID })
		}
		e.Same(len(drop("somebody else")), 0)
		e.Same(drop(UserOf(Project)), []string{d.ID})
		e.Same(len(e.Connections(d.ID)), 0)
	},
	"a connection's grounds follow what it rests on": func(e *env) {
		d := e.AddDesktop("pc", AssignedTo(UserOf(Project)), func(d *desktop.Desktop) { d.Status = desktop.StatusActive })
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
		d := e.AddDesktop("pc", AssignedTo(UserOf(Project), UserOf(OtherProject)))
		e.AddSessions(d.ID)
		open := func(id, user string, opened time.Time, lease time.Duration) {
			e.Update(func(tx *store.Tx) error {
				return desktop.InsertConnection(e.Context(), tx, desktop.Connection{ID: id, DesktopID: d.ID, UserID: user, Gateway: "elsewhere",
					Opened: opened, LeaseUntil: e.Clock.Now().Add(lease)})
			})
		}
		replaced := func() bool { return e.grounds("g")[0].Replaced }
		now := e.Clock.Now()
		open("a", UserOf(Project), now, time.Minute) // the same moment, a lower id
		open("e", UserOf(Project), now.Add(-time.Second), time.Minute)
		open("f", UserOf(OtherProject), now.Add(time.Second), time.Minute)
		open("g", UserOf(Project), now.Add(time.Second), 0)
		e.Same(replaced(), false)
		open("d", UserOf(Project), now, time.Minute) // the same moment, a higher id
		e.Same(replaced(), true)
		e.Same(slices.IndexFunc(e.grounds("elsewhere"), func(g desktop.Grounds) bool { return g.ConnectionID == "d" && g.Replaced }), -1)
	},
}

func (e *env) grounds(gateway string) []desktop.Grounds {
	e.Helper()
	return Get(e, func(ctx context.Context, tx *store.Tx) ([]desktop.Grounds, error) {
		return desktop.ReadGrounds(ctx, tx, gateway)
	})
}
