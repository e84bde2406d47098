package rollout

import (
	"slices"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/notice"
	"carrel/internal/pool"
	"carrel/internal/workspace"
)

// RebuildPool is a request for new system disks for a pool's desktops. Data disks, names, addresses and users stay.
type RebuildPool struct {
	workspace.Caller
	PoolID       string
	ImageType    catalog.ImageType // empty: the image's own
	ImageID      string
	OSType       string // empty, or the image's own
	DelayMinutes int    // time for connected users to save their work; 0 means none
	Message      string // shown to them, with a countdown
	OrderID      string // stored with the job
	Fix          bool   // only desktops whose image is not ImageID
	Handle       pool.HandleType
	DesktopIDs   []string // nil: all that Handle includes
}

// Check validates the request on its own, without the database.
func (r *RebuildPool) Check() error {
	switch {
	case r.ImageID == "":
		return workspace.Invalid("image_id", "must not be empty")
	case len(r.OrderID) > 64:
		return workspace.Invalid("order_id", "at most 64 characters are allowed")
	case r.DesktopIDs != nil && len(r.DesktopIDs) == 0:
		return pool.NoDesktops()
	case len(r.DesktopIDs) > pool.MaxPoolSize:
		return workspace.Invalid("desktop_ids", "%d ids, at most %d are allowed", len(r.DesktopIDs), pool.MaxPoolSize)
	}
	if err := notice.CheckDelay("delay_time", r.DelayMinutes); err != nil {
		return err
	}
	if err := notice.Check("message", r.Message); err != nil {
		return err
	}
	if err := pool.CheckHandleType("handle_type", r.Handle); err != nil {
		return err
	}
	return pool.CheckDistinct("desktop_ids[%d]", r.DesktopIDs)
}

// Targets returns the desktops that are to be rebuilt.
func (r *RebuildPool) Targets(members []desktop.Member) ([]desktop.Member, error) {
	chosen, err := pool.Targets(members, r.Handle, r.DesktopIDs)
	if r.Fix {
		chosen = slices.DeleteFunc(chosen, func(m desktop.Member) bool { return m.ImageID == r.ImageID })
	}
	return chosen, err
}
