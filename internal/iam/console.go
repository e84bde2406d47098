package iam

import (
	"context"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// What follows is for whoever has the database, such as carrel iam: names instead of ids, and no permission.

// UserNamed returns the user of an account with this name, ignoring case.
func (s *Service) UserNamed(ctx context.Context, accountID, name string) (Admin, error) {
	c, err := store.View(ctx, s.Store, func(tx *store.Tx) (Caller, error) { return ReadCallerByName(ctx, tx, accountID, "", name) })
	return c.Admin, noneSuch(err, "user", name)
}

// GroupNamed returns the group of an account with this name, ignoring case.
func (s *Service) GroupNamed(ctx context.Context, accountID, name string) (Group, error) {
	found, err := s.ListGroups(ctx, GroupQuery{AccountID: accountID, Name: name, Page: workspace.Page{Limit: 1}})
	if err == nil && len(found) == 0 || name == "" {
		err = ErrNoIdentity
	}
	if err != nil {
		return Group{}, noneSuch(err, "group", name)
	}
	return found[0], nil
}

// AgencyNamed returns the agency of an account with this name, ignoring case.
func (s *Service) AgencyNamed(ctx context.Context, accountID, name string) (Agency, error) {
	a, err := store.View(ctx, s.Store, func(tx *store.Tx) (Agency, error) { return ReadAgencyByName(ctx, tx, accountID, name) })
	return a, noneSuch(err, "agency", name)
}

// ProjectNamed returns the project of an account with this name.
func (s *Service) ProjectNamed(ctx context.Context, accountID, name string) (Project, error) {
	p, err := store.View(ctx, s.Store, func(tx *store.Tx) (Project, error) { return ReadProjectByName(ctx, tx, accountID, name) })
	return p, noneSuch(err, "project", name)
}

// ListUsers reads a page of users.
func (s *Service) ListUsers(ctx context.Context, q AdminQuery) ([]Admin, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) ([]Admin, error) { return Admins(ctx, tx, q) })
}

// ListGroups reads a page of groups.
func (s *Service) ListGroups(ctx context.Context, q GroupQuery) ([]Group, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) ([]Group, error) { return Groups(ctx, tx, q) })
}

// ListProjects reads a page of projects.
func (s *Service) ListProjects(ctx context.Context, q ProjectQuery) ([]Project, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) ([]Project, error) { return Projects(ctx, tx, q) })
}

// ListAgencies reads a page of an account's agencies.
func (s *Service) ListAgencies(ctx context.Context, accountID string, p workspace.Page) ([]Agency, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) ([]Agency, error) { return Agencies(ctx, tx, accountID, p) })
}

// ListKeys lists a user's permanent keys.
func (s *Service) ListKeys(ctx context.Context, userID string) ([]AccessKey, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) ([]AccessKey, error) { return AccessKeys(ctx, tx, userID) })
}

// NewPassword returns a random password.
func NewPassword() string { return randomPassword() }

// ResetAdministrator makes the user with this name an enabled administrator with a new random password, which it returns, and no authenticator;
// the user is created if there is none. Tokens and temporary keys of the user end, and delays after wrong passwords.
func (s *Service) ResetAdministrator(ctx context.Context, c workspace.Caller, name string) (password string, err error) {
	password = randomPassword()
	if err := (NewUser{Name: name, Password: password, Role: RoleAdmin}).check(); err != nil {
		return "", err
	}
	hash, err := s.hash(ctx, password)
	if err != nil {
		return "", err
	}
	return password, s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		if err := RaiseVersion(ctx, tx, c.ProjectID); err != nil {
			return noneSuch(err, "account", c.ProjectID)
		}
		found, err := ReadCallerByName(ctx, tx, c.ProjectID, "", name)
		if isMissing(err) {
			return InsertAdmin(ctx, tx, Admin{
				ID: newID(), AccountID: c.ProjectID, Name: name, PasswordHash: hash, Role: RoleAdmin, Enabled: true, Created: tx.Now(),
			})
		}
		if err != nil {
			return err
		}
		return resetAdministrator(ctx, tx, found.Admin, hash)
	}))
}

func resetAdministrator(ctx context.Context, tx *store.Tx, found Admin, hash string) error {
	a, err := LockAdmin(ctx, tx, found.AccountID, found.ID)
	if err != nil {
		return err
	}
	a.Role, a.Enabled = RoleAdmin, true
	if err := SaveAdmin(ctx, tx, a); err != nil {
		return err
	}
	d, err := LockDevice(ctx, tx, a.ID)
	if err == nil {
		err = DeleteDevice(ctx, tx, d)
	}
	if err != nil && !isMissing(err) {
		return err
	}
	if err := SetMFA(ctx, tx, a.ID, false); err != nil {
		return err
	}
	if err := tx.ForgetTallies(ctx, adminSubject(a.ID)); err != nil {
		return err
	}
	return ReplacePassword(ctx, tx, a, hash)
}
