package directory

import (
	"context"

	"carrel/internal/store"
)

// accountKey is a login in a project.
type accountKey struct{ project, account string }

// giveAccounts sets the login of new rows that have none to one that is free in their project.
func giveAccounts(ctx context.Context, t *store.Tx, rows []userRow) error {
	byProject := map[string][]string{}
	for _, r := range rows {
		if r.Account == "" {
			byProject[r.ProjectID] = append(byProject[r.ProjectID], AccountFor(r.Name))
		}
	}
	taken := map[accountKey]bool{}
	for project, wanted := range byProject {
		there, err := t.Present(ctx, "SELECT account FROM users WHERE project_id = ? AND account = v.column1", project, wanted)
		if err != nil {
			return err
		}
		for _, account := range there {
			taken[accountKey{project, account}] = true
		}
	}
	for i, r := range rows {
		if r.Account != "" {
			continue
		}
		account := AccountFor(r.Name)
		if taken[accountKey{r.ProjectID, account}] || !MayBeAccount(account) {
			var err error
			if account, err = numberedAccount(ctx, t, r.ProjectID, account, taken); err != nil {
				return err
			}
		}
		rows[i].Account = account
		taken[accountKey{r.ProjectID, account}] = true
	}
	return nil
}

// numberedAccount returns the first numbered login that is neither in the database nor in taken.
func numberedAccount(ctx context.Context, t *store.Tx, project, account string, taken map[accountKey]bool) (string, error) {
	for n := 1; ; n++ {
		choice := NumberedAccount(account, n)
		if taken[accountKey{project, choice}] {
			continue
		}
		held, err := t.NewSelect().Model((*userRow)(nil)).Where("project_id = ? AND account = ?", project, choice).Exists(ctx)
		if err != nil || !held {
			return choice, err
		}
		taken[accountKey{project, choice}] = true
	}
}

// FreeAccount returns a login inside desktops for a renamed user that is free in the project.
func FreeAccount(ctx context.Context, t *store.Tx, projectID, name string) (string, error) {
	rows := []userRow{{user: user{ProjectID: projectID, Name: name}}}
	err := giveAccounts(ctx, t, rows)
	return rows[0].Account, err
}
