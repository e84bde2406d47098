package api_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"carrel/internal/api"
	"carrel/internal/core"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// broken is a database of which every write fails.
type broken struct{ store.Transactions }

func (broken) Update(context.Context, func(*store.Tx) error) error {
	return errors.New("the disk is on fire")
}

// documented are the statuses of errors that the API's reference gives of its five calls.
var documented = map[string][]int{
	"CreateDesktop":            {400, 401, 403, 404, 500},
	"CreateDesktopPool":        {400, 401, 403, 404, 500},
	"BatchAttachInstances":     {400, 401, 403, 404, 500},
	"ExecuteDesktopPoolAction": {400, 401, 403, 404, 409, 500},
	"RebuildDesktopPool":       {400, 401, 403, 404, 409, 500},
}

func TestEveryDocumentedStatusIsAnswered(t *testing.T) {
	o := newOffice(t)
	busy := `{"op_type": "os-stop"}`
	o.ids["busy"], _ = o.pool(object{"name": "POOL05", "size": 1})
	o.ok(o.sendTo("ExecuteDesktopPoolAction", "/desktop-pools/{busy}/action", busy))
	failing := o.onBrokenDatabase()
	for id, statuses := range documented {
		good := goodCalls[id]
		path := strings.ReplaceAll(good.path, "{pool}", "{busy}")
		for _, status := range statuses {
			var a answer
			switch status {
			case http.StatusBadRequest:
				a = o.sendTo(id, good.path, `{"size": "many", "desktops": 1, "op_type": 1, "image_id": 1}`)
			case http.StatusUnauthorized:
				a = o.send(id, func(r *http.Request) { r.Header.Del("X-Auth-Token") })
			case http.StatusForbidden:
				a = o.send(id, func(r *http.Request) { r.Header.Set("X-Project-Id", "other") })
			case http.StatusNotFound:
				a = o.send(id, func(r *http.Request) { r.URL.Path = strings.Replace(r.URL.Path, o.first.ProjectID, "none", 1) })
			case http.StatusConflict:
				a = o.sendTo(id, path, good.body)
			default:
				a = failing.send(id)
			}
			if a.status != status || a.text("error_code") == "" || a.text("error_msg") == "" || a.header.Get("X-Request-Id") == "" {
				t.Errorf("%s: want %d, got %d %s", id, status, a.status, a.raw)
			}
			if strings.Contains(a.raw, "fire") {
				t.Errorf("%s tells what only the log may: %s", id, a.raw)
			}
		}
	}
}

// onBrokenDatabase is the office with a server whose database fails.
func (o *office) onBrokenDatabase() *office {
	o.Helper()
	failing := *o.env
	var err error
	failing.server, err = api.New(api.Config{
		Services: core.NewServices(core.Config{Store: broken{o.store}}), IAM: o.iam, Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(), CallTime: time.Minute,
	})
	if err != nil {
		o.Fatal(err)
	}
	return &office{env: &failing, database: o.database, ids: o.ids}
}

func TestWhatIsNotUTF8IsRefusedByName(t *testing.T) {
	o := newOffice(t)
	for body, field := range map[string]string{
		"{\"user_name\": \"a\xff\", \"user_email\": \"a@example.org\"}":    "user_name: ",
		`{"user_name": "a", "user_email": "\ud800@example.org"}`:           "user_email: ",
		`{"user_name": "a", "description": "\udc00\ud800"}`:                "description: ",
		"{\"user_name\": \"a\", \"group_ids\": [\"x\", \"\xc3\"]}":         "group_ids[1]: ",
		"{\"user_name\": \"a\", \"more\": {\"of\": [{\"it\": \"\xfe\"}]}}": "more.of[0].it: ",
		"\xff": "body: ",
	} {
		o.refused(o.post("/users", body), http.StatusBadRequest, workspace.CodeMalformed, field)
	}
	o.refused(o.get("/users?user_name=%ff"), http.StatusBadRequest, workspace.CodeMalformed, "user_name: it is not UTF-8")
	o.refused(o.get("/users/%ff"), http.StatusBadRequest, workspace.CodeMalformed, "path: it is not UTF-8")
	o.refused(o.do("GET", o.path("/users"), nil, func(r *http.Request) { r.Header.Set("X-Project-Id", "\xff") }), http.StatusBadRequest, workspace.CodeMalformed, "X-Project-Id: it is not UTF-8")
	o.refused(o.do("GET", "/v3/projects?name=%ff", nil), http.StatusBadRequest, "IAM.0001", "name: it is not UTF-8")
	o.refused(o.do("POST", "/v3/auth/tokens", "{\"auth\": {\"identity\": {\"methods\": [\"\xff\"]}}}"), http.StatusBadRequest, "IAM.0001", "auth.identity.methods[0]: it is not UTF-8")
}

func TestTheIdentityAPIHasDryRuns(t *testing.T) {
	e := newEnv(t)
	if a := e.ok(e.do("POST", "/v3.0/OS-CREDENTIAL/credentials", object{}, dryly)); a.at("dry_run") != true {
		t.Errorf("%v", a.body)
	}
	e.refused(e.do("POST", "/v3/auth/tokens", object{}, dryly), http.StatusBadRequest, "IAM.0001", "X-Dry-Run: ")
	e.ok(e.do("GET", "/v3/projects", nil, dryly))
}
