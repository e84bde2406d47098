package recording

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"carrel/test/controlplane"
)

// made is a call that was played.
type made struct {
	title, operation, requestID string
	status                      int
	code                        string // of a refusal
	repeated                    bool   // with a client token that was used before
	rehearsed                   bool   // a dry run
}

// unaudited are operations whose calls leave no record though they are no reads, with the reason.
var unaudited = map[string]string{
	"BatchAssociateInstances":               "a preview, which changes nothing; a refused one is recorded",
	"POST /v5/decode-authorization-message": "reads what a refusal was about, and changes nothing",
	"POST /portal/api/enter":                "its links are made by carrel up alone; a refused one is recorded",
	"POST /portal/api/sign-out":             "ends what is not recorded",
	"POST /portal/api/me/codes":             "has no effect before it is confirmed",
	"DELETE /portal/api/pools/{id}/wait":    "a place on a waiting list is no resource; the pool's decision log has it",
	"POST /portal/api/desktops/{id}/ticket": "opens a display, which is logged",
}

// acts are the operations of records of what users do in the portal.
var acts = map[string]string{
	"POST /portal/api/sign-in":               "SignIn",
	"POST /portal/api/sign-in/code":          "SignInWithCode",
	"POST /portal/api/first-password":        "SetFirstPassword",
	"PUT /portal/api/me/language":            "SetLanguage",
	"PUT /portal/api/me/password":            "ChangePassword",
	"POST /portal/api/me/codes/confirm":      "ConfirmEnrolment",
	"POST /portal/api/me/codes/recovery":     "RenewRecoveryCodes",
	"POST /portal/api/me/codes/remove":       "RemoveAuthenticator",
	"POST /portal/api/desktops/{id}/start":   "RunPowerAction",
	"POST /portal/api/desktops/{id}/stop":    "RunPowerAction",
	"POST /portal/api/desktops/{id}/restart": "RunPowerAction",
	"POST /portal/api/pools/{id}/open":       "OpenPool",
	"POST /portal/api/pools/{id}/reset":      "ResetUserDesktop",
	"POST /portal/api/pools/{id}/ready":      "MarkReady",
}

// The codes of what is refused before it is known which project it is about.
const (
	noSuchPath    = "APIGW.0101"
	noSuchProject = "WKS.00170117"
)

// checkAudit fails for each operation that changed something without an audit record, or was refused without one, and for records
// with a secret.
func (p *player) checkAudit() {
	p.Helper()
	records := map[string][]map[string]string{} // by request
	done := map[string]bool{}                   // operations of users
	for _, r := range readRows(p.T, p.db, "SELECT * FROM audit_records") {
		records[r["request_id"]] = append(records[r["request_id"]], r)
		if r["actor_kind"] == "user" && r["result"] == "success" {
			done[r["operation"]] = true
		}
		for _, secret := range p.secrets {
			if text := fmt.Sprint(r); strings.Contains(text, secret) {
				p.Errorf("a record has the secret %q: %s", secret, text)
			}
		}
	}
	for pattern, o := range p.table.all() {
		if strings.Contains(pattern, " /portal/") && o.writes && !done[acts[pattern]] && unaudited[pattern] == "" {
			p.Errorf("%s leaves no record of a user", pattern)
		}
	}
	writes := permissions(p.T)
	p.checkIdentityAudit(records)
	named := map[string]bool{} // by operation that succeeded: whether a record names what it changed
	for _, c := range p.made {
		if !writes[c.operation] {
			continue
		}
		if c.status < http.StatusBadRequest && unaudited[c.operation] == "" && !c.rehearsed {
			named[c.operation] = named[c.operation] || slices.ContainsFunc(records[c.requestID], func(r map[string]string) bool {
				return r["resource_type"] != "" && r["resource_id"] != ""
			})
		}
		if why := wrongRecords(c, records[c.requestID]); why != "" {
			p.Errorf("%s (%d %s): %s: %v", c.title, c.status, c.code, why, records[c.requestID])
		}
	}
	for operation, is := range named {
		if !is {
			p.Errorf("no record of %s names what it changed", operation)
		}
	}
}

// checkIdentityAudit fails for a call of the identity API that changed something, or was refused to, without a record.
func (p *player) checkIdentityAudit(records map[string][]map[string]string) {
	p.Helper()
	for _, c := range p.made {
		o := p.table.all()[c.operation]
		if !o.writes || strings.Contains(c.operation, " /portal/") || unaudited[c.operation] != "" || c.rehearsed {
			continue
		}
		if c.status >= http.StatusBadRequest {
			if refused := records[c.requestID]; strings.Contains(c.operation, " /v3.0/") && !strings.HasSuffix(c.operation, "/securitytokens") && ( // who asks for those is in the body
			len(refused) != 1 || refused[0]["result"] != "refused") {
				p.Errorf("%s (%d %s): want a record of the refusal: %v", c.title, c.status, c.code, refused)
			}
			continue
		}
		if !slices.ContainsFunc(records[c.requestID], func(r map[string]string) bool { return r["resource_type"] != "" && r["resource_id"] != "" }) {
			p.Errorf("%s leaves no record", c.title)
		}
	}
}

// checkAuditFile fails if the file lacks a record, or has a secret.
func (p *player) checkAuditFile(path string) {
	p.Helper()
	body, err := os.ReadFile(path)
	if err != nil {
		p.Fatal(err)
	}
	for _, secret := range p.secrets {
		if strings.Contains(string(body), secret) {
			p.Errorf("the file of audit records has the secret %q", secret)
		}
	}
	written := map[string]bool{}
	for line := range strings.Lines(string(body)) {
		var record struct{ ID string }
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			p.Errorf("%q: %v", line, err)
		}
		written[record.ID] = true
	}
	for _, r := range readRows(p.T, p.db, "SELECT id FROM audit_records") {
		if !written[r["id"]] {
			p.Errorf("the file of audit records lacks %s", r["id"])
		}
	}
}

// wrongUnauthorized is wrongRecords for a request that was not authenticated.
func wrongUnauthorized(c made, records []map[string]string) string {
	switch {
	case len(records) != 1:
		return "there should be one record"
	case records[0]["operation"] != "Authenticate" || records[0]["result"] != "refused" || records[0]["error_code"] != c.code || records[0]["actor_name"] != "":
		return "the record is of something else"
	}
	return ""
}

// wrongRecords says what is wrong with the records of a call, or nothing.
func wrongRecords(c made, records []map[string]string) string {
	want := "success"
	switch {
	case c.status == http.StatusUnauthorized:
		return wrongUnauthorized(c, records)
	case c.status < http.StatusBadRequest && unaudited[c.operation] != "", c.code == noSuchPath, c.code == noSuchProject, c.repeated && c.status < http.StatusBadRequest,
		c.rehearsed && c.status != http.StatusForbidden:
		if len(records) > 0 {
			return "there should be no record"
		}
		return ""
	case c.status >= http.StatusInternalServerError:
		want = "failed"
	case c.status >= http.StatusBadRequest:
		want = "refused"
	}
	if len(records) == 0 {
		return "there is no record"
	}
	for _, r := range records {
		switch {
		case r["result"] != want || r["operation"] != c.operation || r["actor_name"] == "" || r["actor_kind"] != "administrator":
			return "a record is of something else"
		case want != "success" && r["error_code"] != c.code:
			return "a record has another error"
		}
	}
	return ""
}

var permission = regexp.MustCompile(`\{"[A-Z]+", "/[^"]+", "(\w+)", "[^"]+", iam\.(Read|Write),`)

// permissions reads from the table of routes which operations need the permission to write, whatever their method.
func permissions(t *testing.T) map[string]bool {
	t.Helper()
	writes := map[string]bool{}
	err := filepath.WalkDir(filepath.Join(controlplane.Root(t), "internal", "api"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_gen.go") {
			return err
		}
		code, err := os.ReadFile(path)
		for _, match := range permission.FindAllStringSubmatch(string(code), -1) {
			writes[match[1]] = match[2] == "Write"
		}
		return err
	})
	if err != nil || len(writes) == 0 {
		t.Fatalf("the table of routes has no operations, %v", err)
	}
	return writes
}

// leastSecret is the shortest text that is looked for as a secret, in bytes: shorter ones are part of other words.
const leastSecret = 8

// hide remembers the passwords, secrets and tokens of a body.
func (p *player) hide(body []byte) {
	var value any
	if json.Unmarshal(body, &value) == nil {
		p.hideIn("", value)
	}
}

func (p *player) hideIn(name string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			p.hideIn(name, inner)
		}
	case []any:
		for _, inner := range v {
			p.hideIn(name, inner)
		}
	case string:
		named := strings.Contains(name, "password") || strings.Contains(name, "secret") || strings.Contains(name, "token") || strings.Contains(name, "recovery")
		if named && len(v) >= leastSecret && !slices.Contains(p.secrets, v) {
			p.secrets = append(p.secrets, v)
		}
	}
}
