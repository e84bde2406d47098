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
func (w *world) addSessions(on string) {
	w.Helper()
	soon := w.clock.Now().Add(time.Minute)
	w.update(func(tx *store.Tx) error {
		ctx, user := w.Context(), personOf(project)
		if err := signin.InsertSignIn(ctx, tx, signin.SignIn{TokenHash: "sign-in", UserID: user, Created: w.clock.Now(), Expires: soon}); err != nil {
			return err
		}
		if err := signin.InsertTicket(ctx, tx, signin.Ticket{TokenHash: "ticket", DesktopID: on, UserID: user, Account: "person", SignInHash: "sign-in", Expires: soon}); err != nil {
			return err
		}
		if err := signin.InsertPasswordToken(ctx, tx, signin.PasswordToken{TokenHash: "password", UserID: user, Expires: soon}); err != nil {
			return err
		}
		return desktop.InsertConnection(ctx, tx, desktop.Connection{ID: "c", DesktopID: on, UserID: user, SignInHash: "sign-in", Gateway: "g",
			Opened: w.clock.Now(), LeaseUntil: soon})
	})
}

// noSessions checks that nothing is left of addSessions.
func (w *world) noSessions(desktop string) {
	w.Helper()
	w.refuses(workspace.CodeBadCredentials, w.readSignIn)
	w.refuses(workspace.CodeForbidden, w.takeTicket)
	w.refuses(workspace.CodeForbidden, w.readPasswordToken)
	w.same(len(w.connections(desktop)), 0)
}

func (w *world) readSignIn(tx *store.Tx) error {
	_, err := signin.ReadSignIn(w.Context(), tx, "sign-in")
	return err
}

func (w *world) takeTicket(tx *store.Tx) error {
	_, err := signin.TakeTicket(w.Context(), tx, "ticket")
	return err
}

func (w *world) readPasswordToken(tx *store.Tx) error {
	_, err := signin.ReadPasswordToken(w.Context(), tx, "password")
	return err
}

func (w *world) connections(on string) []desktop.Connection {
	w.Helper()
	return get(w, func(ctx context.Context, tx *store.Tx) ([]desktop.Connection, error) {
		return desktop.Connections(ctx, tx, on)
	})
}

var signIns = []behaviour{
	{"sign-ins, tickets and password tokens hold until they expire", func(w *world) {
		d := w.addDesktop("pc")
		w.addSessions(d.ID)
		w.clock.Advance(time.Minute - time.Microsecond)
		expires := w.clock.Now().Add(time.Microsecond)
		w.same(get(w, func(ctx context.Context, tx *store.Tx) (signin.SignIn, error) {
			return signin.ReadSignIn(ctx, tx, "sign-in")
		}),
			signin.SignIn{TokenHash: "sign-in", UserID: personOf(project), Created: expires.Add(-time.Minute), Expires: expires})
		w.same(get(w, func(ctx context.Context, tx *store.Tx) (signin.PasswordToken, error) {
			return signin.ReadPasswordToken(ctx, tx, "password")
		}),
			signin.PasswordToken{TokenHash: "password", UserID: personOf(project), Expires: expires})
		w.clock.Advance(time.Microsecond)
		w.refuses(workspace.CodeBadCredentials, w.readSignIn)
		w.refuses(workspace.CodeForbidden, w.takeTicket)
		w.refuses(workspace.CodeForbidden, w.readPasswordToken)
	}},
	{"a ticket is read whole, once", func(w *world) {
		d := w.addDesktop("pc")
		w.addSessions(d.ID)
		w.same(do(w, func(ctx context.Context, tx *store.Tx) (signin.Ticket, error) {
			return signin.TakeTicket(ctx, tx, "ticket")
		}),
			signin.Ticket{TokenHash: "ticket", DesktopID: d.ID, UserID: personOf(project), Account: "person", SignInHash: "sign-in", Expires: w.clock.Now().Add(time.Minute)})
		w.refuses(workspace.CodeForbidden, w.takeTicket)
	}},
	{"of 20 callers at once one gets a ticket", func(w *world) {
		w.addSessions(w.addDesktop("pc").ID)
		w.one(together(20, func(int) error { return w.store.Update(w.Context(), w.takeTicket) }), workspace.CodeForbidden)
	}},
	{"a ticket that was taken in an update that failed is still good", func(w *world) {
		w.addSessions(w.addDesktop("pc").ID)
		w.refuses(workspace.CodeConflict, func(tx *store.Tx) error {
			if err := w.takeTicket(tx); err != nil {
				return err
			}
			return workspace.Errorf(workspace.CodeConflict, "the desktop is off")
		})
		w.update(w.takeTicket)
	}},
	{"signing out ends one sign-in, or all of a user's", func(w *world) {
		signIn := func(hash, user string) {
			w.update(func(tx *store.Tx) error {
				return signin.InsertSignIn(w.Context(), tx, signin.SignIn{TokenHash: hash, UserID: user, Expires: w.clock.Now().Add(time.Hour)})
			})
		}
		left := func() (left []string) {
			for _, hash := range []string{"a", "b", "c", "theirs"} {
				w.store.View(w.Context(), func(tx *store.Tx) error {
					if _, err := signin.ReadSignIn(w.Context(), tx, hash); err == nil {
						left = append(left, hash)
					}
					return nil
				})
			}
			return left
		}
		for _, hash := range []string{"a", "b", "c"} {
			signIn(hash, personOf(project))
		}
		signIn("theirs", personOf(otherProject))
		for range 2 {
			w.update(func(tx *store.Tx) error { return signin.DeleteSignIn(w.Context(), tx, "a") })
		}
		w.same(left(), []string{"b", "c", "theirs"})
		w.update(func(tx *store.Tx) error { return signin.DeleteSignInsOf(w.Context(), tx, personOf(project)) })
		w.same(left(), []string{"theirs"})
	}},
	{"a password token is used up with all others of the user", func(w *world) {
		for _, hash := range []string{"password", "another"} {
			w.update(func(tx *store.Tx) error {
				return signin.InsertPasswordToken(w.Context(), tx, signin.PasswordToken{TokenHash: hash, UserID: personOf(project), Expires: w.clock.Now().Add(time.Hour)})
			})
		}
		w.view(w.readPasswordToken)
		w.update(func(tx *store.Tx) error { return signin.DeletePasswordTokensOf(w.Context(), tx, personOf(project)) })
		w.refuses(workspace.CodeForbidden, w.readPasswordToken)
	}},
	{"a sign-in, ticket or token of a user who was just deleted is a conflict", func(w *world) {
		d := w.addDesktop("pc")
		for _, insert := range []func(*store.Tx) error{
			func(tx *store.Tx) error {
				return signin.InsertSignIn(w.Context(), tx, signin.SignIn{TokenHash: "x", UserID: "gone"})
			},
			func(tx *store.Tx) error {
				return signin.InsertTicket(w.Context(), tx, signin.Ticket{TokenHash: "x", DesktopID: d.ID, UserID: "gone"})
			},
			func(tx *store.Tx) error {
				return signin.InsertPasswordToken(w.Context(), tx, signin.PasswordToken{TokenHash: "x", UserID: "gone"})
			},
			func(tx *store.Tx) error {
				return desktop.InsertConnection(w.Context(), tx, desktop.Connection{ID: "x", DesktopID: "gone", UserID: personOf(project)})
			},
		} {
			w.refuses(workspace.CodeConflict, insert)
		}
	}},
	{"what has expired is removed, a few at a time", func(w *world) {
		// The world's clock is turned back to see what is left: what has expired is hidden either way.
		now := w.clock.Now()
		for i, hash := range []string{"oldest", "older", "current"} {
			w.update(func(tx *store.Tx) error {
				return signin.InsertSignIn(w.Context(), tx, signin.SignIn{TokenHash: hash, UserID: personOf(project), Expires: now.Add(time.Duration(i) * time.Minute)})
			})
		}
		left := func() (left []string) {
			w.clock.Advance(-time.Hour)
			defer w.clock.Advance(time.Hour)
			for _, hash := range []string{"oldest", "older", "current"} {
				w.store.View(w.Context(), func(tx *store.Tx) error {
					if _, err := signin.ReadSignIn(w.Context(), tx, hash); err == nil {
						left = append(left, hash)
					}
					return nil
				})
			}
			return left
		}
		w.clock.Advance(time.Minute)
		for _, want := range [][]string{{"older", "current"}, {"current"}, {"current"}} {
			w.update(func(tx *store.Tx) error { return work.DeleteExpired(w.Context(), tx, 1) })
			w.same(left(), want)
		}
	}},
}

var connections = []behaviour{
	{"a connection is listed until its lease ends, which the gateway extends", func(w *world) {
		d := w.addDesktop("pc")
		w.addSessions(d.ID)
		until := w.clock.Now().Add(time.Minute)
		want := desktop.Connection{ID: "c", DesktopID: d.ID, UserID: personOf(project), SignInHash: "sign-in", Gateway: "g",
			Opened: w.clock.Now(), LeaseUntil: until}
		w.same(w.connections(d.ID), []desktop.Connection{want})
		for _, gateway := range []string{"g", "other"} {
			w.update(func(tx *store.Tx) error {
				return desktop.ExtendConnections(w.Context(), tx, gateway, until.Add(time.Minute))
			})
			until = until.Add(time.Hour) // the other gateway's are its own
		}
		w.clock.Advance(2*time.Minute - time.Microsecond)
		w.same(len(w.connections(d.ID)), 1)
		w.clock.Advance(time.Microsecond)
		w.same(len(w.connections(d.ID)), 0)
	}},
	{"a connection that was closed is gone, and may be closed again", func(w *world) {
		d := w.addDesktop("pc")
		w.addSessions(d.ID)
		for range 2 {
			w.update(func(tx *store.Tx) error { return desktop.DeleteConnection(w.Context(), tx, "c") })
		}
		w.same(len(w.connections(d.ID)), 0)
	}},
	{"connections of a gateway that died are dropped once, by whoever comes first", func(w *world) {
		d := w.addDesktop("pc")
		w.addSessions(d.ID)
		drop := func(ctx context.Context, tx *store.Tx) ([]desktop.Connection, error) {
			return desktop.DropStaleConnections(ctx, tx)
		}
		w.same(len(do(w, drop)), 0)
		w.clock.Advance(time.Minute)
		w.same(ids(do(w, drop), func(c desktop.Connection) string { return c.DesktopID }), []string{d.ID})
		w.same(len(do(w, drop)), 0)
	}},
	{"the connections of a user are dropped, and those of others stay", func(w *world) {
		d := w.addDesktop("pc")
		w.addSessions(d.ID)
		drop := func(userID string) []string {
			return ids(do(w, func(ctx context.Context, tx *store.Tx) ([]desktop.Connection, error) {
				return desktop.DropConnectionsOf(ctx, tx, userID)
			}), func(c desktop.Connection) string { return c.DesktopID })
		}
		w.same(len(drop("somebody else")), 0)
		w.same(drop(personOf(project)), []string{d.ID})
		w.same(len(w.connections(d.ID)), 0)
	}},
	{"a connection's grounds follow what it rests on", func(w *world) {
		d := w.addDesktop("pc", assignedTo(personOf(project)), func(d *desktop.Desktop) { d.Status = desktop.StatusActive })
		w.addSessions(d.ID)
		want := desktop.Grounds{ConnectionID: "c", Status: desktop.StatusActive, Assigned: true, SignedIn: true}
		check := func() {
			w.Helper()
			w.same(w.grounds("g"), []desktop.Grounds{want})
		}
		check()
		w.same(len(w.grounds("other")), 0)

		u := w.person()
		u.Locked, u.Disabled, u.Expires = true, true, w.clock.Now().Add(time.Hour)
		w.update(func(tx *store.Tx) error { return directory.SaveUser(w.Context(), tx, u) })
		want.Locked, want.Disabled, want.UserExpires = true, true, u.Expires
		check()
		w.clock.Advance(time.Minute) // the sign-in expires
		want.SignedIn = false
		check()
		d.Status = desktop.StatusStopping
		w.update(func(tx *store.Tx) error { return desktop.SaveDesktop(w.Context(), tx, d) })
		want.Status = desktop.StatusStopping
		check()
		w.update(func(tx *store.Tx) error { return directory.DeleteUser(w.Context(), tx, u.ID) })
		w.same(len(w.grounds("g")), 0)
	}},
	{"a connection to a desktop that is no longer assigned, or whose person signed out, has lost its grounds", func(w *world) {
		d := w.addDesktop("pc")
		w.addSessions(d.ID)
		w.update(func(tx *store.Tx) error { return signin.DeleteSignIn(w.Context(), tx, "sign-in") })
		w.same(w.grounds("g"), []desktop.Grounds{{ConnectionID: "c"}})
	}},
	{"the same user's later connection replaces an earlier one, wherever it is carried, while its lease holds", func(w *world) {
		d := w.addDesktop("pc", assignedTo(personOf(project), personOf(otherProject)))
		w.addSessions(d.ID)
		open := func(id, user string, opened time.Time, lease time.Duration) {
			w.update(func(tx *store.Tx) error {
				return desktop.InsertConnection(w.Context(), tx, desktop.Connection{ID: id, DesktopID: d.ID, UserID: user, Gateway: "elsewhere",
					Opened: opened, LeaseUntil: w.clock.Now().Add(lease)})
			})
		}
		replaced := func() bool { return w.grounds("g")[0].Replaced }
		now := w.clock.Now()
		open("a", personOf(project), now, time.Minute) // the same moment, a lower id
		open("e", personOf(project), now.Add(-time.Second), time.Minute)
		open("f", personOf(otherProject), now.Add(time.Second), time.Minute)
		open("g", personOf(project), now.Add(time.Second), 0)
		w.same(replaced(), false)
		open("d", personOf(project), now, time.Minute) // the same moment, a higher id
		w.same(replaced(), true)
		w.same(slices.IndexFunc(w.grounds("elsewhere"), func(g desktop.Grounds) bool { return g.ConnectionID == "d" && g.Replaced }), -1)
	}},
}

func (w *world) grounds(gateway string) []desktop.Grounds {
	w.Helper()
	return get(w, func(ctx context.Context, tx *store.Tx) ([]desktop.Grounds, error) {
		return desktop.ReadGrounds(ctx, tx, gateway)
	})
}
