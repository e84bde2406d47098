package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"carrel/internal/app"
	"carrel/internal/engine/incus"
)

// What belongs to the benchmarks in Incus.
const (
	projectName = "carrel-bench"
	poolName    = "cbench-sas"
	networkName = "cbench0"
	networkCIDR = "10.241.0.0/16"
)

// lab is what measurements share: a folder, and an Incus project that is made when the first one asks for it.
type lab struct {
	options options
	dir     string
	config  app.Config
	engine  *rawEngine // once the project is there
	begun   time.Time
	servers int

	cleanups []func(context.Context) // in the order of making
}

func newLab(o options) (*lab, error) {
	dir, err := os.MkdirTemp("", "carrel-bench.")
	if err != nil {
		return nil, fmt.Errorf("making a folder: %w", err)
	}
	unlock, err := lockRun()
	if err != nil {
		return nil, errors.Join(err, os.Remove(dir))
	}
	config := app.Defaults()
	config.Incus.Project, config.Incus.PoolGiB, config.Incus.Classes = projectName, 100, map[string]string{"SAS": poolName}
	config.Networks = []app.Network{{Name: networkName, CIDR: networkCIDR}}
	l := &lab{options: o, dir: dir, config: config, begun: time.Now()}
	l.onClose(func(context.Context) { unlock() })
	l.onClose(func(context.Context) { _ = os.RemoveAll(dir) })
	return l, nil
}

// lockRun makes sure that there is one run at a time: two would remove each other's machines. The lock ends with the process.
func lockRun() (unlock func(), err error) {
	path := filepath.Join(os.TempDir(), "carrel-bench.lock")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("another run holds %s: %w", path, err), f.Close())
	}
	return func() { _ = f.Close() }, nil
}

// onClose notes what is to be undone. The last one is undone first.
func (l *lab) onClose(undo func(context.Context)) { l.cleanups = append(l.cleanups, undo) }

// close undoes everything, even after an interrupt.
func (l *lab) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	for _, undo := range slices.Backward(l.cleanups) {
		undo(ctx)
	}
	l.cleanups = nil
}

func (l *lab) say(format string, arguments ...any) {
	fmt.Printf("%5.0fs  %s\n", time.Since(l.begun).Seconds(), fmt.Sprintf(format, arguments...))
}

// desktops is how many a measurement makes.
func (l *lab) desktops(full int) int {
	if l.options.desktops > 0 {
		return l.options.desktops
	}
	return full
}

// incus prepares the Incus project with the image, once, and returns a client of it.
func (l *lab) incus(ctx context.Context) (*rawEngine, error) {
	if l.engine != nil {
		return l.engine, nil
	}
	say := func(sentence string) { l.say("  %s", sentence) }
	own := incus.Config{Project: projectName, Classes: l.config.Incus.Classes}
	if !l.options.keep {
		// What a run that was killed has left would be in the way of this one's figures.
		if err := clearProject(ctx, own, say); err != nil {
			return nil, err
		}
		l.onClose(func(ctx context.Context) {
			if err := clearProject(ctx, own, say); err != nil {
				fmt.Fprintln(os.Stderr, "bench: cleaning up:", err)
			}
		})
	}
	if err := app.PrepareIncus(ctx, l.config, say); err != nil {
		return nil, err
	}
	recipe, err := app.FindRecipe(l.config.Incus.Image)
	if err != nil {
		return nil, err
	}
	if err := app.EnsureImage(ctx, l.config, recipe, say, os.Stdout); err != nil {
		return nil, err
	}
	engine, err := openRaw(ctx)
	if err != nil {
		return nil, err
	}
	if err := engine.removeAll(ctx); err != nil {
		return nil, err
	}
	l.engine = engine
	return engine, nil
}

// clearProject removes the Incus project, also while Incus is still making machines for a run that was interrupted.
func clearProject(ctx context.Context, own incus.Config, say func(string)) error {
	if engine, err := openRaw(ctx); err == nil {
		_ = engine.removeAll(ctx) // there may be no project; removing it tells what is wrong
	}
	return incus.Remove(ctx, own, say)
}

// tidy removes the machines that a measurement has left, so that they do not weigh on the next one.
func (l *lab) tidy(ctx context.Context) error {
	if l.engine == nil || ctx.Err() != nil {
		return nil // nothing was made, or close does it
	}
	return l.engine.removeAll(ctx)
}
