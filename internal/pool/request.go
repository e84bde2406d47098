package pool

import (
	"strings"
	"unicode/utf8"

	"carrel/internal/desktop"
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

// RunPoolPowerAction is a request for a power action on all desktops of a pool.
type RunPoolPowerAction struct {
	workspace.Caller
	PoolID string
	Action string // the word of the call for pools
	How    string // SOFT, HARD, or empty, which means SOFT
}

// PowerAction returns the requested power action, and whether to force it.
func (r *RunPoolPowerAction) PowerAction() (action desktop.PowerAction, force bool, err error) {
	switch r.How {
	case "", "SOFT", "HARD":
	default:
		return "", false, workspace.Invalid("type", "%q is unknown, use SOFT or HARD", r.How)
	}
	force = r.How == "HARD"
	switch r.Action {
	case "os-start":
		return desktop.PowerStart, force, nil
	case "os-stop":
		return desktop.PowerStop, force, nil
	case "reboot":
		return desktop.PowerReboot, force, nil
	case "hibernate", "os-hibernate": // the second is the word of the call for desktops
		return desktop.PowerHibernate, force, nil
	}
	return "", false, workspace.Invalid("op_type", "%q is unknown, use os-start, os-stop, reboot or hibernate", r.Action)
}

// Busy returns why a power action on a whole pool is refused, or nil: CodeConflict if all its desktops are busy. If only some
// are, it applies to the others.
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
	if n := utf8.RuneCountInString(r.Text); n > MaxMessage {
		return workspace.Invalid("notifications", "%d characters, at most %d are allowed", n, MaxMessage)
	}
	return nil
}
