package assignment

import (
	"context"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// SettleLogin makes a desktop DISCONNECTED when it was CONNECTED and nobody is. A desktop that is gone is settled.
func SettleLogin(ctx context.Context, tx *store.Tx, desktopID string) error {
	found, err := tx.ReadDesktop(ctx, "", desktopID)
	if workspace.CodeOf(err) == workspace.CodeDesktopNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	locked, err := tx.LockDesktops(ctx, found.ProjectID, []string{desktopID})
	if err != nil || len(locked) == 0 || locked[0].Login != workspace.LoginConnected {
		return err
	}
	open, err := tx.Connections(ctx, desktopID)
	if err != nil || len(open) > 0 {
		return err
	}
	d := locked[0]
	d.Login = workspace.LoginDisconnected
	return workspace.SaveSession(ctx, tx, d, workspace.LoginConnected)
}
