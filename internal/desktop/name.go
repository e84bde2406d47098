package desktop

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"carrel/internal/namepolicy"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// chooseNames returns the computer names in the order of the request: those asked for, the others made by a name policy or from
// a prefix.
func chooseNames(ctx context.Context, tx *store.Tx, r CreateDesktops) ([]string, error) {
	names := make([]string, r.count())
	users := make([]string, r.count())
	var open []int // the desktops whose names a policy may make
	for i := range names {
		switch {
		case r.Size == nil:
			names[i], users[i] = r.Desktops[i].Name, r.Desktops[i].UserName
			if r.Desktops[i].Name == "" && r.Desktops[i].Prefix == "" {
				open = append(open, i)
			}
		case r.Name == "":
			open = append(open, i)
		}
	}
	policy, err := namePolicyFor(ctx, tx, r, len(open) > 0)
	if err != nil {
		return nil, err
	}
	if r.Size == nil {
		if err := RefuseTaken(ctx, tx, r.ProjectID, "computer_name", given(names)); err != nil {
			return nil, err
		}
	}
	if policy != nil {
		if err := NamesByPolicy(ctx, tx, *policy, r.ProjectID, names, users, open); err != nil {
			return nil, err
		}
	}
	if r.Size != nil {
		return namesBySize(ctx, tx, r, names)
	}
	return namesByPrefix(ctx, tx, r, names)
}

// given leaves out what is empty.
func given(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == "" })
}

// namePolicyFor finds the policy that a request names, or else the project's default one if some desktop needs it, or nil. It
// holds the policy's row: two callers at once count one after the other.
func namePolicyFor(ctx context.Context, tx *store.Tx, r CreateDesktops, needed bool) (*namepolicy.Policy, error) {
	id := r.NamePolicyID
	if id == "" && needed && r.Size == nil {
		defaults, _, err := namepolicy.Policies(ctx, tx, namepolicy.Query{ProjectID: r.ProjectID, Default: new(true), Page: workspace.Page{Limit: 1}})
		if err != nil || len(defaults) == 0 {
			return nil, err
		}
		id = defaults[0].ID
	}
	if id == "" {
		return nil, nil
	}
	p, err := namepolicy.Lock(ctx, tx, r.ProjectID, id)
	if err != nil {
		return nil, workspace.InField("desktop_name_policy_id", err)
	}
	return &p, nil
}

// NamesByPolicy fills in the names at the indexes in open, and writes the number that the policy goes on with.
func NamesByPolicy(ctx context.Context, tx *store.Tx, p namepolicy.Policy, projectID string, names, users []string, open []int) error {
	next, err := FillNames(ctx, tx, p, projectID, names, users, open)
	if err != nil || len(open) == 0 {
		return err
	}
	return namepolicy.KeepCount(ctx, tx, p, next)
}

// FillNames fills in the names at the indexes in open, and returns the number that the policy would go on with.
func FillNames(ctx context.Context, tx *store.Tx, p namepolicy.Policy, projectID string, names, users []string, open []int) (next int, err error) {
	prefixes := make([]string, len(open))
	for n, i := range open {
		if prefixes[n], err = p.PrefixOf(users[i]); err != nil {
			return 0, err
		}
	}
	there, err := NamesWithPrefix(ctx, tx, projectID, slices.Compact(slices.Sorted(slices.Values(prefixes)))...)
	if err != nil {
		return 0, err
	}
	made, next, err := p.Names(prefixes, workspace.InLowerCase(slices.Concat(names, there)))
	if err != nil {
		return 0, err
	}
	for n, i := range open {
		names[i] = made[n]
	}
	return next, nil
}

func namesBySize(ctx context.Context, tx *store.Tx, r CreateDesktops, names []string) ([]string, error) {
	switch {
	case r.Name == "":
		return names, nil
	case *r.Size == 1:
		return []string{r.Name}, RefuseTaken(ctx, tx, r.ProjectID, "desktop_name", []string{r.Name})
	}
	taken, err := NamesWithPrefix(ctx, tx, r.ProjectID, r.Name)
	if err != nil {
		return nil, err
	}
	return workspace.NameSequence("desktop_name", r.Name, *r.Size, workspace.InLowerCase(taken))
}

// namesByPrefix makes the names that are still missing.
func namesByPrefix(ctx context.Context, tx *store.Tx, r CreateDesktops, names []string) ([]string, error) {
	byPrefix := map[string][]int{} // which desktops get a name made from the prefix
	for i, d := range r.Desktops {
		if names[i] == "" {
			prefix := cmp.Or(d.Prefix, workspace.PrefixFor(d.UserName))
			byPrefix[prefix] = append(byPrefix[prefix], i)
		}
	}
	prefixes := slices.Sorted(maps.Keys(byPrefix))
	there, err := NamesWithPrefix(ctx, tx, r.ProjectID, prefixes...)
	if err != nil {
		return nil, err
	}
	taken := workspace.InLowerCase(slices.Concat(names, there))
	for _, prefix := range prefixes {
		indexes := byPrefix[prefix]
		field := fmt.Sprintf("desktops[%d].desktop_name_prefix", indexes[0])
		made, err := workspace.NameSequence(field, prefix, len(indexes), taken)
		if err != nil {
			return nil, err
		}
		for n, i := range indexes {
			names[i] = made[n]
			taken[strings.ToLower(made[n])] = true
		}
	}
	return names, nil
}

func RefuseTaken(ctx context.Context, tx *store.Tx, projectID, field string, names []string) error {
	if len(names) == 0 {
		return nil
	}
	taken, err := TakenNames(ctx, tx, projectID, names)
	if err != nil {
		return err
	}
	if len(taken) > 0 {
		return workspace.Errorf(workspace.CodeNameTaken, "%s: %q is in use", field, taken[0])
	}
	return nil
}
