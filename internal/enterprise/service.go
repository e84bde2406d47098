package enterprise

import (
	"context"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Service creates, changes and lists enterprise projects, and moves resources between them. Each method is one transaction. Callers have the
// account's id in place of a project's. It is safe for concurrent use, also by several processes on one database.
type Service struct {
	Store store.Transactions
}

// New describes an enterprise project to create.
type New struct {
	Name        string
	Description string
	Type        Type // empty: Production
}

// Create creates an enterprise project. The lock on the account keeps their number within the limit, a unique index their names apart.
// CodeInvalid, CodeNameTaken; CodeConflict if the account has MaxProjects.
func (s *Service) Create(ctx context.Context, c workspace.Caller, n New) (Project, error) {
	p := Project{AccountID: c.ProjectID, ID: workspace.NewID(), Name: n.Name, Description: n.Description, Type: n.Type, Enabled: true}
	if p.Type == "" {
		p.Type = Production
	}
	if err := p.Check(); err != nil {
		return Project{}, err
	}
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (Project, error) {
		if err := lockAccount(ctx, tx, c.ProjectID); err != nil {
			return Project{}, err
		}
		there, err := count(ctx, tx, c.ProjectID)
		if err != nil {
			return Project{}, err
		}
		if there >= MaxProjects {
			return Project{}, workspace.Errorf(workspace.CodeConflict, "the account has %d enterprise projects, which is the limit: rename and use one that is disabled", there)
		}
		return p, insert(ctx, tx, &p)
	}))
}

// Get reads an enterprise project. CodeEnterpriseNotFound.
func (s *Service) Get(ctx context.Context, accountID, id string) (Project, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) (Project, error) { return read(ctx, tx, accountID, id) })
}

// List reads a page of enterprise projects and counts all that match.
func (s *Service) List(ctx context.Context, q Query) ([]Project, int, error) {
	return store.List(ctx, s.Store, func(tx *store.Tx) ([]Project, int, error) { return list(ctx, tx, q) })
}

// Used returns how many enterprise projects the account has besides the default one.
func (s *Service) Used(ctx context.Context, accountID string) (int, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) (int, error) { return count(ctx, tx, accountID) })
}

// Known returns CodeEnterpriseNotFound unless the project's account has all enterprise projects with the ids. Disabled ones are known.
func (s *Service) Known(ctx context.Context, projectID string, ids ...string) error {
	return s.Store.View(ctx, func(tx *store.Tx) error {
		for _, id := range ids {
			if err := tx.KnowsEnterprise(ctx, projectID, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// Change is a request to change an enterprise project. Nil fields stay as they are.
type Change struct {
	Name, Description *string
	Type              *Type
}

// Update changes an enterprise project. CodeEnterpriseNotFound, CodeInvalid, CodeNameTaken; CodeConflict for the default one.
func (s *Service) Update(ctx context.Context, c workspace.Caller, id string, change Change) (Project, error) {
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (Project, error) {
		p, err := lock(ctx, tx, c.ProjectID, id)
		if err == nil {
			err = p.mayChange()
		}
		if err != nil {
			return p, err
		}
		workspace.Set(&p.Name, change.Name)
		workspace.Set(&p.Description, change.Description)
		workspace.Set(&p.Type, change.Type)
		if err := p.Check(); err != nil {
			return p, err
		}
		return p, save(ctx, tx, &p)
	}))
}

// Enable makes an enterprise project take new resources again, or no more: what is in it stays and works. It waits for transactions that put
// something into it; those after it are refused. CodeEnterpriseNotFound; CodeConflict for the default one.
func (s *Service) Enable(ctx context.Context, c workspace.Caller, id string, enabled bool) error {
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		p, err := lock(ctx, tx, c.ProjectID, id)
		if err == nil {
			err = p.mayChange()
		}
		if err != nil || p.Enabled == enabled {
			return err
		}
		p.Enabled = enabled
		return save(ctx, tx, &p)
	}))
}
