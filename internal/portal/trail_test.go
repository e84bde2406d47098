package portal_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"carrel/internal/audit"
	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// trail reads the audit records of a project, oldest first, as "operation result actor code".
func (e *env) trail(projectID string) (all []string) {
	e.t.Helper()
	records, _, err := e.service.Audit.List(e.t.Context(), audit.Query{ProjectID: projectID, Page: workspace.Page{Limit: 1000}})
	e.must(err)
	for _, r := range slices.Backward(records) {
		all = append(all, strings.TrimSpace(fmt.Sprint(r.Operation, " ", r.Result, " ", r.ActorName, " ", r.ErrorCode)))
		if r.Address != "127.0.0.1" || r.Credential == "" || (r.ActorID == "") != (r.ActorName == "") {
			e.t.Errorf("%+v", r)
		}
		for _, secret := range []string{password, "Wrong-one-1"} {
			if strings.Contains(fmt.Sprint(r), secret) {
				e.t.Errorf("a record has a password: %+v", r)
			}
		}
	}
	return all
}

func TestSignInsLeaveRecords(t *testing.T) {
	t.Run("WhetherTheySucceedOrNot", func(t *testing.T) {
		e := newEnv(t)
		e.signedIn("ada")
		e.later(time.Millisecond)
		e.browser().call("POST", "sign-in", `{"user_name":"ADA","password":"Wrong-one-1"}`).is(401, "")
		e.later(time.Millisecond)
		e.change("ada", func(u *directory.User) { u.Locked = true })
		e.browser().call("POST", "sign-in", `{"user_name":"ada","password":"`+password+`"}`).is(403, "")
		want := []string{"SignIn success ada", "SignIn refused ada " + string(workspace.CodeBadCredentials), "SignIn refused ada " + string(workspace.CodeForbidden)}
		if got := e.trail(project); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	t.Run("WithoutTheNameThatNobodyHas", func(t *testing.T) {
		e := newEnv(t)
		e.browser().call("POST", "sign-in", `{"user_name":"`+password+`","password":"Wrong-one-1"}`).is(401, "")
		if got := e.trail(""); !slices.Equal(got, []string{"SignIn refused  " + string(workspace.CodeBadCredentials)}) {
			t.Errorf("%q", got)
		}
	})
	t.Run("OfPausesToo", func(t *testing.T) {
		e := newEnv(t)
		for range workspace.FreeSignIns + 1 {
			e.browser().call("POST", "sign-in", `{"user_name":"ada","password":"Wrong-one-1"}`).is(401, "")
		}
		e.later(time.Millisecond)
		e.browser().call("POST", "sign-in", `{"user_name":"ada","password":"`+password+`"}`).is(429, "")
		got := e.trail(project)
		if len(got) != workspace.FreeSignIns+2 || got[len(got)-1] != "SignIn refused ada "+string(workspace.CodeRateLimited) {
			t.Errorf("%q", got)
		}
	})
	t.Run("AndAFloodLeavesAFew", func(t *testing.T) {
		e := newEnv(t)
		begun := e.now()
		var all sync.WaitGroup // attempts are held for seconds
		for i := range 300 {
			all.Go(func() {
				e.browser().call("POST", "sign-in", fmt.Sprintf(`{"user_name":"nobody-%d","password":"Wrong-one-1"}`, i)).is(401, "")
			})
		}
		all.Wait()
		own := len(e.trail(""))
		// On a busy machine the flood lasts, so that there is time for more, or a record is not stored in time, and counted.
		if most := 101 + int(e.now().Sub(begun)/(10*time.Second)); own < 1 || own > most {
			t.Errorf("%d records, want at most %d", own, most)
		}
		e.service.Refusals.Flush(t.Context())
		records, _, err := e.service.Audit.List(t.Context(), audit.Query{Page: workspace.Page{Limit: 1000}})
		e.must(err)
		left := 0
		for _, r := range records {
			for _, c := range r.Changes {
				n, err := strconv.Atoi(c.New)
				e.must(err)
				left += n
			}
		}
		if own+left < 300 { // one that was stored late may be counted, too
			t.Errorf("%d records, and %d left out", own, left)
		}
	})
	t.Run("AsDoesWhatIsRefusedToWhoIsSignedIn", func(t *testing.T) {
		e := newEnv(t)
		b := e.signedIn("bob")
		e.later(time.Millisecond)
		b.call("POST", "desktops/"+e.desktop["running"]+"/stop", "").is(404, "") // ada's
		b.call("GET", "desktops", "").is(200, "")
		records, _, err := e.service.Audit.List(t.Context(), audit.Query{ProjectID: project, Result: workspace.AuditRefused, Page: workspace.Page{Limit: 10}})
		e.must(err)
		if len(records) != 1 {
			t.Fatalf("%+v", records)
		}
		r := records[0]
		if r.Operation != "RunPowerAction" || r.ActorName != "bob" || r.ResourceType != workspace.ResourceDesktop || r.ResourceID != e.desktop["running"] || r.ErrorCode != workspace.CodeDesktopNotFound {
			t.Errorf("%+v", r)
		}
	})
	t.Run("AndAreInTheTransactionOfTheSignIn", func(t *testing.T) {
		e := newEnv(t)
		e.must(e.store.Update(t.Context(), func(tx *store.Tx) error {
			_, err := tx.ExecContext(t.Context(), "ALTER TABLE audit_records RENAME TO audit_records_away")
			return err
		}))
		b := e.browser()
		b.call("POST", "sign-in", `{"user_name":"ada","password":"`+password+`"}`).is(500, "")
		b.call("GET", "me", "").is(401, "")
	})
}
