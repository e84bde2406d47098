package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"carrel/internal/store/storetest"
)

// wildValue draws what clients should not send, of any type.
func wildValue() *rapid.Generator[any] {
	texts := []string{
		"", "0", "-1", "9223372036854775807", "253402300800000", "133801632000000000", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00Z", "292278994-08-17T07:12:55Z", "1e309", "2026-12-31", "12/31/2026",
		"\x00", "a\x01b\x7f", "\u202eabc", "\u200b", "😀", "Bu\u0308ro", "Büro", "عربى", "\ufffd", "' OR 1=1 --", "%", "_", "../../etc/passwd", "a\nb", strings.Repeat("x", 70), strings.Repeat("ü", 300), strings.Repeat("😀", 5000),
		"anna@example.com", "20231234", "root", "LOCK", "zh_CN",
	}
	numbers := []any{-1, 0, 1, 3, 1 << 31, -1 << 31, int64(1<<63 - 1), -1 << 63, 1e99, 0.5, 10, 32760, json.Number("1e400"), json.Number("99999999999999999999")}
	return rapid.OneOf(
		rapid.Map(rapid.SampledFrom(texts), func(s string) any { return s }), rapid.Map(rapid.String(), func(s string) any { return s }),
		rapid.SampledFrom(numbers), rapid.SampledFrom([]any{nil, true, false, []any{}, []any{nil}, []any{"x"}, object{}, object{"x": object{}}}),
	)
}

// wildly gives a body some wild values, also deep inside.
func wildly(t *rapid.T, body object) object {
	out := maps.Clone(body)
	for range rapid.IntRange(1, 3).Draw(t, "changes") {
		key := rapid.SampledFrom(slices.Sorted(maps.Keys(out))).Draw(t, "field")
		if inner, ok := out[key].(object); ok && len(inner) > 0 && rapid.Bool().Draw(t, "inside") {
			out[key] = wildly(t, inner)
			continue
		}
		if list, ok := out[key].([]object); ok && len(list) > 0 && rapid.Bool().Draw(t, "inside") {
			out[key] = []object{wildly(t, list[0])}
			continue
		}
		out[key] = wildValue().Draw(t, "value")
	}
	return out
}

// kind is a kind of thing that clients write: where, what a right body is, and where what was written is seen and removed.
type kind struct {
	path, list, items, id string
	body                  object
	change                object                                          // of a PUT to the thing's own path; nil: there is none
	remove, ids           string                                          // a call that removes several by their ids
	acts                  func(shown answer, id string) map[string]object // right calls that change one
}

func (e *env) kinds() []kind {
	return []kind{
		{"/users", "/users", "users", "id", object{
			"user_name": "cem", "user_email": "a@example.org", "user_phone": "1", "account_expires": "0", "active_type": "USER_ACTIVATE", "description": "d", "alias_name": "a", "enterprise_project_id": "0",
			"domain": "carrel.local", "enable_change_password": true, "next_login_change_password": false,
		}, object{"description": "d", "user_email": "b@example.org", "user_phone": "2", "account_expires": "0", "active_type": "USER_ACTIVATE", "disabled": false, "password_never_expired": true}, "/users/batch-delete", "user_ids", nil},
		{"/groups", "/groups", "user_groups", "id", object{"group_name": "g", "platform_type": "LOCAL", "description": "d"}, object{"group_name": "h", "description": "e"}, "/groups/batch-delete", "group_ids", nil},
		{"/ous", "/ous", "ous", "id", object{"ou_name": "o", "domain": "carrel.local", "description": "d"}, object{"ou_name": "p", "description": "e"}, "", "", nil},
		{"/desktop-name-policies", "/desktop-name-policies", "desktop_name_policy_infos", "policy_id", object{
			"policy_name": "p", "name_prefix": "pc", "digit_number": 2, "start_number": 1, "single_domain_user_inc": 0, "is_default_policy": false, "prefix_truncation_enabled": false,
		}, object{"name_prefix": "pd", "digit_number": 3, "start_number": 2}, "/desktop-name-policies/batch-delete", "policy_ids", nil},
		{"/desktops", "/desktops", "desktops", "desktop_id", order(object{
			"size": 1, "desktop_name": "d", "tags": []object{{"key": "k", "value": "v"}}, "data_volumes": []object{{"type": "SAS", "size": 10}}, "email_notification": true, "enterprise_project_id": "0", "desktop_ips": []string{},
		}), nil, "/desktops/batch-delete", "desktop_ids", desktopActs},
		{"/desktop-pools", "/desktop-pools", "desktop_pools", "id", e.poolOrder(object{
			"size": 1, "description": "d", "disconnected_retention_period": 10, "enable_autoscale": true, "autoscale_policy": object{"autoscale_type": "AUTO_CREATED", "max_auto_created": 1, "min_idle": 1, "once_auto_created": 1, "idle_retention_duration": 1},
			"data_volumes": []object{{"type": "SAS", "size": 10}}, "user_reset_policy": object{"enable": true, "reset_count_per_day": 1}, "tags": []object{{"key": "k", "value": "v"}},
		}), object{"name": "n", "description": "e", "disconnected_retention_period": 20, "autoscale_policy": object{"autoscale_type": "AUTO_CREATED", "min_idle": 2}}, "", "", poolActs},
	}
}

func desktopActs(_ answer, id string) map[string]object {
	person := object{"user_name": "ann", "user_group": "sudo", "type": "USER", "domain": "carrel.local"}
	plan := object{
		"desktops": []object{{"desktop_id": id}}, "users": []object{{"user_name": "ben"}},
		"assign_model": object{"assign_dimension": "USER", "priority_strategy": "USER_NO_DESKTOP", "desktop_assigin_user_num": 1, "user_assigin_desktop_num": 1},
	}
	return map[string]object{
		"/desktops/attach": {"desktops": []object{{
			"desktop_id": id, "user_name": "ann", "user_email": "a@example.org", "user_group": "sudo", "computer_name": "c", "is_clear_data": true,
		}}},
		"/desktops/pre-batch-attach":            plan,
		"/desktops/batch-attach":                plan,
		"/desktops/detach":                      {"desktop_ids": []string{id}},
		"/desktops/batch-detach":                {"desktops": []object{{"desktop_id": id, "detach_user_infos": []object{person}, "is_clear_data": true}}},
		"/desktops/change-user-privilege-group": {"desktops": []object{{"desktop_id": id, "attach_user_infos": []object{{"user_name": "ann", "user_privilege_group": "sudo"}}}}},
		"/desktops/action":                      {"desktop_ids": []string{id}, "op_type": "os-stop", "type": "SOFT"},
	}
}

func poolActs(shown answer, id string) map[string]object {
	disk := "x"
	if disks, ok := shown.at("data_volumes").([]any); ok && len(disks) > 0 {
		disk = shown.text("data_volumes", 0, "id")
	}
	path := "/desktop-pools/" + id
	return map[string]object{
		path + "/rebuild":              {"image_id": image, "image_type": "gold", "delay_time": 1, "message": "m", "order_id": "o", "is_fix": true, "handle_type": "FOR_EXPAND_AND_ALL"},
		path + "/rebuild/revert":       {"": nil},
		path + "/resize":               {"product_id": product, "mode": "STOP_DESKTOP", "handle_type": "FOR_EXPAND_AND_ALL"},
		path + "/volumes/batch-add":    {"volumes": []object{{"type": "SAS", "size": 10}}, "handle_type": "FOR_EXPAND_AND_ALL"},
		path + "/volumes/batch-expand": {"volumes": []object{{"id": disk, "size": 20}}, "handle_type": "FOR_EXPAND_AND_ALL"},
		path + "/volumes/batch-delete": {"volumes": []object{{"id": disk}}, "handle_type": "FOR_EXPAND_AND_ALL"},
		path + "/expand":               {"size": 1, "order_id": "o"},
		path + "/shrink":               {"size": 1},
		path + "/action":               {"op_type": "os-stop", "type": "SOFT"},
		path + "/users":                {"action": "ADD", "objects": []object{{"object_type": "USER", "object_id": "x", "object_name": "ann", "user_group": "sudo"}}},
		path + "/notifications":        {"notifications": "Lunch!"},
		path + "/desktops/take-back":   {"desktop_ids": []string{}},
	}
}

func TestWhatWasAcceptedCanBeListedShownChangedDeletedAndExported(t *testing.T) {
	for name, address := range map[string]func(testing.TB) string{"SQLite": storetest.SQLitePath, "PostgreSQL": storetest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			e := newEnvOn(t, address(t))
			e.hire("ann", "ben")
			made := 0
			rapid.Check(t, func(t *rapid.T) {
				k := rapid.SampledFrom(e.kinds()).Draw(t, "kind")
				call := func(method, target string, body any) answer {
					a := e.do(method, e.path(target), body)
					if a.status >= http.StatusInternalServerError {
						t.Fatalf("%s %s %v: %d %s", method, target, body, a.status, a.raw)
					}
					return a
				}
				good := func(method, target string, body any) answer {
					a := call(method, target, body)
					if a.status >= http.StatusBadRequest {
						t.Fatalf("%s %s %v: %d %s", method, target, body, a.status, a.raw)
					}
					return a
				}
				call("POST", k.path, wildly(t, k.body))
				right := maps.Clone(k.body)
				if _, ok := right["desktop_name"]; ok {
					made++
					right["desktop_name"] = fmt.Sprintf("d%d", made) // deleted ones keep theirs until their machines are gone
				}
				if a := call("POST", k.path, right); a.status != http.StatusOK && a.status != http.StatusConflict {
					t.Fatalf("a right %s: %d %s", k.path, a.status, a.raw)
				}
				var ids []string
				for _, item := range good("GET", k.list, nil).list(k.items) {
					id := answer{body: item}.text(k.id)
					ids = append(ids, id)
					if k.change != nil {
						call("PUT", k.path+"/"+id, wildly(t, k.change))
					}
					if k.path == "/users" || strings.HasPrefix(k.path, "/desktop") && !strings.Contains(k.path, "name") {
						good("GET", k.path+"/"+id, nil)
					}
					if status, _ := (answer{body: item}).at("status").(string); k.acts != nil && status != "DELETING" {
						e.settleAll()
						acts := k.acts(good("GET", k.path+"/"+id, nil), id)
						path := rapid.SampledFrom(slices.Sorted(maps.Keys(acts))).Draw(t, "act")
						body := acts[path]
						if rapid.Bool().Draw(t, "wild") {
							body = wildly(t, body)
						}
						call("POST", path, body)
						good("GET", k.path+"/"+id, nil)
					}
					if k.path == "/users" {
						call("POST", "/users/"+id+"/actions", object{"op_type": "LOCK"})
					}
				}
				for _, list := range []string{"/users", "/groups", "/ous", "/desktop-name-policies", "/desktops/detail", "/desktop-pools", "/desktop-pools/statistics/by-users", "/workspace-sub-jobs", "/export-tasks"} {
					good("GET", list, nil)
				}
				text := fmt.Sprint(wildValue().Draw(t, "filter"))
				call("GET", k.list+"?"+url.Values{
					rapid.SampledFrom([]string{"user_name", "description", "name", "keyword", "ou_name", "policy_name", "limit", "offset", "group_name", "sort_field"}).Draw(t, "parameter"): {text},
				}.Encode(), nil)
				task := e.do("POST", "/v3/"+e.first.ProjectID+"/users/export", nil)
				if task.status != http.StatusOK {
					t.Fatalf("exporting: %d %s", task.status, task.raw)
				}
				good("GET", "/export-tasks/"+task.text("task_id")+"/download", nil)
				good("POST", "/export-tasks/batch-delete", object{"task_ids": []string{task.text("task_id")}})
				if len(ids) > 0 {
					e.removeAll(good, k, ids)
				}
			})
		})
	}
}

// settleAll makes what is being created ACTIVE.
func (e *env) settleAll() {
	e.Helper()
	for _, d := range e.ok(e.get("/desktops/detail?limit=500")).list("desktops") {
		if d := (answer{body: d}); d.text("status") == "CREATING" {
			e.settle(d.text("desktop_id"))
		}
	}
}

// removeAll deletes what a list showed.
func (e *env) removeAll(good func(method, target string, body any) answer, k kind, ids []string) {
	if k.remove != "" {
		for some := range slices.Chunk(ids, 50) {
			good("POST", k.remove, object{k.ids: some})
		}
		return
	}
	for _, id := range ids {
		if k.path == "/desktop-pools" {
			continue // it has desktops, whose machines nobody removes here
		}
		good("DELETE", k.path+"/"+id, nil)
	}
}

func TestTextThatIsNotUTF8IsRefused(t *testing.T) {
	e := newEnv(t)
	for _, body := range []string{"{\"user_name\":\"\xff\"}", "{\"user_name\":\"a\xed\xa0\x80\"}", "\xff\xfe{\x00}\x00"} {
		if a := e.post("/users", body); a.status != http.StatusBadRequest || !strings.Contains(a.raw, "UTF-8") {
			t.Errorf("%q: %d %s", body, a.status, a.raw)
		}
	}
	for _, query := range []string{"/users?user_name=%ff", "/users?description=%00", "/users/%ff", "/users/%00"} {
		if a := e.get(query); a.status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", query, a.status, a.raw)
		}
	}
}

func TestNamesAreTheSameComposedAndDecomposed(t *testing.T) {
	const composed, decomposed, escaped = "B\u00fcro", "Bu\u0308ro", `Bu\u0308ro`
	e := newEnv(t)
	id := e.group(decomposed)
	for _, name := range []string{composed, decomposed, escaped} {
		body := bytes.ReplaceAll([]byte(`{"group_name":"@","platform_type":"LOCAL"}`), []byte("@"), []byte(name))
		if a := e.post("/groups", string(body)); a.status != http.StatusConflict {
			t.Errorf("%q: %d %s", name, a.status, a.raw)
		}
	}
	for _, part := range []string{"\u00fc", "u\u0308"} {
		if a := e.ok(e.get("/groups?keyword=" + url.QueryEscape(part))); a.text("user_groups", 0, "name") != composed {
			t.Errorf("filter %+q: %s", part, a.raw)
		}
	}
	if a := e.ok(e.upload("", "file", "User name,Email,User groups\nann,a@example.org,"+decomposed+"\n")); len(a.list("user_detail_list")) != 1 {
		t.Errorf("in a file: %s", a.raw)
	}
	if a := e.ok(e.get("/groups/" + id + "/users")); a.number("total_count") != 1 {
		t.Errorf("in the group: %s", a.raw)
	}
}
