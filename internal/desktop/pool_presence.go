package desktop

import (
	"context"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// This file keeps what a pool knows of its desktops in step with the desktops themselves. The desktops' rows are locked.

// SaveSession writes a desktop whose login status may have changed, and with it, for a pool's, when its person was last there: a
// binding of a DYNAMIC pool ends so long after that.
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

// saveNew writes a new desktop that is ready: from now on a pool's is idle.
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

// Off says whether the desktop must be started before it can be opened.
func (m Member) Off() bool { return m.Status == StatusShutoff || m.Status == StatusHibernated }

// ErrOvertaken is that what a decision rested on changed before it was written. The decision is made again.
var ErrOvertaken = &workspace.Error{Code: workspace.CodeConflict, Message: "somebody was faster, try again"}

// PutMember writes a member, or fails with errOvertaken when it is no longer as it was read.
func PutMember(ctx context.Context, tx *store.Tx, m Member, was Binding, group workspace.UserGroup) error {
	saved, err := SaveMember(ctx, tx, m, was, group)
	if err == nil && !saved {
		err = ErrOvertaken
	}
	return err
}

// Release ends a member's binding. The person's display closes at once, since its grounds are gone; the desktop stays used until it
// is reset, which also takes their account away.
func Release(ctx context.Context, tx *store.Tx, m Member) (Member, error) {
	released := m.AfterRelease()
	return released, PutMember(ctx, tx, released, m.Binding, "")
}
