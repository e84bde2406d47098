package iam_test

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"carrel/internal/iam"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

const (
	someActions  = `{"Version": "5.0", "Statement": [{"Effect": "Allow", "Action": ["workspace:desktops:get", "workspace:desktops:list"]}]}`
	teamA        = `{"Version": "5.0", "Statement": [{"Effect": "Allow", "Action": ["workspace:desktops:*"], "Condition": {"StringEquals": {"g:ResourceTag/team": ["a"]}}}]}`
	noDeleting   = `{"Version": "5.0", "Statement": [{"Effect": "Allow", "Action": ["workspace:*:*"]}, {"Effect": "Deny", "Action": ["workspace:desktops:delete"]}]}`
	fromOffice   = `{"Version": "5.0", "Statement": [{"Effect": "Allow", "Action": ["workspace:*:*"], "Condition": {"IpAddress": {"g:SourceIp": ["192.0.2.0/24"]}}}]}`
	withFactor   = `{"Version": "5.0", "Statement": [{"Effect": "Allow", "Action": ["workspace:*:*"], "Condition": {"Bool": {"g:MFAPresent": ["true"]}}}]}`
	manageGroups = `{"Version": "5.0", "Statement": [{"Effect": "Allow", "Action": ["iam:groups:*"]}]}`
)

// policy creates a custom policy and returns its id.
func (e *env) policy(name, kind, document string) string {
	e.Helper()
	a := e.wants(e.call("POST", "/v3.0/OS-ROLE/roles", policyBody(name, kind, document)), http.StatusCreated)
	return a.text("role", "id")
}

func policyBody(name, kind, document string) object {
	return object{"role": object{"display_name": name, "type": kind, "description": "d", "policy": raw(document)}}
}

// raw is a value that is encoded as it is.
type raw string

func (j raw) MarshalJSON() ([]byte, error) { return []byte(j), nil }

// at is the path of what is attached to a user or group for the account.
func (e *env) at(kind, id string) string {
	return "/v3/domains/" + e.first.DomainID + "/" + kind + "/" + id + "/roles"
}

func (e *env) attach(path, role string) {
	e.Helper()
	e.wants(e.call("PUT", path+"/"+role, object{}), http.StatusNoContent)
}

// principal is the caller with a token.
func (e *env) principal(token string) iam.Principal {
	e.Helper()
	p, err := e.iam.Authenticate(get("/", token))
	if err != nil {
		e.Fatal(err)
	}
	return p
}

// may fails unless the caller of a token may do an action in the first project, or may not.
func (e *env) may(want bool, token, action string, change ...func(*iam.Access)) {
	e.Helper()
	a := iam.Access{ProjectID: e.first.ProjectID, Action: action, Address: netip.MustParseAddr("192.0.2.7")}
	for _, c := range change {
		c(&a)
	}
	_, err := e.iam.Authorize(e.Context(), e.principal(token), a)
	if (err == nil) != want {
		e.Errorf("may do %s: %v, want %v", action, err, want)
	}
	if _, denied := errors.AsType[*iam.Denied](err); err != nil && (!denied || workspace.CodeOf(err) != workspace.CodeForbidden) {
		e.Errorf("the error is %v", err)
	}
}

func TestRolesAndScopesDecideWhatACallerMayDo(t *testing.T) {
	inEnv(t, func(e *env) {
		admin := iam.Principal{AdminName: "a", AccountID: e.first.DomainID, Role: iam.RoleAdmin}
		scoped, elsewhere, reader, other, nobody, unknown := admin, admin, admin, admin, admin, admin
		scoped.ProjectID, elsewhere.ProjectID, reader.Role, other.AccountID, nobody.Role = e.first.ProjectID, "other", iam.RoleReader, "other", ""
		unknown.Role = "owner"
		project := e.first.ProjectID
		for name, c := range map[string]struct {
			who     iam.Principal
			project string
			action  string
			want    workspace.Code
		}{
			"an administrator may write":                {admin, project, "workspace:desktops:create", ""},
			"a reader may read":                         {reader, project, "workspace:desktops:list", ""},
			"a reader may not write":                    {reader, project, "workspace:desktops:create", workspace.CodeForbidden},
			"a reader does not see output of scripts":   {reader, project, "workspace:scripts:getRecordDetail", workspace.CodeForbidden},
			"nobody may nothing":                        {nobody, project, "workspace:desktops:list", workspace.CodeForbidden},
			"an unknown project is not found":           {admin, "nothing", "workspace:desktops:list", workspace.CodeProjectNotFound},
			"nor by who may nothing":                    {nobody, "nothing", "workspace:desktops:list", workspace.CodeProjectNotFound},
			"another account's project is not found":    {other, project, "workspace:desktops:list", workspace.CodeProjectNotFound},
			"a token for the project is good for it":    {scoped, project, "workspace:desktops:create", ""},
			"a token for another project is refused":    {elsewhere, project, "workspace:desktops:list", workspace.CodeForbidden},
			"also where the path names nothing we know": {scoped, "nothing", "workspace:desktops:list", workspace.CodeProjectNotFound},
		} {
			_, err := e.iam.Authorize(e.Context(), c.who, iam.Access{ProjectID: c.project, Action: c.action})
			if (err == nil) != (c.want == "") || err != nil && workspace.CodeOf(err) != c.want {
				t.Errorf("%s: got %v, want %q", name, err, c.want)
			}
		}
		if _, err := e.iam.Authorize(e.Context(), unknown, iam.Access{ProjectID: project, Action: "workspace:desktops:list"}); err == nil {
			t.Error("a role that does not exist allows something")
		}
	})
}

func TestAPolicyThatIsAttachedIsValidAtOnce(t *testing.T) {
	inEnv(t, func(e *env) {
		ann := e.addUser("ann", "")
		token := e.tokenOf("ann", readerPassword, nil)
		e.may(false, token, "workspace:desktops:list")
		id := e.policy("some", "XA", someActions)
		e.attach(e.at("users", ann), id)
		e.may(true, token, "workspace:desktops:list")
		e.may(false, token, "workspace:desktops:create")
		e.wants(e.call("PATCH", "/v3.0/OS-ROLE/roles/"+id, object{"role": object{"policy": raw(noDeleting)}}), http.StatusOK)
		e.may(true, token, "workspace:desktops:create")
		e.may(false, token, "workspace:desktops:delete")
		e.wants(e.call("DELETE", e.at("users", ann)+"/"+id, object{}), http.StatusNoContent)
		e.may(false, token, "workspace:desktops:list")
	})
}

// Another process has a memory of its own, and notices a change with the next request nevertheless.
func TestEveryReplicaAgreesAtOnce(t *testing.T) {
	inEnv(t, func(e *env) {
		ann := e.addUser("ann", iam.RoleReader)
		token := e.tokenOf("ann", readerPassword, nil)
		other := &env{T: e.T, iam: newService(t, e.iam.Store.(*store.Store)), first: e.first}
		other.may(true, token, "workspace:desktops:list")
		e.wants(e.changeUser(ann, object{"role": ""}), http.StatusOK)
		other.may(false, token, "workspace:desktops:list")
		group := e.wants(e.call("POST", "/v3/groups", object{"group": object{"name": "g"}}), http.StatusCreated).text("group", "id")
		e.attach(e.at("groups", group), "operator")
		other.may(false, token, "workspace:desktops:create")
		e.wants(e.call("PUT", "/v3/groups/"+group+"/users/"+ann, object{}), http.StatusNoContent)
		other.may(true, token, "workspace:desktops:create")
		e.wants(e.call("DELETE", "/v3/groups/"+group+"/users/"+ann, object{}), http.StatusNoContent)
		other.may(false, token, "workspace:desktops:create")
		e.wants(e.call("PUT", "/v3/groups/"+group+"/users/"+ann, object{}), http.StatusNoContent)
		other.may(true, token, "workspace:desktops:create")
		e.wants(e.call("DELETE", "/v3/groups/"+group, object{}), http.StatusNoContent)
		other.may(false, token, "workspace:desktops:create")
	})
}

func TestARoleIsValidInItsScope(t *testing.T) {
	inEnv(t, func(e *env) {
		ann := e.addUser("ann", "")
		token := e.tokenOf("ann", readerPassword, nil)
		in := func(enterprise string) func(*iam.Access) {
			return func(a *iam.Access) {
				a.Resource = "d"
				a.Resources = func(context.Context) ([]workspace.ResourceLabels, error) {
					return []workspace.ResourceLabels{{ID: "d", EnterpriseID: enterprise, Tags: []workspace.Tag{{Key: "team", Value: "a"}}}}, nil
				}
			}
		}
		enterprise := "/v3.0/OS-PERMISSION/enterprise-projects/" + e.enterprise("e1") + "/users/" + ann + "/roles"
		e.attach(enterprise, "operator")
		e.may(true, token, "workspace:desktops:delete", in("e1"))
		e.may(false, token, "workspace:desktops:delete", in("0"))
		e.may(false, token, "workspace:desktops:delete")
		e.wants(e.call("DELETE", enterprise+"/operator", object{}), http.StatusNoContent)
		e.may(false, token, "workspace:desktops:delete", in("e1"))
		project := "/v3/projects/" + e.first.ProjectID + "/users/" + ann + "/roles"
		e.attach(project, adminRole)
		e.may(true, token, "workspace:desktops:delete")
		e.refused(e.callAs(token, "GET", "/v3/groups", object{}), 403, "IAM.0003", "iam:groups:list") // which are the account's
		e.wants(e.call("DELETE", project+"/"+adminRole, object{}), http.StatusNoContent)
		e.attach(project, e.policy("team", "XA", teamA))
		e.may(true, token, "workspace:desktops:delete", in("0"))
		e.may(false, token, "workspace:desktops:delete")
		e.attach(e.at("users", ann), e.policy("groups", "AX", manageGroups))
		e.wants(e.callAs(token, "GET", "/v3/groups", object{}), http.StatusOK)
		e.refused(e.callAs(token, "GET", "/v3/users", object{}), 403, "IAM.0003", "iam:users:list")
	})
}

const adminRole = "admin"

// Who acts as an agency has its role, and nothing of their own.
func TestAnAgencyHasNothingOfItsUsers(t *testing.T) {
	inEnv(t, func(e *env) {
		ann := e.addUser("ann", "")
		e.attach(e.at("users", ann), "operator")
		p := e.principal(e.tokenOf("ann", readerPassword, nil))
		p.AgencyID, p.Role = "agency", iam.RoleReader
		for action, want := range map[string]bool{"workspace:desktops:list": true, "workspace:desktops:create": false} {
			if _, err := e.iam.Authorize(e.Context(), p, iam.Access{ProjectID: e.first.ProjectID, Action: action}); (err == nil) != want {
				t.Errorf("%s: %v", action, err)
			}
		}
	})
}

func TestConditionsOnTheRequest(t *testing.T) {
	inEnv(t, func(e *env) {
		ann := e.addUser("ann", "")
		token := e.tokenOf("ann", readerPassword, nil)
		from := func(address string) func(*iam.Access) {
			return func(a *iam.Access) { a.Address, _ = netip.ParseAddr(address) }
		}
		office := e.policy("office", "XA", fromOffice)
		e.attach(e.at("users", ann), office)
		e.may(true, token, "workspace:desktops:list", from("192.0.2.1"))
		e.may(false, token, "workspace:desktops:list", from("198.51.100.1"))
		e.may(false, token, "workspace:desktops:list", from(""))
		e.wants(e.call("DELETE", e.at("users", ann)+"/"+office, object{}), http.StatusNoContent)
		e.attach(e.at("users", ann), e.policy("factor", "XA", withFactor))
		e.may(false, token, "workspace:desktops:list")
		p := e.principal(token)
		p.MFA = true
		if _, err := e.iam.Authorize(e.Context(), p, iam.Access{ProjectID: e.first.ProjectID, Action: "workspace:desktops:list"}); err != nil {
			t.Error(err)
		}
	})
}

func TestAListGetsTheSelectionOfThePolicies(t *testing.T) {
	inEnv(t, func(e *env) {
		ann := e.addUser("ann", "")
		token := e.tokenOf("ann", readerPassword, nil)
		e.attach(e.at("users", ann), e.policy("team", "XA", teamA))
		ask := iam.Access{ProjectID: e.first.ProjectID, Action: "workspace:desktops:list", Lists: true}
		v, err := e.iam.Authorize(e.Context(), e.principal(token), ask)
		if err != nil || v.Visible == nil {
			t.Fatalf("%v %v", v, err)
		}
		mine := workspace.ResourceLabels{ID: "d", Tags: []workspace.Tag{{Key: "team", Value: "a"}}}
		if !v.Visible.Has(mine) || v.Visible.Has(workspace.ResourceLabels{ID: "e"}) {
			t.Errorf("%+v", v.Visible)
		}
		if v, err = e.iam.Authorize(e.Context(), e.principal(e.token(nil)), ask); err != nil || v.Visible != nil {
			t.Errorf("an administrator's list leaves something out: %+v, %v", v, err)
		}
	})
}

func TestARefusalCanBeDecoded(t *testing.T) {
	inEnv(t, func(e *env) {
		ann := e.addUser("ann", "")
		token := e.tokenOf("ann", readerPassword, nil)
		id := e.policy("all but deleting", "XA", noDeleting)
		e.attach(e.at("users", ann), id)
		_, err := e.iam.Authorize(e.Context(), e.principal(token), iam.Access{
			ProjectID: e.first.ProjectID, Action: "workspace:desktops:delete", Resource: "d1", Address: netip.MustParseAddr("192.0.2.7"),
		})
		denied, is := errors.AsType[*iam.Denied](err)
		if !is || !strings.Contains(workspace.MessageOf(err), "user ann may not do workspace:desktops:delete on workspace:local-1:"+e.first.ProjectID+":desktop:d1: a policy denies it") {
			t.Fatal(err)
		}
		decode := func(token, message string) answer {
			return e.callAs(token, "POST", "/v5/decode-authorization-message", object{"encoded_message": message})
		}
		text := e.wants(decode(e.token(nil), denied.Encoded), http.StatusOK).text("decoded_message")
		for _, want := range []string{
			`"explicit_deny":true`, `"name":"ann"`, `"action":"workspace:desktops:delete"`, `:desktop:d1"`, `"policy_id":"` + id + `","index":1,"effect":"Deny"`,
			`"source_ip":"192.0.2.7"`, `"urn":"iam::` + e.first.DomainID + `:user:ann"`,
		} {
			if !strings.Contains(text, want) {
				t.Errorf("the message lacks %s: %s", want, text)
			}
		}
		if strings.Contains(denied.Encoded, "ann") || strings.Contains(denied.Encoded, id) {
			t.Error("the message can be read without decoding it")
		}
		refusal := decode(token, denied.Encoded) // who may not decode gets a message about that
		e.refused(refusal, 403, "IAM.0003", "sts::decodeAuthorizationMessage")
		text = e.wants(decode(e.token(nil), refusal.text("encoded_authorization_message")), http.StatusOK).text("decoded_message")
		if !strings.Contains(text, `"statement":null`) || !strings.Contains(text, `"explicit_deny":false`) {
			t.Error(text)
		}
		altered := []byte(denied.Encoded)
		altered[len(altered)/2] ^= 1
		e.refused(decode(e.token(nil), string(altered)), 400, "IAM.0001", "encoded_message: is not")
		e.refused(decode(e.token(nil), e.iam.Box.Seal("x", "access-keys/y")), 400, "IAM.0001", "encoded_message: is not")
		foreign := e.iam.Box.Seal(`{"account_id": "other", "issued": "`+time.Now().Format(time.RFC3339)+`"}`, "authorization-message")
		e.refused(decode(e.token(nil), foreign), 400, "IAM.0001", "encoded_message: is not")
		e.refused(decode(e.token(nil), ""), 400, "IAM.0001", "encoded_message: has 0 characters")
		e.refused(decode(e.token(nil), strings.Repeat("x", 16<<10+1)), 400, "IAM.0001", "use 1 to 16384")
		pass(24*time.Hour - time.Minute)
		e.wants(decode(e.token(nil), denied.Encoded), http.StatusOK)
		pass(2 * time.Minute)
		e.refused(decode(e.token(nil), denied.Encoded), 400, "IAM.0001", "messages are good for 24h")
	})
}

func BenchmarkAuthorize(b *testing.B) {
	s := newBenchService(b)
	p := iam.Principal{AdminID: s.first.UserID, AdminName: "a", AccountID: s.first.DomainID, ProjectID: s.first.ProjectID, Role: iam.RoleAdmin}
	access := iam.Access{ProjectID: s.first.ProjectID, Action: "workspace:desktops:create", Address: netip.MustParseAddr("192.0.2.1")}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.iam.Authorize(b.Context(), p, access); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSignatureAndAuthorization is what a signed request costs apart from the reads of the key and the caller.
func BenchmarkSignatureAndAuthorization(b *testing.B) {
	s := newBenchService(b)
	k := key{access: s.first.AccessKey, secret: s.first.SecretKey}
	r := signed(k, "GET", "/v2/"+s.first.ProjectID+"/desktops?limit=100&status=ACTIVE", "")
	p := iam.Principal{AdminID: s.first.UserID, AdminName: "a", AccountID: s.first.DomainID, ProjectID: s.first.ProjectID, Role: iam.RoleAdmin}
	access := iam.Access{ProjectID: s.first.ProjectID, Action: "workspace:desktops:list", Address: netip.MustParseAddr("192.0.2.1")}
	b.ReportAllocs()
	for b.Loop() {
		_, err := s.iam.Authorize(b.Context(), p, access)
		if err != nil || !iam.SignatureHolds(r, []byte(k.secret), nil) {
			b.Fatal(err)
		}
	}
}

// BenchmarkSignedRequest is a signed request from its headers to the decision, with the reads of the database.
func BenchmarkSignedRequest(b *testing.B) {
	s := newBenchService(b)
	k := key{access: s.first.AccessKey, secret: s.first.SecretKey}
	r := signed(k, "GET", "/v2/"+s.first.ProjectID+"/desktops", "")
	benchmarkRequest(b, s, r)
}

// BenchmarkTokenRequest is a request with a token from its headers to the decision, with the reads of the database.
func BenchmarkTokenRequest(b *testing.B) {
	s := newBenchService(b)
	benchmarkRequest(b, s, get("/v2/"+s.first.ProjectID+"/desktops", s.token))
}

func benchmarkRequest(b *testing.B, s benchService, r *http.Request) {
	access := iam.Access{ProjectID: s.first.ProjectID, Action: "workspace:desktops:list", Address: netip.MustParseAddr("192.0.2.1")}
	b.ReportAllocs()
	for b.Loop() {
		p, err := s.iam.Authenticate(r)
		if err == nil {
			_, err = s.iam.Authorize(b.Context(), p, access)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}
