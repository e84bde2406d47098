package work

import (
	"context"
	"fmt"

	"carrel/internal/address"
	"carrel/internal/catalog"
	"carrel/internal/directory"
	"carrel/internal/quota"
	"carrel/internal/store"
	"carrel/internal/tenant"
	"carrel/internal/workspace"
)

// ProjectHolds returns what a project still has, so that it cannot be deleted: desktops, pools and users with their numbers, and a service that is not
// closed.
func ProjectHolds(ctx context.Context, tx *store.Tx, projectID string) ([]string, error) {
	held, err := tenant.Holds(ctx, tx, projectID)
	if err != nil {
		return nil, err
	}
	_, users, err := directory.Users(ctx, tx, directory.UserQuery{ProjectID: projectID})
	if err != nil {
		return nil, fmt.Errorf("counting a project's users: %w", err)
	}
	if users > 0 {
		held = append(held, workspace.Plural(users, "user"))
	}
	images, err := catalog.OwnImages(ctx, tx, projectID)
	if err != nil {
		return nil, fmt.Errorf("counting a project's images: %w", err)
	}
	if images > 0 {
		held = append(held, workspace.Plural(images, "image"))
	}
	s, err := tx.HoldSubscription(ctx, projectID)
	switch {
	case workspace.CodeOf(err) == workspace.CodeNotSubscribed:
		return held, nil
	case err != nil:
		return nil, err
	case s.Status != workspace.ServiceClosed:
		held = append(held, "an open Workspace service")
	}
	return held, nil
}

// ReleaseProject deletes what a project that is deleted has of its own although it holds nothing: its closed service, networks and quotas. The networks
// can be other projects' afterwards.
func ReleaseProject(ctx context.Context, tx *store.Tx, projectID string) error {
	if err := address.DeleteAll(ctx, tx, projectID); err != nil {
		return err
	}
	if err := catalog.DeleteNetworks(ctx, tx, projectID); err != nil {
		return err
	}
	if err := quota.Forget(ctx, tx, projectID); err != nil {
		return err
	}
	if err := catalog.ForgetMember(ctx, tx, projectID); err != nil {
		return err
	}
	return tx.DeleteSubscription(ctx, projectID)
}
