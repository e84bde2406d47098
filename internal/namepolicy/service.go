package namepolicy

import (
	"context"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Service adds, changes and lists name policies. Each method is one transaction.
type Service struct {
	Store store.Transactions
}

// Query selects policies of one project.
type Query struct {
	ProjectID string
	ID        string
	Name      string // part of the name, ignoring case
	WithUser  *bool
	Default   *bool
	workspace.Page
}

// Create adds a policy and returns its id. A new default replaces the previous one. CodeNameTaken, CodeInvalid.
func (s *Service) Create(ctx context.Context, c workspace.Caller, p Policy) (string, error) {
	if err := p.Check(); err != nil {
		return "", err
	}
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (string, error) {
		if err := policies.CheckLimit(ctx, tx, c.ProjectID, MaxPolicies, "name policies"); err != nil {
			return "", err
		}
		p.Meta, p.Next = workspace.NewMeta(c, p.Name), 0
		if err := settleDefault(ctx, tx, p); err != nil {
			return "", err
		}
		return p.ID, Insert(ctx, tx, p)
	}))
}

// settleDefault clears the previous default before a new one is written: the database allows one per project.
func settleDefault(ctx context.Context, tx *store.Tx, p Policy) error {
	if !p.Default {
		return nil
	}
	return ClearDefault(ctx, tx, p.ProjectID, p.ID)
}

// Change is a request to change a policy. Nil fields stay as they are.
type Change struct {
	Name, Prefix               *string
	Digits, Start              *int
	PerUser, Default, Truncate *bool
}

// Update changes a policy; existing names stay. If the names that it generates change, it counts from its start again.
// CodePolicyNotFound, CodeNameTaken, CodeInvalid.
func (s *Service) Update(ctx context.Context, c workspace.Caller, id string, change Change) error {
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		before, err := Lock(ctx, tx, c.ProjectID, id)
		if err != nil {
			return err
		}
		p := before
		workspace.Set(&p.Name, change.Name)
		workspace.Set(&p.Prefix, change.Prefix)
		workspace.Set(&p.Digits, change.Digits)
		workspace.Set(&p.Start, change.Start)
		workspace.Set(&p.PerUser, change.PerUser)
		workspace.Set(&p.Default, change.Default)
		workspace.Set(&p.Truncate, change.Truncate)
		if err := p.Check(); err != nil {
			return err
		}
		if p.Prefix != before.Prefix || p.Digits != before.Digits || p.Start != before.Start {
			p.Next = 0
		}
		if err := settleDefault(ctx, tx, p); err != nil {
			return err
		}
		return Save(ctx, tx, p)
	}))
}

// List reads a page of policies and counts all that match.
func (s *Service) List(ctx context.Context, q Query) ([]Policy, int, error) {
	return store.List(ctx, s.Store, func(tx *store.Tx) ([]Policy, int, error) { return Policies(ctx, tx, q) })
}
