package workspace

import (
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
