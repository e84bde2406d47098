package volume

import (
	"context"
	"maps"
	"slices"

	"carrel/internal/desktop"
	"carrel/internal/pool/reshape"
	"carrel/internal/quota"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Service orders changes of the disks of desktops. Each method is one transaction, which changes nothing if one of the desktops cannot be changed now;
// the job runner does the work on machines. It is safe for concurrent use, also by several processes on one database: callers that change the same
// desktop lock its row, and the second finds its task.
type Service struct{ Store store.Transactions }

// Add orders data disks for desktops, and returns the job's id. CodeConflict, also for desktops of pools; CodeAddingVolumes; CodeQuotaExceeded;
// CodeCapacityExceeded.
func (s *Service) Add(ctx context.Context, r Add) (string, error) {
	if err := r.Check(); err != nil {
		return "", err
	}
	asked := map[string]int{}
	for i, to := range r.Desktops {
		asked[to.DesktopID] = i
	}
	return s.order(ctx, r.Caller, workspace.JobAddVolumes, slices.Collect(maps.Keys(asked)), func(ctx context.Context, tx *store.Tx, d desktop.Desktop) (reshape.ReshapeParams, error) {
		i := asked[d.ID]
		for j, v := range r.Desktops[i].Volumes {
			if err := desktop.CheckVolumeType(ctx, tx, r.at(i)+"volumes", j, v.Type); err != nil {
				return reshape.ReshapeParams{}, err
			}
		}
		return adding(d, r.at(i), r.Desktops[i].Volumes, tx.Now())
	})
}

// Expand orders larger disks, and returns the job's id. Errors as for Add, and CodeVolumeNotFound.
func (s *Service) Expand(ctx context.Context, r Expand) (string, error) {
	if err := r.Check(); err != nil {
		return "", err
	}
	asked := map[string][]int{}
	for i, g := range r.Growths {
		asked[g.DesktopID] = append(asked[g.DesktopID], i)
	}
	return s.order(ctx, r.Caller, workspace.JobExpandPoolVolumes, slices.Collect(maps.Keys(asked)), func(_ context.Context, _ *store.Tx, d desktop.Desktop) (reshape.ReshapeParams, error) {
		return each(asked[d.ID], func(i int) (reshape.ReshapeParams, error) { return growing(d, r.at(i), r.Growths[i]) })
	})
}

// Delete orders the deletion of data disks with what is on them, and returns the job's id. Errors as for Expand.
func (s *Service) Delete(ctx context.Context, r Delete) (string, error) {
	if err := workspace.CheckIDs("volume_ids", r.IDs); err != nil {
		return "", err
	}
	return s.order(ctx, r.Caller, workspace.JobDeleteVolumes, []string{r.DesktopID}, func(_ context.Context, _ *store.Tx, d desktop.Desktop) (reshape.ReshapeParams, error) {
		return deleting(d, r.IDs)
	})
}

// SetSpeed orders another speed for disks, and returns the job's id. Errors as for Expand.
func (s *Service) SetSpeed(ctx context.Context, r SetSpeed) (string, error) {
	if err := workspace.CheckIDs("volume_ids", r.IDs); err != nil {
		return "", err
	}
	return store.Update(ctx, s.Store, store.As(r.Caller, func(tx *store.Tx) (string, error) {
		allowance, err := quota.Hold(ctx, tx, r.ProjectID)
		if err != nil {
			return "", err
		}
		owner, err := owners(ctx, tx, r.ProjectID, r.IDs)
		if err != nil {
			return "", err
		}
		asked := map[string][]string{}
		for _, id := range r.IDs {
			if owner[id] == "" {
				return "", workspace.Errorf(workspace.CodeVolumeNotFound, "volume_ids: no desktop has a disk %q", id)
			}
			asked[owner[id]] = append(asked[owner[id]], id)
		}
		return order(ctx, tx, r.Caller, allowance, workspace.JobVolumeSpeed, slices.Collect(maps.Keys(asked)), func(_ context.Context, _ *store.Tx, d desktop.Desktop) (reshape.ReshapeParams, error) {
			return each(asked[d.ID], func(id string) (reshape.ReshapeParams, error) { return speeding(d, id, r.Speed) })
		})
	}))
}

// Labels reads what policies know the desktops with these disks by.
func (s *Service) Labels(ctx context.Context, projectID string, ids ...string) ([]workspace.ResourceLabels, error) {
	found, err := store.View(ctx, s.Store, func(tx *store.Tx) (map[string]string, error) { return owners(ctx, tx, projectID, ids) })
	if err != nil || len(found) == 0 {
		return nil, err
	}
	desktops := &desktop.Service{Store: s.Store}
	return desktops.Labels(ctx, projectID, slices.Compact(slices.Sorted(maps.Values(found)))...)
}

// each returns several changes of a desktop as one.
func each[T any](asked []T, change func(T) (reshape.ReshapeParams, error)) (all reshape.ReshapeParams, err error) {
	for _, a := range asked {
		one, err := change(a)
		if err != nil {
			return all, err
		}
		all = both(all, one)
	}
	return all, nil
}

// changing says what is to become of a desktop, which is locked.
type changing func(ctx context.Context, tx *store.Tx, d desktop.Desktop) (reshape.ReshapeParams, error)

func (s *Service) order(ctx context.Context, c workspace.Caller, t workspace.JobType, desktopIDs []string, change changing) (string, error) {
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (string, error) {
		allowance, err := quota.Hold(ctx, tx, c.ProjectID)
		if err != nil {
			return "", err
		}
		return order(ctx, tx, c, allowance, t, desktopIDs, change)
	}))
}

// order locks the desktops and writes the job of their change.
func order(ctx context.Context, tx *store.Tx, c workspace.Caller, allowance *quota.Allowance, t workspace.JobType, desktopIDs []string, change changing) (string, error) {
	found, err := desktop.LockByID(ctx, tx, c.ProjectID, desktopIDs)
	if err != nil {
		return "", err
	}
	for _, id := range slices.Sorted(slices.Values(desktopIDs)) {
		if _, there := found[id]; !there {
			return "", workspace.Errorf(workspace.CodeDesktopNotFound, "desktop %s does not exist", id)
		}
	}
	desktops := slices.SortedFunc(maps.Values(found), desktop.CompareNames)
	changes := make(map[string]reshape.ReshapeParams, len(desktops))
	for _, d := range desktops {
		if err := reshape.MayReshape(d); err != nil {
			return "", err
		}
		if changes[d.ID], err = change(ctx, tx, d); err != nil {
			return "", err
		}
	}
	job := desktop.NewOrder(tx, c, t).Job
	return job.ID, reshape.Order(ctx, tx, &job, allowance, desktops, func(d desktop.Desktop) (reshape.ReshapeParams, error) { return changes[d.ID], nil })
}
