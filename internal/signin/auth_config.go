package signin

import (
	"context"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// PasswordConfigID is the id of the config of a project's passwords. A project has no other way to sign in.
const PasswordConfigID = "local-password"

// ChoosePasswords chooses passwords as the way in which users of a project sign in, which is so already: it leaves an audit record of the
// caller's choice. CodeNotSubscribed.
func (s *Service) ChoosePasswords(ctx context.Context, c workspace.Caller) error {
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		if err := store.RequireSubscription(ctx, tx, c.ProjectID); err != nil {
			return err
		}
		tx.Audit(workspace.Resource{Type: workspace.ResourceAuthConfig, ID: PasswordConfigID}, "")
		return nil
	}))
}
