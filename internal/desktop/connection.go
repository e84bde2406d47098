package desktop

import (
	"time"

	"carrel/internal/directory"
	"carrel/internal/signin"
	"carrel/internal/workspace"
)

func (g Grounds) Gone(now time.Time) error {
	if err := signin.MayWork(directory.User{Locked: g.Locked, Disabled: g.Disabled, Expires: g.UserExpires}, now); err != nil {
		return err
	}
	switch {
	case !g.SignedIn:
		return signin.SignedOut()
	case !g.Assigned:
		return &workspace.Error{Code: workspace.CodeForbidden, Message: "this desktop is no longer yours"}
	case g.Replaced:
		return &workspace.Error{Code: workspace.CodeNameTaken, Message: "you have opened this desktop in another window"}
	case g.Status == StatusHibernating || g.Status == StatusHibernated || g.Status == StatusShutoff:
		return &workspace.Error{Code: workspace.CodeConflict, Message: "this desktop is not running"} // a hibernated one would hang, not end
	}
	return nil
}
