package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"carrel/internal/workspace"
)

func TestTagsOfDesktops(t *testing.T) {
	e := newEnv(t)
	id := e.create(object{"size": 1, "desktop_name": "pc", "tags": []object{{"key": "team", "value": "a"}}})[0]
	at := "/desktops/" + id + "/tags"
	tag := func(key, value string) object { return object{"tag": object{"key": key, "value": value}} }
	for _, a := range []answer{
		e.post(at, tag("floor", "1")), e.post(at, tag("team", "b")), e.post(at+"/action", object{"action": "delete", "tags": []object{{"key": "floor", "value": "2"}}}),
		e.do("DELETE", e.path(at+"/missing"), nil), e.post("/desktops/batch-tags", object{"desktops": []object{{"desktop_id": id, "tags": []object{{"key": "room", "value": "7"}}}}}),
		e.do("DELETE", e.path("/desktops/batch-tags"), object{"desktops": []object{{"desktop_id": id, "tags": []object{{"key": "floor"}}}}}),
	} {
		if a.status != 204 || a.raw != "" {
			t.Errorf("%d %s", a.status, a.raw)
		}
	}
	if got := e.ok(e.get(at)).raw; strings.TrimSpace(got) != `{"tags":[{"key":"team","value":"b"},{"key":"room","value":"7"}]}` {
		t.Error(got)
	}
	if got := e.ok(e.get("/desktops/detail?tag=team%3Db,room%3D7")).number("total_count"); got != 1 {
		t.Errorf("the list of desktops finds %d", got)
	}
	if got := e.ok(e.get("/desktops/tags?key=team")).raw; strings.TrimSpace(got) != `{"tags":[{"key":"team","values":["b"]}],"totalCount":1}` {
		t.Error(got)
	}
	for _, path := range []string{"/desktops/resource-instances/action", "/desktops/resource_instances/action"} {
		a := e.ok(e.post(path, object{"action": "filter", "offset": "0", "limit": "1", "tags": []object{{"key": "team", "values": []string{"b"}}}}))
		if a.number("total_count") != 1 || a.text("resources", 0, "resource_id") != id || a.text("resources", 0, "resource_name") != "pc" || a.text("resources", 0, "tags", 1, "key") != "room" {
			t.Error(a.raw)
		}
		if a := e.ok(e.post(path, object{"action": "count"})); a.number("total_count") != 1 || len(a.list("resources")) != 0 {
			t.Error(a.raw)
		}
	}
}

func TestTagsThatCannotBeAreRefused(t *testing.T) {
	e := newEnv(t)
	id := e.create(object{"size": 1, "desktop_name": "pc"})[0]
	at, long := "/desktops/"+id+"/tags", strings.Repeat("x", 129)
	var many []object
	for i := range 21 {
		many = append(many, object{"key": fmt.Sprint(i)})
	}
	one := []object{{"key": "a"}}
	for why, c := range map[string]struct {
		path string
		body object
	}{
		"tag: must be given":                       {at, object{}},
		"tag.key: must be given":                   {at, object{"tag": object{}}},
		"tag.key: 1 or more characters ":           {at, object{"tag": object{"key": ""}}},
		"tag.key: at most 128":                     {at, object{"tag": object{"key": long}}},
		"tag.value: at most 43":                    {at, object{"tag": object{"key": "a", "value": long[:44]}}},
		"tag.key: must not start with _sys_":       {at, object{"tag": object{"key": "_sys_a"}}},
		"action: must be given":                    {at + "/action", object{"tags": one}},
		"tags: must be given":                      {at + "/action", object{"action": "create"}},
		"action: expected value to be one of":      {at + "/action", object{"action": "paint", "tags": one}},
		"tags: at most 20 ":                        {at + "/action", object{"action": "delete", "tags": many}},
		"tags: 1 or more ":                         {at + "/action", object{"action": "create", "tags": []object{}}},
		"not_tags[0].values: at most 200 ":         {"/desktops/resource-instances/action", object{"action": "filter", "not_tags": []object{{"key": "a", "values": slices.Repeat([]string{"a"}, 201)}}}},
		"matches: at most 1 ":                      {"/desktops/resource-instances/action", object{"action": "filter", "matches": slices.Repeat([]object{{"key": "resource_name", "value": "a"}}, 2)}},
		"desktops: 0 ids, give 1 to 100":           {"/desktops/batch-tags", object{"desktops": []object{}}},
		"desktops: must be given":                  {"/desktops/batch-tags", object{}},
		"desktops[0].tags: must be given":          {"/desktops/batch-tags", object{"desktops": []object{{"desktop_id": id}}}},
		"limit: \"1001\" is out of range, use a":   {"/desktops/resource-instances/action", object{"action": "filter", "limit": "1001"}},
		"offset: \"-1\" is out of range, use a":    {"/desktops/resource-instances/action", object{"action": "filter", "offset": "-1"}},
		"tags_any[0].key: must be given":           {"/desktops/resource-instances/action", object{"action": "filter", "tags_any": []object{{"values": []string{"a"}}}}},
		"matches[0].key: expected value to be one": {"/desktops/resource-instances/action", object{"action": "filter", "matches": []object{{"key": "colour", "value": "red"}}}},
	} {
		e.refused(e.post(c.path, c.body), 400, workspace.CodeInvalid, why)
	}
	e.refused(e.post(at+"/action", object{"action": "create", "tags": one, "sys_tags": one}), 400, workspace.CodeUnsupported, "sys_tags: ")
	for _, path := range []string{"/desktops/x/tags", "/desktops/x/tags/action"} {
		e.refused(e.post(path, object{"tag": one[0], "action": "delete", "tags": one}), 404, workspace.CodeDesktopNotFound, "x")
	}
	e.refused(e.get("/desktops/tags?limit=1001"), 400, workspace.CodeInvalid, "limit")
}
