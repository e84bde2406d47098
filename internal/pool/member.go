package pool

import (
	"context"
	"slices"

	"carrel/internal/desktop"
	"carrel/internal/store"
)

// LockMembers locks the desktops of a pool that the caller has locked. It returns them as members, and by id as desktops.
func LockMembers(ctx context.Context, tx *store.Tx, p Pool) ([]desktop.Member, map[string]desktop.Desktop, error) {
	members, err := desktop.Members(ctx, tx, p.ID)
	if err != nil {
		return nil, nil, err
	}
	found, err := desktop.LockByID(ctx, tx, p.ProjectID, desktop.IdsOf(members))
	if err != nil {
		return nil, nil, err
	}
	if members, err = desktop.Members(ctx, tx, p.ID); err != nil { // again, now that they are locked
		return nil, nil, err
	}
	return slices.DeleteFunc(members, func(m desktop.Member) bool { return found[m.DesktopID].ID == "" }), found, nil
}
