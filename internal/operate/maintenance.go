package operate

import (
	"context"

	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// SetMaintenance is a request to begin or end the maintenance of desktops.
type SetMaintenance struct {
	workspace.Caller
	IDs []string
	On  bool
}

// SetMaintenance begins or ends the maintenance of desktops, whatever they are doing. During it, users can neither open a desktop nor
// start it, and a pool gives it to nobody; administrators can do everything. Open displays stay. All desktops are changed, or none:
// CodeDesktopNotFound, CodeInvalid.
func (s *Service) SetMaintenance(ctx context.Context, r SetMaintenance) error {
	if err := workspace.CheckIDs("desktop_ids", r.IDs); err != nil {
		return err
	}
	return s.Store.Update(ctx, store.By(r.Caller, func(tx *store.Tx) error {
		if err := store.RequireSubscription(ctx, tx, r.ProjectID); err != nil {
			return err
		}
		desktops, err := desktop.LockAll(ctx, tx, r.ProjectID, r.IDs)
		if err != nil {
			return err
		}
		for _, d := range desktops {
			if d.InMaintenance == r.On {
				tx.Audit(d.Resource(), "")
				continue
			}
			tx.Audit(d.Resource(), "", workspace.FieldChange{Field: "in_maintenance_mode", Old: onOff(!r.On), New: onOff(r.On)})
			d.InMaintenance = r.On
			if err := desktop.SaveDesktop(ctx, tx, d); err != nil {
				return err
			}
		}
		return nil
	}))
}

func onOff(on bool) string {
	if on {
		return "true"
	}
	return "false"
}
