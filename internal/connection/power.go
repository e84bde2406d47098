package connection

import (
	"context"
	"slices"

	"carrel/internal/assignment"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// UserPowerActions are the power actions that users may request for their desktops.
var UserPowerActions = []desktop.PowerAction{desktop.PowerStart, desktop.PowerStop, desktop.PowerReboot}

// RunPowerAction starts, shuts down or restarts a desktop of a user, like the administrators' power action. It is idempotent: an action that is in
// progress or has nothing to do succeeds without a job. Errors: CodeDesktopNotFound if the user does not have the desktop; CodeConflict if its
// state does not allow the action; CodeForbidden if others have the desktop, too, and would lose their sessions, or if the user may not use
// desktops now; CodeInvalid.
func (s *Service) RunPowerAction(ctx context.Context, v signin.Visitor, desktopID string, action desktop.PowerAction) error {
	if !slices.Contains(UserPowerActions, action) {
		return workspace.Invalid("op_type", "%q is unknown, use os-start, os-stop or reboot", action)
	}
	c := v.Caller("RunPowerAction")
	return s.updateUserDesktop(ctx, c, v, desktopID, func(tx *store.Tx, u directory.User, d desktop.Desktop) error {
		locked, err := desktop.LockDesktops(ctx, tx, u.ProjectID, []string{d.ID}) // concurrent requests are decided one after the other
		if err != nil {
			return err
		}
		if len(locked) == 0 {
			return workspace.Errorf(workspace.CodeDesktopNotFound, "desktop %s no longer exists", d.Name)
		}
		ask, err := MayRunPowerAction(locked[0], action)
		if err != nil || !ask {
			return err
		}
		if action != desktop.PowerStart {
			if err := alone(ctx, tx, d); err != nil {
				return err
			}
		}
		r, err := desktop.OrderPowerAction(ctx, tx, desktop.RunPowerAction{
			Caller: c, IDs: []string{d.ID}, Action: action,
		})
		if err == nil && len(r.Refused) > 0 {
			err = &workspace.Error{Code: r.Refused[0].Code, Message: r.Refused[0].Message}
		}
		return err
	})
}

// MayRunPowerAction reports whether a power action that a user requests has to be ordered: not if it is in progress or there is nothing to do.
// CodeConflict if it is impossible now.
func MayRunPowerAction(d desktop.Desktop, action desktop.PowerAction) (ask bool, err error) {
	access, why := AccessOf(d)
	done, possible := false, false
	switch action {
	case desktop.PowerStart:
		done, possible = access == AccessOpen || why == ObsStarting, access == AccessStart
	case desktop.PowerStop:
		done, possible = access == AccessStart && d.Status == desktop.StatusShutoff || why == ObsStopping, access == AccessOpen
	case desktop.PowerReboot:
		done, possible = why == ObsRestarting, access == AccessOpen
	case desktop.PowerHibernate: // not offered to users
	}
	switch {
	case done || possible:
		return possible && !done, nil
	case access == AccessStart:
		return false, &workspace.Error{Code: workspace.CodeConflict, Message: "this desktop is not running, start it first"}
	}
	return false, &workspace.Error{Code: workspace.CodeConflict, Message: why.Sentence()}
}

// alone refuses what would end the sessions of others: CodeForbidden if more than one user has the desktop.
func alone(ctx context.Context, tx *store.Tx, d desktop.Desktop) error {
	people, err := assignment.Holdings(ctx, tx, []string{d.ID}, nil)
	if err == nil && len(people) > 1 {
		err = &workspace.Error{Code: workspace.CodeForbidden, Message: "others use this desktop, too: ask your administrator to restart it or shut it down"}
	}
	return err
}
