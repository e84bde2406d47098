package iam

import (
	"context"
	"strings"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// maxProjects is the most projects that an account may have.
const maxProjects = 200

// NewProject describes a project to create.
type NewProject struct {
	Name        string // unique in the account
	Description string
	Authorized  bool // the service may manage everything in it; otherwise its agencies say so later
}

func (p NewProject) check() error {
	if err := checkName("project.name", p.Name); err != nil {
		return err
	}
	return checkDescription("project.description", p.Description)
}

// CreateProject creates a project in the caller's account, without a Workspace service. Of two callers with one name the unique index lets one
// through; the lock on the account keeps the number of projects within the limit.
func (s *Service) CreateProject(ctx context.Context, c workspace.Caller, n NewProject) (Project, error) {
	if err := n.check(); err != nil {
		return Project{}, err
	}
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (Project, error) {
		if err := LockAccount(ctx, tx, c.ProjectID); err != nil {
			return Project{}, err
		}
		there, err := CountProjects(ctx, tx, c.ProjectID)
		if err != nil {
			return Project{}, err
		}
		if there >= maxProjects {
			return Project{}, limited("the account has %d projects, the most allowed; delete one first", there)
		}
		p := Project{ID: newID(), AccountID: c.ProjectID, Name: n.Name, Description: n.Description, Enabled: true, Created: tx.Now()}
		if n.Authorized {
			p.Agencies = allAgencies(tx.Now())
		}
		return p, nameTaken(InsertProject(ctx, tx, p), "project.name", n.Name)
	}))
}

// ProjectChange is a request to change a project. Nil fields stay as they are.
type ProjectChange struct {
	Name, Description *string
	Enabled           *bool
}

// UpdateProject changes a project of the caller's account. In a disabled project every call of the API is refused; its desktops keep running, and
// people keep working in them.
func (s *Service) UpdateProject(ctx context.Context, c workspace.Caller, id string, change ProjectChange) (Project, error) {
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (Project, error) {
		if err := RaiseVersion(ctx, tx, c.ProjectID); err != nil {
			return Project{}, err
		}
		p, err := LockProject(ctx, tx, c.ProjectID, id)
		if err != nil {
			return p, noneSuch(err, "project", id)
		}
		set(&p.Name, change.Name)
		set(&p.Description, change.Description)
		set(&p.Enabled, change.Enabled)
		if err := (NewProject{Name: p.Name, Description: p.Description}).check(); err != nil {
			return p, err
		}
		return p, nameTaken(SaveProject(ctx, tx, p), "project.name", p.Name)
	}))
}

// DeleteProject deletes a project of the caller's account that holds nothing (ProjectHolds) and that the first start did not create: Carrel
// opens that one's service at each start.
func (s *Service) DeleteProject(ctx context.Context, c workspace.Caller, id string) error {
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		if err := RaiseVersion(ctx, tx, c.ProjectID); err != nil {
			return err
		}
		p, err := LockProject(ctx, tx, c.ProjectID, id)
		if err != nil {
			return noneSuch(err, "project", id)
		}
		first, err := ReadBootstrap(ctx, tx)
		if err != nil && !isMissing(err) {
			return err
		}
		if first.ProjectID == p.ID {
			return conflict("project %s is the first one, which Carrel opens at each start: disable it instead", p.Name)
		}
		held, err := s.ProjectHolds(ctx, tx, p.ID)
		if err != nil {
			return err
		}
		if len(held) > 0 {
			return conflict("project %s still has %s: delete what is in it first", p.Name, strings.Join(held, ", "))
		}
		if s.ReleaseProject != nil {
			if err := s.ReleaseProject(ctx, tx, p.ID); err != nil {
				return err
			}
		}
		return DeleteProject(ctx, tx, p)
	}))
}
