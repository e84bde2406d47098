package quota

import (
	"context"
	"fmt"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Service shows and sets quotas. Each method is one transaction.
type Service struct {
	Store store.Transactions
}

// Standing is a project's quota of a resource.
type Standing struct {
	Resource
	Limit int64 // -1: none
	Used  int64
}

// Of returns a project's quotas, and what it uses of them, in the order of Resources. With a zone, the desktops of other zones do not count as used.
func (s *Service) Of(ctx context.Context, projectID, zone string) ([]Standing, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) ([]Standing, error) {
		limits, err := Limits(ctx, tx, projectID)
		if err != nil {
			return nil, err
		}
		used, err := Used(ctx, tx, projectID, zone)
		all := make([]Standing, len(Resources))
		for i, r := range Resources {
			all[i] = Standing{r, -1, used[r]}
			if limit, limited := limits[r]; limited {
				all[i].Limit = limit
			}
		}
		return all, err
	})
}

// Change is a change of quotas: a limit for each resource that it names, -1 for none, nil for what all projects have.
type Change map[Resource]*int64

// ResourceType is what audit records call quotas.
const ResourceType workspace.ResourceType = "quota"

// Set changes the quotas of a project, or with an empty id those of all projects that have no figures of their own. What a project has beyond a
// new limit stays. It holds for every order that begins afterwards, in every process. CodeInvalid.
func (s *Service) Set(ctx context.Context, c workspace.Caller, projectID string, change Change) error {
	if len(change) == 0 {
		return workspace.Invalid("quota", "names no resource")
	}
	for _, r := range Resources {
		if limit := change[r]; limit != nil {
			if err := check(r, *limit); err != nil {
				return err
			}
		}
	}
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		was, err := lockRow(ctx, tx, projectID)
		if err != nil {
			return err
		}
		next := was
		for _, r := range Resources {
			if limit, named := change[r]; named {
				*next.of(r) = limit
			}
		}
		var changes []workspace.FieldChange
		for _, r := range Resources {
			if old, fresh := figure(*was.of(r)), figure(*next.of(r)); old != fresh {
				changes = append(changes, workspace.FieldChange{Field: string(r), Old: old, New: fresh})
			}
		}
		tx.Audit(workspace.Resource{Type: ResourceType, ID: projectID}, "", changes...)
		return save(ctx, tx, next)
	}))
}

// figure shows a limit.
func figure(limit *int64) string {
	switch {
	case limit == nil:
		return ""
	case *limit < 0:
		return "none"
	default:
		return fmt.Sprint(*limit)
	}
}
