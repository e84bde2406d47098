package api_test

import (
	"maps"
	"net/http"
	"slices"
	"testing"

	"carrel/internal/api"
	"carrel/internal/script"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

func (e *env) setting(name, status string) {
	e.Helper()
	e.ok(e.put("/tenant-configs", object{"function_config": object{"name": name, "status": status}}))
}

// off checks that an answer is the refusal by a setting.
func (e *env) off(a answer, message string) {
	e.Helper()
	e.refused(a, http.StatusConflict, workspace.CodeSettingOff, message)
}

// A setting that is OFF refuses the calls that are listed here, and no other.
func TestASettingRefusesWhatItSaysAndNothingElse(t *testing.T) {
	for setting, refused := range map[string][]string{
		// The good calls name finn and dora, whom nobody knows.
		"create_unknown_users": {"CreateDesktop", "AttachInstances"},
		"run_scripts":          {"ExecuteScriptOrCommand", "ExecuteScriptByDesktopTag", "ExecuteDesktopPoolScript", "RetryScriptExecution"},
	} {
		t.Run(setting, func(t *testing.T) {
			o := newOffice(t)
			o.setting(setting, "OFF")
			before := o.work()
			for _, id := range slices.Sorted(maps.Keys(api.Changing())) {
				if slices.Contains(refused, id) {
					o.off(o.send(id), setting+" is OFF")
				} else if a := o.send(id, dryly); a.status != http.StatusOK {
					t.Errorf("%s: status %d: %s", id, a.status, a.raw)
				}
			}
			if !slices.Equal(o.work(), before) {
				t.Error("a refused call changed something")
			}
			o.setting(setting, "ON")
			for _, id := range refused {
				if a := o.send(id, dryly); a.status != http.StatusOK {
					t.Errorf("%s is refused although the setting is ON: %s", id, a.raw)
				}
			}
		})
	}
}

func TestFailedScriptsDoNotRunAgainWhileScriptsMayNotRun(t *testing.T) {
	o := newOffice(t)
	sub := o.ok(o.get("/workspace-sub-jobs?job_type=executeScripts&status=WAITING"))
	job, id := sub.text("jobs", 0, "job_id"), sub.text("jobs", 0, "id")
	o.update(func(tx *store.Tx) error {
		if err := tx.EndSubJobs(t.Context(), []string{id}, workspace.SubJobFailed, workspace.CodeInternal, "the machine broke"); err != nil {
			return err
		}
		ended, err := tx.SubJob(t.Context(), id)
		if err == nil {
			_, err = script.EndSubJob(t.Context(), tx, ended)
		}
		return err
	})
	record := o.ok(o.get("/script-execution-records?script_task_id="+o.ids["task"])).text("script_records", 0, "id")
	again := []func() answer{
		func() answer { return o.post("/workspace-jobs/"+job+"/actions", object{"op_type": "retry"}) },
		func() answer { return o.post("/script-executions/retry", object{"task_id": o.ids["task"]}) },
		func() answer { return o.post("/script-executions/retry", object{"record_id": record}) },
	}
	o.setting("run_scripts", "OFF")
	for _, retry := range again {
		o.off(retry(), "run_scripts is OFF")
	}
	o.setting("run_scripts", "ON")
	o.lock("moving house")
	for _, retry := range again {
		o.locked(retry())
	}
	o.ok(o.do("PUT", o.path("/workspaces/lock-status"), object{"operate_type": "unlock"}))
	o.ok(again[0]())
}
