package job_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"carrel/internal/desktop"
	"carrel/internal/job"
	"carrel/internal/pool"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// What a guest cannot carry out of its document costs nobody the desktop, and is seen on it, on the job and in the log, whatever the
// job was.
func TestWhatAGuestCannotApplyIsSeen(t *testing.T) {
	for name, c := range map[string]struct {
		pool bool
		ask  func(*world) string
	}{
		"created":   {false, func(w *world) string { return w.create(1) }},
		"restarted": {true, func(w *world) string { return operateOne(w, w.ids()[0], desktop.OpReboot) }},
		"rebuilt":   {true, func(w *world) string { return w.rebuild() }},
		"resized": {true, func(w *world) string {
			w.addProduct()
			return w.resize("STOP_DESKTOP")
		}},
		"another disk": {true, func(w *world) string {
			id, err := w.service.Pools.AddPoolVolumes(w.t.Context(), pool.AddPoolVolumes{
				ChangePoolDesktops: reach(), Volumes: []desktop.VolumeSpec{{Type: "SSD", GB: 10}},
			})
			w.must(err)
			return id
		}},
		"a person renamed": {false, func(w *world) string {
			w.unwarned(w.create(1))
			return w.rename("user-0", "anna", false)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, twoImages(), func(w *world) {
				if c.pool {
					w.addPool(1)
				}
				asked := c.ask(w)
				meter, err := job.NewMetrics(prometheus.NewRegistry())
				w.must(err)
				var log strings.Builder
				r := job.NewRunner(w.store, w.sim, slog.New(slog.NewTextHandler(&log, nil)), meter, job.Config{Replica: "a", Timezone: "Asia/Beijing"})
				w.must(r.Start(w.t.Context()))
				p := &process{r, w}
				defer p.kill()
				j := w.finished(asked)
				d := w.desktops()[0]
				told := map[string]string{"the desktop's fault": d.Fault, "the sub-job's reason": w.reasonOf(j.ID), "the log": log.String()}
				for where, text := range told {
					if !strings.Contains(text, "Asia/Beijing") {
						t.Errorf("%s says %q, want the time zone", where, text)
					}
				}
				if d.Status != desktop.StatusActive {
					t.Errorf("the desktop is %s, want ACTIVE", d.Status)
				}
				if c.pool {
					w.must(w.store.View(w.t.Context(), func(tx *store.Tx) error {
						m, err := desktop.ReadMember(w.t.Context(), tx, d.ID)
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
func (w *world) unwarned(jobID string) {
	w.t.Helper()
	p := w.start("setup", w.store, w.sim)
	defer p.kill()
	w.finished(jobID)
}

func (w *world) reasonOf(jobID string) string {
	w.t.Helper()
	subs, _, err := w.service.Work.ListSubJobs(w.t.Context(), workspace.SubJobQuery{ProjectID: project, JobID: jobID, Page: workspace.Page{Limit: 10}})
	w.must(err)
	return subs[0].Reason
}
