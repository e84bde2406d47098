package reshape

import (
	"context"
	"slices"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/quota"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// ResizeDesktops is a request for another product for desktops that are no pool's.
type ResizeDesktops struct {
	workspace.Caller
	IDs       []string
	ProductID string
}

// Check validates the request on its own, without the database.
func (r *ResizeDesktops) Check() error {
	if err := workspace.CheckIDs("desktops", r.IDs); err != nil {
		return err
	}
	if r.ProductID == "" {
		return workspace.Invalid("product_id", "must not be empty")
	}
	return nil
}

// ResizeDesktops gives desktops another product in a job with a sub-job for each, and returns the job's id. Running desktops are stopped
// for it and started again. CodeDesktopNotFound, CodeProductNotFound, CodeInvalid; CodeConflict if no desktop can be changed now.
// CodeQuotaExceeded, CodeCapacityExceeded.
func (s *Service) ResizeDesktops(ctx context.Context, r ResizeDesktops) (string, error) {
	if err := r.Check(); err != nil {
		return "", err
	}
	return store.Update(ctx, s.Store, store.As(r.Caller, func(tx *store.Tx) (string, error) {
		allowance, err := quota.Hold(ctx, tx, r.ProjectID)
		if err != nil {
			return "", err
		}
		if _, err := catalog.ReadProduct(ctx, tx, r.ProductID); err != nil {
			return "", workspace.InField("product_id", err)
		}
		desktops, err := desktop.LockAll(ctx, tx, r.ProjectID, r.IDs)
		if err != nil {
			return "", err
		}
		job := desktop.NewOrder(tx, r.Caller, workspace.JobResizeDesktops).Job
		params := ReshapeParams{ProductID: r.ProductID, Stop: true}
		err = Order(ctx, tx, &job, allowance, desktops, func(d desktop.Desktop) (ReshapeParams, error) {
			if err := d.NotOfPool("resize the pool"); err != nil {
				return params, err
			}
			return params, catalog.ProductFits(ctx, tx, catalog.Holder{Name: "desktop " + d.Name, ImageID: d.ImageID}, r.ProductID)
		})
		if first := job.SubJobs[0]; err == nil && !slices.ContainsFunc(job.SubJobs, func(s workspace.SubJob) bool { return !s.State.Done() }) {
			err = workspace.Errorf(first.Code, "%s", first.Reason) // none can be changed: nothing changes
		}
		return job.ID, err
	}))
}
