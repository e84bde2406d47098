package pool

import (
	"context"
	"slices"

	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// TakeBack is a request to end the isolation of desktops.
type TakeBack struct {
	workspace.Caller
	PoolID     string
	DesktopIDs []string
}

// TakeBack returns isolated desktops to their pool: all of them or none. A desktop that is not isolated is a success.
// CodePoolNotFound, CodeDesktopNotFound; CodeConflict if one is still broken, since it would be isolated again.
func (s *Service) TakeBack(ctx context.Context, r TakeBack) error {
	if err := workspace.CheckIDs("desktop_ids", r.DesktopIDs); err != nil {
		return err
	}
	return s.Store.Update(ctx, store.By(r.Caller, func(tx *store.Tx) error {
		if err := store.RequireSubscription(ctx, tx, r.ProjectID); err != nil {
			return err
		}
		p, err := LockPool(ctx, tx, r.ProjectID, r.PoolID)
		if err != nil {
			return err
		}
		members, _, err := LockMembers(ctx, tx, p)
		if err != nil {
			return err
		}
		for i, id := range r.DesktopIDs {
			at := slices.IndexFunc(members, func(m desktop.Member) bool { return m.DesktopID == id })
			if at < 0 {
				return workspace.Errorf(workspace.CodeDesktopNotFound, "desktop_ids[%d]: desktop %q is not in pool %s", i, id, p.Name)
			}
			m := members[at]
			if !m.Isolated {
				continue
			}
			if m.Faulty() {
				return workspace.Errorf(workspace.CodeConflict, "desktop_ids[%d]: desktop %s still has an error, restart or rebuild it first", i, m.Name)
			}
			tx.Audit(workspace.Resource{Type: workspace.ResourceDesktop, ID: m.DesktopID, Name: m.Name}, "", workspace.FieldChange{Field: "isolated", Old: "true", New: "false"})
			was := m.Binding
			m.Isolated, m.IdleSince = false, tx.Now()
			if err := desktop.PutMember(ctx, tx, m, was, ""); err != nil {
				return err
			}
		}
		return nil
	}))
}
