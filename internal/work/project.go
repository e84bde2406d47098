package work

import (
	"context"
	"fmt"

	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// ProjectHolds returns what a project still has, so that it cannot be deleted: desktops and users with their numbers, and an open service.
func ProjectHolds(ctx context.Context, tx *store.Tx, projectID string) ([]string, error) {
	_, desktops, err := desktop.Desktops(ctx, tx, desktop.DesktopQuery{ProjectID: projectID})
	if err != nil {
		return nil, fmt.Errorf("counting a project's desktops: %w", err)
	}
	_, users, err := directory.Users(ctx, tx, directory.UserQuery{ProjectID: projectID})
	if err != nil {
		return nil, fmt.Errorf("counting a project's users: %w", err)
	}
	var held []string
	if desktops > 0 {
		held = append(held, fmt.Sprintf("%d desktops", desktops))
	}
	if users > 0 {
		held = append(held, fmt.Sprintf("%d users", users))
	}
	_, err = tx.Subscription(ctx, projectID)
	if err == nil {
		return append(held, "an open Workspace service"), nil
	}
	if workspace.CodeOf(err) == workspace.CodeNotSubscribed {
		err = nil
	}
	return held, err
}
