package sim

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"carrel/internal/engine"
)

// Reshape implements engine.Engine. A virtual machine must be off.
func (e *Engine) Reshape(ctx context.Context, s engine.Spec) (engine.Machine, error) {
	m, err := e.reshape(ctx, s)
	if err != nil {
		return engine.Machine{}, wrap("reshaping", s.ID, err)
	}
	return m.described(), nil
}

func (e *Engine) reshape(ctx context.Context, s engine.Spec) (*machine, error) {
	if _, err := e.find(ctx, s.ID); err != nil {
		return nil, err
	}
	if err := e.validate(s); err != nil {
		return nil, err
	}
	var shaped *machine
	err := e.change(ctx, s.ID, func(ctx context.Context) error {
		m, err := e.machine(s.ID)
		if err != nil {
			return err
		}
		if err := m.whole(); err != nil {
			return err
		}
		if shaped, err = m.shaped(s); err != nil || shaped == nil {
			shaped = m
			return err
		}
		if e.isVM(m.Image) && m.State != engine.Stopped {
			return fmt.Errorf("a virtual machine that is %s cannot change: %w", m.State, engine.ErrConflict)
		}
		if _, yes := e.chance.strikes(ReshapeFails, s.ID); yes {
			return fmt.Errorf("%w: %s", errSim, ReshapeFails)
		}
		if err := e.pause(ctx, e.config.Latency.Reshape, "reshape", s.ID); err != nil {
			return err
		}
		return e.put(shaped)
	})
	if err != nil {
		return nil, err
	}
	return shaped, nil
}

// shaped returns m as s requires, or nil if it is so already.
func (m *machine) shaped(s engine.Spec) (*machine, error) {
	shaped := *m
	shaped.CPUs, shaped.MemoryMiB = s.CPUs, s.MemoryMiB
	shaped.limit(s.Processes)
	if err := grows("the system disk", m.Root, s.Root); err != nil {
		return nil, err
	}
	shaped.Root.GiB, shaped.Root.IOPS, shaped.Root.Throughput = s.Root.GiB, s.Root.IOPS, s.Root.Throughput
	shaped.Data = nil
	var lost []engine.Disk
	for _, has := range m.Data {
		i := slices.IndexFunc(s.Data, func(d engine.Disk) bool { return d.ID == has.ID })
		if i < 0 {
			lost = append(lost, has)
			continue
		}
		if err := grows("data disk "+has.ID, has, s.Data[i]); err != nil {
			return nil, err
		}
		has.GiB, has.IOPS, has.Throughput = s.Data[i].GiB, s.Data[i].IOPS, s.Data[i].Throughput
		shaped.Data = append(shaped.Data, has)
	}
	for _, d := range s.Data {
		if !slices.ContainsFunc(m.Data, func(has engine.Disk) bool { return d.ID == has.ID }) {
			shaped.Data = append(shaped.Data, d)
		}
	}
	if len(lost) > 0 {
		onThem := m.filesUnder(lost)
		shaped.Files = maps.Clone(m.Files)
		maps.DeleteFunc(shaped.Files, func(file, _ string) bool { _, gone := onThem[file]; return gone })
	}
	if shaped.CPUs == m.CPUs && shaped.MemoryMiB == m.MemoryMiB && shaped.Processes == m.Processes &&
		shaped.Root == m.Root && slices.Equal(shaped.Data, m.Data) {
		return nil, nil
	}
	return &shaped, nil
}

// grows returns an error for a disk that would shrink or become another one.
func grows(name string, has, wanted engine.Disk) error {
	if wanted.GiB < has.GiB || wanted.Class != has.Class {
		return fmt.Errorf("%s has %d GiB of class %q and cannot become %d GiB of %q: %w",
			name, has.GiB, has.Class, wanted.GiB, wanted.Class, engine.ErrInvalid)
	}
	return nil
}
