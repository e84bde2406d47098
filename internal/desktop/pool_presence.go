package desktop

import (
	"context"

	"carrel/internal/store"
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
