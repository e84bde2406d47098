package chaos

import (
	"context"
	"fmt"

	"carrel/internal/desktop"
	"carrel/internal/pool"
	"carrel/internal/pool/reshape"
)

// mostDisks is how many data disks a pool gets at the most.
const mostDisks = 3

// changed draws which desktops of a pool a change of its shape is for.
func (e *env) changed(p pool.Pool) pool.ChangePoolDesktops {
	c := pool.ChangePoolDesktops{
		Caller: caller(), PoolID: p.ID,
		Handle: []pool.HandleType{"", pool.OnlyNew, pool.NewAndIdle, pool.NewAndAll}[e.draw.IntN(4)],
	}
	if d, ok := e.anyDesktop(p.ID); ok && e.chance(4) {
		c.DesktopIDs = []string{d.ID}
	}
	return c
}

// resize gives a pool another product.
func (e *env) resize() {
	p, ok := e.anyPool()
	if !ok {
		return
	}
	r := reshape.ResizePool{ChangePoolDesktops: e.changed(p), ProductID: []string{product, larger}[e.draw.IntN(2)]}
	if !e.chance(3) {
		r.Mode = "STOP_DESKTOP"
	}
	e.ask(fmt.Sprintf("resize %s to %s, %s %q, %d named", p.Name, r.ProductID, r.Handle, r.Mode, len(r.DesktopIDs)), func(ctx context.Context) (string, error) {
		o, err := e.service.Reshaper.ResizePool(ctx, r)
		return o.JobID, err
	})
}

// changeDisks adds a disk to a pool's desktops, removes one, or has one grow.
func (e *env) changeDisks() {
	p, ok := e.anyPool()
	if !ok {
		return
	}
	c := e.changed(p)
	disk, some := pick(e, p.Data)
	switch n := e.draw.IntN(3); {
	case n == 0 && len(p.Data) < mostDisks:
		r := reshape.AddPoolVolumes{ChangePoolDesktops: c, Volumes: []desktop.VolumeSpec{{Type: "SSD", GB: 10}}}
		e.ask(fmt.Sprintf("add a disk to %s, %s", p.Name, c.Handle), func(ctx context.Context) (string, error) { return e.service.Reshaper.AddPoolVolumes(ctx, r) })
	case n == 1 && some:
		r := reshape.DeletePoolVolumes{ChangePoolDesktops: c, IDs: []string{disk.ID}}
		e.ask(fmt.Sprintf("remove a disk from %s, %s", p.Name, c.Handle), func(ctx context.Context) (string, error) { return e.service.Reshaper.DeletePoolVolumes(ctx, r) })
	default:
		if !some || e.chance(3) {
			disk = p.Root
		}
		r := reshape.ExpandPoolVolumes{ChangePoolDesktops: c, Growths: []pool.VolumeGrowth{{ID: disk.ID, GB: disk.GB + 10}}}
		e.ask(fmt.Sprintf("grow a disk of %s to %d GB, %s", p.Name, disk.GB+10, c.Handle), func(ctx context.Context) (string, error) { return e.service.Reshaper.ExpandPoolVolumes(ctx, r) })
	}
}
