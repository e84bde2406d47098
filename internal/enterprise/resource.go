package enterprise

import (
	"context"
	"fmt"
	"unicode/utf8"

	"carrel/internal/desktop"
	"carrel/internal/pool"
	"carrel/internal/script"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// ResourceType is a type of resources that can be moved between enterprise projects, in the words of the service.
type ResourceType string

// The types of resources.
const (
	Desktop ResourceType = "workspace-desktop"
	Pool    ResourceType = "workspace-desktop-pool"
)

// ResourceTypes are all types, in the order of lists.
var ResourceTypes = []ResourceType{Desktop, Pool}

func (t ResourceType) check(field string) error {
	if t != Desktop && t != Pool {
		return workspace.Invalid(field, "%q is unknown, use %s or %s", workspace.Clip(string(t), 64), Desktop, Pool)
	}
	return nil
}

// Resource is a desktop or a pool in an enterprise project.
type Resource struct {
	store.BaseModel `bun:"table:resources,alias:r"`
	Type            ResourceType
	ID              string
	Name            string
	ProjectID       string
	ProjectName     string
	EnterpriseName  string `bun:"-"`
}

// MaxFilteredProjects and MaxMatches limit what a list of resources is filtered by.
const (
	MaxFilteredProjects = 200
	MaxMatches          = 10
	maxMatch            = 255 // characters
)

// ResourceQuery selects the resources in an enterprise project.
type ResourceQuery struct {
	AccountID string
	ID        string   // of the enterprise project
	Projects  []string // empty: all
	Only      string   // a project to which all is limited; empty: none
	Types     []ResourceType
	Names     []string // each is a part of the name, ignoring case
	workspace.Page
}

func (q ResourceQuery) check() error {
	if len(q.Types) == 0 || len(q.Types) > len(ResourceTypes) {
		return workspace.Invalid("resource_types", "%d types, give 1 to %d of %s, %s", len(q.Types), len(ResourceTypes), Desktop, Pool)
	}
	for i, t := range q.Types {
		if err := t.check(fmt.Sprintf("resource_types[%d]", i)); err != nil {
			return err
		}
	}
	if n := len(q.Projects); n > MaxFilteredProjects {
		return workspace.Invalid("projects", "%d projects, at most %d are allowed", n, MaxFilteredProjects)
	}
	if n := len(q.Names); n > MaxMatches {
		return workspace.Invalid("matches", "%d conditions, at most %d are allowed", n, MaxMatches)
	}
	for i, name := range q.Names {
		if n := utf8.RuneCountInString(name); n > maxMatch {
			return workspace.Invalid(fmt.Sprintf("matches[%d].value", i), "%d characters, at most %d are allowed", n, maxMatch)
		}
	}
	return nil
}

// Resources reads a page of the resources in an enterprise project, in all projects of the account, oldest first, and counts all that match.
// CodeInvalid, CodeEnterpriseNotFound.
func (s *Service) Resources(ctx context.Context, q ResourceQuery) ([]Resource, int, error) {
	if err := q.check(); err != nil {
		return nil, 0, err
	}
	return store.List(ctx, s.Store, func(tx *store.Tx) ([]Resource, int, error) {
		p, err := read(ctx, tx, q.AccountID, q.ID)
		if err != nil {
			return nil, 0, err
		}
		found, total, err := resources(ctx, tx, q)
		for i := range found {
			found[i].EnterpriseName = p.Name
		}
		return found, total, err
	})
}

// Move is a request to move a resource to another enterprise project.
type Move struct {
	workspace.Caller // with the project of the resource
	Type             ResourceType
	ID               string
	From, To         string // enterprise projects
	Associated       bool   // of a pool: its desktops move, too
}

// Move puts a resource into another enterprise project of the account. Of two callers at once the lock on the resource lets the second see where the first
// put it. CodeInvalid; CodeEnterpriseNotFound and CodeEnterpriseDisabled of the new one; CodeDesktopNotFound, CodePoolNotFound; CodeConflict if
// the resource is not in From any more.
func (s *Service) Move(ctx context.Context, m Move) error {
	if err := m.Type.check("resource_type"); err != nil {
		return err
	}
	return s.Store.Update(ctx, store.By(m.Caller, func(tx *store.Tx) error {
		if err := tx.HoldEnterprise(ctx, m.ProjectID, m.To); err != nil {
			return err
		}
		moved := []string{m.ID}
		var err error
		if m.Type == Desktop {
			err = desktop.MoveToEnterprise(ctx, tx, m.ProjectID, m.ID, m.From, m.To)
		} else {
			moved, err = pool.MoveToEnterprise(ctx, tx, m.ProjectID, m.ID, m.From, m.To, m.Associated)
		}
		if err != nil {
			return err
		}
		return script.MoveRecords(ctx, tx, moved, m.To)
	}))
}
