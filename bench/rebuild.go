package main

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"carrel/internal/engine"
	"carrel/internal/engine/incus"
	"carrel/internal/guest"
)

var rebuild = measurement{name: "rebuild", about: "a new system disk for one desktop, and for a pool of 20", run: measureRebuild}

// rebuildAccount is who works on the desktop.
const rebuildAccount = "alice"

// renewal is what one rebuild needed from the call on.
type renewal struct{ running, display time.Duration }

func measureRebuild(ctx context.Context, l *lab) ([]row, error) {
	one, err := rebuildOne(ctx, l)
	if err != nil {
		return nil, err
	}
	pool, err := rebuildPool(ctx, l)
	return append(one, pool...), err
}

// rebuildOne takes turns between the engine's Rebuild and the raw calls on one machine.
func rebuildOne(ctx context.Context, l *lab) ([]row, error) {
	raw, err := l.incus(ctx)
	if err != nil {
		return nil, err
	}
	e, err := incus.Open(ctx, incus.Config{Project: projectName, Classes: l.config.Incus.Classes})
	if err != nil {
		return nil, err
	}
	images, err := e.Images(ctx)
	if err != nil {
		return nil, err
	}
	spec := rebuildSpec(images[0].ID)
	m, err := e.Launch(ctx, spec)
	if err != nil {
		return nil, err
	}
	if err := raw.await(m.Name, rebuildAccount); err != nil {
		return nil, err
	}
	byCarrel := func() error { _, err := e.Rebuild(ctx, spec, uuid.NewString()); return err }
	byHand := func() error { return raw.rebuild(m.Name, spec.Image) }
	var ours, theirs []renewal
	for i := range l.desktops(10) {
		b, err := renew(ctx, raw, m.Name, byHand)
		if err != nil {
			return nil, err
		}
		c, err := renew(ctx, raw, m.Name, byCarrel)
		if err != nil {
			return nil, err
		}
		ours, theirs = append(ours, c), append(theirs, b)
		l.say("  %2d  raw engine %s, Carrel %s", i+1, seconds(b.running), seconds(c.running))
	}
	return rebuildRows(ours, theirs), nil
}

// renew times one rebuild, on a file system that has nothing else to do.
func renew(ctx context.Context, raw *rawEngine, name string, call func() error) (r renewal, err error) {
	if err := raw.calm(ctx); err != nil {
		return r, err
	}
	begun := time.Now()
	if err := call(); err != nil {
		return r, err
	}
	r.running = time.Since(begun)
	err = raw.await(name, rebuildAccount)
	r.display = time.Since(begun)
	return r, err
}

func rebuildRows(ours, theirs []renewal) []row {
	compare := func(what string, pick func(renewal) time.Duration) row {
		a, b := pickAll(ours, pick), pickAll(theirs, pick)
		return row{
			what:      what,
			reference: fmt.Sprintf("%s (p90 %s)", seconds(b.median()), seconds(b.quantile(0.9))),
			carrel:    fmt.Sprintf("%s (p90 %s)", seconds(a.median()), seconds(a.quantile(0.9))),
			ratio:     ratio(a.median(), b.median()),
		}
	}
	return []row{
		compare(fmt.Sprintf("rebuild of a running desktop until it runs again, median of %d", len(ours)), func(r renewal) time.Duration { return r.running }),
		compare("... until the display answers", func(r renewal) time.Duration { return r.display }),
	}
}

func rebuildSpec(image string) engine.Spec {
	const address, gateway = "10.241.250.10", "10.241.0.1"
	return engine.Spec{
		ID: uuid.NewString(), Name: "rebuilt", Image: image, CPUs: 2, MemoryMiB: 2048, Processes: 1500,
		Root:    engine.Disk{Class: "SAS", GiB: 40},
		Data:    []engine.Disk{{ID: uuid.NewString(), Class: "SAS", GiB: 10, Mount: "/data"}},
		Network: networkName, Address: address,
		Guest: guest.Desktop{
			Hostname: "rebuilt", Accounts: []guest.Account{{Name: rebuildAccount, Group: guest.GroupUser}}, Volumes: []string{"/data"},
			Network: guest.Network{Address: address + "/16", Gateway: gateway, DNS: []string{gateway}},
		},
	}
}
