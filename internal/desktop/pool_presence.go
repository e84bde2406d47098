package desktop

import (
	"context"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// The functions in this file update what a pool knows of its desktops. The callers have locked the desktops' rows.

// SaveSession writes a desktop whose login status may have changed and, for a pool desktop, when its user disconnected: from then
// on the retention of a DYNAMIC pool counts.
func SaveSession(ctx context.Context, tx *store.Tx, d Desktop, was LoginStatus) error {
	if err := SaveDesktop(ctx, tx, d); err != nil {
		return err
	}
	if d.PoolID == "" || (was == LoginConnected) == (d.Login == LoginConnected) {
		return nil
	}
	m, err := ReadMember(ctx, tx, d.ID)
	if err != nil {
		return err
	}
	former := m.Binding
	m.Login = was
	if m = m.AfterLogin(d.Login, tx.Now()); m.Binding == former {
		return nil
	}
	return PutMember(ctx, tx, m, former, "")
}

// saveNew writes a new desktop that is ready: from now on a pool desktop is idle.
func saveNew(ctx context.Context, tx *store.Tx, d Desktop) error {
	if err := SaveDesktop(ctx, tx, d); err != nil || d.PoolID == "" {
		return err
	}
	m, err := ReadMember(ctx, tx, d.ID)
	if err != nil {
		return err
	}
	return PutMember(ctx, tx, m.AfterReset(d.ImageID, tx.Now()), m.Binding, "")
}

// Off reports whether the desktop must be started before it can be opened.
func (m Member) Off() bool { return m.Status == StatusShutoff || m.Status == StatusHibernated }

// ErrOvertaken means that the input of a decision changed before it was written. Decide again.
var ErrOvertaken = &workspace.Error{Code: workspace.CodeConflict, Message: "another request came first, try again"}

// PutMember writes a member, or returns ErrOvertaken if it is no longer as it was read.
func PutMember(ctx context.Context, tx *store.Tx, m Member, was Binding, group workspace.UserGroup) error {
	saved, err := SaveMember(ctx, tx, m, was, group)
	if err == nil && !saved {
		err = ErrOvertaken
	}
	return err
}

// Release ends a member's binding. The user's display closes immediately, since its grounds are gone; the desktop remains used
// until it is reset, which also removes the user's account.
func Release(ctx context.Context, tx *store.Tx, m Member) (Member, error) {
	released := m.AfterRelease()
	return released, PutMember(ctx, tx, released, m.Binding, "")
}
