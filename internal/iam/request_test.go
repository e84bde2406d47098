package iam_test

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"carrel/internal/iam"
	"carrel/internal/route"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// directory is an env in which every operation that changes something has something to change.
type directory struct {
	*env
	token string            // of the administrator
	ids   map[string]string // by the parameters of paths
	own   key               // of the user
	app   authenticator     // of the user; not bound
}

func inDirectory(t *testing.T, f func(d directory)) {
	inEnv(t, func(e *env) {
		user := e.addReader()
		d := directory{env: e, token: e.token(nil), ids: map[string]string{"user_id": user, "domain_id": e.first.DomainID, "enterprise_project_id": e.enterprise("e1")}}
		d.ids["group_id"], d.ids["project_id"], d.ids["role_id"] = e.newGroup("crew"), e.newProject("lab"), e.policy("some", "XA", someActions)
		k, plain, err := e.iam.CreateKey(e.Context(), workspace.Caller{ProjectID: e.first.DomainID}, user, "")
		if err != nil {
			t.Fatal(err)
		}
		d.own, d.ids["access_key"] = key{access: k.ID, secret: plain}, k.ID
		e.newAgency(iam.NewAgency{Name: "night", TrustUserID: e.first.UserID, Role: iam.RoleReader})
		d.app = d.newAuthenticator(e.tokenOf("reader", readerPassword, nil))
		f(d)
	})
}

// bodies are those of operations that take one. Words in braces are ids of the directory.
var bodies = map[string]string{
	"AssumeAgency":                    `{"agency_urn": "iam::{domain_id}:agency:night", "agency_session_name": "now"}`,
	"KeystoneCreateProject":           `{"project": {"name": "studio", "description": "new"}}`,
	"KeystoneUpdateProject":           `{"project": {"enabled": false}}`,
	"KeystoneCreateUser":              `{"user": {"name": "bob", "password": "Secret-w0rds", "role": "operator"}}`,
	"KeystoneUpdateUserByAdmin":       `{"user": {"password": "Secret-w0rds", "description": "new"}}`,
	"KeystoneUpdateUserPassword":      `{"user": {"original_password": "` + readerPassword + `", "password": "Secret-w0rds"}}`,
	"KeystoneCreateGroup":             `{"group": {"name": "band"}}`,
	"KeystoneUpdateGroup":             `{"group": {"name": "band"}}`,
	"CreateMfaDevice":                 `{"virtual_mfa_device": {"name": "phone"}}`,
	"CreateBindingDevice":             `{"user_id": "{user_id}", "serial_number": "{serial}", "authentication_code_first": "{first}", "authentication_code_second": "{second}"}`,
	"DeleteBindingDevice":             `{"user_id": "{user_id}", "serial_number": "{serial}"}`,
	"CreateTemporaryAccessKeyByToken": `{"auth": {"identity": {"methods": ["token"], "token": {"duration_seconds": 1000}}}}`,
	"CreatePermanentAccessKey":        `{"credential": {"description": "second"}}`,
	"UpdatePermanentAccessKey":        `{"credential": {"status": "inactive"}}`,
	"CreateCloudServiceCustomPolicy":  `{"role": {"display_name": "other", "type": "XA", "description": "", "policy": ` + someActions + `}}`,
	"UpdateCloudServiceCustomPolicy":  `{"role": {"description": "new"}}`,
}

// ofUser are the operations that users do with what is their own.
var ofUser = map[string]bool{"KeystoneUpdateUserPassword": true, "CreateBindingDevice": true}

// change returns a request for an operation, and what makes it possible.
func (d directory) change(r route.Route) (request func(more ...string) *http.Request) {
	method, path, _ := strings.Cut(r.Pattern, " ")
	d.ids["serial"], d.ids["first"], d.ids["second"] = d.app.serial, d.app.codeAt(0), d.app.codeAt(1)
	body := bodies[r.ID]
	for name, id := range d.ids {
		path, body = strings.ReplaceAll(path, "{"+name+"}", id), strings.ReplaceAll(body, "{"+name+"}", id)
	}
	switch {
	case strings.HasPrefix(r.ID, "KeystoneRemove") && strings.Contains(r.ID, "Permission"):
		d.wants(d.callAs(d.token, "PUT", path, object{}), http.StatusNoContent)
	case r.ID == "KeystoneRemoveUserFromGroup":
		d.wants(d.callAs(d.token, "PUT", path, object{}), http.StatusNoContent)
	}
	subject := d.tokenOf("reader", readerPassword, nil)
	return func(more ...string) *http.Request {
		q := post(path+strings.Join(more, ""), raw(cmp.Or(body, "{}")))
		q.Method = method
		if ofUser[r.ID] {
			q = signed(d.own, method, path+strings.Join(more, ""), body)
		} else {
			q.Header.Set("X-Auth-Token", d.token)
		}
		if r.ID == "RevokeToken" {
			q.Header.Set("X-Subject-Token", subject)
		}
		return q
	}
}

// rows are the rows of the identity API and of what is done for its clients.
func (d directory) rows() (all []string) {
	d.Helper()
	for _, table := range []string{
		"accounts", "admins", "projects", "access_keys", "tokens", "iam_groups", "iam_group_members", "iam_policies", "iam_grants", "iam_agencies", "iam_mfa_devices",
		"audit_records", "client_tokens", "sign_in_attempts", "known_places",
	} {
		err := d.iam.Store.View(d.Context(), func(tx *store.Tx) error {
			var found []map[string]any
			err := tx.NewRaw("SELECT * FROM "+table).Scan(d.Context(), &found)
			for _, row := range found {
				all = append(all, fmt.Sprint(table, " ", row))
			}
			return err
		})
		if err != nil {
			d.Fatal(table, err)
		}
	}
	slices.Sort(all)
	return all
}

// attempts are the rows that count wrong passwords and codes.
func (d directory) attempts() []string {
	return slices.DeleteFunc(d.rows(), func(row string) bool { return !strings.HasPrefix(row, "sign_in_attempts") })
}

func (d directory) same(before []string, what string) {
	d.Helper()
	after := d.rows()
	for _, row := range after {
		if !slices.Contains(before, row) {
			d.Errorf("%s: there is %s", what, row)
		}
	}
	for _, row := range before {
		if !slices.Contains(after, row) {
			d.Errorf("%s: there is no longer %s", what, row)
		}
	}
}

func changing() map[string]route.Route {
	all := map[string]route.Route{}
	for _, r := range iam.Routes() {
		if method, _, _ := strings.Cut(r.Pattern, " "); r.Token > 0 {
			all[r.ID] = r
		} else if method != "GET" && method != "HEAD" && r.ID != "KeystoneCreateUserTokenByPassword" && r.ID != "DecodeAuthorizationMessage" {
			panic(r.ID + " cannot be repeated")
		}
	}
	return all
}

func withHeader(r *http.Request, name, value string) *http.Request {
	r.Header.Set(name, value)
	return r
}

func TestEveryRepetitionChangesNothingAndGetsTheFirstAnswer(t *testing.T) {
	for _, id := range slices.Sorted(maps.Keys(changing())) {
		t.Run(id, func(t *testing.T) {
			inDirectory(t, func(d directory) {
				request := d.change(changing()[id])
				first := d.do(withHeader(request(), "X-Client-Token", "once"))
				if first.status >= 300 {
					t.Fatalf("status %d: %v", first.status, first.body)
				}
				before := d.rows()
				again := d.do(withHeader(request(), "X-Client-Token", "once"))
				if again.status != first.status || fmt.Sprint(again.body) != fmt.Sprint(first.body) {
					t.Errorf("again: %d %v, first: %d %v", again.status, again.body, first.status, first.body)
				}
				d.same(before, "a repetition")
				d.refused(d.do(withHeader(request("?other=1"), "X-Client-Token", "once")), 409, "IAM.0010", "X-Client-Token: was sent with another request")
				if other := d.do(withHeader(request(), "X-Client-Token", "twice")); other.status < 300 && fmt.Sprint(other.body) == fmt.Sprint(first.body) && strings.Contains(id, "Create") {
					t.Errorf("another token gets the answer of the first: %v", other.body)
				}
			})
		})
	}
}

// anID matches what may be an id.
var anID = regexp.MustCompile(`\b([0-9a-f]{32}|[0-9A-F]{20})\b`)

func TestADryRunChangesNothingAndTellsWhatWouldBe(t *testing.T) {
	for _, id := range slices.Sorted(maps.Keys(changing())) {
		t.Run(id, func(t *testing.T) {
			inDirectory(t, func(d directory) {
				r := changing()[id]
				request := d.change(r)
				before := d.rows()
				a := d.do(withHeader(request(), "X-Dry-Run", "true"))
				if !r.DryRun {
					d.refused(a, 400, "IAM.0001", "X-Dry-Run: attempts with a password or a code are counted")
					d.same(before, "a refused dry run")
					return
				}
				if a.status != http.StatusOK || a.at("dry_run") != true || a.at("changes") == nil || a.header.Get("X-Dry-Run") != "true" {
					t.Fatalf("status %d: %v", a.status, a.body)
				}
				d.same(before, "a dry run")
				answered, known := fmt.Sprint(a.body), strings.Join(before, "\n")
				for _, found := range anID.FindAllString(answered, -1) {
					if !strings.Contains(known, found) {
						t.Errorf("the answer has the id %s, which nothing has: %s", found, answered)
					}
				}
				for _, secret := range []string{"secret", "password", "seed", "securitytoken", "security_token"} {
					if strings.Contains(answered, secret+":") {
						t.Errorf("the answer has a secret that nothing has: %s", answered)
					}
				}
				if wet := d.do(request()); wet.status >= 300 { // the right was not used up, and nothing that the dry run saw is remembered
					t.Errorf("afterwards: %d %v", wet.status, wet.body)
				}
			})
		})
	}
}

func TestADryRunIsRefusedLikeTheRequest(t *testing.T) {
	inDirectory(t, func(d directory) {
		for _, r := range changing() {
			if !r.DryRun {
				continue
			}
			method, path, _ := strings.Cut(r.Pattern, " ")
			for _, param := range []string{"user_id", "group_id", "project_id", "role_id", "access_key"} {
				path = strings.ReplaceAll(path, "{"+param+"}", "none")
			}
			path = strings.NewReplacer("{domain_id}", d.first.DomainID, "{enterprise_project_id}", "e1").Replace(path)
			for _, body := range []string{"[", `{"x": 1}`, `{}`} {
				send := func(dry string) answer {
					q := signed(d.firstKey(), method, path, body)
					q.Header.Set("X-Dry-Run", dry)
					return d.do(q)
				}
				before := d.rows()
				if dry := send("true"); dry.status >= 400 {
					if wet := send("false"); wet.status != dry.status || fmt.Sprint(wet.body) != fmt.Sprint(dry.body) {
						t.Errorf("%s %q: a dry run answers %d %v, the request %d %v", r.ID, body, dry.status, dry.body, wet.status, wet.body)
					}
					d.same(before, r.ID)
				}
			}
		}
		q := post("/v3/groups", object{"group": object{"name": "g"}})
		q.Header.Set("X-Auth-Token", d.token)
		d.refused(d.do(withHeader(q, "X-Dry-Run", "perhaps")), 400, "IAM.0001", `X-Dry-Run: "perhaps" is unknown, use true or false`)
		d.refused(d.do(withHeader(post("/v3/auth/tokens", passwordBody(d.first.DomainName, "reader", readerPassword, nil)), "X-Dry-Run", "true")), 400, "IAM.0001", "X-Dry-Run")
	})
}

func TestWhatADryRunSeesIsNotRemembered(t *testing.T) {
	inDirectory(t, func(d directory) {
		d.iam.Recheck = iam.DefaultRecheck
		user := d.tokenOf("reader", readerPassword, nil)
		if a := d.callAs(user, "POST", "/v3/groups", object{"group": object{"name": "g"}}); a.status != http.StatusForbidden {
			t.Fatal(a)
		}
		q := post("/v3/domains/"+d.first.DomainID+"/users/"+d.ids["user_id"]+"/roles/admin", object{})
		q.Method = "PUT"
		q.Header.Set("X-Auth-Token", d.token)
		d.wants(d.do(withHeader(q, "X-Dry-Run", "true")), http.StatusOK)
		if a := d.callAs(user, "POST", "/v3/groups", object{"group": object{"name": "g"}}); a.status != http.StatusForbidden {
			t.Errorf("after a dry run of attaching a role: %d %v", a.status, a.body)
		}
	})
}

func TestAWrongCodeOrPasswordIsCountedAlsoWithAClientToken(t *testing.T) {
	inDirectory(t, func(d directory) {
		code := object{"user_id": d.ids["user_id"], "serial_number": d.app.serial, "authentication_code_first": "000000", "authentication_code_second": "000001"}
		for what, request := range map[string]func() *http.Request{
			"password": func() *http.Request {
				return signed(d.own, "POST", "/v3/users/"+d.ids["user_id"]+"/password", `{"user": {"original_password": "wrong", "password": "Secret-w0rds"}}`)
			},
			"code": func() *http.Request {
				q := post("/v3.0/OS-MFA/mfa-devices/bind", code)
				q.Method = "PUT"
				return withHeader(q, "X-Auth-Token", d.tokenOf("reader", readerPassword, nil))
			},
		} {
			q := withHeader(request(), "X-Client-Token", "guess")
			before := d.attempts()
			if a := d.do(q); a.status < 400 {
				t.Fatalf("a wrong %s: %d", what, a.status)
			}
			if after := d.attempts(); slices.Equal(after, before) {
				t.Errorf("a wrong %s with a client token is not counted", what)
			}
		}
	})
}
