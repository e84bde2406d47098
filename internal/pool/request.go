package pool

import (
	"strings"

	"carrel/internal/notice"
	"carrel/internal/workspace"
)

// ExpandPool is a request for more desktops in a pool.
type ExpandPool struct {
	workspace.Caller
	PoolID string
	Size   int
}

// Check validates the request on its own, without the database.
func (r *ExpandPool) Check() error {
	if r.Size < 1 || r.Size > MaxPoolSize {
		return workspace.Invalid("size", "%d is out of range, use 1 to %d", r.Size, MaxPoolSize)
	}
	return nil
}

// ChangePoolDesktops says which existing desktops a change of a pool's product or disks applies to.
type ChangePoolDesktops struct {
	workspace.Caller
	PoolID     string
	Handle     HandleType
	DesktopIDs []string // nil: all
}

// Check validates the request on its own, without the database.
func (r *ChangePoolDesktops) Check() error {
	if r.DesktopIDs != nil && len(r.DesktopIDs) == 0 {
		return NoDesktops()
	}
	if len(r.DesktopIDs) > MaxPoolSize {
		return workspace.Invalid("desktop_ids", "%d ids, at most %d are allowed", len(r.DesktopIDs), MaxPoolSize)
	}
	if err := CheckHandleType("handle_type", r.Handle); err != nil {
		return err
	}
	return CheckDistinct("desktop_ids[%d]", r.DesktopIDs)
}

// NoDesktops is the error for an empty list: a client that sends one has found no desktop, and must not change all of them.
func NoDesktops() error {
	return workspace.Invalid("desktop_ids", "is empty, name 1 to %d desktops or leave it out to mean all", MaxPoolSize)
}

// NotifyPool is a request to send a message to all connected users of a pool.
type NotifyPool struct {
	workspace.Caller
	PoolID string
	Text   string
}

// Check validates the request on its own, without the database.
func (r *NotifyPool) Check() error {
	if strings.TrimSpace(r.Text) == "" {
		return workspace.Invalid("notifications", "must not be empty")
	}
	return notice.Check("notifications", r.Text)
}
