package volume

import (
	"fmt"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/workspace"
)

// MaxDesktops and MaxVolumes are how many desktops and disks one request may change.
const (
	MaxDesktops = 100
	MaxVolumes  = 100
)

// Add is a request for more data disks.
type Add struct {
	workspace.Caller
	Field    string // that the errors begin with: "volumes", or "desktop_volumes"
	Desktops []AddTo
}

// AddTo are the disks that one desktop gets.
type AddTo struct {
	DesktopID string
	Volumes   []desktop.VolumeSpec
}

// Check validates the request on its own, without the database.
func (r *Add) Check() error {
	if len(r.Desktops) == 0 || len(r.Desktops) > MaxDesktops {
		return workspace.Invalid(r.Field, "%d desktops, use 1 to %d", len(r.Desktops), MaxDesktops)
	}
	seen := map[string]bool{}
	for i, to := range r.Desktops {
		if to.DesktopID == "" {
			return workspace.Invalid(r.at(i)+"desktop_id", "must not be empty")
		}
		if seen[to.DesktopID] {
			return workspace.Invalid(r.at(i)+"desktop_id", "%q is listed twice", to.DesktopID)
		}
		seen[to.DesktopID] = true
		if len(to.Volumes) == 0 || len(to.Volumes) > desktop.MaxDataVolumes {
			return workspace.Invalid(r.at(i)+"volumes", "%d volumes, use 1 to %d", len(to.Volumes), desktop.MaxDataVolumes)
		}
		for j, v := range to.Volumes {
			if err := desktop.CheckVolume(r.at(i)+fmt.Sprintf("volumes[%d]", j), v, desktop.MinDataGB); err != nil {
				return err
			}
		}
	}
	return nil
}

// at is the beginning of the names of the fields about one desktop.
func (r *Add) at(i int) string {
	if r.Field == "volumes" {
		return ""
	}
	return fmt.Sprintf("%s[%d].", r.Field, i)
}

// Expand is a request for larger disks, which may be system disks.
type Expand struct {
	workspace.Caller
	Field   string // as in Add; empty: one disk, named by the path
	Growths []Growth
}

// Growth is a larger size for a disk.
type Growth struct {
	DesktopID string
	VolumeID  string
	GB        int
}

// Check validates the request on its own, without the database.
func (r *Expand) Check() error {
	if len(r.Growths) == 0 || len(r.Growths) > MaxVolumes {
		return workspace.Invalid(r.Field, "%d volumes, use 1 to %d", len(r.Growths), MaxVolumes)
	}
	seen := map[string]bool{}
	for i, g := range r.Growths {
		at := r.at(i)
		switch {
		case g.DesktopID == "":
			return workspace.Invalid(at+"desktop_id", "must not be empty")
		case g.VolumeID == "":
			return workspace.Invalid(at+"volume_id", "must not be empty")
		case seen[g.VolumeID]:
			return workspace.Invalid(at+"volume_id", "%q is listed twice", g.VolumeID)
		case g.GB < desktop.MinDataGB || g.GB > desktop.MaxVolumeGB:
			return workspace.Invalid(at+"new_size", "%d GB is out of range, use %d to %d", g.GB, desktop.MinDataGB, desktop.MaxVolumeGB)
		case g.GB%desktop.VolumeStepGB != 0:
			return workspace.Invalid(at+"new_size", "%d GB is not a multiple of %d", g.GB, desktop.VolumeStepGB)
		}
		seen[g.VolumeID] = true
	}
	return nil
}

func (r *Expand) at(i int) string {
	if r.Field == "" {
		return ""
	}
	return fmt.Sprintf("%s[%d].", r.Field, i)
}

// Delete is a request to delete data disks of a desktop with what is on them.
type Delete struct {
	workspace.Caller
	DesktopID string
	IDs       []string
}

// SetSpeed is a request for another speed of disks.
type SetSpeed struct {
	workspace.Caller
	IDs   []string
	Speed catalog.Speed
}
