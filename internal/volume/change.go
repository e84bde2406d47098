package volume

import (
	"fmt"
	"slices"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/pool"
	"carrel/internal/pool/reshape"
	"carrel/internal/workspace"
)

// adding returns the change that gives a desktop more data disks. at is the beginning of the names of fields. CodeConflict for a desktop of a pool: its
// disks are those of the pool, and a reset empties them.
func adding(d desktop.Desktop, at string, specs []desktop.VolumeSpec, now time.Time) (reshape.ReshapeParams, error) {
	var change reshape.ReshapeParams
	if err := mayExchange(d); err != nil {
		return change, err
	}
	if n := len(d.Data) + len(specs); n > desktop.MaxDataVolumes {
		return change, workspace.Invalid(at+"volumes", "desktop %s would have %d data disks, at most %d are possible", d.Name, n, desktop.MaxDataVolumes)
	}
	d.Data = slices.Clone(d.Data)
	for _, spec := range specs {
		v := desktop.NewVolume(spec, reshape.FreeDevice(d), now)
		change.Add = append(change.Add, v)
		d.Data = append(d.Data, v)
	}
	return change, nil
}

// deleting returns the change that takes data disks from a desktop. Ids that are not there are ignored: deleting what is gone is a success.
func deleting(d desktop.Desktop, ids []string) (reshape.ReshapeParams, error) {
	var change reshape.ReshapeParams
	if err := mayExchange(d); err != nil {
		return change, err
	}
	for i, id := range ids {
		if id == d.Root.ID {
			return change, workspace.Invalid(fmt.Sprintf("volume_ids[%d]", i), "%q is the system disk of desktop %s, which is deleted only with the desktop", id, d.Name)
		}
		if slices.ContainsFunc(d.Data, func(v desktop.Volume) bool { return v.ID == id }) {
			change.Delete = append(change.Delete, id)
		}
	}
	if len(change.Delete) == 0 {
		return change, workspace.Errorf(workspace.CodeVolumeNotFound, "volume_ids: desktop %s has none of these disks", d.Name)
	}
	return change, nil
}

// mayExchange returns why a desktop cannot have disks of its own, or nil.
func mayExchange(d desktop.Desktop) error {
	if d.PoolID == "" {
		return nil
	}
	return workspace.Errorf(workspace.CodeConflict, "desktop %s has the disks of its pool: add and delete those of the pool, for all its desktops", d.Name)
}

// growing returns the change that enlarges a disk of a desktop.
func growing(d desktop.Desktop, at string, g Growth) (reshape.ReshapeParams, error) {
	v, err := diskOf(d, at+"volume_id", g.VolumeID)
	if err != nil {
		return reshape.ReshapeParams{}, err
	}
	if g.GB <= v.GB {
		return reshape.ReshapeParams{}, workspace.Invalid(at+"new_size", "%d GB is not more than the %d GB that the disk has; disks cannot shrink", g.GB, v.GB)
	}
	return reshape.ReshapeParams{Grow: []pool.VolumeGrowth{{ID: v.ID, GB: g.GB}}}, nil
}

// speeding returns the change of the speed of a disk of a desktop.
func speeding(d desktop.Desktop, id string, s catalog.Speed) (reshape.ReshapeParams, error) {
	v, err := diskOf(d, "volume_ids", id)
	if err != nil {
		return reshape.ReshapeParams{}, err
	}
	if v.Type != catalog.GeneralPurposeV2 {
		return reshape.ReshapeParams{}, workspace.Invalid("volume_ids", "disk %s of desktop %s is of type %s, which has a speed of its own; only that of type %s can change",
			id, d.Name, v.Type, catalog.GeneralPurposeV2)
	}
	if err := catalog.CheckSpeed("qos", v.Type, v.GB, s); err != nil {
		return reshape.ReshapeParams{}, err
	}
	return reshape.ReshapeParams{Speeds: []reshape.VolumeSpeed{{ID: id, Speed: s}}}, nil
}

func diskOf(d desktop.Desktop, field, id string) (desktop.Volume, error) {
	for _, v := range append([]desktop.Volume{d.Root}, d.Data...) {
		if v.ID == id {
			return v, nil
		}
	}
	return desktop.Volume{}, workspace.Errorf(workspace.CodeVolumeNotFound, "%s: desktop %s has no disk %q", field, d.Name, id)
}

// both returns two changes of a desktop as one.
func both(a, b reshape.ReshapeParams) reshape.ReshapeParams {
	return reshape.ReshapeParams{
		Add: append(a.Add, b.Add...), Delete: append(a.Delete, b.Delete...), Grow: append(a.Grow, b.Grow...), Speeds: append(a.Speeds, b.Speeds...),
	}
}
