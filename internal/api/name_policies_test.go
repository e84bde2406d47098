package api_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"carrel/internal/pool"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

func policy(changes object) object {
	p := object{"policy_name": "p", "name_prefix": "$DomainUser$", "digit_number": 2, "start_number": 1, "single_domain_user_inc": 0}
	maps.Copy(p, changes)
	return p
}

func (e *env) namePolicy(changes object) string {
	e.Helper()
	return e.ok(e.post("/desktop-name-policies", policy(changes))).text("policy_id")
}

// named orders desktops and returns their names in order.
func (e *env) named(changes object) []string {
	e.Helper()
	job := e.ok(e.post("/desktops", order(changes))).text("job_id")
	var names []string
	for _, sub := range e.ok(e.get("/workspace-jobs/" + job)).list("sub_jobs") {
		names = append(names, answer{body: sub}.text("entities", "desktop_name"))
	}
	return names
}

func TestNamePoliciesNameDesktops(t *testing.T) {
	e := newEnv(t)
	together := e.namePolicy(nil)
	each := e.namePolicy(object{"policy_name": "each", "single_domain_user_inc": 1, "name_prefix": "$DomainUser$-"})
	plain := e.namePolicy(object{"policy_name": "plain", "name_prefix": "pc", "digit_number": 3, "start_number": 7})
	for _, c := range []struct {
		order object
		want  []string
	}{
		{object{"desktop_name_policy_id": together, "desktops": desktopsFor("ann", "ann", "bob")}, []string{"ann01", "ann02", "bob03"}},
		{object{"desktop_name_policy_id": together, "desktops": desktopsFor("bob")}, []string{"bob04"}},
		{object{"desktop_name_policy_id": each, "desktops": desktopsFor("ann", "ann", "bob")}, []string{"ann-01", "ann-02", "bob-01"}},
		{object{"desktop_name_policy_id": each, "desktops": desktopsFor("bob")}, []string{"bob-02"}},
		{object{"desktop_name_policy_id": plain, "size": 2}, []string{"pc007", "pc008"}},
		{object{"desktop_name_policy_id": plain, "size": 1}, []string{"pc009"}},
		{object{"desktop_name_policy_id": plain, "desktops": []object{{"user_name": "carl", "computer_name": "pc010"}, {"user_name": "carl"}}}, []string{"pc010", "pc011"}},
	} {
		if got := e.named(c.order); !slices.Equal(got, c.want) {
			t.Errorf("%v makes %v, want %v", c.order, got, c.want)
		}
	}
	for message, o := range map[string]object{
		"desktop_name: cannot be used":         {"desktop_name_policy_id": plain, "size": 1, "desktop_name": "x"},
		"desktops[0].desktop_name_prefix: can": {"desktop_name_policy_id": plain, "desktops": []object{{"user_name": "ann", "desktop_name_prefix": "x"}}},
		"the desktops must be for people":      {"desktop_name_policy_id": together, "size": 1},
		`user_name: "abcdefghijklmnop" has 16`: {"desktop_name_policy_id": together, "desktops": desktopsFor("abcdefghijklmnop")},
	} {
		e.refused(e.post("/desktops", order(o)), 400, workspace.CodeInvalid, message)
	}
	e.refused(e.post("/desktops", order(object{"desktop_name_policy_id": "x", "size": 1})), 400, workspace.CodePolicyNotFound, "desktop_name_policy_id")
}

func TestTwentyOrdersAtOnceGetDifferentNames(t *testing.T) {
	e := newEnv(t)
	plain := e.namePolicy(object{"name_prefix": "pc"})
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if a := e.post("/desktops", order(object{"desktop_name_policy_id": plain, "size": 1})); a.status != http.StatusOK {
				t.Errorf("%d %s", a.status, a.raw)
			}
		})
	}
	all.Wait()
	if n := e.ok(e.get("/desktops?computer_name=pc")).number("total_count"); n != 20 {
		t.Errorf("%d desktops, want 20", n)
	}
}

func TestTheDefaultPolicyNamesWhatNobodyNamed(t *testing.T) {
	e := newEnv(t)
	first := e.namePolicy(object{"name_prefix": "old", "is_default_policy": true})
	e.namePolicy(object{"policy_name": "new", "name_prefix": "new", "is_default_policy": true})
	if a := e.ok(e.get("/desktop-name-policies?policy_id=" + first)); a.at("desktop_name_policy_infos", 0, "is_default_policy") != false {
		t.Errorf("two policies are the default: %s", a.raw)
	}
	got := e.named(object{"desktops": []object{{"user_name": "ann"}, {"user_name": "ann", "desktop_name_prefix": "x"}, {"user_name": "ann", "computer_name": "mine"}}})
	if !slices.Equal(got, []string{"new01", "x01", "mine"}) {
		t.Errorf("names %v", got)
	}
	if got := e.named(object{"size": 2, "desktop_name": "spare"}); !slices.Equal(got, []string{"spare01", "spare02"}) {
		t.Errorf("names %v", got)
	}
}

func TestNamePoliciesAreChangedListedAndDeleted(t *testing.T) {
	e := newEnv(t)
	id := e.namePolicy(object{"single_domain_user_inc": 1, "prefix_truncation_enabled": true})
	other := e.namePolicy(object{"policy_name": "Other", "name_prefix": "pc"})
	a := e.ok(e.get("/desktop-name-policies?is_contain_user=true"))
	for field, want := range map[string]any{
		"policy_id": id, "policy_name": "p", "name_prefix": "$DomainUser$", "digit_number": 2.0, "start_number": 1.0, "single_domain_user_inc": 1.0,
		"is_default_policy": false, "is_contain_user": true, "prefix_truncation_enabled": true,
	} {
		if got := a.at("desktop_name_policy_infos", 0, field); got != want || a.number("total_count") != 1 {
			t.Errorf("%s is %v, want %v", field, got, want)
		}
	}
	for query, want := range map[string]int{"": 2, "is_contain_user=false": 1, "policy_name=OTH": 1, "policy_name=x": 0, "policy_id=" + other: 1, "limit=1": 2} {
		if got := e.ok(e.get("/desktop-name-policies?" + query)).number("total_count"); got != want {
			t.Errorf("%q finds %d, want %d", query, got, want)
		}
	}
	put := func(body object) answer { return e.do("PUT", e.path("/desktop-name-policies/"+id), body) }
	if a := put(object{"name_prefix": "abc", "single_domain_user_inc": 0, "start_number": 50}); a.status != http.StatusNoContent || a.raw != "" {
		t.Errorf("changing: %d %s", a.status, a.raw)
	}
	if got := e.named(object{"desktop_name_policy_id": id, "size": 1}); !slices.Equal(got, []string{"abc50"}) {
		t.Errorf("after the change: %v", got)
	}
	e.refused(put(object{"policy_name": "OTHER"}), 409, workspace.CodeNameTaken, "policy_name")
	e.refused(put(object{"digit_number": 1}), 400, workspace.CodeInvalid, "start_number: 50 is out of range, use 1 to 9")
	e.refused(put(object{"single_domain_user_inc": 2}), 400, workspace.CodeInvalid, "single_domain_user_inc")
	e.refused(e.do("PUT", e.path("/desktop-name-policies/x"), object{}), 400, workspace.CodePolicyNotFound, "x")
	e.refused(e.post("/desktop-name-policies", policy(object{"policy_name": "P", "name_prefix": strings.Repeat("x", 14)})), 400, workspace.CodeInvalid, "name_prefix")
	e.refused(e.post("/desktop-name-policies", policy(object{"policy_name": "P"})), 409, workspace.CodeNameTaken, "P")
	e.refused(e.post("/desktop-name-policies", object{}), 400, workspace.CodeInvalid, "must be given")
	e.update(func(tx *store.Tx) error {
		p := pool.Pool{ID: "pool", ProjectID: e.first.ProjectID, Name: "Students", NamePolicyID: other}
		return pool.InsertPool(e.Context(), tx, p, nil)
	})
	e.refused(e.post("/desktop-name-policies/batch-delete", object{"policy_ids": []string{id, other}}), 409, workspace.CodeConflict, "pool Students")
	e.update(func(tx *store.Tx) error { return pool.DeletePool(e.Context(), tx, "pool") })
	if a := e.post("/desktop-name-policies/batch-delete", object{"policy_ids": []string{id, "x", other}}); a.status != http.StatusNoContent {
		t.Errorf("deleting: %d %s", a.status, a.raw)
	}
	e.refused(e.post("/desktop-name-policies/batch-delete", object{"policy_ids": []string{id}}), 400, workspace.CodePolicyNotFound, id)
	e.refused(e.post("/desktop-name-policies/batch-delete", object{"policy_ids": []string{}}), 400, workspace.CodeInvalid, "policy_ids: 0 ids, give 1 to 50")
	e.refused(e.post("/desktop-name-policies/batch-delete", object{"policy_ids": slices.Repeat([]string{id}, 51)}), 400, workspace.CodeInvalid, "policy_ids: 51 ids, give 1 to 50")
}
