package workspace

import (
	"context"
	"time"
)

func (g Grounds) Gone(now time.Time) error {
	if err := MayWork(User{Locked: g.Locked, Disabled: g.Disabled, Expires: g.UserExpires}, now); err != nil {
		return err
	}
	switch {
	case !g.SignedIn:
		return SignedOut()
	case !g.Assigned:
		return &Error{Code: CodeForbidden, Message: "this desktop is no longer yours"}
	case g.Replaced:
		return &Error{Code: CodeNameTaken, Message: "you have opened this desktop in another window"}
	case g.Status == StatusHibernating || g.Status == StatusHibernated || g.Status == StatusShutoff:
		return &Error{Code: CodeConflict, Message: "this desktop is not running"} // a hibernated one would hang, not end
	}
	return nil
}

// SettleLogin makes a desktop DISCONNECTED when it was CONNECTED and nobody is. A desktop that is gone is settled.
func SettleLogin(ctx context.Context, tx Tx, desktopID string) error {
	found, err := tx.ReadDesktop(ctx, "", desktopID)
	if CodeOf(err) == CodeDesktopNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	locked, err := tx.LockDesktops(ctx, found.ProjectID, []string{desktopID})
	if err != nil || len(locked) == 0 || locked[0].Login != LoginConnected {
		return err
	}
	open, err := tx.Connections(ctx, desktopID)
	if err != nil || len(open) > 0 {
		return err
	}
	d := locked[0]
	d.Login = LoginDisconnected
	return SaveSession(ctx, tx, d, LoginConnected)
}
