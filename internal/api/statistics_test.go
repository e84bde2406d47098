package api_test

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/usage"
	"carrel/internal/workspace"
)

func TestDesktopsAreCountedByTheirStates(t *testing.T) {
	for name, database := range map[string]func(testing.TB) string{"SQLite": storetest.SQLitePath, "PostgreSQL": storetest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			e := newEnvOn(t, database(t))
			e.hire("ann")
			e.settle(e.create(object{"desktops": desktopsFor("ann"), "tags": []object{{"key": "team", "value": "sales"}}})...)
			e.create(object{"size": 2, "desktop_name": "new"})
			pool, _ := e.pool(object{"size": 3})
			e.endWork(pool)
			for path, want := range map[string]string{
				"/desktops/statistics/run-state":                                 "map[active_num:4 error_num:0 hibernated_num:0 stop_num:0]",
				"/desktops/statistics/login-state":                               "map[disconnected_num:0 in_use_num:0 ready_num:4 unable_to_connect_num:0 unregistered_num:2]",
				"/statistics?statistics_type=attach-state":                       "map[attach_statistics:map[attached_num:1 attaching_num:0 unattached_num:5] desktop_pool_statistics:[] total_num:6]",
				"/statistics?statistics_type=attach-state&desktop_type=POOLED":   "map[attach_statistics:map[attached_num:0 attaching_num:0 unattached_num:3] desktop_pool_statistics:[] total_num:3]",
				"/statistics?statistics_type=run-state&desktop_pool_ids=" + pool: "map[desktop_pool_statistics:[map[desktop_pool_id:" + pool + " desktop_pool_name:POOL01 run_state_statistics:map[active_num:3 error_num:0 hibernated_num:0 stop_num:0] total_num:3]] run_state_statistics:map[active_num:3 error_num:0 hibernated_num:0 stop_num:0] total_num:3]",
				"/statistics?statistics_type=x-state":                            "",
				"/statistics?desktop_type=GREEN":                                 "",
			} {
				a := e.get(path)
				if want == "" {
					e.refused(a, 400, workspace.CodeInvalid, "")
					continue
				}
				if got := fmt.Sprint(e.ok(a).body); got != want {
					t.Errorf("%s: %s, want %s", path, got, want)
				}
			}
			sales := e.as("sales", "", allow("workspace:desktops:*", `, "Condition": {"StringEquals": {"g:ResourceTag/team": ["sales"]}}`))
			for _, path := range []string{"/desktops/statistics/run-state", "/statistics"} {
				a := e.ok(sales.get(path))
				if n := a.number("active_num"); path != "/statistics" && n != 1 {
					t.Errorf("who may see one desktop counts %d active ones", n)
				}
				if path == "/statistics" && a.number("total_num") != 1 {
					t.Errorf("who may see one desktop counts %s", a.raw)
				}
			}
		})
	}
}

func TestDesktopsThatNobodyUsedAreListed(t *testing.T) {
	e := newEnv(t)
	e.hire("ann")
	made := e.create(object{"size": 2, "desktop_name": "pc"})
	e.settle(made...)
	session := usage.Session{ID: "s", ProjectID: e.first.ProjectID, DesktopID: made[0], UserID: "x", UserName: "ann"}
	e.update(func(tx *store.Tx) error {
		session.Begun = tx.Now().Add(-90 * time.Minute)
		session.Ended = tx.Now().Add(-30 * time.Minute)
		return usage.Begin(e.Context(), tx, session)
	})
	unused := e.ok(e.get("/desktops/statistics/unused"))
	if unused.number("total_count") != 1 || unused.text("unused_desktops", 0, "desktop_id") != made[1] || strings.Contains(unused.raw, "disconnect_time") {
		t.Errorf("unused: %s", unused.raw)
	}
	used := e.ok(e.post("/desktops/statistics/used", object{"group_by_type": "HOUR"}))
	hours := 0.0
	for i := range used.list("desktop_used_info_list", 0, "used_info_list") {
		h, err := strconv.ParseFloat(used.text("desktop_used_info_list", 0, "used_info_list", i, "use_time"), 64)
		if err != nil {
			t.Error(err)
		}
		hours += h
	}
	if used.number("total_count") != 1 || used.text("desktop_used_info_list", 0, "desktop_username") != "ann" || math.Abs(hours-1) > 0.02 {
		t.Errorf("used: %s", used.raw)
	}
	later := session.Ended.Add(time.Minute).Format(time.RFC3339)
	if n := e.ok(e.get("/desktops/statistics/unused?start_time=" + later)).number("total_count"); n != 2 {
		t.Errorf("%d desktops were unused since", n)
	}
	for query, message := range map[string]string{
		"start_time=x": "start_time: ", "end_time=1969-01-01T00:00:00Z": "end_time: ", "limit=101": "limit: ",
		"start_time=2026-01-02T00:00:00Z&end_time=2026-01-02T00:00:00Z": "end_time: must be later than start_time",
	} {
		e.refused(e.get("/desktops/statistics/unused?"+query), 400, workspace.CodeInvalid, message)
	}
	for _, c := range []struct {
		body    object
		message string
	}{
		{object{"group_by_type": "WEEK"}, "group_by_type: "},
		{object{"start_time": "2024-01-01T00:00:00Z", "end_time": "2026-01-01T00:00:00Z"}, "end_time: is more than 366 days after start_time"},
		{object{"limit": 101}, "limit: "},
	} {
		e.refused(e.post("/desktops/statistics/used", c.body), 400, workspace.CodeInvalid, c.message)
	}
	e.refused(e.post("/desktops/statistics/used", object{"desktop_user_domain": "other"}), 400, workspace.CodeUnsupported, "desktop_user_domain: ")
	e.ok(e.post("/desktops/statistics/used", object{"desktop_user_domain": "carrel.local"}))
}
