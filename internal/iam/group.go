package iam

import (
	"context"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Limits of groups.
const (
	maxGroups      = 500 // of an account
	maxName        = 128 // characters
	maxDescription = 255 // characters
)

// NewGroup describes a group to create.
type NewGroup struct {
	Name        string
	Description string
}

func (g NewGroup) check() error {
	if err := checkName("group.name", g.Name); err != nil {
		return err
	}
	return checkDescription("group.description", g.Description)
}

// checkName returns why a name of something of the account is not valid, or nil.
func checkName(field, name string) error {
	n := utf8.RuneCountInString(name)
	switch {
	case n == 0 || n > maxName:
		return invalid(field, "has %d characters, use 1 to %d", n, maxName)
	case strings.TrimSpace(name) != name:
		return invalid(field, "must not begin or end with a space")
	case strings.ContainsFunc(name, unicode.IsControl):
		return invalid(field, "must not contain control characters")
	}
	return nil
}

func checkDescription(field, description string) error {
	if n := utf8.RuneCountInString(description); n > maxDescription {
		return invalid(field, "has %d characters, at most %d are allowed", n, maxDescription)
	}
	return nil
}

// CreateGroup creates a group in the caller's account. Of two callers with one name the unique index lets one through; the lock on the account
// keeps the number of groups within the limit.
func (s *Service) CreateGroup(ctx context.Context, c workspace.Caller, n NewGroup) (Group, error) {
	if err := n.check(); err != nil {
		return Group{}, err
	}
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (Group, error) {
		if err := LockAccount(ctx, tx, c.ProjectID); err != nil {
			return Group{}, err
		}
		there, err := CountGroups(ctx, tx, c.ProjectID)
		if err != nil {
			return Group{}, err
		}
		if there >= maxGroups {
			return Group{}, limited("the account has %d groups, the most allowed; delete one first", there)
		}
		g := Group{ID: newID(), AccountID: c.ProjectID, Name: n.Name, Description: n.Description, Created: tx.Now()}
		return g, nameTaken(InsertGroup(ctx, tx, g), "group.name", n.Name)
	}))
}

// nameTaken explains ErrIdentityTaken.
func nameTaken(err error, field, name string) error {
	if errors.Is(err, ErrIdentityTaken) {
		return conflict("%s: %q is in use, choose another", field, name)
	}
	return err
}

// GroupChange is a request to change a group. Nil fields stay as they are.
type GroupChange struct{ Name, Description *string }

// UpdateGroup changes a group of the caller's account.
func (s *Service) UpdateGroup(ctx context.Context, c workspace.Caller, id string, change GroupChange) (Group, error) {
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (Group, error) {
		g, err := LockGroup(ctx, tx, c.ProjectID, id)
		if err != nil {
			return g, noneSuch(err, "group", id)
		}
		set(&g.Name, change.Name)
		set(&g.Description, change.Description)
		if err := (NewGroup{g.Name, g.Description}).check(); err != nil {
			return g, err
		}
		return g, nameTaken(SaveGroup(ctx, tx, g), "group.name", g.Name)
	}))
}

// set assigns a value that was given.
func set[T any](to, value *T) {
	if value != nil {
		*to = *value
	}
}

// noneSuch explains ErrNoIdentity.
func noneSuch(err error, what, id string) error {
	if isMissing(err) {
		return missing(what, id)
	}
	return err
}

// DeleteGroup deletes a group of the caller's account; its members lose what they have through it at once.
func (s *Service) DeleteGroup(ctx context.Context, c workspace.Caller, id string) error {
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		if err := RaiseVersion(ctx, tx, c.ProjectID); err != nil {
			return err
		}
		g, err := LockGroup(ctx, tx, c.ProjectID, id)
		if err != nil {
			return noneSuch(err, "group", id)
		}
		if err := DeleteGroup(ctx, tx, g); err != nil {
			return err
		}
		return keepAdministrator(ctx, tx, c.ProjectID)
	}))
}

// AddToGroup puts a user into a group; both are of the caller's account. A member may be added again.
func (s *Service) AddToGroup(ctx context.Context, c workspace.Caller, groupID, userID string) error {
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		if err := RaiseVersion(ctx, tx, c.ProjectID); err != nil {
			return err
		}
		g, u, err := groupAndUser(ctx, tx, c.ProjectID, groupID, userID)
		if err != nil {
			return err
		}
		if err := AddMember(ctx, tx, Member{GroupID: g.ID, AdminID: u.ID, Created: tx.Now()}); err != nil {
			return noneSuch(err, "group or user", groupID+" "+userID)
		}
		tx.Audit(resourceOfGroup(g), "", workspace.FieldChange{Field: "member", New: u.Name})
		return nil
	}))
}

// RemoveFromGroup takes a user out of a group; both are of the caller's account. Who is not a member is a 404.
func (s *Service) RemoveFromGroup(ctx context.Context, c workspace.Caller, groupID, userID string) error {
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		if err := RaiseVersion(ctx, tx, c.ProjectID); err != nil {
			return err
		}
		g, u, err := groupAndUser(ctx, tx, c.ProjectID, groupID, userID)
		if err != nil {
			return err
		}
		was, err := RemoveMember(ctx, tx, g.ID, u.ID)
		if err == nil && !was {
			err = missing("member", userID)
		}
		if err != nil {
			return err
		}
		tx.Audit(resourceOfGroup(g), "", workspace.FieldChange{Field: "member", Old: u.Name})
		return keepAdministrator(ctx, tx, c.ProjectID)
	}))
}

// groupAndUser reads a group and a user of an account. What deletes either afterwards removes the membership as well.
func groupAndUser(ctx context.Context, tx *store.Tx, accountID, groupID, userID string) (Group, Admin, error) {
	g, err := ReadGroup(ctx, tx, accountID, groupID)
	if err != nil {
		return g, Admin{}, noneSuch(err, "group", groupID)
	}
	u, err := ReadAdmin(ctx, tx, accountID, userID)
	return g, u, noneSuch(err, "user", userID)
}
