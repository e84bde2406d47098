package iam_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"carrel/internal/iam"
	"carrel/internal/workspace"
)

func (e *env) newAgency(n iam.NewAgency) iam.Agency {
	e.Helper()
	a, err := e.iam.CreateAgency(e.Context(), workspace.Caller{ProjectID: e.first.DomainID}, n)
	if err != nil {
		e.Fatal(err)
	}
	return a
}

func (e *env) assume(token, agency string, fields object) answer {
	e.Helper()
	body := object{"agency_urn": "iam::" + e.first.DomainID + ":agency:" + agency, "agency_session_name": "night-shift"}
	maps.Copy(body, fields)
	return e.callAs(token, "POST", "/v5/agencies/assume", body)
}

func (e *env) assumeRole(token string, role, scope object) answer {
	e.Helper()
	auth := object{"identity": object{"methods": []string{"assume_role"}, "assume_role": role}}
	if scope != nil {
		auth["scope"] = scope
	}
	r := post("/v3/auth/tokens", object{"auth": auth})
	r.Header.Set("X-Auth-Token", token)
	return e.do(r)
}

func TestAnAgencyIsAssumed(t *testing.T) {
	inEnv(t, func(e *env) {
		id := e.addUser("ann", "")
		ann := e.tokenOf("ann", readerPassword, nil)
		agency := e.newAgency(iam.NewAgency{Name: "Operators", TrustUserID: id, Role: iam.RoleAdmin, Life: 2 * time.Hour})
		e.refused(e.callAs(ann, "GET", "/v3/groups", nil), 403, "IAM.0003", "user ann may not do iam:groups:list")

		t.Run("with a temporary key, which ends with the credential that it was made with", func(*testing.T) {
			a := e.wants(e.assume(ann, "operators", object{"duration_seconds": 900}), http.StatusOK)
			if a.text("assumed_agency", "urn") != "sts::"+e.first.DomainID+":assumed-agency:Operators/night-shift" || a.text("assumed_agency", "id") != agency.ID+":night-shift" {
				e.Errorf("got %v", a.body)
			}
			if r := e.records()[0]; r.Operation != "AssumeAgency" || r.ActorID != id || r.Action != "sts:agencies:assume" {
				e.Errorf("the record is %+v", r)
			}
			k := key{a.text("credentials", "access_key_id"), a.text("credentials", "secret_access_key"), a.text("credentials", "security_token")}
			p, err := e.iam.Authenticate(signed(k, "GET", "/v2/x", ""))
			if err != nil || p.Role != iam.RoleAdmin || p.AgencyID != agency.ID || p.AdminID != id || p.AdminName != "ann as agency Operators" || p.AccountID != e.first.DomainID {
				e.Errorf("got %+v, %v", p, err)
			}
			who := e.wants(e.do(signed(k, "GET", "/v5/caller-identity", "")), http.StatusOK)
			if who.text("principal_urn") != a.text("assumed_agency", "urn") || who.text("principal_id") != a.text("assumed_agency", "id") {
				e.Errorf("who: %v", who.body)
			}
			pass(time.Millisecond)
			e.wants(e.do(signed(k, "POST", "/v3/groups", `{"group":{"name":"by-agency"}}`)), http.StatusCreated)
			if r := e.records()[0]; r.ActorName != "ann as agency Operators" || r.ActorID != id {
				e.Errorf("the record is %+v", r)
			}
			e.refused(e.do(signed(k, "POST", "/v3.0/OS-CREDENTIAL/credentials", `{"credential":{}}`)), 403, "IAM.0003", "cannot manage access keys")
			e.refused(e.do(signed(k, "POST", "/v5/agencies/assume", `{"agency_urn":"iam::`+e.first.DomainID+`:agency:Operators","agency_session_name":"xx"}`)), 403, "IAM.0003", "cannot assume another")
			pass(15 * time.Minute)
			e.refused(e.do(signed(k, "GET", "/v3/groups", "")), 401, "APIGW.0301", "token expires")
		})
		t.Run("with a token", func(*testing.T) {
			role := object{"domain_name": e.first.DomainName, "agency_name": "Operators"}
			a := e.wants(e.assumeRole(ann, role, e.projectScope()), http.StatusCreated)
			if a.text("token", "assumed_by", "user", "id") != id || a.text("token", "user", "id") != agency.ID || a.text("token", "roles", 0, "name") != "admin" ||
				a.text("token", "project", "id") != e.first.ProjectID || a.text("token", "expires_at") != time.Now().UTC().Add(time.Hour).Format("2006-01-02T15:04:05.000000Z") {
				e.Errorf("got %v", a.body)
			}
			token := a.header.Get("X-Subject-Token")
			p, err := e.iam.Authenticate(get("/v2/x", token))
			if err != nil || p.AgencyID != agency.ID || p.ProjectID != e.first.ProjectID {
				e.Errorf("got %+v, %v", p, err)
			}
			k := e.temporaryKey(token)
			if p, err := e.iam.Authenticate(signed(k, "GET", "/v2/x", "")); err != nil || p.AgencyID != agency.ID {
				e.Errorf("a temporary key of the token: %+v, %v", p, err)
			}
			renew := object{"auth": object{"identity": object{"methods": []string{"token"}, "token": object{"id": token}}}}
			renewed := e.wants(e.do(post("/v3/auth/tokens", renew)), http.StatusCreated)
			if renewed.text("token", "user", "id") != agency.ID {
				e.Errorf("renewed: %v", renewed.body)
			}
			e.refused(e.callAs(token, "POST", "/v3.0/OS-CREDENTIAL/credentials", object{"credential": object{}}), 403, "IAM.0003", "agency")
			e.refused(e.callAs(token, "POST", "/v3.0/OS-MFA/virtual-mfa-devices", object{"virtual_mfa_device": object{"name": "x"}}), 403, "IAM.0003", "agency")
			e.refused(e.callAs(token, "POST", "/v3/users/"+id+"/password", object{"user": object{"password": "Other-thing-2", "original_password": readerPassword}}), 403, "IAM.0003", "agency")

			e.refused(e.assumeRole(ann, object{"agency_name": "Operators"}, nil), 400, "IAM.0001", "domain_id or domain_name")
			e.refused(e.assumeRole("", role, nil), 401, "APIGW.0301", "not found")
			role["duration_seconds"] = 7201
			e.refused(e.assumeRole(ann, role, nil), 400, "IAM.0001", "auth.identity.assume_role.duration_seconds: 7201 is out of range, agency Operators allows 900 to 7200")

			if err := e.iam.DeleteAgency(e.Context(), workspace.Caller{ProjectID: e.first.DomainID}, "operators"); err != nil {
				e.Fatal(err)
			}
			e.wants(e.do(get("/v3/groups", token)), http.StatusUnauthorized)
			e.wants(e.do(signed(k, "GET", "/v3/groups", "")), http.StatusUnauthorized)
		})
	})
}

func TestAnAgencyIsRefused(t *testing.T) {
	inEnv(t, func(e *env) {
		id := e.addUser("ann", "")
		e.addReader()
		ann, reader := e.tokenOf("ann", readerPassword, nil), e.tokenOf("reader", readerPassword, nil)
		e.newAgency(iam.NewAgency{Name: "mine", TrustUserID: id, Role: iam.RoleReader})
		e.newAgency(iam.NewAgency{Name: "everybody", Role: iam.RoleReader})
		e.refused(e.assume(reader, "mine", nil), 403, "IAM.0003", `there is no agency "mine" that trusts the caller`)
		e.refused(e.assume(ann, "none", nil), 403, "IAM.0003", `there is no agency "none" that trusts the caller`)
		e.refused(e.assume(ann, "everybody", nil), 403, "IAM.0003", "sts:agencies:assume")
		e.wants(e.assume(e.token(nil), "everybody", nil), http.StatusOK)
		for message, fields := range map[string]object{
			"agency_urn: \"x\" has not the form":      {"agency_urn": "x"},
			"agency_session_name: use 2 to 64":        {"agency_session_name": "a b"},
			"duration_seconds: 899 is out of range":   {"duration_seconds": 899},
			"duration_seconds: 3601 is out of range":  {"duration_seconds": 3601},
			"duration_seconds: must not be a string":  {"duration_seconds": "900"},
			"policy: is not supported":                {"policy": "{}"},
			"source_identity: is not supported":       {"source_identity": "x"},
			"transitive_tag_keys: is not supported":   {"transitive_tag_keys": []string{"x"}},
			"duration_seconds: -900 is out of range,": {"duration_seconds": -900},
		} {
			e.refused(e.assume(ann, "mine", fields), 400, "IAM.0001", message)
		}
		for name, n := range map[string]iam.NewAgency{
			"an unknown role":        {Name: "x", Role: "owner"},
			"the name of another":    {Name: "MINE", Role: iam.RoleReader},
			"a name with a colon":    {Name: "a:b", Role: iam.RoleReader},
			"a life that is long":    {Name: "x", Role: iam.RoleReader, Life: 25 * time.Hour},
			"an unknown user":        {Name: "x", Role: iam.RoleReader, TrustUserID: "x"},
			"a long description":     {Name: "x", Role: iam.RoleReader, Description: strings.Repeat("x", 256)},
			"a life that is no time": {Name: "x", Role: iam.RoleReader, Life: time.Minute},
		} {
			if a, err := e.iam.CreateAgency(e.Context(), workspace.Caller{ProjectID: e.first.DomainID}, n); err == nil {
				t.Errorf("%s: created %+v", name, a)
			}
		}
	})
}

// Disabling a user ends what they act as, too.
func TestADisabledUserActsAsNoAgency(t *testing.T) {
	inEnv(t, func(e *env) {
		id := e.addUser("ann", "")
		e.newAgency(iam.NewAgency{Name: "mine", TrustUserID: id, Role: iam.RoleReader})
		a := e.wants(e.assumeRole(e.tokenOf("ann", readerPassword, nil), object{"domain_id": e.first.DomainID, "agency_name": "mine"}, nil), http.StatusCreated)
		token := a.header.Get("X-Subject-Token")
		e.wants(e.do(get("/v3/groups", token)), http.StatusOK)
		e.wants(e.changeUser(id, object{"enabled": false}), http.StatusOK)
		e.wants(e.do(get("/v3/groups", token)), http.StatusUnauthorized)
	})
}

func TestPoliciesAreAttachedToAgencies(t *testing.T) {
	inEnv(t, func(e *env) {
		c := workspace.Caller{ProjectID: e.first.DomainID}
		id := e.addUser("ann", "")
		agency := e.newAgency(iam.NewAgency{Name: "night", TrustUserID: id})
		policy := e.policy("lists", "XA", `{"Version": "5.0", "Statement": [{"Effect": "Allow", "Action": ["workspace:desktops:list"]}]}`)
		a := e.wants(e.assumeRole(e.tokenOf("ann", readerPassword, nil), object{"domain_id": e.first.DomainID, "agency_name": "night"}, nil), http.StatusCreated)
		token := a.header.Get("X-Subject-Token")
		e.may(false, token, "workspace:desktops:list")

		lab := e.newProject("lab")
		inLab := iam.RoleGrant{AgencyID: agency.ID, RoleID: policy, Scope: iam.ScopeProject, ScopeID: lab}
		if err := e.iam.Attach(e.Context(), c, inLab); err != nil {
			t.Fatal(err)
		}
		e.may(false, token, "workspace:desktops:list")
		e.may(true, token, "workspace:desktops:list", func(a *iam.Access) { a.ProjectID = lab })
		everywhere := iam.RoleGrant{AgencyID: agency.ID, RoleID: policy, Scope: iam.ScopeDomain, ScopeID: e.first.DomainID}
		if err := e.iam.Attach(e.Context(), c, everywhere); err != nil {
			t.Fatal(err)
		}
		e.may(true, token, "workspace:desktops:list")
		e.may(false, token, "workspace:desktops:delete")
		e.may(false, e.tokenOf("ann", readerPassword, nil), "workspace:desktops:list") // it is the agency's
		attached, err := e.iam.Attachments(e.Context(), e.first.DomainID, policy)
		if err != nil || len(attached) != 2 || attached[0] != (iam.Attachment{Kind: "agency", Name: "night", Scope: iam.ScopeDomain}) ||
			attached[1] != (iam.Attachment{Kind: "agency", Name: "night", Scope: iam.ScopeProject, Where: "lab"}) {
			t.Errorf("%+v, %v", attached, err)
		}
		if err := e.iam.Detach(e.Context(), c, everywhere); err != nil {
			t.Fatal(err)
		}
		e.may(false, token, "workspace:desktops:list")
		if err := e.iam.DeletePolicy(e.Context(), c, policy); err == nil {
			t.Error("a policy that is attached to an agency was deleted")
		}
		if err := e.iam.DeleteAgency(e.Context(), c, "night"); err != nil {
			t.Fatal(err)
		}
		if err := e.iam.DeletePolicy(e.Context(), c, policy); err != nil {
			t.Errorf("what is attached stays with the agency gone: %v", err)
		}
		for _, g := range []iam.RoleGrant{inLab, {AgencyID: "none", RoleID: "reader", Scope: iam.ScopeDomain, ScopeID: e.first.DomainID}} {
			if err := e.iam.Attach(e.Context(), c, g); err == nil || !strings.Contains(err.Error(), "agency") {
				t.Errorf("attached to an agency that is not there: %v", err)
			}
		}
	})
}

func TestADecisionIsExplained(t *testing.T) {
	inEnv(t, func(e *env) {
		id := e.addUser("ann", "")
		allowing, denying := e.policy("most", "XA", teamA), e.policy("no deleting", "XA", noDeleting)
		e.attach(e.at("users", id), allowing)
		e.attach(e.at("users", id), denying)
		agency := e.newAgency(iam.NewAgency{Name: "night", TrustUserID: id, Role: iam.RoleReader})
		for _, c := range []struct {
			about   string
			q       iam.Question
			allowed bool
			policy  string
			index   int
			unsure  bool
		}{
			{"what a policy denies", iam.Question{UserID: id, Action: "workspace:desktops:delete"}, false, "no deleting", 1, false},
			{"what another allows", iam.Question{UserID: id, Action: "workspace:desktops:list"}, true, "no deleting", 0, false},
			{"what none allows", iam.Question{UserID: id, Action: "iam:users:list"}, false, "", 0, false},
			{"the role of an agency", iam.Question{AgencyID: agency.ID, Action: "workspace:desktops:list"}, true, "reader", 0, false},
			{"and no more", iam.Question{AgencyID: agency.ID, Action: "workspace:desktops:delete"}, false, "", 0, false},
			{"the role in a user's row", iam.Question{UserID: e.first.UserID, Action: "iam:users:list"}, true, "admin", 0, false},
		} {
			c.q.ProjectID = e.first.ProjectID
			got, err := e.iam.Explain(e.Context(), e.first.DomainID, c.q)
			if err != nil || got.Allowed != c.allowed || got.PolicyName != c.policy || got.Statement != c.index || got.Unsure != c.unsure {
				t.Errorf("%s: %+v, %v", c.about, got, err)
			}
		}
		for _, q := range []iam.Question{{UserID: id, Action: "workspace:desktops:frobnicate"}, {UserID: "none", Action: "workspace:desktops:list"}, {AgencyID: "none", Action: "workspace:desktops:list"}} {
			if _, err := e.iam.Explain(e.Context(), e.first.DomainID, q); err == nil {
				t.Errorf("%+v is explained", q)
			}
		}
	})
}
