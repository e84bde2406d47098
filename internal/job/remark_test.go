package job_test

import (
	"strings"
	"testing"

	"carrel/internal/catalog"
	"carrel/internal/engine/sim"
	"carrel/internal/store"
)

func TestADesktopWithAnotherSystemThanItsProductsSaysSo(t *testing.T) {
	inEnv(t, sim.Config{}, func(e *env) {
		p := e.start("a", e.store, e.sim)
		defer p.kill()
		if j := e.finished(e.create(1)); j.SubJobs[0].Reason != "" {
			t.Errorf("a desktop as its product is described has the remark %q", j.SubJobs[0].Reason)
		}
		e.must(e.store.Update(e.t.Context(), func(tx *store.Tx) error {
			return catalog.PutProducts(e.t.Context(), tx, []catalog.Product{{ID: product, CPUs: 2, MemoryMiB: 4096, Architecture: "x86", OSType: "Windows", Status: "normal"}})
		}))
		j := e.finished(e.create(2))
		for _, s := range j.SubJobs {
			if s.State != "SUCCESS" || !strings.Contains(s.Reason, "is for Windows; the desktop has the system of its image") {
				t.Errorf("the sub-job is %s with the remark %q", s.State, s.Reason)
			}
		}
	})
}
