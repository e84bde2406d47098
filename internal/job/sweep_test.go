package job_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"carrel/internal/directory"
	"carrel/internal/engine/sim"
	"carrel/internal/export"
	"carrel/internal/job"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/work"
	"carrel/internal/workspace"
)

func TestSweeperRemovesWhatHasExpiredAndNothingElse(t *testing.T) {
	inEnv(t, sim.Config{}, func(e *env) {
		user := workspace.NewID()
		insert := func(token string, life time.Duration) error {
			return e.store.Update(e.t.Context(), func(tx *store.Tx) error {
				return signin.InsertSignIn(e.t.Context(), tx, signin.SignIn{TokenHash: token, UserID: user, Created: tx.Now(), Expires: tx.Now().Add(life)})
			})
		}
		e.must(e.store.Update(e.t.Context(), func(tx *store.Tx) error {
			return directory.InsertUsers(e.t.Context(), tx, []directory.User{{ID: user, ProjectID: project, Name: "alice", Created: tx.Now(), Updated: tx.Now()}})
		}))
		e.must(insert("short", time.Hour))
		e.must(insert("long", 48*time.Hour))

		s := &job.Sweeper{Store: e.store, Log: slog.New(slog.DiscardHandler), Keep: work.DefaultRetention}
		e.must(s.Start(e.t.Context()))
		e.pass(24 * time.Hour)
		s.Stop(e.t.Context())

		// A row that is there keeps its token from being used again.
		if err := insert("short", time.Hour); err != nil {
			t.Errorf("the expired sign-in is still there: %v", err)
		}
		if err := insert("long", time.Hour); err == nil {
			t.Error("the sign-in that holds has gone")
		}
	})
}

// expiring are the kinds of rows that end by themselves. Each makes one whose time is long over or still to come, and looks whether it
// is there.
var expiring = map[string]struct {
	insert func(ctx context.Context, tx *store.Tx, desktop, id string, at time.Time) error
	there  func(ctx context.Context, tx *store.Tx, id string) bool
}{
	"ticket": {func(ctx context.Context, tx *store.Tx, desktop, id string, at time.Time) error {
		return signin.InsertTicket(ctx, tx, signin.Ticket{TokenHash: id, DesktopID: desktop, UserID: "u" + id, Expires: at})
	}, nil},
	"password token": {func(ctx context.Context, tx *store.Tx, _, id string, at time.Time) error {
		return signin.InsertPasswordToken(ctx, tx, signin.PasswordToken{TokenHash: id, UserID: "u" + id, Expires: at})
	}, nil},
	"sign-in": {func(ctx context.Context, tx *store.Tx, _, id string, at time.Time) error {
		return signin.InsertSignIn(ctx, tx, signin.SignIn{TokenHash: id, UserID: "u" + id, Expires: at})
	}, nil},
	"authenticator": {func(ctx context.Context, tx *store.Tx, _, id string, at time.Time) error {
		return signin.InsertOTPDevice(ctx, tx, signin.OTPDevice{ID: id, UserID: "u" + id, Status: signin.OTPPending, Created: at})
	}, nil},
	"client's token": {func(ctx context.Context, tx *store.Tx, _, id string, at time.Time) error {
		_, _, err := tx.TakeClientToken(ctx, workspace.ClientToken{ID: id, Created: at})
		return err
	}, func(ctx context.Context, tx *store.Tx, id string) bool {
		_, found, _ := tx.ClientToken(ctx, id)
		return found
	}},
	"export": {func(ctx context.Context, tx *store.Tx, _, id string, at time.Time) error {
		return export.Insert(ctx, tx, export.Export{ID: id, ProjectID: project, Expires: at})
	}, func(ctx context.Context, tx *store.Tx, id string) bool {
		_, err := export.Read(ctx, tx, project, id)
		return err == nil
	}},
	"record of a message": {func(ctx context.Context, tx *store.Tx, _, id string, at time.Time) error {
		return directory.PutNotification(ctx, tx, directory.Notification{ID: id, ProjectID: project, UserName: id, Channel: directory.ByMail, Ended: at})
	}, func(ctx context.Context, tx *store.Tx, id string) bool {
		_, n, _ := directory.Notifications(ctx, tx, directory.NotificationQuery{ProjectID: project, UserName: id, Page: workspace.Page{Limit: 1}})
		return n == 1
	}},
}

func TestSweeperRemovesEveryKind(t *testing.T) {
	for name, kind := range expiring {
		t.Run(name, func(t *testing.T) {
			inEnv(t, sim.Config{}, func(e *env) {
				ctx := e.t.Context()
				p := e.start("a", e.store, e.sim)
				e.finished(e.create(1))
				p.kill()
				desktop := e.ids()[0]
				e.must(e.store.Update(ctx, func(tx *store.Tx) error {
					people := []directory.User{{ID: "uold", ProjectID: project, Name: "old"}, {ID: "unew", ProjectID: project, Name: "new"}}
					if err := directory.InsertUsers(ctx, tx, people); err != nil {
						return err
					}
					if err := kind.insert(ctx, tx, desktop, "old", tx.Now().AddDate(-3, 0, 0)); err != nil {
						return err
					}
					return kind.insert(ctx, tx, desktop, "new", tx.Now().AddDate(0, 0, 1))
				}))
				s := &job.Sweeper{Store: e.store, Log: slog.New(slog.DiscardHandler), Keep: work.DefaultRetention}
				e.must(s.Start(ctx))
				e.pass(time.Hour)
				s.Stop(ctx)
				there := func(id string) (found bool) {
					err := e.store.Update(ctx, func(tx *store.Tx) error {
						if kind.there == nil {
							return kind.insert(ctx, tx, desktop, id, tx.Now())
						}
						found = kind.there(ctx, tx, id)
						return nil
					})
					return found || err != nil // its key cannot be used again
				}
				if there("old") || !there("new") {
					t.Errorf("what is over is there: %v; what is not: %v", there("old"), there("new"))
				}
			})
		})
	}
}
