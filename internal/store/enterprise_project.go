package store

import (
	"context"

	"github.com/uptrace/bun"

	"carrel/internal/workspace"
)

// enterpriseProject is what every room asks of one. Package enterprise has the rest.
type enterpriseProject struct {
	bun.BaseModel `bun:"table:enterprise_projects,alias:e"`
	ID            string
	Name          string
	Enabled       bool
}

// heldEnterprises are those that a transaction holds, by account or project and id.
type heldEnterprises map[[2]string]bool

// HoldEnterprise holds an enterprise project of a project's account for what the transaction puts into it: it cannot be disabled before the
// transaction ends. The default one always exists. CodeEnterpriseNotFound; CodeEnterpriseDisabled.
//
// The lock of its row decides between a transaction that disables it and those that put something into it: whoever waits sees what the
// other wrote.
func (t *Tx) HoldEnterprise(ctx context.Context, projectID, id string) error {
	if id == "" || id == workspace.DefaultEnterprise {
		return nil
	}
	held, key := Kept[heldEnterprises](t), [2]string{projectID, id}
	if (*held)[key] {
		return nil
	}
	var e enterpriseProject
	err := Read(ctx, t.ForShare(t.enterprisesOf(&e, projectID, id), "e"), workspace.NoEnterprise(id))
	switch {
	case err != nil:
		return err
	case !e.Enabled:
		return workspace.Errorf(workspace.CodeEnterpriseDisabled, "enterprise_project_id: enterprise project %s (%s) is disabled and takes nothing new: enable it, or name another",
			e.Name, e.ID)
	}
	if *held == nil {
		*held = heldEnterprises{}
	}
	(*held)[key] = true
	return nil
}

// KnowsEnterprise returns CodeEnterpriseNotFound if the project's account has no enterprise project with the id. It may be disabled.
func (t *Tx) KnowsEnterprise(ctx context.Context, projectID, id string) error {
	if id == "" || id == workspace.DefaultEnterprise {
		return nil
	}
	var e enterpriseProject
	return Read(ctx, t.enterprisesOf(&e, projectID, id), workspace.NoEnterprise(id))
}

// enterprisesOf selects by id an enterprise project of an account, or of a project's account.
func (t *Tx) enterprisesOf(e *enterpriseProject, projectID, id string) *bun.SelectQuery {
	return t.NewSelect().Model(e).Where("e.id = ?", id).
		Where("(e.account_id = ? OR e.account_id = (SELECT p.account_id FROM projects AS p WHERE p.id = ?))", projectID, projectID)
}

// holdNamed holds the enterprise projects that the request of the transaction's caller puts something into, whatever the room makes of it.
func (t *Tx) holdNamed(ctx context.Context) error {
	if t.trail.caller == nil {
		return nil
	}
	for _, id := range t.trail.caller.Enterprises {
		if err := t.HoldEnterprise(ctx, t.trail.caller.ProjectID, id); err != nil {
			return err
		}
	}
	return nil
}

// AddDefaultEnterprise adds the default enterprise project of a new account.
func (t *Tx) AddDefaultEnterprise(ctx context.Context, accountID string) error {
	_, err := t.NewRaw(`INSERT INTO enterprise_projects (account_id, id, name, name_folded, description, type, enabled, created, updated)
		VALUES (?, ?, 'default', 'default', 'What names no enterprise project', 'prod', TRUE, ?, ?)`,
		accountID, workspace.DefaultEnterprise, t.now, t.now).Exec(ctx)
	return err
}
