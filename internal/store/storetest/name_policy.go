package storetest

import (
	"context"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

func (w *world) addNamePolicies(policies ...desktop.NamePolicy) {
	w.Helper()
	for _, p := range policies {
		w.update(func(tx *store.Tx) error { return desktop.InsertNamePolicy(w.Context(), tx, p) })
	}
}

func (w *world) namePolicies(q desktop.NamePolicyQuery) []desktop.NamePolicy {
	w.Helper()
	return get(w, func(ctx context.Context, tx *store.Tx) ([]desktop.NamePolicy, error) {
		q.ProjectID, q.Page = project, everything
		got, total, err := desktop.NamePolicies(ctx, tx, q)
		w.same(total, len(got))
		return got, err
	})
}

func policyID(p desktop.NamePolicy) string { return p.ID }

var namePolicies = []behaviour{
	{"a name policy is read as inserted and as saved", func(w *world) {
		p := desktop.NamePolicy{
			ID: "p", ProjectID: project, Name: "Policy", Prefix: "a$DomainUser$", Digits: 3, Start: 7, PerUser: true, Truncate: true, Default: true,
			Next: 9, Created: w.clock.Now(), Updated: w.clock.Now(),
		}
		w.addNamePolicies(p)
		w.same(w.namePolicies(desktop.NamePolicyQuery{}), []desktop.NamePolicy{p})
		p = desktop.NamePolicy{ID: "p", ProjectID: project, Name: "other", Prefix: "b", Digits: 1, Start: 1, Created: p.Created, Updated: w.clock.Now().Add(time.Second)}
		w.update(func(tx *store.Tx) error { return desktop.SaveNamePolicy(w.Context(), tx, p) })
		lock := func(project, id string) func(context.Context, *store.Tx) (desktop.NamePolicy, error) {
			return func(ctx context.Context, tx *store.Tx) (desktop.NamePolicy, error) {
				return desktop.LockNamePolicy(ctx, tx, project, id)
			}
		}
		w.same(do(w, lock(project, "p")), p)
		w.refuses(workspace.CodePolicyNotFound, func(tx *store.Tx) error { _, err := lock(otherProject, "p")(w.Context(), tx); return err })
		w.refuses(workspace.CodePolicyNotFound, func(tx *store.Tx) error {
			return desktop.SaveNamePolicy(w.Context(), tx, desktop.NamePolicy{ID: "missing"})
		})
		for range 2 {
			w.update(func(tx *store.Tx) error { return desktop.DeleteNamePolicy(w.Context(), tx, "p") })
		}
		w.same(len(w.namePolicies(desktop.NamePolicyQuery{})), 0)
	}},
	{"a name policy's name is taken whatever its case", func(w *world) {
		w.addNamePolicies(
			desktop.NamePolicy{ID: "a", ProjectID: project, Name: "Ä"}, desktop.NamePolicy{ID: "b", ProjectID: otherProject, Name: "Ä"},
			desktop.NamePolicy{ID: "c", ProjectID: project, Name: "c"},
		)
		taken := desktop.NamePolicy{ID: "d", ProjectID: project, Name: "ä"}
		w.refuses(workspace.CodeNameTaken, func(tx *store.Tx) error { return desktop.InsertNamePolicy(w.Context(), tx, taken) })
		taken.ID = "c"
		w.refuses(workspace.CodeNameTaken, func(tx *store.Tx) error { return desktop.SaveNamePolicy(w.Context(), tx, taken) })
	}},
	{"name policies are filtered, and one of a project is the default", func(w *world) {
		w.addNamePolicies(
			desktop.NamePolicy{ID: "1", ProjectID: project, Name: "Red_1", Prefix: "$DomainUser$", Default: true},
			desktop.NamePolicy{ID: "2", ProjectID: project, Name: "blue", Prefix: "b"},
			desktop.NamePolicy{ID: "3", ProjectID: otherProject, Name: "red", Default: true},
		)
		yes, no := true, false
		for _, c := range []struct {
			query desktop.NamePolicyQuery
			want  []string
		}{
			{desktop.NamePolicyQuery{}, []string{"1", "2"}}, {desktop.NamePolicyQuery{Name: "D_"}, []string{"1"}},
			{desktop.NamePolicyQuery{WithUser: &yes}, []string{"1"}}, {desktop.NamePolicyQuery{WithUser: &no}, []string{"2"}},
			{desktop.NamePolicyQuery{ID: "2"}, []string{"2"}}, {desktop.NamePolicyQuery{ID: "3"}, nil},
			{desktop.NamePolicyQuery{Default: &yes}, []string{"1"}},
		} {
			w.same(ids(w.namePolicies(c.query), policyID), c.want)
		}
		second := desktop.NamePolicy{ID: "2", ProjectID: project, Name: "blue", Prefix: "b", Default: true}
		w.refuses(workspace.CodeConflict, func(tx *store.Tx) error { return desktop.SaveNamePolicy(w.Context(), tx, second) })
		w.refuses(workspace.CodeConflict, func(tx *store.Tx) error {
			return desktop.InsertNamePolicy(w.Context(), tx, desktop.NamePolicy{ID: "4", ProjectID: project, Name: "green", Default: true})
		})
		w.update(func(tx *store.Tx) error {
			if err := desktop.ClearDefaultNamePolicy(w.Context(), tx, project, "2"); err != nil {
				return err
			}
			return desktop.SaveNamePolicy(w.Context(), tx, second)
		})
		w.same(ids(w.namePolicies(desktop.NamePolicyQuery{Default: &yes}), policyID), []string{"2"})
		other := get(w, func(ctx context.Context, tx *store.Tx) (int, error) {
			_, total, err := desktop.NamePolicies(ctx, tx, desktop.NamePolicyQuery{ProjectID: otherProject, Default: &yes})
			return total, err
		})
		w.same(other, 1)
	}},
	{"callers that hold a name policy count one after the other", func(w *world) {
		w.addNamePolicies(desktop.NamePolicy{ID: "p", ProjectID: project, Name: "p"})
		w.all(together(20, func(int) error {
			return w.store.Update(w.Context(), func(tx *store.Tx) error {
				p, err := desktop.LockNamePolicy(w.Context(), tx, project, "p")
				if err != nil {
					return err
				}
				p.Next++
				return desktop.SaveNamePolicy(w.Context(), tx, p)
			})
		}))
		w.same(w.namePolicies(desktop.NamePolicyQuery{})[0].Next, 20)
	}},
}
