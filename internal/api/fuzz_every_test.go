package api_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"carrel/internal/api"
)

// FuzzEveryRequest sends what strangers may send to every operation of the Workspace API and its siblings, to an office in which there is
// something to change: whatever a path, a query and a body hold, the answer is no fault of the server, and a refusal says why. Dry runs, so that the
// office stays as it is. Words in braces are ids of the office.
func FuzzEveryRequest(f *testing.F) {
	o := newOffice(f)
	server, err := api.New(api.Config{
		Services: o.service, IAM: o.iam, Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(), CallTime: time.Minute,
	})
	if err != nil {
		f.Fatal(err)
	}
	var names []string
	for name, id := range o.ids {
		names = append(names, "{"+name+"}", id)
	}
	ids := strings.NewReplacer(names...)
	operations := api.Operations()
	for at, op := range operations {
		good := goodCalls[op.ID]
		path, query, _ := strings.Cut(good.path, "?")
		f.Add(uint(at), parameters(op.Path, path), query, good.body)
		f.Add(uint(at), "none", "limit=2147483648&offset=-1", `{"\ud800":1}`)
	}
	f.Fuzz(func(t *testing.T, at uint, values, query, body string) {
		op := operations[at%uint(len(operations))]
		r := httptest.NewRequestWithContext(t.Context(), op.Method, "http://carrel.test/", strings.NewReader(ids.Replace(body)))
		r.URL.Path = strings.ReplaceAll(withParameters(op.Path, ids.Replace(values)), "{project_id}", o.first.ProjectID)
		r.URL.RawQuery = ids.Replace(query)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("X-Auth-Token", o.token)
		r.Header.Set("X-Project-Id", o.first.ProjectID)
		if op.Method != http.MethodGet {
			r.Header.Set("X-Dry-Run", "true")
		}
		rec := httptest.NewRecorder()
		server.ServeHTTP(rec, r)
		if rec.Code < 400 {
			return
		}
		var refusal struct {
			Code    string `json:"error_code"`
			Message string `json:"error_msg"`
		}
		if err := json.Unmarshal(rec.Body.Bytes(), &refusal); rec.Code >= 500 || err != nil || refusal.Code == "" || refusal.Message == "" {
			t.Errorf("%s %s with %q: %d %s", op.ID, r.URL, body, rec.Code, rec.Body)
		}
	})
}

// parameters are the values of a path's parameters but the project, as withParameters takes them. The path leaves out what stands before the project
// and the project itself.
func parameters(pattern, path string) string {
	if _, behind, ofProject := strings.Cut(pattern, "{project_id}"); ofProject {
		pattern = behind
	}
	var values []string
	given := strings.Split(path, "/")
	for i, segment := range strings.Split(pattern, "/") {
		if strings.HasPrefix(segment, "{") && i < len(given) {
			values = append(values, given[i])
		}
	}
	return strings.Join(values, "/")
}

// withParameters fills a path's parameters but the project with values, which slashes divide. The last value stands for all that lack one.
func withParameters(pattern, values string) string {
	segments := strings.Split(pattern, "/")
	for i, segment := range segments {
		if !strings.HasPrefix(segment, "{") || segment == "{project_id}" {
			continue
		}
		value, rest, more := strings.Cut(values, "/")
		if more {
			values = rest
		}
		if value == "" || value == "." || value == ".." {
			value = "none"
		}
		segments[i] = value
	}
	return strings.Join(segments, "/")
}
