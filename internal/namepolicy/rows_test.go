package namepolicy_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"carrel/internal/namepolicy"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

func (e *env) addNamePolicies(policies ...namepolicy.Policy) {
	e.Helper()
	for _, p := range policies {
		e.Update(func(tx *store.Tx) error { return namepolicy.Insert(e.Context(), tx, p) })
	}
}

func (e *env) namePolicies(q namepolicy.Query) []namepolicy.Policy {
	e.Helper()
	return storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]namepolicy.Policy, error) {
		q.ProjectID, q.Page = storetest.Project, storetest.Everything
		got, total, err := namepolicy.Policies(ctx, tx, q)
		e.Same(total, len(got))
		return got, err
	})
}

func meta(id, name string) workspace.Meta {
	return workspace.Meta{ID: id, ProjectID: storetest.Project, Name: name}
}

func policyID(p namepolicy.Policy) string { return p.ID }

var namePolicies = map[string]func(*env){
	"a name policy is read as inserted and as saved": func(e *env) {
		made := e.Clock.Now()
		p := namepolicy.Policy{Meta: meta("p", "Policy"), Prefix: "a$DomainUser$", Digits: 3, Start: 7, PerUser: true, Truncate: true, Default: true, Next: 9}
		e.addNamePolicies(p)
		p.NameFolded, p.Created, p.Updated = "policy", made, made
		e.Same(e.namePolicies(namepolicy.Query{}), []namepolicy.Policy{p})
		e.Clock.Advance(time.Second)
		p = namepolicy.Policy{Meta: meta("p", "other"), Prefix: "b", Digits: 1, Start: 1}
		e.Update(func(tx *store.Tx) error { return namepolicy.Save(e.Context(), tx, p) })
		p.NameFolded, p.Created, p.Updated = "other", made, e.Clock.Now()
		e.Same(storetest.Do(e, func(ctx context.Context, tx *store.Tx) (namepolicy.Policy, error) {
			return namepolicy.Lock(ctx, tx, storetest.Project, "p")
		}), p)
		e.Same(e.namePolicies(namepolicy.Query{WithUser: new(false)}), []namepolicy.Policy{p})
	},
	"a name policy's name is taken whatever its case": func(e *env) {
		e.addNamePolicies(namepolicy.Policy{Meta: meta("a", "Ä")}, namepolicy.Policy{Meta: meta("b", "b")})
		for _, write := range []func(*store.Tx) error{
			func(tx *store.Tx) error {
				return namepolicy.Insert(e.Context(), tx, namepolicy.Policy{Meta: meta("c", "ä")})
			},
			func(tx *store.Tx) error {
				return namepolicy.Save(e.Context(), tx, namepolicy.Policy{Meta: meta("b", "ä")})
			},
		} {
			if message := e.Refuses(workspace.CodeNameTaken, write); !strings.Contains(message, `policy_name: "ä" is in use`) {
				e.Error(message)
			}
		}
	},
	"name policies are filtered, and one of a project is the default": func(e *env) {
		e.addNamePolicies(
			namepolicy.Policy{Meta: meta("1", "Red_1"), Prefix: "$DomainUser$", Default: true},
			namepolicy.Policy{Meta: meta("2", "blue"), Prefix: "b"},
			namepolicy.Policy{Meta: workspace.Meta{ID: "3", ProjectID: storetest.OtherProject, Name: "red"}, Default: true},
		)
		yes, no := true, false
		for _, c := range []struct {
			query namepolicy.Query
			want  []string
		}{
			{namepolicy.Query{}, []string{"1", "2"}}, {namepolicy.Query{Name: "D_"}, []string{"1"}},
			{namepolicy.Query{WithUser: &yes}, []string{"1"}}, {namepolicy.Query{WithUser: &no}, []string{"2"}},
			{namepolicy.Query{ID: "2"}, []string{"2"}}, {namepolicy.Query{ID: "3"}, nil},
			{namepolicy.Query{Default: &yes}, []string{"1"}},
		} {
			e.Same(storetest.IDs(e.namePolicies(c.query), policyID), c.want)
		}
		second := namepolicy.Policy{Meta: meta("2", "blue"), Prefix: "b", Default: true}
		e.Refuses(workspace.CodeConflict, func(tx *store.Tx) error { return namepolicy.Save(e.Context(), tx, second) })
		e.Refuses(workspace.CodeConflict, func(tx *store.Tx) error {
			return namepolicy.Insert(e.Context(), tx, namepolicy.Policy{Meta: meta("4", "green"), Default: true})
		})
		e.Update(func(tx *store.Tx) error {
			if err := namepolicy.ClearDefault(e.Context(), tx, storetest.Project, "2"); err != nil {
				return err
			}
			return namepolicy.Save(e.Context(), tx, second)
		})
		e.Same(storetest.IDs(e.namePolicies(namepolicy.Query{Default: &yes}), policyID), []string{"2"})
		other := storetest.Get(e, func(ctx context.Context, tx *store.Tx) (int, error) {
			_, total, err := namepolicy.Policies(ctx, tx, namepolicy.Query{ProjectID: storetest.OtherProject, Default: &yes})
			return total, err
		})
		e.Same(other, 1)
	},
	"callers that hold a name policy count one after the other": func(e *env) {
		e.addNamePolicies(namepolicy.Policy{Meta: meta("p", "p")})
		e.All(storetest.Together(20, func(int) error {
			return e.Store.Update(e.Context(), func(tx *store.Tx) error {
				p, err := namepolicy.Lock(e.Context(), tx, storetest.Project, "p")
				if err != nil {
					return err
				}
				return namepolicy.KeepCount(e.Context(), tx, p, p.Next+1)
			})
		}))
		e.Same(e.namePolicies(namepolicy.Query{})[0].Next, 20)
	},
	"callers at once make no more name policies than a project may have": func(e *env) {
		e.Update(func(tx *store.Tx) error {
			_, err := tx.OpenSubscription(e.Context(), workspace.Subscription{ID: "s", ProjectID: storetest.Project, Opened: tx.Now()})
			return err
		})
		for i := range namepolicy.MaxPolicies - 2 {
			e.Update(func(tx *store.Tx) error {
				return namepolicy.Insert(e.Context(), tx, namepolicy.Policy{Meta: meta(fmt.Sprint("p-", i), fmt.Sprint("policy_", i))})
			})
		}
		service := &namepolicy.Service{Store: e.Store}
		for range 5 {
			ids := make([]string, 8)
			errs := storetest.Together(len(ids), func(i int) (err error) {
				ids[i], err = service.Create(e.Context(), workspace.Caller{ProjectID: storetest.Project},
					namepolicy.Policy{Meta: workspace.Meta{Name: fmt.Sprint("last_", i)}, Prefix: "last", Digits: 3, Start: 1})
				return err
			})
			e.Same(storetest.Get(e, func(ctx context.Context, tx *store.Tx) (int, error) {
				_, total, err := namepolicy.Policies(ctx, tx, namepolicy.Query{ProjectID: storetest.Project, Page: storetest.Everything})
				return total, err
			}), namepolicy.MaxPolicies)
			for i, err := range errs {
				if err != nil && workspace.CodeOf(err) != workspace.CodeConflict {
					e.Errorf("refused with %v", err)
				}
				e.Update(func(tx *store.Tx) error {
					return namepolicy.Delete(e.Context(), tx, namepolicy.Policy{Meta: meta(ids[i], "")})
				})
			}
		}
	},
}

// env is the fixture of the room's rows.
type env struct{ *storetest.Env }

func TestRows(t *testing.T) {
	storetest.RunRows(t, func(e *storetest.Env) *env { return &env{e} }, map[string]map[string]func(*env){"NamePolicies": namePolicies})
}
