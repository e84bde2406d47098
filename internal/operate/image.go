package operate

import (
	"context"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// MakeImage is a request for an image of what is on a desktop's system disk.
type MakeImage struct {
	workspace.Caller
	DesktopID    string
	Name         string
	Description  string
	MinMemoryMiB int // of desktops that have it; 0: as the desktop's own image
}

// ImageParams are the parameters of a desktopToImage sub-job: the image that it makes.
type ImageParams struct {
	ImageID      string `json:"image_id"`
	Name         string `json:"name"`
	Description  string `json:"description,omitempty"`
	OSType       string `json:"os_type"`
	OSVersion    string `json:"os_version"`
	Architecture string `json:"architecture"`
	MinMemoryMiB int    `json:"min_memory_mib"`
	MinDiskGB    int    `json:"min_disk_gb"`
}

// image returns the catalogue's image.
func (p ImageParams) image() catalog.Image {
	return catalog.Image{
		ID: p.ImageID, Type: catalog.ImagePrivate, Name: p.Name, Description: p.Description, OSType: p.OSType, OSVersion: p.OSVersion,
		Architecture: p.Architecture, MinMemoryMiB: p.MinMemoryMiB, MinDiskGB: p.MinDiskGB,
	}
}

// MayBecomeImage returns why no image can be made of a desktop now, or nil. CodeConflict.
func MayBecomeImage(d desktop.Desktop, of catalog.Image) error {
	if of.VM {
		return workspace.Errorf(workspace.CodeConflict, "desktop %s is a virtual machine: personal things can be removed from a copy of a container only", d.Name)
	}
	if d.Status != desktop.StatusShutoff && d.Task == workspace.NoTask {
		return workspace.Errorf(workspace.CodeConflict, "desktop %s is %s: shut it down first, so that its files are whole", d.Name, d.Status)
	}
	return d.MayWork(desktop.StatusShutoff)
}

// MakeImage orders a private image of a desktop that is off, which stays as it is. The image does not have people's accounts and files, nor what tells
// one desktop from others (engine.Anonymize); data disks are not in it. It returns the job's id. CodeDesktopNotFound, CodeInvalid, CodeConflict.
func (s *Service) MakeImage(ctx context.Context, r MakeImage) (string, error) {
	return store.Update(ctx, s.Store, store.As(r.Caller, func(tx *store.Tx) (string, error) {
		if err := store.RequireSubscription(ctx, tx, r.ProjectID); err != nil {
			return "", err
		}
		found, err := desktop.LockByID(ctx, tx, r.ProjectID, []string{r.DesktopID})
		if err != nil {
			return "", err
		}
		d, there := found[r.DesktopID]
		if !there {
			return "", desktop.NotFound(r.DesktopID)
		}
		of, err := catalog.ReadImage(ctx, tx, "", d.ImageID)
		if err != nil {
			return "", err
		}
		params := ImageParams{
			ImageID: workspace.NewID(), Name: r.Name, Description: r.Description, OSType: of.OSType, OSVersion: of.OSVersion, Architecture: of.Architecture,
			MinMemoryMiB: max(r.MinMemoryMiB, of.MinMemoryMiB), MinDiskGB: d.Root.GB,
		}
		asked := params.image()
		asked.MinMemoryMiB = r.MinMemoryMiB
		if err := asked.Check(); err != nil {
			return "", err
		}
		if err := MayBecomeImage(d, of); err != nil {
			return "", err
		}
		order := desktop.NewOrder(tx, r.Caller, workspace.JobDesktopToImage)
		if err := orderWork(ctx, tx, order, d, params, workspace.TaskToImage, 0); err != nil {
			return "", err
		}
		return order.Write(ctx, tx)
	}))
}

// MarkImageMade records the image that a sub-job has made, which is called engineID in the engine, and that its desktop is off.
func MarkImageMade(ctx context.Context, tx *store.Tx, d desktop.Desktop, p ImageParams, engineID string, sizeMiB int) error {
	i := p.image()
	i.ProjectID, i.EngineID, i.SizeMiB, i.Created, i.Updated = d.ProjectID, engineID, sizeMiB, tx.Now(), tx.Now()
	if err := catalog.PutImages(ctx, tx, []catalog.Image{i}); err != nil {
		return err
	}
	return desktop.MarkObserved(ctx, tx, d, desktop.StatusShutoff, d.Fault)
}

// RebuildsWith counts the rebuilds of single desktops that have not ended and give them an image.
func RebuildsWith(ctx context.Context, tx *store.Tx, imageID string) (int, error) {
	open, err := tx.AllOpenSubJobs(ctx, workspace.JobRebuildDesktops)
	n := 0
	for _, s := range open {
		p, fault := workspace.ReadParams[RebuildParams](s) // those of pools' desktops have the field, too
		if fault != nil {
			return 0, fault
		}
		if p.ImageID == imageID {
			n++
		}
	}
	return n, err
}

// ImagePreparation is the version of what is removed from images; it is raised with that (engine.Anonymize).
const ImagePreparation = "1"

// Readiness says whether an image can be made of a desktop now.
type Readiness struct {
	desktop.Desktop
	Refusal error // why not; nil: it can
}

// Readiness returns whether images can be made of desktops, in the order of their ids. CodeDesktopNotFound, CodeInvalid.
func (s *Service) Readiness(ctx context.Context, projectID string, ids ...string) ([]Readiness, error) {
	desktops, err := s.Images(ctx, projectID, ids)
	return store.Convert(desktops, func(d desktop.DesktopDetail) Readiness {
		return Readiness{Desktop: d.Desktop, Refusal: MayBecomeImage(d.Desktop, d.Image)}
	}), err
}
