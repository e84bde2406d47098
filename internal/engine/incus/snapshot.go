package incus

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"

	client "github.com/lxc/incus/v6/client"
	"github.com/lxc/incus/v6/shared/api"

	"carrel/internal/engine"
)

// snapshotPrefix begins the names of Carrel's snapshots, in Incus, before their ids. Those with other names are somebody else's.
const snapshotPrefix = "s-"

// Snapshots lists the snapshots by the disks in the storage pools: one request for each pool, however many machines there are.
func (e *Engine) Snapshots(ctx context.Context) ([]engine.Snapshot, error) {
	s, err := e.connect(ctx)
	if err != nil {
		return nil, err
	}
	found := map[engine.Snapshot]bool{}
	for _, pool := range e.pools() {
		volumes, err := s.GetStoragePoolVolumes(pool)
		if err != nil {
			return nil, translate(ctx, "listing the snapshots in the pool "+pool, err)
		}
		for _, v := range volumes {
			name, snapshot, _ := strings.Cut(v.Name, "/")
			id, ours := strings.CutPrefix(snapshot, snapshotPrefix)
			machine, system := strings.CutPrefix(name, instanceName(""))
			if v.Type == "custom" {
				machine, system = v.Config[desktopKey], false
			}
			if ours && machine != "" && (system || v.Type == "custom") {
				found[engine.Snapshot{ID: id, Machine: machine, System: system}] = true
			}
		}
	}
	all := make([]engine.Snapshot, 0, len(found))
	for one := range found {
		all = append(all, one)
	}
	return all, nil
}

// TakeSnapshot takes a snapshot of the instance, or one of each data disk.
func (e *Engine) TakeSnapshot(ctx context.Context, snapshot engine.Snapshot) error {
	doing := "taking a snapshot of " + snapshot.Machine
	s, err := e.connect(ctx)
	if err != nil {
		return err
	}
	found, err := find(ctx, s, snapshot.Machine)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if err := whole(found); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return translate(ctx, doing, e.takeSnapshot(s, found, snapshot))
}

func (e *Engine) takeSnapshot(s server, found *api.Instance, snapshot engine.Snapshot) error {
	name := snapshotPrefix + snapshot.ID
	if !validID.MatchString(snapshot.ID) {
		return fmt.Errorf("%w: %q is no id of a snapshot", engine.ErrInvalid, snapshot.ID)
	}
	if snapshot.System {
		if _, _, err := s.GetInstanceSnapshot(found.Name, name); err == nil || !absent(err) {
			return err
		}
		op, err := s.CreateInstanceSnapshot(found.Name, api.InstanceSnapshotsPost{Name: name})
		if err = finish(s, op, err); err != nil {
			if _, _, look := s.GetInstanceSnapshot(found.Name, name); look == nil {
				return nil // another call has taken it
			}
		}
		return err
	}
	disks := slots(found)
	if len(disks) == 0 {
		return fmt.Errorf("%w: it has no data disks", engine.ErrInvalid)
	}
	for _, slot := range disks {
		pool := e.config.Classes[slot.disk.Class]
		if _, _, err := s.GetStoragePoolVolumeSnapshot(pool, "custom", slot.disk.ID, name); err == nil {
			continue
		} else if !absent(err) {
			return err
		}
		op, err := s.CreateStoragePoolVolumeSnapshot(pool, "custom", slot.disk.ID, api.StorageVolumeSnapshotsPost{Name: name})
		if err = finish(s, op, err); err != nil {
			if _, _, look := s.GetStoragePoolVolumeSnapshot(pool, "custom", slot.disk.ID, name); look != nil {
				return err
			}
		}
	}
	return nil
}

// RestoreSnapshot restores the instance, or each data disk that the snapshot holds.
func (e *Engine) RestoreSnapshot(ctx context.Context, snapshot engine.Snapshot, keep string) error {
	doing := "restoring a snapshot of " + snapshot.Machine
	s, err := e.connect(ctx)
	if err != nil {
		return err
	}
	found, err := find(ctx, s, snapshot.Machine)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if snapshot.System {
		return translate(ctx, doing, e.restoreSystem(s, found, snapshot, keep))
	}
	return translate(ctx, doing, e.restoreData(s, found, snapshot, keep))
}

// restoreSystem restores the instance. Incus also brings back its configuration, in which disks, address, document and sizes may be others by now: the snapshot that is
// kept has the present one, also after a kill, and it is written back together with the mark of completion.
func (e *Engine) restoreSystem(s server, found *api.Instance, snapshot engine.Snapshot, keep string) error {
	if found.Config[restoredKey] == keep {
		return nil
	}
	if err := restorable(found); err != nil {
		return err
	}
	if _, _, err := s.GetInstanceSnapshot(found.Name, snapshotPrefix+snapshot.ID); err != nil {
		return err
	}
	if err := e.takeSnapshot(s, found, engine.Snapshot{ID: keep, Machine: snapshot.Machine, System: true}); err != nil {
		return err
	}
	kept, _, err := s.GetInstanceSnapshot(found.Name, snapshotPrefix+keep)
	if err != nil {
		return err
	}
	op, _, err := s.RawOperation(http.MethodPut, "/instances/"+found.Name, map[string]any{"restore": snapshotPrefix + snapshot.ID}, "")
	if err = finish(s, op, err); err != nil {
		return err
	}
	now, etag, err := s.GetInstance(found.Name)
	if err != nil {
		return err
	}
	config, devices := api.ConfigMap{}, api.DevicesMap{}
	for key := range now.Config {
		if settled(key) {
			config[key] = ""
		}
	}
	for key, value := range kept.Config {
		if settled(key) {
			config[key] = value
		}
	}
	for name := range now.Devices {
		devices[name] = map[string]string{"type": "none"}
	}
	maps.Copy(devices, kept.Devices)
	// The new subvolume has no limit yet, and Incus sets one only when the size changes.
	wider := maps.Clone(kept.Devices[rootDevice])
	wider["size"] = mib(number(wider["size"], "GiB")<<10 + 1)
	devices[rootDevice] = wider
	if err := e.change(s, now, etag, config, devices); err != nil {
		return err
	}
	return e.change(s, now, "", api.ConfigMap{restoredKey: keep}, api.DevicesMap{rootDevice: kept.Devices[rootDevice]})
}

// settled reports whether a key of an instance is one that somebody set: Incus keeps its own in others.
func settled(key string) bool {
	return !strings.HasPrefix(key, "volatile.") && !strings.HasPrefix(key, "image.")
}

func restorable(found *api.Instance) error {
	if err := whole(found); err != nil {
		return err
	}
	if state := stateOf(found); state != engine.Stopped {
		return fmt.Errorf("%w: it is %s", engine.ErrConflict, state)
	}
	return nil
}

// restoreData restores the data disks one after the other; each remembers that it was.
func (e *Engine) restoreData(s server, found *api.Instance, snapshot engine.Snapshot, keep string) error {
	if found.Config[restoredKey] == keep {
		return nil
	}
	if err := restorable(found); err != nil {
		return err
	}
	if err := e.takeSnapshot(s, found, engine.Snapshot{ID: keep, Machine: snapshot.Machine}); err != nil {
		return err
	}
	held := 0
	for _, slot := range slots(found) {
		pool := e.config.Classes[slot.disk.Class]
		_, _, err := s.GetStoragePoolVolumeSnapshot(pool, "custom", slot.disk.ID, snapshotPrefix+snapshot.ID)
		if absent(err) {
			continue // it came later
		}
		if err != nil {
			return err
		}
		held++
		if err := e.restoreDisk(s, pool, slot.disk, snapshot.ID, keep); err != nil {
			return fmt.Errorf("restoring the data disk %s: %w", slot.disk.ID, err)
		}
	}
	if held == 0 {
		return fmt.Errorf("%w: no data disk has the snapshot %s", engine.ErrNotFound, snapshot.ID)
	}
	return e.change(s, found, "", api.ConfigMap{restoredKey: keep}, nil)
}

func (e *Engine) restoreDisk(s server, pool string, d engine.Disk, id, keep string) error {
	found, etag, err := s.GetStoragePoolVolume(pool, "custom", d.ID)
	if err != nil || found.Config[restoredKey] == keep {
		return err
	}
	restore := found.Writable()
	restore.Restore = snapshotPrefix + id
	if err := s.UpdateStoragePoolVolume(pool, "custom", d.ID, restore, etag); err != nil {
		return err
	}
	// As for system disks: the new subvolume has no limit before the size changes.
	for _, size := range []string{mib(d.GiB<<10 + 1), gib(d.GiB)} {
		now, etag, err := s.GetStoragePoolVolume(pool, "custom", d.ID)
		if err != nil {
			return err
		}
		update := now.Writable()
		update.Config["size"] = size
		if size == gib(d.GiB) {
			update.Config[restoredKey] = keep
		}
		if err := s.UpdateStoragePoolVolume(pool, "custom", d.ID, update, etag); err != nil {
			return err
		}
	}
	return nil
}

// DeleteSnapshot deletes a snapshot, of data disks also those of disks that are no longer attached.
func (e *Engine) DeleteSnapshot(ctx context.Context, snapshot engine.Snapshot) error {
	doing := "deleting a snapshot of " + snapshot.Machine
	s, err := e.connect(ctx)
	if err != nil {
		return err
	}
	found, err := find(ctx, s, snapshot.Machine)
	if errors.Is(err, engine.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	name := snapshotPrefix + snapshot.ID
	if snapshot.System {
		return translate(ctx, doing, deleteUntilGone(s,
			func() (client.Operation, error) { return s.DeleteInstanceSnapshot(found.Name, name) },
			func() error { _, _, err := s.GetInstanceSnapshot(found.Name, name); return err }))
	}
	for _, slot := range slots(found) {
		pool, disk := e.config.Classes[slot.disk.Class], slot.disk.ID
		err := deleteUntilGone(s,
			func() (client.Operation, error) { return s.DeleteStoragePoolVolumeSnapshot(pool, "custom", disk, name) },
			func() error { _, _, err := s.GetStoragePoolVolumeSnapshot(pool, "custom", disk, name); return err })
		if err != nil {
			return translate(ctx, doing, err)
		}
	}
	return nil
}

// deleteUntilGone tries again as long as the snapshot exists: of two concurrent deletions, one fails.
func deleteUntilGone(s server, remove func() (client.Operation, error), look func() error) error {
	var failure error
	for range changeLooks {
		op, err := remove()
		if failure = finish(s, op, err); failure == nil || absent(failure) || absent(look()) {
			return nil
		}
	}
	return failure
}
