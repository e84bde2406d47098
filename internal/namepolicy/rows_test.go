package namepolicy_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"carrel/internal/namepolicy"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

func (e *env) addNamePolicies(policies ...namepolicy.NamePolicy) {
	e.Helper()
	for _, p := range policies {
		e.Update(func(tx *store.Tx) error { return namepolicy.InsertNamePolicy(e.Context(), tx, p) })
	}
}

func (e *env) namePolicies(q namepolicy.NamePolicyQuery) []namepolicy.NamePolicy {
	e.Helper()
	return storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]namepolicy.NamePolicy, error) {
		q.ProjectID, q.Page = storetest.Project, storetest.Everything
		got, total, err := namepolicy.NamePolicies(ctx, tx, q)
		e.Same(total, len(got))
		return got, err
	})
}

func policyID(p namepolicy.NamePolicy) string { return p.ID }

var namePolicies = map[string]func(*env){
	"a name policy is read as inserted and as saved": func(e *env) {
		p := namepolicy.NamePolicy{
			ID: "p", ProjectID: storetest.Project, Name: "Policy", Prefix: "a$DomainUser$", Digits: 3, Start: 7, PerUser: true, Truncate: true, Default: true,
			Next: 9, Created: e.Clock.Now(), Updated: e.Clock.Now(),
		}
		e.addNamePolicies(p)
		e.Same(e.namePolicies(namepolicy.NamePolicyQuery{}), []namepolicy.NamePolicy{p})
		p = namepolicy.NamePolicy{ID: "p", ProjectID: storetest.Project, Name: "other", Prefix: "b", Digits: 1, Start: 1, Created: p.Created, Updated: e.Clock.Now().Add(time.Second)}
		e.Update(func(tx *store.Tx) error { return namepolicy.SaveNamePolicy(e.Context(), tx, p) })
		lock := func(project, id string) func(context.Context, *store.Tx) (namepolicy.NamePolicy, error) {
			return func(ctx context.Context, tx *store.Tx) (namepolicy.NamePolicy, error) {
				return namepolicy.LockNamePolicy(ctx, tx, project, id)
			}
		}
		e.Same(storetest.Do(e, lock(storetest.Project, "p")), p)
		e.Refuses(workspace.CodePolicyNotFound, func(tx *store.Tx) error { _, err := lock(storetest.OtherProject, "p")(e.Context(), tx); return err })
		e.Refuses(workspace.CodePolicyNotFound, func(tx *store.Tx) error {
			return namepolicy.SaveNamePolicy(e.Context(), tx, namepolicy.NamePolicy{ID: "missing"})
		})
		for range 2 {
			e.Update(func(tx *store.Tx) error { return namepolicy.DeleteNamePolicy(e.Context(), tx, "p") })
		}
		e.Same(len(e.namePolicies(namepolicy.NamePolicyQuery{})), 0)
	},
	"a name policy's name is taken whatever its case": func(e *env) {
		e.addNamePolicies(
			namepolicy.NamePolicy{ID: "a", ProjectID: storetest.Project, Name: "Ä"}, namepolicy.NamePolicy{ID: "b", ProjectID: storetest.OtherProject, Name: "Ä"},
			namepolicy.NamePolicy{ID: "c", ProjectID: storetest.Project, Name: "c"},
		)
		taken := namepolicy.NamePolicy{ID: "d", ProjectID: storetest.Project, Name: "ä"}
		e.Refuses(workspace.CodeNameTaken, func(tx *store.Tx) error { return namepolicy.InsertNamePolicy(e.Context(), tx, taken) })
		taken.ID = "c"
		e.Refuses(workspace.CodeNameTaken, func(tx *store.Tx) error { return namepolicy.SaveNamePolicy(e.Context(), tx, taken) })
	},
	"name policies are filtered, and one of a project is the default": func(e *env) {
		e.addNamePolicies(
			namepolicy.NamePolicy{ID: "1", ProjectID: storetest.Project, Name: "Red_1", Prefix: "$DomainUser$", Default: true},
			namepolicy.NamePolicy{ID: "2", ProjectID: storetest.Project, Name: "blue", Prefix: "b"},
			namepolicy.NamePolicy{ID: "3", ProjectID: storetest.OtherProject, Name: "red", Default: true},
		)
		yes, no := true, false
		for _, c := range []struct {
			query namepolicy.NamePolicyQuery
			want  []string
		}{
			{namepolicy.NamePolicyQuery{}, []string{"1", "2"}}, {namepolicy.NamePolicyQuery{Name: "D_"}, []string{"1"}},
			{namepolicy.NamePolicyQuery{WithUser: &yes}, []string{"1"}}, {namepolicy.NamePolicyQuery{WithUser: &no}, []string{"2"}},
			{namepolicy.NamePolicyQuery{ID: "2"}, []string{"2"}}, {namepolicy.NamePolicyQuery{ID: "3"}, nil},
			{namepolicy.NamePolicyQuery{Default: &yes}, []string{"1"}},
		} {
			e.Same(storetest.IDs(e.namePolicies(c.query), policyID), c.want)
		}
		second := namepolicy.NamePolicy{ID: "2", ProjectID: storetest.Project, Name: "blue", Prefix: "b", Default: true}
		e.Refuses(workspace.CodeConflict, func(tx *store.Tx) error { return namepolicy.SaveNamePolicy(e.Context(), tx, second) })
		e.Refuses(workspace.CodeConflict, func(tx *store.Tx) error {
			return namepolicy.InsertNamePolicy(e.Context(), tx, namepolicy.NamePolicy{ID: "4", ProjectID: storetest.Project, Name: "green", Default: true})
		})
		e.Update(func(tx *store.Tx) error {
			if err := namepolicy.ClearDefaultNamePolicy(e.Context(), tx, storetest.Project, "2"); err != nil {
				return err
			}
			return namepolicy.SaveNamePolicy(e.Context(), tx, second)
		})
		e.Same(storetest.IDs(e.namePolicies(namepolicy.NamePolicyQuery{Default: &yes}), policyID), []string{"2"})
		other := storetest.Get(e, func(ctx context.Context, tx *store.Tx) (int, error) {
			_, total, err := namepolicy.NamePolicies(ctx, tx, namepolicy.NamePolicyQuery{ProjectID: storetest.OtherProject, Default: &yes})
			return total, err
		})
		e.Same(other, 1)
	},
	"callers that hold a name policy count one after the other": func(e *env) {
		e.addNamePolicies(namepolicy.NamePolicy{ID: "p", ProjectID: storetest.Project, Name: "p"})
		e.All(storetest.Together(20, func(int) error {
			return e.Store.Update(e.Context(), func(tx *store.Tx) error {
				p, err := namepolicy.LockNamePolicy(e.Context(), tx, storetest.Project, "p")
				if err != nil {
					return err
				}
				p.Next++
				return namepolicy.SaveNamePolicy(e.Context(), tx, p)
			})
		}))
		e.Same(e.namePolicies(namepolicy.NamePolicyQuery{})[0].Next, 20)
	},
	"callers at once make no more name policies than a project may have": func(e *env) {
		e.Update(func(tx *store.Tx) error {
			_, err := tx.OpenSubscription(e.Context(), workspace.Subscription{ID: "s", ProjectID: storetest.Project, Opened: tx.Now()})
			return err
		})
		for i := range namepolicy.MaxNamePolicies - 2 {
			e.Update(func(tx *store.Tx) error {
				return namepolicy.InsertNamePolicy(e.Context(), tx, namepolicy.NamePolicy{ID: fmt.Sprint("p-", i), ProjectID: storetest.Project, Name: fmt.Sprint("policy_", i)})
			})
		}
		service := &namepolicy.Service{Store: e.Store}
		for range 5 {
			ids := make([]string, 8)
			errs := storetest.Together(len(ids), func(i int) (err error) {
				ids[i], err = service.CreateNamePolicy(e.Context(), workspace.Caller{ProjectID: storetest.Project},
					namepolicy.NamePolicy{Name: fmt.Sprint("last_", i), Prefix: "last", Digits: 3, Start: 1})
				return err
			})
			e.Same(storetest.Get(e, func(ctx context.Context, tx *store.Tx) (int, error) {
				_, total, err := namepolicy.NamePolicies(ctx, tx, namepolicy.NamePolicyQuery{ProjectID: storetest.Project, Page: storetest.Everything})
				return total, err
			}), namepolicy.MaxNamePolicies)
			for i, err := range errs {
				if err != nil && workspace.CodeOf(err) != workspace.CodeConflict {
					e.Errorf("refused with %v", err)
				}
				e.Update(func(tx *store.Tx) error { return namepolicy.DeleteNamePolicy(e.Context(), tx, ids[i]) })
			}
		}
	},
}

// env is the fixture of the room's rows.
type env struct{ *storetest.Env }

func TestRows(t *testing.T) {
	storetest.RunRows(t, func(e *storetest.Env) *env { return &env{e} }, map[string]map[string]func(*env){"NamePolicies": namePolicies})
}
