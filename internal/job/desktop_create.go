package job

import (
	"context"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// createDesktop launches the machine and waits until the display of each user answers.
func (r *Runner) createDesktop(ctx context.Context, s *workspace.SubJob, d *desktop.Desktop) (plan, error) {
	if d == nil {
		return plan{}, workspace.Errorf(workspace.CodeGone, "desktop %s no longer exists", s.DesktopName)
	}
	params, err := workspace.ReadParams[desktop.CreateParams](*s)
	if err != nil {
		return plan{}, err
	}
	spec, err := r.readSpec(ctx, *d)
	if err != nil {
		return plan{}, err
	}
	inside := &insideWarnings{runner: r, desktop: *d}
	p := plan{limit: 15 * time.Minute, remark: params.Remark, warning: inside.text}
	p.steps = append(p.steps, Step{
		Name: "launching", Brief: true,
		Done: r.machineIs(d.ID, engine.Running),
		Do: func(ctx context.Context) error {
			if err := r.hasSpace(ctx, spec); err != nil {
				return err
			}
			return r.launch(ctx, s, spec, params)
		},
	})
	if s.Attempt > 1 {
		// An earlier attempt may have created the machine for other users than those who have the desktop now.
		p.steps = append(p.steps, r.updateInside(*d))
	}
	displays, err := r.awaitDisplays(ctx, *d)
	if err != nil {
		return plan{}, err
	}
	p.steps = append(p.steps, inside.after(displays)...)
	p.succeed = func(ctx context.Context, tx *store.Tx, d *desktop.Desktop) error {
		if d == nil {
			return nil
		}
		return desktop.MarkCreated(ctx, tx, *d, params, inside.text())
	}
	return p, nil
}

// awaitDisplays waits for the displays of the desktop's users, or for its guest if it has none.
func (r *Runner) awaitDisplays(ctx context.Context, d desktop.Desktop) ([]Step, error) {
	var holders []desktop.Assignment
	if len(d.GroupAssignments) == 0 {
		holders = d.Assignments
	} else if all, err := r.readHolders(ctx, d.ID, nil); err != nil {
		return nil, err
	} else {
		holders = all
	}
	if len(holders) == 0 {
		return []Step{{Name: "waiting for the desktop", Brief: true, Do: func(ctx context.Context) error { return r.engine.Await(ctx, d.ID, "") }}}, nil
	}
	var steps []Step
	for _, h := range holders {
		steps = append(steps, Step{
			Name: "waiting for the display of " + h.Account, Brief: true,
			Do: func(ctx context.Context) error { return r.awaitHolder(ctx, h) },
		})
	}
	return steps, nil
}

// machineIs checks whether a desktop's machine is in a state. It returns false if the machine is missing.
func (r *Runner) machineIs(desktopID string, state engine.State) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		m, err := r.engine.Find(ctx, desktopID)
		if isNotFound(err) {
			return false, nil
		}
		return err == nil && m.State == state, err
	}
}
