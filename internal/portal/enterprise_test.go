package portal_test

import (
	"encoding/json"
	"testing"

	"carrel/internal/catalog"
	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

const elsewhere = "other-project"

// acme is a portal of two projects, acme and globex, which both have an ada, with different passwords; bob is acme's.
func acme(t *testing.T) *env {
	e := newEnv(t)
	e.must(e.service.Catalog.Subscribe(t.Context(), elsewhere, "", "10.2.0.0/16", []catalog.NewSubnet{{Name: "n", CIDR: "10.2.0.0/16", Gateway: "10.2.0.1", Network: "n2"}}))
	e.called(project, "acme")
	e.called(elsewhere, "globex")
	e.change("bob", func(u *directory.User) { u.PasswordHash = e.user("ada").PasswordHash })
	other := e.user("ada")
	other.ID, other.ProjectID, other.PasswordHash = workspace.NewID(), elsewhere, e.hash(otherPassword)
	e.must(e.store.Update(t.Context(), func(tx *store.Tx) error { return directory.InsertUsers(t.Context(), tx, []directory.User{other}) }))
	return e
}

const otherPassword = "Quite-another-9"

func (e *env) hash(password string) string {
	hash, err := e.service.SignIn.Passwords.Hash(password)
	e.must(err)
	return hash
}

// called gives a project an enterprise id.
func (e *env) called(projectID, id string) {
	e.t.Helper()
	e.must(e.service.Tenants.SetEnterpriseID(e.t.Context(), workspace.Caller{ProjectID: projectID}, id))
}

// entering signs in.
func (e *env) entering(name, password string) answer {
	body, err := json.Marshal(map[string]string{"user_name": name, "password": password})
	e.must(err)
	return e.browser().call("POST", "sign-in", string(body))
}

func TestSignInWithAnEnterpriseID(t *testing.T) {
	e := acme(t)
	in, refused := 200, 401
	check := func(name, password string, status int) {
		t.Helper()
		e.entering(name, password).is(status, "")
	}
	check(`acme\ada`, password, in)
	check(`globex\ada`, otherPassword, in)
	check(`acme\ada`, otherPassword, refused)
	check(`globex\ada`, password, refused)
	for _, id := range []string{"ACME", "Acme", "aCmE"} { // whatever the case
		check(id+`\ADA`, password, in)
	}
	check("ada", password, refused) // there are two
	check("bob", password, in)      // there is one
	check(`acme\bob`, password, in)
	check(`globex\bob`, password, refused)
	for _, name := range []string{`nobody\ada`, `\ada`, `acme\`, `acme\\ada`, `acme\acme\ada`, `acme/ada`, `other-project\ada`} {
		check(name, password, refused)
	}

	e.called(project, "initech") // at once, and only the new one
	check(`initech\ada`, password, in)
	check(`acme\ada`, password, refused)
	e.called(elsewhere, "acme")
	check(`acme\ada`, otherPassword, in)
	if err := e.service.Tenants.SetEnterpriseID(t.Context(), workspace.Caller{ProjectID: elsewhere}, "InItEcH"); workspace.CodeOf(err) != workspace.CodeNameTaken {
		t.Errorf("an id that differs only in case: %v", err)
	}
	if used, err := e.service.Tenants.EnterpriseInUse(t.Context(), elsewhere, "INITECH"); err != nil || !used {
		t.Errorf("in use: %v, %v", used, err)
	}
}

// A wrong password of one of two users with a name does not lock out the other.
func TestAttemptsOfUsersWithOneNameAreCountedApart(t *testing.T) {
	e := acme(t)
	for range workspace.FreeSignIns + 1 {
		e.entering(`acme\ada`, "Wrong-one-1").is(401, "")
	}
	e.entering(`ACME\ADA`, password).is(429, "")
	e.entering(`globex\ada`, otherPassword).is(200, "")
}
