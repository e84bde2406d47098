package connection

import (
	"context"

	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/pool"
	"carrel/internal/rollout"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// MarkReady records that the rebuild of a user's desktop may begin before its countdown ends. It is idempotent, and succeeds if the rebuild has
// begun. Errors: CodeDesktopNotFound if the user does not have the desktop, CodeConflict if no countdown is running, CodeForbidden.
func (s *Service) MarkReady(ctx context.Context, v signin.Visitor, desktopID string) error {
	return s.updateUserDesktop(ctx, v.Caller("MarkReady"), v, desktopID, func(tx *store.Tx, u directory.User, d desktop.Desktop) error {
		if d.Task == desktop.TaskRebuilding {
			return nil
		}
		if d.PoolID != "" {
			p, err := pool.LockPool(ctx, tx, d.ProjectID, d.PoolID)
			if err != nil {
				return err
			}
			warned, err := rollout.WarnedItems(ctx, tx, []string{d.ID})
			if err != nil {
				return err
			}
			if len(warned) > 0 {
				warned[0].Ready = true
				tx.Audit(d.Resource(), warned[0].JobID)
				if err := rollout.SaveRolloutItems(ctx, tx, warned[:1]); err != nil {
					return err
				}
				return rollout.AdvanceLocked(ctx, tx, p, warned[0].JobID)
			}
		}
		return &workspace.Error{Code: workspace.CodeConflict, Message: "this desktop is not about to be rebuilt"}
	})
}
