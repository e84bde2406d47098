package operate

import (
	"context"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/notice"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Rebuild is a request for new system disks of desktops. Data disks, names, addresses and users stay.
type Rebuild struct {
	workspace.Caller
	IDs          []string
	ImageType    catalog.ImageType // empty: the image's own
	ImageID      string
	OSType       string // empty, or the image's own
	DelayMinutes int    // time for people with a session to save their work; 0 means none
	Message      string // shown to them, with a countdown
}

// Check validates the request on its own, without the database.
func (r *Rebuild) Check() error {
	if err := workspace.CheckIDs("desktop_ids", r.IDs); err != nil {
		return err
	}
	if r.ImageID == "" {
		return workspace.Invalid("image_id", "must not be empty")
	}
	if err := notice.CheckDelay("delay_time", r.DelayMinutes); err != nil {
		return err
	}
	return notice.Check("message", r.Message)
}

// RebuildParams are the parameters of a rebuildDesktops sub-job of a desktop that is no pool's.
type RebuildParams struct {
	ImageID      string `json:"image_id"`
	DelayMinutes int    `json:"delay_minutes,omitempty"`
	Message      string `json:"message,omitempty"`
}

// Wait returns for how long people are told before the desktop is rebuilt: one in which nobody works is rebuilt at once.
func (p RebuildParams) Wait(d desktop.Desktop) time.Duration {
	if !inUse(d) {
		return 0
	}
	return time.Duration(p.DelayMinutes) * time.Minute
}

// Rebuild gives desktops new system disks of an image, in a job with a sub-job for each desktop. Those that have sessions are rebuilt
// after the delay, and can be used until then; the others at once. It returns the job's id. CodeDesktopNotFound, CodeImageNotFound,
// CodeInvalid; CodeConflict if no desktop can be rebuilt now. Desktops of pools are refused: their pool rebuilds them.
func (s *Service) Rebuild(ctx context.Context, r Rebuild) (string, error) {
	if err := r.Check(); err != nil {
		return "", err
	}
	return store.Update(ctx, s.Store, store.As(r.Caller, func(tx *store.Tx) (string, error) {
		if err := store.RequireSubscription(ctx, tx, r.ProjectID); err != nil {
			return "", err
		}
		image, err := catalog.HoldImage(ctx, tx, r.ProjectID, r.ImageID)
		if err != nil {
			return "", workspace.InField("image_id", err)
		}
		if err := image.Is(r.ImageType, r.OSType); err != nil {
			return "", err
		}
		desktops, err := desktop.LockAll(ctx, tx, r.ProjectID, r.IDs)
		if err != nil {
			return "", err
		}
		waiting, err := waitingFor(ctx, tx, r.IDs, workspace.JobRebuildDesktops)
		if err != nil {
			return "", err
		}
		order := desktop.NewOrder(tx, r.Caller, workspace.JobRebuildDesktops)
		params := RebuildParams{ImageID: image.ID, DelayMinutes: r.DelayMinutes, Message: r.Message}
		for _, d := range desktops {
			err := mayRebuild(ctx, tx, d, image, waiting[d.ID])
			if err == nil {
				err = orderWork(ctx, tx, order, d, params, desktop.TaskRebuilding, params.Wait(d))
			} else if workspace.CodeOf(err) != workspace.CodeInternal {
				order.Refuse(d, params, err)
				continue
			}
			if err != nil {
				return "", err
			}
		}
		return order.Write(ctx, tx)
	}))
}

// mayRebuild returns why a desktop cannot be rebuilt with an image now, or nil.
func mayRebuild(ctx context.Context, tx *store.Tx, d desktop.Desktop, image catalog.Image, waiting bool) error {
	if err := d.NotOfPool("rebuild the pool's desktops with the pool"); err != nil {
		return err
	}
	if waiting {
		return workspace.Errorf(workspace.CodeConflict, "desktop %s is going to be rebuilt already", d.Name)
	}
	if err := d.MayWork(desktop.StatusActive, desktop.StatusShutoff, desktop.StatusHibernated, desktop.StatusError); err != nil {
		return err
	}
	return catalog.ImageFits(ctx, tx, catalog.Holder{Name: "desktop " + d.Name, ProductID: d.ProductID, ImageID: d.ImageID, RootGB: d.Root.GB}, image)
}
