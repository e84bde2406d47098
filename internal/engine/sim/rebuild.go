package sim

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"carrel/internal/engine"
)

// markLimit is the maximum length of a mark, in characters.
const markLimit = 64

// Rebuild implements engine.Engine. Files on the system disk are lost.
func (e *Engine) Rebuild(ctx context.Context, s engine.Spec, mark string) (engine.Machine, error) {
	m, err := e.rebuild(ctx, s, mark)
	if err != nil {
		return engine.Machine{}, wrap("rebuilding", s.ID, err)
	}
	return m.described(), nil
}

func (e *Engine) rebuild(ctx context.Context, s engine.Spec, mark string) (*machine, error) {
	if _, err := e.find(ctx, s.ID); err != nil {
		return nil, err
	}
	if err := e.validate(s); err != nil {
		return nil, err
	}
	if mark == "" || len(mark) > markLimit {
		return nil, fmt.Errorf("a mark of %d characters: %w", len(mark), engine.ErrInvalid)
	}
	var m *machine
	err := e.change(ctx, s.ID, func(ctx context.Context) (err error) {
		m, err = e.renew(ctx, s, mark)
		return err
	})
	if errors.Is(err, errHangs) {
		return nil, e.hang(ctx)
	}
	if err != nil {
		return nil, err
	}
	return m, nil
}

// renew does what is missing until the machine runs from the disk that mark identifies. The caller has the machine's turn.
func (e *Engine) renew(ctx context.Context, s engine.Spec, mark string) (*machine, error) {
	m, err := e.machine(s.ID)
	if err != nil {
		return nil, err
	}
	switch {
	case m.Mark == mark && m.Image == s.Image && m.State == engine.Running:
		return m, nil
	case m.Mark == mark && m.Image == s.Image:
		return e.run(ctx, m)
	}
	if err := e.fits(m, s); err != nil {
		return nil, err
	}
	if err := m.systemSnapshots(); err != nil {
		return nil, err
	}
	if _, yes := e.chance.strikes(RebuildFails, s.ID); yes {
		return nil, fmt.Errorf("%w: %s", errSim, RebuildFails)
	}
	half, err := e.removeSystemDisk(m)
	if err != nil {
		return nil, err
	}
	if err := e.pause(ctx, e.config.Latency.Rebuild, "rebuild", s.ID); err != nil {
		return nil, err
	}
	fresh := *half
	fresh.Half, fresh.Made = false, true
	fresh.Guest, fresh.Image, fresh.Root, fresh.Mark = s.Guest, s.Image, s.Root, mark
	fresh.Root.ID = ""
	fresh.Files = with(e.filesIn(s.Image), half.Files)
	running := e.booted(&fresh)
	return running, e.put(running)
}

// removeSystemDisk switches m off and removes its system disk.
func (e *Engine) removeSystemDisk(m *machine) (*machine, error) {
	half := m.off(engine.Stopped)
	half.Half, half.Mark, half.Files, half.Runs = true, "", m.filesUnder(m.Data), nil
	if err := e.put(half); err != nil {
		return nil, err
	}
	if m.inside != nil {
		m.inside.shutDown()
	}
	if _, yes := e.chance.strikes(RebuildBreaks, m.ID); yes {
		return nil, fmt.Errorf("%w: %s", errSim, RebuildBreaks)
	}
	if _, yes := e.chance.strikes(RebuildHangs, m.ID); yes {
		return nil, errHangs
	}
	return half, nil
}

// whole returns an error while a rebuild is incomplete.
func (m *machine) whole() error {
	if m.Half {
		return fmt.Errorf("its rebuild is half done: %w", engine.ErrConflict)
	}
	return nil
}

// fits returns an error for what a rebuild cannot change.
func (e *Engine) fits(m *machine, s engine.Spec) error {
	kinds := map[bool]string{false: "container", true: "virtual machine"}
	if is, wanted := e.isVM(m.Image), e.isVM(s.Image); is != wanted {
		return fmt.Errorf("the machine is a %s, the image is for a %s: %w", kinds[is], kinds[wanted], engine.ErrInvalid)
	}
	if m.Root.Class != s.Root.Class {
		return fmt.Errorf("the system disk is of class %q and cannot become %q: %w", m.Root.Class, s.Root.Class, engine.ErrInvalid)
	}
	return nil
}

func (e *Engine) isVM(image string) bool {
	return slices.ContainsFunc(e.config.Images, func(i Image) bool { return i.ID == image && i.VM })
}

// with returns all files of both.
func with(some, more map[string]string) map[string]string {
	all := map[string]string{}
	maps.Copy(all, some)
	maps.Copy(all, more)
	return all
}

// WriteFile writes a file to the disk of a machine, in any state, that contains path. It exists as long as the disk.
// engine.ErrNotFound.
func (e *Engine) WriteFile(ctx context.Context, id, path, content string) error {
	err := e.change(ctx, id, func(context.Context) error {
		m, err := e.machine(id)
		if err != nil {
			return err
		}
		written := *m
		written.Files = map[string]string{path: content}
		for p, c := range m.Files {
			if p != path {
				written.Files[p] = c
			}
		}
		return e.put(&written)
	})
	return wrap("writing a file in", id, err)
}

// ReadFile reads a file that WriteFile wrote; false if it does not exist.
func (e *Engine) ReadFile(id, path string) (string, bool) {
	m, err := e.machine(id)
	if err != nil {
		return "", false
	}
	content, found := m.Files[path]
	return content, found
}

// filesUnder returns those of m's files that are on the disks.
func (m *machine) filesUnder(disks []engine.Disk) map[string]string {
	kept := map[string]string{}
	for file, content := range m.Files {
		if slices.ContainsFunc(disks, func(d engine.Disk) bool { return strings.HasPrefix(path.Clean(file), path.Clean(d.Mount)+"/") }) {
			kept[file] = content
		}
	}
	return kept
}
