package iam_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"carrel/internal/iam"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

func TestPoliciesAreCreatedShownListedChangedAndDeleted(t *testing.T) {
	inEnv(t, func(e *env) {
		id := e.policy("Team A", "XA", teamA)
		e.recorded("CreateCloudServiceCustomPolicy", iam.ResourcePolicy, id,
			"name:  -> Team A", "type:  -> XA", "description:  -> d", "document:  -> "+strings.NewReplacer(": ", ":", ", ", ",").Replace(teamA))
		for _, path := range []string{"/v3.0/OS-ROLE/roles/" + id, "/v3/roles/" + id} {
			a := e.wants(e.call("GET", path, object{}), http.StatusOK)
			if a.text("role", "display_name") != "Team A" || a.text("role", "catalog") != "CUSTOMED" || a.text("role", "domain_id") != e.first.DomainID ||
				a.text("role", "policy", "Statement", 0, "Effect") != "Allow" || a.text("role", "name") != "custom-"+id {
				t.Errorf("%v", a.body)
			}
		}
		e.refused(e.call("POST", "/v3.0/OS-ROLE/roles", policyBody("TEAM a", "XA", teamA)), 409, "IAM.0010", "role.display_name")
		other := e.policy("Another", "AX", manageGroups)
		a := e.wants(e.call("GET", "/v3.0/OS-ROLE/roles?page=2&per_page=1", object{}), http.StatusOK)
		if a.text("roles", 0, "id") != id || a.at("total_number") != 2.0 || a.at("roles", 1) != nil {
			t.Errorf("%v", a.body)
		}
		a = e.wants(e.call("GET", "/v3/roles?domain_id="+e.first.DomainID+"&display_name=another", object{}), http.StatusOK)
		if a.text("roles", 0, "id") != other || a.at("roles", 1) != nil {
			t.Errorf("%v", a.body)
		}
		e.refused(e.call("PATCH", "/v3.0/OS-ROLE/roles/"+id, object{"role": object{"type": "AX"}}), 400, "IAM.0001", "role.type: cannot be changed")
		e.refused(e.call("PATCH", "/v3.0/OS-ROLE/roles/"+id, object{"role": object{"display_name": "another"}}), 409, "IAM.0010", "in use")
		e.wants(e.call("PATCH", "/v3.0/OS-ROLE/roles/"+id, object{"role": object{"description": "new"}}), http.StatusOK)
		e.recorded("UpdateCloudServiceCustomPolicy", iam.ResourcePolicy, id, "description: d -> new")
		e.wants(e.call("DELETE", "/v3.0/OS-ROLE/roles/"+id, object{}), http.StatusOK)
		for _, method := range []string{"GET", "PATCH", "DELETE"} {
			e.refused(e.call(method, "/v3.0/OS-ROLE/roles/"+id, object{"role": object{}}), 404, "IAM.0004", "role")
		}
		e.refused(e.call("DELETE", "/v3.0/OS-ROLE/roles/admin", object{}), 404, "IAM.0004", "role")
	})
}

func TestPoliciesAreRefused(t *testing.T) {
	inEnv(t, func(e *env) {
		for message, body := range map[string]object{
			"role.display_name: has 0":                                                      policyBody("", "XA", teamA),
			"role.type: \"XX\" is unknown":                                                  policyBody("p", "XX", teamA),
			"role.type: XA is for actions of workspace":                                     policyBody("p", "XA", manageGroups),
			"role.policy.policy: must be an object":                                         policyBody("p", "XA", `[]`),
			"role.policy.Version: must be given":                                            policyBody("p", "XA", `{}`),
			`role.policy.Statement[0].Action[0]: "workspace:desktops:getting" is no action`: policyBody("p", "XA", `{"Version": "5.0", "Statement": [{"Effect": "Deny", "Action": ["workspace:desktops:getting"]}]}`),
			"role.policy.Statement[0].Condition.StringEquals.g:UserName: key": policyBody("p", "XA",
				`{"Version": "5.0", "Statement": [{"Effect": "Deny", "Action": ["*"], "Condition": {"StringEquals": {"g:UserName": ["x"]}}}]}`),
		} {
			e.refused(e.call("POST", "/v3.0/OS-ROLE/roles", body), 400, "IAM.0001", message)
		}
		a := e.call("POST", "/v3.0/OS-ROLE/roles", object{"role": object{"display_name": "x", "type": "XA"}})
		if a.status != 400 {
			t.Errorf("without a policy: %d %v", a.status, a.body)
		}
	})
}

func TestRolesAreAttachedInEachScope(t *testing.T) {
	inEnv(t, func(e *env) {
		ann := e.addUser("ann", "")
		group := e.wants(e.call("POST", "/v3/groups", object{"group": object{"name": "g"}}), http.StatusCreated).text("group", "id")
		policy := e.policy("some", "XA", someActions)
		e.enterprise("e1")
		global := e.policy("global", "AX", manageGroups)
		for _, scope := range []string{"/v3/domains/" + e.first.DomainID, "/v3/projects/" + e.first.ProjectID, "/v3.0/OS-PERMISSION/enterprise-projects/e1"} {
			for _, whom := range []string{"/users/" + ann, "/groups/" + group} {
				at := scope + whom + "/roles"
				e.refused(e.call("GET", at+"/operator", object{}), 404, "IAM.0004", "operator")
				e.refused(e.call("DELETE", at+"/operator", object{}), 404, "IAM.0004", "operator")
				for range 2 { // again is no error, and no change
					e.attach(at, "operator")
				}
				e.attach(at, policy)
				e.wants(e.call("GET", at+"/operator", object{}), http.StatusNoContent)
				e.wants(e.call("HEAD", at+"/operator", object{}), http.StatusNoContent)
				a := e.wants(e.call("GET", at, object{}), http.StatusOK)
				if a.text("roles", 0, "id") != "operator" || a.text("roles", 1, "id") != policy || a.at("roles", 2) != nil {
					t.Errorf("%s: %v", at, a.body)
				}
				e.refused(e.call("PUT", at+"/nothing", object{}), 404, "IAM.0004", "role")
				if a := e.call("PUT", at+"/"+global, object{}); (a.status == http.StatusNoContent) != strings.Contains(scope, "domains") {
					t.Errorf("a policy of type AX at %s: %d %v", at, a.status, a.body)
				}
				e.wants(e.call("DELETE", at+"/operator", object{}), http.StatusNoContent)
				e.refused(e.call("GET", at+"/operator", object{}), 404, "IAM.0004", "operator")
			}
			e.refused(e.call("PUT", scope+"/users/x/roles/operator", object{}), 404, "IAM.0004", "user")
			e.refused(e.call("PUT", scope+"/groups/x/roles/operator", object{}), 404, "IAM.0004", "group")
		}
		e.refused(e.call("PUT", "/v3/domains/x/users/"+ann+"/roles/operator", object{}), 404, "IAM.0004", "domain")
		e.refused(e.call("PUT", "/v3/projects/x/users/"+ann+"/roles/operator", object{}), 404, "IAM.0004", "project")
		for _, unknown := range []string{"a%20b", "e2", strings.Repeat("e", 400)} {
			for _, method := range []string{"PUT", "GET", "DELETE"} {
				e.refused(e.call(method, "/v3.0/OS-PERMISSION/enterprise-projects/"+unknown+"/users/"+ann+"/roles/operator", object{}), 404, "IAM.0004", "enterprise project")
			}
			e.refused(e.call("GET", "/v3.0/OS-PERMISSION/enterprise-projects/"+unknown+"/users/"+ann+"/roles", object{}), 404, "IAM.0004", "enterprise project")
		}
		e.attach("/v3.0/OS-PERMISSION/enterprise-projects/0/users/"+ann+"/roles", "operator")
		e.refused(e.call("DELETE", "/v3.0/OS-ROLE/roles/"+policy, object{}), 409, "IAM.0010", "detach it first")
		e.attach(e.at("users", ann), "help_desk")
		e.recorded("KeystoneAssociateUserWithDomainPermission", iam.ResourceUser, ann, "role:  -> Help desk for domain "+e.first.DomainID)
		e.wants(e.call("DELETE", e.at("users", ann)+"/help_desk", object{}), http.StatusNoContent)
		e.recorded("KeystoneRemoveDomainPermissionFromUser", iam.ResourceUser, ann, "role: Help desk for domain "+e.first.DomainID+" -> ")
	})
}

// The role in a user's row is one that is attached for the account.
func TestAUsersOwnRoleIsOneOfTheAttached(t *testing.T) {
	inEnv(t, func(e *env) {
		ann := e.addUser("ann", iam.RoleReader)
		at := e.at("users", ann)
		e.attach(at, "reader")
		e.wants(e.call("GET", at+"/reader", object{}), http.StatusNoContent)
		if a := e.wants(e.call("GET", at, object{}), http.StatusOK); a.text("roles", 0, "id") != "reader" || a.at("roles", 1) != nil {
			t.Errorf("%v", a.body)
		}
		e.wants(e.call("DELETE", at+"/reader", object{}), http.StatusNoContent)
		e.refused(e.call("GET", at+"/reader", object{}), 404, "IAM.0004", "reader")
		e.may(false, e.tokenOf("ann", readerPassword, nil), "workspace:desktops:list")
	})
}

func TestALimitOfWhatIsAttached(t *testing.T) {
	inEnv(t, func(e *env) {
		ann := e.addUser("ann", "")
		for range 50 {
			e.attach("/v3.0/OS-PERMISSION/enterprise-projects/"+e.enterprise(workspace.NewID())+"/users/"+ann+"/roles", "operator")
		}
		e.refused(e.call("PUT", e.at("users", ann)+"/operator", object{}), 409, "IAM.0005", "has 50 roles")
	})
}

func TestTheLastAdministratorStaysInEachWay(t *testing.T) {
	inEnv(t, func(e *env) {
		first := e.at("users", e.first.UserID) + "/admin"
		const message = "last enabled administrator"
		e.refused(e.call("DELETE", first, object{}), 409, "IAM.0010", message)
		group := e.wants(e.call("POST", "/v3/groups", object{"group": object{"name": "g"}}), http.StatusCreated).text("group", "id")
		e.attach(e.at("groups", group), "admin")
		e.refused(e.call("DELETE", first, object{}), 409, "IAM.0010", message) // the group is empty
		ann := e.addUser("ann", "")
		member := "/v3/groups/" + group + "/users/" + ann
		e.wants(e.call("PUT", member, object{}), http.StatusNoContent)
		e.wants(e.call("DELETE", first, object{}), http.StatusNoContent)
		token := e.tokenOf("ann", readerPassword, nil)
		for _, last := range []struct{ method, path string }{
			{"DELETE", member}, {"DELETE", "/v3/groups/" + group}, {"DELETE", "/v3/users/" + ann}, {"DELETE", e.at("groups", group) + "/admin"},
		} {
			e.refused(e.callAs(token, last.method, last.path, object{}), 409, "IAM.0010", message)
		}
		e.refused(e.callAs(token, "PATCH", "/v3/users/"+ann, object{"user": object{"enabled": false}}), 409, "IAM.0010", message)
	})
}

// Of two callers who take the role of the last two administrators, one is refused.
func TestTwoAdministratorsCannotLeaveTogether(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		service := newService(t, s)
		first, err := service.Bootstrap(t.Context(), firstAccount)
		if err != nil {
			t.Fatal(err)
		}
		c := workspace.Caller{ProjectID: first.DomainID}
		second, err := service.CreateUser(t.Context(), c, iam.NewUser{Name: "second", Role: iam.RoleAdmin})
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			ids := []string{first.UserID, second.ID}
			errs := make([]error, 2)
			var all sync.WaitGroup
			for i, id := range ids {
				all.Go(func() {
					errs[i] = service.Detach(t.Context(), c, iam.RoleGrant{AdminID: id, RoleID: "admin", Scope: iam.ScopeDomain, ScopeID: first.DomainID})
				})
			}
			all.Wait()
			if (errs[0] == nil) == (errs[1] == nil) {
				t.Fatalf("both have the same end: %v, %v", errs[0], errs[1])
			}
			gone := slices.Index(errs, nil)
			if err := service.Attach(t.Context(), c, iam.RoleGrant{AdminID: ids[gone], RoleID: "admin", Scope: iam.ScopeDomain, ScopeID: first.DomainID}); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestNobodySeesTheRolesOfAnotherAccount(t *testing.T) {
	inEnv(t, func(e *env) {
		id := e.policy("some", "XA", someActions)
		other := workspace.Caller{ProjectID: "other"}
		if _, err := e.iam.UpdatePolicy(e.Context(), other, id, iam.PolicyChange{}); err == nil {
			t.Error("another account changes a policy")
		}
		if err := e.iam.DeletePolicy(e.Context(), other, id); err == nil {
			t.Error("another account deletes a policy")
		}
		if err := e.iam.Attach(e.Context(), other, iam.RoleGrant{AdminID: e.first.UserID, RoleID: "reader", Scope: iam.ScopeDomain, ScopeID: "other"}); err == nil {
			t.Error("another account attaches a role")
		}
		a := e.call("GET", "/v3/roles?domain_id=other", object{})
		e.refused(a, 403, "IAM.0003", "domain_id")
	})
}

// enterprise adds an enterprise project with an id, and returns that.
func (e *env) enterprise(id string) string {
	e.Helper()
	err := e.iam.Store.Update(e.Context(), func(tx *store.Tx) error {
		_, err := tx.NewRaw(`INSERT INTO enterprise_projects (account_id, id, name, name_folded, description, type, enabled, created, updated)
			VALUES (?, ?, ?, ?, '', 'prod', TRUE, ?, ?)`, e.first.DomainID, id, id, id, tx.Now(), tx.Now()).Exec(e.Context())
		return err
	})
	if err != nil {
		e.Fatal(err)
	}
	return id
}
