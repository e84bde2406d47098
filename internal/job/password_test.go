package job_test

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"carrel/internal/core"
	"carrel/internal/directory"
	"carrel/internal/engine/sim"
	"carrel/internal/job"
	"carrel/internal/secret"
	"carrel/internal/store"
	"carrel/internal/user"
	"carrel/internal/workspace"
)

func TestPasswordsOfManyPeopleAreHashedThoughTheProcessDies(t *testing.T) {
	inWorld(t, sim.Config{}, func(w *world) {
		box, err := secret.ParseBox(strings.Repeat("5a", 32))
		w.must(err)
		passwords, err := secret.NewPasswords(secret.Cost{MemoryKiB: 8, Passes: 1, Lanes: 1})
		w.must(err)
		w.service = core.NewServices(core.Config{Store: w.store, Box: box, Passwords: passwords})
		rows := []user.ImportRow{{Line: 1, Cells: []string{"User name", "Password"}}}
		for _, name := range []string{"ann", "bob", "carl"} {
			rows = append(rows, user.ImportRow{Line: len(rows) + 1, Cells: []string{name, "Correct-Horse-1"}})
		}
		_, jobID, err := w.service.Users.ImportUsers(w.t.Context(), user.ImportUsers{Caller: workspace.Caller{ProjectID: project}, Rows: rows})
		w.must(err)
		begin := func(hash func(context.Context, string, string) error) *job.Runner {
			meter, err := job.NewMetrics(prometheus.NewRegistry())
			w.must(err)
			r := job.NewRunner(w.store, w.sim, slog.New(slog.DiscardHandler), meter, job.Config{Replica: "one", HashPassword: hash})
			w.must(r.Start(w.t.Context()))
			return r
		}
		first := begin(func(context.Context, string, string) error { return io.ErrUnexpectedEOF }) // it gets nowhere
		w.pass(time.Second)
		(&process{first, w}).kill()
		second := begin(w.service.SignIn.HashSealedPassword)
		w.pass(time.Minute)
		second.Stop(w.t.Context())
		j, err := w.service.Work.Job(w.t.Context(), project, jobID)
		w.must(err)
		if j.Counts.Status() != workspace.JobSuccess || j.Counts.Succeeded != 3 {
			t.Errorf("%+v", j.Counts)
		}
		for _, name := range []string{"ann", "bob", "carl"} {
			w.must(w.store.View(w.t.Context(), func(tx *store.Tx) error {
				u, err := directory.UserByName(w.t.Context(), tx, project, name)
				if err == nil && !strings.HasPrefix(u.PasswordHash, "$argon2id$") {
					t.Errorf("%s: %q", name, u.PasswordHash)
				}
				return err
			}))
		}
	})
}
