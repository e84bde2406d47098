package api_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"carrel/internal/api"
	"carrel/internal/workspace"
)

func dryly(r *http.Request) { r.Header.Set("X-Dry-Run", "true") }

func TestEveryOperationThatChangesSomethingHasAGoodCall(t *testing.T) {
	for id := range api.Changing() {
		if goodCalls[id].path == "" {
			t.Errorf("%s has none", id)
		}
	}
	for id := range goodCalls {
		if _, there := api.Changing()[id]; !there {
			t.Errorf("%s does not change anything", id)
		}
	}
}

func TestEveryRepetitionChangesNothingAndGetsTheFirstAnswer(t *testing.T) {
	for _, id := range sample(slices.Sorted(maps.Keys(goodCalls))) {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			first := o.send(id, withClientToken("once"))
			if first.status >= 300 {
				t.Fatalf("status %d: %s", first.status, first.raw)
			}
			before := o.rows()
			again := o.send(id, withClientToken("once"))
			if again.status != first.status || again.raw != first.raw || again.header.Get("Content-Type") != first.header.Get("Content-Type") {
				t.Errorf("again: %d %s, first: %d %s", again.status, again.raw, first.status, first.raw)
			}
			o.same(before, "a repetition")
			path := goodCalls[id].path + "?other=1"
			if strings.Contains(goodCalls[id].path, "?") {
				path = goodCalls[id].path + "&other=1"
			}
			o.refused(o.sendTo(id, path, goodCalls[id].body, withClientToken("once")), http.StatusConflict, workspace.CodeTokenReused, "X-Client-Token: ")
		})
	}
}

// idForm matches what may be an id.
var idForm = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

func TestADryRunChangesNothingAndTellsWhatWouldBe(t *testing.T) {
	o := newOffice(t)
	top := o.TB
	before := o.rows()
	for _, id := range sample(slices.Sorted(maps.Keys(goodCalls))) {
		t.Run(id, func(t *testing.T) {
			o.TB = t
			defer func() { o.TB = top }()
			a := o.send(id, dryly)
			if a.status != http.StatusOK || a.at("dry_run") != true || a.at("desktops") == nil || a.at("changes") == nil || a.header.Get("X-Dry-Run") != "true" {
				t.Fatalf("status %d: %s", a.status, a.raw)
			}
			o.same(before, "a dry run")
			all := strings.Join(before, "\n")
			for _, found := range idForm.FindAllString(a.raw, -1) {
				if !strings.Contains(all, found) {
					t.Errorf("the answer has the id %s, which nothing has: %s", found, a.raw)
				}
			}
			if a.at("password") != nil {
				t.Errorf("the answer has a password, which nobody has: %s", a.raw)
			}
			if repeated := o.send(id, dryly, withClientToken("dry")); repeated.status != http.StatusOK {
				t.Errorf("with a client token: %d %s", repeated.status, repeated.raw)
			}
			o.same(before, "a dry run with a client token")
		})
	}
}

func TestADryRunIsRefusedLikeTheRequest(t *testing.T) {
	o := newOffice(t)
	for _, id := range sample(slices.Sorted(maps.Keys(goodCalls))) {
		path := goodCalls[id].path
		for name := range o.ids {
			path = strings.ReplaceAll(path, "{"+name+"}", "none")
		}
		bodies := []string{"", "[", `{"x": 1}`, strings.ReplaceAll(goodCalls[id].body, "{", "{\"\xff\": 1, ")}
		for _, body := range append(bodies, strings.NewReplacer("ann", "a b", "{", "{ ").Replace(goodCalls[id].body)) {
			for _, path := range []string{path, goodCalls[id].path} {
				dry := o.sendTo(id, path, body, dryly)
				if dry.status < 400 {
					continue
				}
				wet := o.sendTo(id, path, body)
				if dry.status != wet.status || dry.raw != wet.raw {
					t.Errorf("%s %q: a dry run answers %d %s, the request %d %s", id, body, dry.status, dry.raw, wet.status, wet.raw)
				}
			}
		}
	}
	o.refused(o.post("/desktops", nil), 400, workspace.CodeEmptyBody, "")
	o.refused(o.do("POST", o.path("/desktops"), order(nil), func(r *http.Request) { r.Header.Set("X-Dry-Run", "perhaps") }), 400, workspace.CodeInvalid, `X-Dry-Run: "perhaps" is unknown, use true or false`)
}

func TestADryRunTellsOfEachDesktop(t *testing.T) {
	o := newOffice(t)
	type desktop struct {
		DesktopID   string `json:"desktop_id"`
		DesktopName string `json:"desktop_name"`
		IPAddress   string `json:"ip_address"`
		UserName    string `json:"user_name"`
		JobType     string `json:"job_type"`
		ErrorCode   string `json:"error_code"`
	}
	told := func(id string) (all []desktop, a answer) {
		t.Helper()
		var out struct {
			Desktops []desktop `json:"desktops"`
		}
		a = o.send(id, dryly)
		if err := json.Unmarshal([]byte(a.raw), &out); err != nil {
			t.Fatal(err)
		}
		return out.Desktops, a
	}
	made, a := told("CreateDesktop")
	if len(made) != 2 || made[0].UserName != "ann" || made[1].DesktopName != "finns" || made[0].DesktopName == "" || made[0].DesktopID != "" || made[0].JobType != "createDesktops" {
		t.Errorf("two desktops: %+v", made)
	}
	if a.at("job_id") != nil {
		t.Errorf("there is no job: %s", a.raw)
	}
	o.send("CreateDesktop")
	for i, d := range o.ok(o.get("/desktops?user_name=ann,finn")).list("desktops") {
		if ip := (answer{body: d}).text("ip_address"); !slices.ContainsFunc(made, func(m desktop) bool { return m.IPAddress == ip }) && (answer{body: d}).text("desktop_id") != o.ids["anns"] {
			t.Errorf("desktop %d got %v, announced was %+v", i, d, made)
		}
	}
	if pooled, _ := told("CreateDesktopPool"); len(pooled) != 2 || pooled[0].IPAddress == "" || pooled[0].DesktopName == "" || pooled[1].IPAddress == pooled[0].IPAddress {
		t.Errorf("a pool of two: %+v", pooled)
	}
	if attached, _ := told("AttachInstances"); len(attached) != 2 || attached[0].DesktopID != o.ids["spare1"] || attached[0].UserName != "cara" || attached[1].UserName != "dora" {
		t.Errorf("assigned: %+v", attached)
	}
	stopped, a := told("BatchRunDesktops")
	if len(stopped) == 0 || stopped[0].DesktopID != o.ids["bobs"] && stopped[0].DesktopID != o.ids["anns"] {
		t.Errorf("stopped: %+v", stopped)
	}
	if a.text("failed_operation_list", len(a.list("failed_operation_list"))-1, "error_code") != string(workspace.CodeDesktopNotFound) {
		t.Errorf("refused: %s", a.raw)
	}
}

func TestAForbiddenDryRunIsRecorded(t *testing.T) {
	o := newOffice(t)
	before := len(o.records(""))
	o.refused(o.sendTo("DeleteDesktop", "/desktops/none", "", dryly), http.StatusNotFound, workspace.CodeDesktopNotFound, "")
	if n := len(o.records("")); n != before {
		t.Errorf("%d records are new", n-before)
	}
	o.refused(o.send("DeleteDesktop", dryly, func(r *http.Request) { r.Header.Set("X-Project-Id", "other") }), http.StatusForbidden, workspace.CodeForbidden, "X-Project-Id")
	if n := len(o.records("")); n != before+1 {
		t.Errorf("%d records are new", n-before)
	}
}

func TestTheFormOfABodyMakesNoOtherRequest(t *testing.T) {
	o := newOffice(t)
	send := func(body string) answer { return o.sendTo("CreateUserGroup", "/groups", body, withClientToken("t")) }
	if a := send(`{"group_name": "Crew", "platform_type": "LOCAL"}`); a.status != http.StatusOK {
		t.Fatal(a.raw)
	}
	if a := send("{\n\"platform_type\":\"LOCAL\",\"group_name\":\"Cr\\u0065w\"}"); a.status != http.StatusOK {
		t.Errorf("the same in another form: %d %s", a.status, a.raw)
	}
	o.refused(send(`{"group_name": "Crews", "platform_type": "LOCAL"}`), http.StatusConflict, workspace.CodeTokenReused, "X-Client-Token")
}
