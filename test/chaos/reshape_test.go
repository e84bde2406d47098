package chaos

import (
	"context"
	"fmt"

	"carrel/internal/desktop"
	"carrel/internal/pool"
)

// mostDisks is how many data disks a pool gets at the most.
const mostDisks = 3

// changed draws which desktops of a pool a change of its shape is for.
func (w *world) changed(p pool.Pool) pool.ChangePoolDesktops {
	c := pool.ChangePoolDesktops{
		Caller: caller(), PoolID: p.ID,
		Handle: []pool.HandleType{"", pool.OnlyNew, pool.NewAndIdle, pool.NewAndAll}[w.draw.IntN(4)],
	}
	if d, ok := w.anyDesktop(p.ID); ok && w.chance(4) {
		c.DesktopIDs = []string{d.ID}
	}
	return c
}

// resize gives a pool another product.
func (w *world) resize() {
	p, ok := w.anyPool()
	if !ok {
		return
	}
	r := pool.ResizePool{ChangePoolDesktops: w.changed(p), ProductID: []string{product, larger}[w.draw.IntN(2)]}
	if !w.chance(3) {
		r.Mode = "STOP_DESKTOP"
	}
	w.ask(fmt.Sprintf("resize %s to %s, %s %q, %d named", p.Name, r.ProductID, r.Handle, r.Mode, len(r.DesktopIDs)), func(ctx context.Context) (string, error) {
		o, err := w.service.Pools.ResizePool(ctx, r)
		return o.JobID, err
	})
}

// changeDisks adds a disk to a pool's desktops, removes one, or has one grow.
func (w *world) changeDisks() {
	p, ok := w.anyPool()
	if !ok {
		return
	}
	c := w.changed(p)
	disk, some := pick(w, p.Data)
	switch n := w.draw.IntN(3); {
	case n == 0 && len(p.Data) < mostDisks:
		r := pool.AddPoolVolumes{ChangePoolDesktops: c, Volumes: []desktop.VolumeSpec{{Type: "SSD", GB: 10}}}
		w.ask(fmt.Sprintf("add a disk to %s, %s", p.Name, c.Handle), func(ctx context.Context) (string, error) { return w.service.Pools.AddPoolVolumes(ctx, r) })
	case n == 1 && some:
		r := pool.DeletePoolVolumes{ChangePoolDesktops: c, IDs: []string{disk.ID}}
		w.ask(fmt.Sprintf("remove a disk from %s, %s", p.Name, c.Handle), func(ctx context.Context) (string, error) { return w.service.Pools.DeletePoolVolumes(ctx, r) })
	default:
		if !some || w.chance(3) {
			disk = p.Root
		}
		r := pool.ExpandPoolVolumes{ChangePoolDesktops: c, Growths: []pool.VolumeGrowth{{ID: disk.ID, GB: disk.GB + 10}}}
		w.ask(fmt.Sprintf("grow a disk of %s to %d GB, %s", p.Name, disk.GB+10, c.Handle), func(ctx context.Context) (string, error) { return w.service.Pools.ExpandPoolVolumes(ctx, r) })
	}
}
