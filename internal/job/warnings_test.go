package job_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"carrel/internal/desktop"
	"carrel/internal/job"
	"carrel/internal/pool/reshape"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// What a guest cannot carry out of its document costs nobody the desktop, and is seen on it, on the job and in the log, whatever the
// job was.
func TestWhatAGuestCannotApplyIsSeen(t *testing.T) {
	for name, c := range map[string]struct {
		pool bool
		ask  func(*env) string
	}{
		"created":   {false, func(e *env) string { return e.create(1) }},
		"restarted": {true, func(e *env) string { return operateOne(e, e.ids()[0], desktop.PowerReboot) }},
		"rebuilt":   {true, func(e *env) string { return e.rebuild() }},
		"resized": {true, func(e *env) string {
			e.addProduct()
			return e.resize("STOP_DESKTOP")
		}},
		"another disk": {true, func(e *env) string {
			id, err := e.service.Reshaper.AddPoolVolumes(e.t.Context(), reshape.AddPoolVolumes{
				ChangePoolDesktops: reach(), Volumes: []desktop.VolumeSpec{{Type: "SSD", GB: 10}},
			})
			e.must(err)
			return id
		}},
		"a person renamed": {false, func(e *env) string {
			e.unwarned(e.create(1))
			return e.rename("user-0", "anna", false)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			inEnv(t, twoImages(), func(e *env) {
				if c.pool {
					e.addPool(1)
				}
				asked := c.ask(e)
				meter, err := job.NewMetrics(prometheus.NewRegistry())
				e.must(err)
				var log strings.Builder
				r := job.NewRunner(e.store, e.sim, slog.New(slog.NewTextHandler(&log, nil)), meter, job.Config{Replica: "a", Timezone: "Asia/Beijing"})
				e.must(r.Start(e.t.Context()))
				p := &process{r, e}
				defer p.kill()
				j := e.finished(asked)
				d := e.desktops()[0]
				told := map[string]string{"the desktop's fault": d.Fault, "the sub-job's reason": e.reasonOf(j.ID), "the log": log.String()}
				for where, text := range told {
					if !strings.Contains(text, "Asia/Beijing") {
						t.Errorf("%s says %q, want the time zone", where, text)
					}
				}
				if d.Status != desktop.StatusActive {
					t.Errorf("the desktop is %s, want ACTIVE", d.Status)
				}
				if c.pool {
					e.must(e.store.View(e.t.Context(), func(tx *store.Tx) error {
						m, err := desktop.ReadMember(e.t.Context(), tx, d.ID)
						if m.Troubled {
							t.Error("it is taken for one on which work has failed")
						}
						return err
					}))
				}
			})
		})
	}
}

// unwarned has a job carried out by a runner whose settings can be applied.
func (e *env) unwarned(jobID string) {
	e.t.Helper()
	p := e.start("setup", e.store, e.sim)
	defer p.kill()
	e.finished(jobID)
}

func (e *env) reasonOf(jobID string) string {
	e.t.Helper()
	subs, _, err := e.service.Work.ListSubJobs(e.t.Context(), workspace.SubJobQuery{ProjectID: project, JobID: jobID, Page: workspace.Page{Limit: 10}})
	e.must(err)
	return subs[0].Reason
}
