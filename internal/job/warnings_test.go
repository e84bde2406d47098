package job_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"carrel/internal/engine/sim"
	"carrel/internal/job"
	"carrel/internal/workspace"
)

// What a guest cannot carry out of its document costs nobody the desktop, and is seen on it, on the job and in the log.
func TestWhatAGuestCannotApplyIsSeen(t *testing.T) {
	inWorld(t, sim.Config{}, func(w *world) {
		meter, err := job.NewMetrics(prometheus.NewRegistry())
		w.must(err)
		var log strings.Builder
		r := job.NewRunner(w.store, w.sim, slog.New(slog.NewTextHandler(&log, nil)), meter, job.Config{Replica: "a", Timezone: "Asia/Beijing"})
		w.must(r.Start(w.t.Context()))
		p := &process{r, w}
		defer p.kill()
		j := w.finished(w.create(1))
		d := w.desktops()[0]
		told := map[string]string{"the desktop's fault": d.Fault, "the sub-job's reason": w.reasonOf(j.ID), "the log": log.String()}
		for where, text := range told {
			if !strings.Contains(text, "Asia/Beijing") {
				t.Errorf("%s says %q, want the time zone", where, text)
			}
		}
		if d.Status != workspace.StatusActive {
			t.Errorf("the desktop is %s, want ACTIVE", d.Status)
		}
	})
}

func (w *world) reasonOf(jobID string) string {
	w.t.Helper()
	subs, _, err := w.service.ListSubJobs(w.t.Context(), workspace.SubJobQuery{ProjectID: project, JobID: jobID, Page: workspace.Page{Limit: 10}})
	w.must(err)
	return subs[0].Reason
}
