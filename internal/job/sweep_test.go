package job_test

import (
	"log/slog"
	"testing"
	"time"

	"carrel/internal/engine/sim"
	"carrel/internal/job"
	"carrel/internal/workspace"
)

func TestSweeperRemovesWhatHasExpiredAndNothingElse(t *testing.T) {
	inWorld(t, sim.Config{}, func(w *world) {
		user := workspace.NewID()
		insert := func(token string, life time.Duration) error {
			return w.store.Update(w.t.Context(), func(tx workspace.Tx) error {
				return tx.InsertSignIn(w.t.Context(), workspace.SignIn{TokenHash: token, UserID: user, Created: tx.Now(), Expires: tx.Now().Add(life)})
			})
		}
		w.must(w.store.Update(w.t.Context(), func(tx workspace.Tx) error {
			return tx.InsertUsers(w.t.Context(), []workspace.User{{ID: user, ProjectID: project, Name: "alice", Created: tx.Now(), Updated: tx.Now()}})
		}))
		w.must(insert("short", time.Hour))
		w.must(insert("long", 48*time.Hour))

		s := &job.Sweeper{Store: w.store, Log: slog.New(slog.DiscardHandler)}
		w.must(s.Start(w.t.Context()))
		w.pass(24 * time.Hour)
		s.Stop(w.t.Context())

		// A row that is there keeps its token from being used again.
		if err := insert("short", time.Hour); err != nil {
			t.Errorf("the expired sign-in is still there: %v", err)
		}
		if err := insert("long", time.Hour); err == nil {
			t.Error("the sign-in that holds has gone")
		}
	})
}
