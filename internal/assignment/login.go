package assignment

import (
	"context"

	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// SettleLogin makes a CONNECTED desktop DISCONNECTED if nobody is connected. It does nothing if the desktop is gone.
func SettleLogin(ctx context.Context, tx *store.Tx, desktopID string) error {
	found, err := desktop.ReadDesktop(ctx, tx, "", desktopID)
	if workspace.CodeOf(err) == workspace.CodeDesktopNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	locked, err := desktop.LockDesktops(ctx, tx, found.ProjectID, []string{desktopID})
	if err != nil || len(locked) == 0 || locked[0].Login != desktop.LoginConnected {
		return err
	}
	open, err := desktop.Connections(ctx, tx, desktopID)
	if err != nil || len(open) > 0 {
		return err
	}
	d := locked[0]
	d.Login = desktop.LoginDisconnected
	return desktop.SaveSession(ctx, tx, d, desktop.LoginConnected)
}
