package desktop

import (
	"context"

	"carrel/internal/capacity"
	"carrel/internal/catalog"
	"carrel/internal/quota"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// DemandOf returns the demand of n desktops with these disks and this product.
func DemandOf(n int, p catalog.Product, disks ...VolumeSpec) capacity.Demand {
	d := capacity.Demand{Disks: map[string]int64{}, Memory: int64(n) * int64(p.MemoryMiB)}
	for _, v := range disks {
		d.Disks[v.Type] += int64(n) * int64(v.GB) << 10
	}
	return d
}

// QuotaOf returns what of its quotas a project uses for one desktop with these disks and this product.
func QuotaOf(p catalog.Product, disks ...VolumeSpec) quota.Amounts {
	a := quota.Amounts{quota.Desktops: 1, quota.Cores: int64(p.CPUs), quota.Memory: int64(p.MemoryMiB), quota.Volumes: int64(len(disks))}
	for _, v := range disks {
		a[quota.Gigabytes] += int64(v.GB)
	}
	return a
}

// Disks returns the sum of the desktop's disks by volume type, in MiB.
func (d Desktop) Disks() map[string]int64 {
	sums := map[string]int64{d.Root.Type: int64(d.Root.GB) << 10}
	for _, v := range d.Data {
		sums[v.Type] += int64(v.GB) << 10
	}
	return sums
}

// MemoryToStart returns the memory that a change from d to next needs: that of its product if the desktop is off in d and not in
// next.
func MemoryToStart(ctx context.Context, tx *store.Tx, d, next Desktop) (capacity.Demand, error) {
	if !d.Status.off() || next.Status.off() || next.Task == workspace.TaskPoweringOff {
		return capacity.Demand{}, nil
	}
	product, err := catalog.ReadProduct(ctx, tx, d.ProductID)
	if workspace.CodeOf(err) == workspace.CodeProductNotFound {
		return capacity.Demand{}, nil // starting it returns the error
	}
	return DemandOf(1, product), err
}

// ApplyPowerActionWithin is ApplyPowerAction where there is memory for it: a desktop that is off and will run takes it of what is left.
// CodeCapacityExceeded.
func ApplyPowerActionWithin(
	ctx context.Context, tx *store.Tx, left *capacity.Free, d Desktop, action PowerAction, force bool,
) (Desktop, error) {
	next, err := ApplyPowerAction(d, action, force)
	if err != nil {
		return d, err
	}
	wanted, err := MemoryToStart(ctx, tx, d, next)
	if err != nil || wanted.None() {
		return next, err
	}
	fit, short, err := left.Take(ctx, tx, wanted, 1)
	if err == nil && fit == 0 {
		err = short
	}
	return next, err
}
