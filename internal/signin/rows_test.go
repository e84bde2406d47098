package signin_test

import (
	"context"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/work"
	"carrel/internal/workspace"
)

var signIns = map[string]func(*env){
	"sign-ins, tickets and password tokens hold until they expire": func(e *env) {
		d := e.AddDesktop("pc")
		e.AddSessions(d.ID)
		e.Clock.Advance(time.Minute - time.Microsecond)
		expires := e.Clock.Now().Add(time.Microsecond)
		e.Same(storetest.Get(e, func(ctx context.Context, tx *store.Tx) (signin.SignIn, error) {
			return signin.ReadSignIn(ctx, tx, "sign-in")
		}),
			signin.SignIn{TokenHash: "sign-in", UserID: storetest.UserOf(storetest.Project), Created: expires.Add(-time.Minute), Expires: expires})
		e.Same(storetest.Get(e, func(ctx context.Context, tx *store.Tx) (signin.PasswordToken, error) {
			return signin.ReadPasswordToken(ctx, tx, "password")
		}),
			signin.PasswordToken{TokenHash: "password", UserID: storetest.UserOf(storetest.Project), Expires: expires})
		e.Clock.Advance(time.Microsecond)
		e.Refuses(workspace.CodeBadCredentials, e.ReadSignIn)
		e.Refuses(workspace.CodeForbidden, e.TakeTicket)
		e.Refuses(workspace.CodeForbidden, e.ReadPasswordToken)
	},
	"a ticket is read whole, once": func(e *env) {
		d := e.AddDesktop("pc")
		e.AddSessions(d.ID)
		e.Same(storetest.Do(e, func(ctx context.Context, tx *store.Tx) (signin.Ticket, error) {
			return signin.TakeTicket(ctx, tx, "ticket")
		}),
			signin.Ticket{TokenHash: "ticket", DesktopID: d.ID, UserID: storetest.UserOf(storetest.Project), Account: "person", SignInHash: "sign-in", Expires: e.Clock.Now().Add(time.Minute)})
		e.Refuses(workspace.CodeForbidden, e.TakeTicket)
	},
	"of 20 callers at once one gets a ticket": func(e *env) {
		e.AddSessions(e.AddDesktop("pc").ID)
		e.One(storetest.Together(20, func(int) error { return e.Store.Update(e.Context(), e.TakeTicket) }), workspace.CodeForbidden)
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
			signIn(hash, storetest.UserOf(storetest.Project))
		}
		signIn("theirs", storetest.UserOf(storetest.OtherProject))
		for range 2 {
			e.Update(func(tx *store.Tx) error { return signin.DeleteSignIn(e.Context(), tx, "a") })
		}
		e.Same(left(), []string{"b", "c", "theirs"})
		e.Update(func(tx *store.Tx) error {
			return signin.DeleteSignInsOf(e.Context(), tx, storetest.UserOf(storetest.Project))
		})
		e.Same(left(), []string{"theirs"})
	},
	"a password token is used up with all others of the user": func(e *env) {
		for _, hash := range []string{"password", "another"} {
			e.Update(func(tx *store.Tx) error {
				return signin.InsertPasswordToken(e.Context(), tx, signin.PasswordToken{TokenHash: hash, UserID: storetest.UserOf(storetest.Project), Expires: e.Clock.Now().Add(time.Hour)})
			})
		}
		e.View(e.ReadPasswordToken)
		e.Update(func(tx *store.Tx) error {
			return signin.DeletePasswordTokensOf(e.Context(), tx, storetest.UserOf(storetest.Project))
		})
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
				return desktop.InsertConnection(e.Context(), tx, desktop.Connection{ID: "x", DesktopID: "gone", UserID: storetest.UserOf(storetest.Project)})
			},
		} {
			e.Refuses(workspace.CodeConflict, insert)
		}
	},
	"what has expired is removed, a few at a time": func(e *env) {
		// The clock is turned back to see what is left: what has expired is hidden either way.
		now := e.Clock.Now()
		for i, hash := range []string{"oldest", "older", "current"} {
			e.Update(func(tx *store.Tx) error {
				return signin.InsertSignIn(e.Context(), tx, signin.SignIn{TokenHash: hash, UserID: storetest.UserOf(storetest.Project), Expires: now.Add(time.Duration(i) * time.Minute)})
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
			e.Update(func(tx *store.Tx) error {
				_, err := work.DeleteExpired(e.Context(), tx, work.DefaultRetention, 1)
				return err
			})
			e.Same(left(), want)
		}
	},
}
