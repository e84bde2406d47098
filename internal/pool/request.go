package pool

import (
	"strings"
	"unicode/utf8"

	"carrel/internal/desktop"
	"carrel/internal/workspace"
)

// ExpandPool asks for more desktops in a pool.
type ExpandPool struct {
	workspace.Caller
	PoolID string
	Size   int
}

// Check refuses what is wrong with the request by itself.
func (r *ExpandPool) Check() error {
	if r.Size < 1 || r.Size > MaxPoolSize {
		return workspace.Invalid("size", "%d is out of range, use 1 to %d", r.Size, MaxPoolSize)
	}
	return nil
}

// OperatePool asks for an operation on all desktops of a pool.
type OperatePool struct {
	workspace.Caller
	PoolID string
	Op     string // in the words of the pool-level call
	How    string // SOFT, HARD, or empty, which counts as SOFT
}

// Operation reads the request: the operation, and whether it is to be forced.
func (r *OperatePool) Operation() (op desktop.Operation, force bool, err error) {
	switch r.How {
	case "", "SOFT", "HARD":
	default:
		return "", false, workspace.Invalid("type", "%q is unknown, use SOFT or HARD", r.How)
	}
	force = r.How == "HARD"
	switch r.Op {
	case "os-start":
		return desktop.OpStart, force, nil
	case "os-stop":
		return desktop.OpStop, force, nil
	case "reboot":
		return desktop.OpReboot, force, nil
	case "hibernate", "os-hibernate": // the desktop-level call's word, too
		return desktop.OpHibernate, force, nil
	}
	return "", false, workspace.Invalid("op_type", "%q is unknown, use os-start, os-stop, reboot or hibernate", r.Op)
}

// Busy says why an operation on a whole pool is refused, or nil: CodeConflict when every one of its desktops is busy. Those that
// are not go on without the others.
func Busy(p Pool, members []desktop.Member) error {
	for _, m := range members {
		if m.Task == workspace.NoTask {
			return nil
		}
	}
	if len(members) == 0 {
		return workspace.Errorf(workspace.CodeConflict, "pool %s has no desktops", p.Name)
	}
	return workspace.Errorf(workspace.CodeConflict, "all %d desktops of pool %s are busy, try again when they are done", len(members), p.Name)
}

// ChangePoolDesktops says which desktops a change of a pool's product or disks is for, besides those made later.
type ChangePoolDesktops struct {
	workspace.Caller
	PoolID     string
	Handle     HandleType
	DesktopIDs []string // nil: all
}

// Check refuses what is wrong with the request by itself.
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

// NoDesktops refuses an empty list: whoever sends one has found no desktop, and must not get all of them.
func NoDesktops() error {
	return workspace.Invalid("desktop_ids", "is empty, name 1 to %d desktops or leave it out to mean all", MaxPoolSize)
}

// NotifyPool asks for a message to everybody who is in a session of a pool.
type NotifyPool struct {
	workspace.Caller
	PoolID string
	Text   string
}

// Check refuses what is wrong with the request by itself.
func (r *NotifyPool) Check() error {
	if strings.TrimSpace(r.Text) == "" {
		return workspace.Invalid("notifications", "must not be empty")
	}
	if n := utf8.RuneCountInString(r.Text); n > MaxMessage {
		return workspace.Invalid("notifications", "%d characters, at most %d are allowed", n, MaxMessage)
	}
	return nil
}
