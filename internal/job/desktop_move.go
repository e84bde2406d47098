package job

import (
	"context"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/network"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// moveDesktop gives the machine of a desktop the network and address of its row. The rules of the network count the desktop before. Security groups
// alone need nothing of the machine.
func (r *Runner) moveDesktop(ctx context.Context, s *workspace.SubJob, d *desktop.Desktop) (plan, error) {
	params, err := workspace.ReadParams[network.MoveParams](*s)
	if err == nil && d == nil {
		err = workspace.Errorf(workspace.CodeGone, "desktop %s no longer exists", s.DesktopName)
	}
	if err != nil {
		return plan{}, err
	}
	spec, err := r.readSpec(ctx, *d)
	if err != nil {
		return plan{}, err
	}
	inside := &insideWarnings{runner: r, desktop: *d}
	after := desktop.StatusShutoff
	p := plan{limit: 10 * time.Minute, warning: inside.text, steps: []Step{{
		Name: "setting the rules of the network",
		Do:   func(ctx context.Context) error { return settleNetwork(ctx, r.store, r.engine, spec.Network, false) },
	}}}
	if params.Replug {
		p.steps = append(p.steps, Step{
			Name: "moving",
			Done: func(ctx context.Context) (bool, error) {
				m, err := r.engine.Find(ctx, d.ID)
				return err == nil && m.Network == spec.Network && m.Address == spec.Address, err
			},
			Do: func(ctx context.Context) error {
				if err := r.stop(*d, false).run(ctx); err != nil {
					return err
				}
				return r.engine.Readdress(ctx, spec)
			},
		})
	}
	if params.Started {
		after = desktop.StatusActive
		start, err := r.start(ctx, *d)
		if err != nil {
			return plan{}, err
		}
		p.steps = append(p.steps, inside.after(start)...)
	}
	p.succeed = func(ctx context.Context, tx *store.Tx, d *desktop.Desktop) error {
		if d == nil {
			return nil
		}
		return desktop.MarkObserved(ctx, tx, *d, after, inside.text())
	}
	return p, nil
}

// forwardAddress waits until the network of a desktop forwards its public address. The desktop may do anything meanwhile.
func (r *Runner) forwardAddress(ctx context.Context, s *workspace.SubJob, d *desktop.Desktop) (plan, error) {
	if d == nil {
		return plan{}, workspace.Errorf(workspace.CodeGone, "desktop %s no longer exists", s.DesktopName)
	}
	spec, err := r.readSpec(ctx, *d)
	return plan{
		limit:   10 * time.Minute,
		steps:   []Step{{Name: "forwarding the address", Do: func(ctx context.Context) error { return settleNetwork(ctx, r.store, r.engine, spec.Network, false) }}},
		succeed: func(context.Context, *store.Tx, *desktop.Desktop) error { return nil },
	}, err
}
