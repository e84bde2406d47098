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
	inEnv(t, sim.Config{}, func(e *env) {
		box, err := secret.ParseBox(strings.Repeat("5a", 32))
		e.must(err)
		passwords, err := secret.NewPasswords(secret.Cost{MemoryKiB: 8, Passes: 1, Lanes: 1})
		e.must(err)
		e.service = core.NewServices(core.Config{Store: e.store, Box: box, Passwords: passwords})
		rows := []user.ImportRow{{Line: 1, Cells: []string{"User name", "Password"}}}
		for _, name := range []string{"ann", "bob", "carl"} {
			rows = append(rows, user.ImportRow{Line: len(rows) + 1, Cells: []string{name, "Correct-Horse-1"}})
		}
		_, jobID, err := e.service.Users.ImportUsers(e.t.Context(), user.ImportUsers{Caller: workspace.Caller{ProjectID: project}, Rows: rows})
		e.must(err)
		begin := func(hash func(context.Context, string, string) error) *job.Runner {
			meter, err := job.NewMetrics(prometheus.NewRegistry())
			e.must(err)
			r := job.NewRunner(e.store, e.sim, slog.New(slog.DiscardHandler), meter, job.Config{Replica: "one", HashPassword: hash})
			e.must(r.Start(e.t.Context()))
			return r
		}
		first := begin(func(context.Context, string, string) error { return io.ErrUnexpectedEOF }) // it gets nowhere
		e.pass(time.Second)
		(&process{first, e}).kill()
		second := begin(e.service.SignIn.HashSealedPassword)
		e.pass(time.Minute)
		second.Stop(e.t.Context())
		j, err := e.service.Work.Job(e.t.Context(), project, jobID)
		e.must(err)
		if j.Counts.Status() != workspace.JobSuccess || j.Counts.Succeeded != 3 {
			t.Errorf("%+v", j.Counts)
		}
		for _, name := range []string{"ann", "bob", "carl"} {
			e.must(e.store.View(e.t.Context(), func(tx *store.Tx) error {
				u, err := directory.UserByName(e.t.Context(), tx, project, name)
				if err == nil && !strings.HasPrefix(u.PasswordHash, "$argon2id$") {
					t.Errorf("%s: %q", name, u.PasswordHash)
				}
				return err
			}))
		}
	})
}
