package storetest

import (
	"context"
	"time"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

func (w *world) addNamePolicies(policies ...workspace.NamePolicy) {
	w.Helper()
	for _, p := range policies {
		w.update(func(tx *store.Tx) error { return tx.InsertNamePolicy(w.Context(), p) })
	}
}

func (w *world) namePolicies(q workspace.NamePolicyQuery) []workspace.NamePolicy {
	w.Helper()
	return get(w, func(ctx context.Context, tx *store.Tx) ([]workspace.NamePolicy, error) {
		q.ProjectID, q.Page = project, everything
		got, total, err := tx.NamePolicies(ctx, q)
		w.same(total, len(got))
		return got, err
	})
}

func policyID(p workspace.NamePolicy) string { return p.ID }

var namePolicies = []behaviour{
	{"a name policy is read as inserted and as saved", func(w *world) {
		p := workspace.NamePolicy{
			ID: "p", ProjectID: project, Name: "Policy", Prefix: "a$DomainUser$", Digits: 3, Start: 7, PerUser: true, Truncate: true, Default: true,
			Next: 9, Created: w.clock.Now(), Updated: w.clock.Now(),
		}
		w.addNamePolicies(p)
		w.same(w.namePolicies(workspace.NamePolicyQuery{}), []workspace.NamePolicy{p})
		p = workspace.NamePolicy{ID: "p", ProjectID: project, Name: "other", Prefix: "b", Digits: 1, Start: 1, Created: p.Created, Updated: w.clock.Now().Add(time.Second)}
		w.update(func(tx *store.Tx) error { return tx.SaveNamePolicy(w.Context(), p) })
		lock := func(project, id string) func(context.Context, *store.Tx) (workspace.NamePolicy, error) {
			return func(ctx context.Context, tx *store.Tx) (workspace.NamePolicy, error) {
				return tx.LockNamePolicy(ctx, project, id)
			}
		}
		w.same(do(w, lock(project, "p")), p)
		w.refuses(workspace.CodePolicyNotFound, func(tx *store.Tx) error { _, err := lock(otherProject, "p")(w.Context(), tx); return err })
		w.refuses(workspace.CodePolicyNotFound, func(tx *store.Tx) error {
			return tx.SaveNamePolicy(w.Context(), workspace.NamePolicy{ID: "missing"})
		})
		for range 2 {
			w.update(func(tx *store.Tx) error { return tx.DeleteNamePolicy(w.Context(), "p") })
		}
		w.same(len(w.namePolicies(workspace.NamePolicyQuery{})), 0)
	}},
	{"a name policy's name is taken whatever its case", func(w *world) {
		w.addNamePolicies(
			workspace.NamePolicy{ID: "a", ProjectID: project, Name: "Ä"}, workspace.NamePolicy{ID: "b", ProjectID: otherProject, Name: "Ä"},
			workspace.NamePolicy{ID: "c", ProjectID: project, Name: "c"},
		)
		taken := workspace.NamePolicy{ID: "d", ProjectID: project, Name: "ä"}
		w.refuses(workspace.CodeNameTaken, func(tx *store.Tx) error { return tx.InsertNamePolicy(w.Context(), taken) })
		taken.ID = "c"
		w.refuses(workspace.CodeNameTaken, func(tx *store.Tx) error { return tx.SaveNamePolicy(w.Context(), taken) })
	}},
	{"name policies are filtered, and one of a project is the default", func(w *world) {
		w.addNamePolicies(
			workspace.NamePolicy{ID: "1", ProjectID: project, Name: "Red_1", Prefix: "$DomainUser$", Default: true},
			workspace.NamePolicy{ID: "2", ProjectID: project, Name: "blue", Prefix: "b"},
			workspace.NamePolicy{ID: "3", ProjectID: otherProject, Name: "red", Default: true},
		)
		yes, no := true, false
		for _, c := range []struct {
			query workspace.NamePolicyQuery
			want  []string
		}{
			{workspace.NamePolicyQuery{}, []string{"1", "2"}}, {workspace.NamePolicyQuery{Name: "D_"}, []string{"1"}},
			{workspace.NamePolicyQuery{WithUser: &yes}, []string{"1"}}, {workspace.NamePolicyQuery{WithUser: &no}, []string{"2"}},
			{workspace.NamePolicyQuery{ID: "2"}, []string{"2"}}, {workspace.NamePolicyQuery{ID: "3"}, nil},
			{workspace.NamePolicyQuery{Default: &yes}, []string{"1"}},
		} {
			w.same(ids(w.namePolicies(c.query), policyID), c.want)
		}
		second := workspace.NamePolicy{ID: "2", ProjectID: project, Name: "blue", Prefix: "b", Default: true}
		w.refuses(workspace.CodeConflict, func(tx *store.Tx) error { return tx.SaveNamePolicy(w.Context(), second) })
		w.refuses(workspace.CodeConflict, func(tx *store.Tx) error {
			return tx.InsertNamePolicy(w.Context(), workspace.NamePolicy{ID: "4", ProjectID: project, Name: "green", Default: true})
		})
		w.update(func(tx *store.Tx) error {
			if err := tx.ClearDefaultNamePolicy(w.Context(), project, "2"); err != nil {
				return err
			}
			return tx.SaveNamePolicy(w.Context(), second)
		})
		w.same(ids(w.namePolicies(workspace.NamePolicyQuery{Default: &yes}), policyID), []string{"2"})
		other := get(w, func(ctx context.Context, tx *store.Tx) (int, error) {
			_, total, err := tx.NamePolicies(ctx, workspace.NamePolicyQuery{ProjectID: otherProject, Default: &yes})
			return total, err
		})
		w.same(other, 1)
	}},
	{"callers that hold a name policy count one after the other", func(w *world) {
		w.addNamePolicies(workspace.NamePolicy{ID: "p", ProjectID: project, Name: "p"})
		w.all(together(20, func(int) error {
			return w.store.Update(w.Context(), func(tx *store.Tx) error {
				p, err := tx.LockNamePolicy(w.Context(), project, "p")
				if err != nil {
					return err
				}
				p.Next++
				return tx.SaveNamePolicy(w.Context(), p)
			})
		}))
		w.same(w.namePolicies(workspace.NamePolicyQuery{})[0].Next, 20)
	}},
}
