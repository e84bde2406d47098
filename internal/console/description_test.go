package console_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"log/slog"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"carrel/internal/api"
	"carrel/internal/console"
	"carrel/internal/core"
	"carrel/internal/iam"
)

var update = flag.Bool("update", false, "write the description of what the console calls anew")

// called are the operations that the console's pages call.
var called = []string{
	"ConsoleSignIn", "ConsoleShowSession", "ConsoleSignOut", "ConsoleSignOutEverywhere",
	"KeystoneListAuthProjects", "ListDesktopsDetail", "ShowDesktopDetail", "BatchRunDesktops", "BatchDeleteDesktops", "BatchLogoffDesktops",
	"SendNotifications", "ShowJob", "RunActionsOnWorkspaceJob", "ListItaSubJobs", "ListDesktopsStatistics", "ListDesktopPools", "ListImages",
	"ListDesktopSnapshot", "ListAuditRecords", "ListDesktopActions",
}

type object = map[string]any

// TestDescription keeps the description true of which the types of the console's pages are generated; "make generate" writes both anew.
func TestDescription(t *testing.T) {
	const file = "../../web/openapi/console.json"
	server, err := api.New(api.Config{
		Services: &core.Services{}, IAM: &iam.Service{}, Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(), Others: console.Routes(),
	})
	if err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	server.ServeHTTP(answer, httptest.NewRequest("GET", "/openapi.json", nil))
	var whole object
	if err := json.Unmarshal(answer.Body.Bytes(), &whole); err != nil {
		t.Fatal(err)
	}
	now, err := json.MarshalIndent(part(t, whole), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	now = append(now, '\n')
	if *update {
		if err := os.WriteFile(file, now, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before, now) {
		t.Errorf("%s is not the description of what the console calls: run make generate", file)
	}
}

// part is what a description says of the form of the operations that are called.
func part(t *testing.T, whole object) object {
	schemas := whole["components"].(object)["schemas"].(object)
	paths, kept, found := object{}, object{}, 0
	for path, item := range whole["paths"].(object) {
		for method, value := range item.(object) {
			op, _ := value.(object)
			if id, _ := op["operationId"].(string); !slices.Contains(called, id) {
				continue
			}
			found++
			form := object{"operationId": op["operationId"], "responses": object{}}
			for status, response := range op["responses"].(object) {
				if status < "300" {
					form["responses"].(object)[status] = response
				}
			}
			for _, name := range []string{"parameters", "requestBody"} {
				if value, is := op[name]; is {
					form[name] = value
				}
			}
			keep(schemas, kept, form)
			if paths[path] == nil {
				paths[path] = object{}
			}
			paths[path].(object)[method] = form
		}
	}
	if found != len(called) {
		t.Errorf("%d of the %d operations that are called are described", found, len(called))
	}
	return object{"openapi": whole["openapi"], "info": whole["info"], "paths": paths, "components": object{"schemas": kept}}
}

// keep drops what is no form from a description, and adds the schemas that it refers to.
func keep(schemas, kept object, value any) {
	switch value := value.(type) {
	case []any:
		for _, v := range value {
			keep(schemas, kept, v)
		}
	case object:
		delete(value, "example")
		delete(value, "examples")
		if ref, is := value["$ref"].(string); is {
			name := strings.TrimPrefix(ref, "#/components/schemas/")
			if kept[name] == nil {
				kept[name] = schemas[name]
				keep(schemas, kept, schemas[name])
			}
		}
		for _, v := range value {
			keep(schemas, kept, v)
		}
	}
}
