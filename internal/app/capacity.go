package app

import (
	"context"

	"carrel/internal/capacity"
	"carrel/internal/engine"
	"carrel/internal/job"
)

// ReadCapacity reads the engine's capacity, and counts what is promised to its machines.
func ReadCapacity(ctx context.Context, c Config) ([]capacity.Capacity, error) {
	e, err := OpenEngine(ctx, c)
	if err != nil {
		return nil, err
	}
	defer e.Close()
	found, err := e.Capacity(ctx)
	if err != nil {
		return nil, err
	}
	machines, err := e.List(ctx)
	if err != nil {
		return nil, err
	}
	disks, memory := map[string]int64{}, int64(0)
	for _, m := range machines {
		for _, d := range append([]engine.Disk{m.Root}, m.Data...) {
			disks[d.Class] += int64(d.GiB) << 10
		}
		if m.State != engine.Stopped {
			memory += int64(m.MemoryMiB)
		}
	}
	all := job.CapacitiesOf(found, c.Overcommit)
	for i := range all {
		if all[i].ID == capacity.MemoryCapacity {
			all[i].Promised = memory
		}
		for _, class := range all[i].Classes {
			all[i].Promised += disks[class]
		}
	}
	return all, nil
}
