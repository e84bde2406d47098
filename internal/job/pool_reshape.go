package job

import (
	"cmp"
	"context"
	"errors"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/pool/reshape"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// reshapeLimit is the limit for changing the product or disks of a desktop.
const reshapeLimit = 15 * time.Minute

// resizeDesktop gives a desktop another product. It is stopped meanwhile, and started again if it ran; a hibernated one is
// stopped.
func (r *Runner) resizeDesktop(ctx context.Context, s *workspace.SubJob, d *desktop.Desktop) (plan, error) {
	params, spec, err := r.reshaped(ctx, s, d)
	if err != nil {
		return plan{}, err
	}
	after := desktop.StatusShutoff
	inside := &insideWarnings{runner: r, desktop: *d}
	p := plan{limit: reshapeLimit, warning: inside.text, steps: []Step{{
		Name: "resizing",
		Done: func(ctx context.Context) (bool, error) {
			m, err := r.engine.Find(ctx, d.ID)
			return err == nil && m.CPUs == spec.CPUs && m.MemoryMiB == spec.MemoryMiB, err
		},
		Do: func(ctx context.Context) error {
			if err := r.stop(*d, false).run(ctx); err != nil {
				return err
			}
			_, err := r.engine.Reshape(ctx, spec)
			return err
		},
	}, r.noteReshaped(s, params)}}
	if d.Status == desktop.StatusActive {
		after = desktop.StatusActive
		start, err := r.start(ctx, *d)
		if err != nil {
			return plan{}, err
		}
		p.steps = append(p.steps, inside.after(start)...)
	}
	if s.PoolID != "" {
		p.steps = append(p.steps, Step{Name: "telling the pool", Do: func(ctx context.Context) error {
			return reshape.TakeProduct(ctx, r.store, s.ProjectID, s.PoolID, params.ProductID)
		}})
	}
	p.succeed = markReshaped(params, after, inside)
	return p, nil
}

// changeDisks adds, deletes or enlarges disks of a desktop, in a pool or not, or changes their speed. The desktop keeps running if the engine
// supports that.
func (r *Runner) changeDisks(ctx context.Context, s *workspace.SubJob, d *desktop.Desktop) (plan, error) {
	params, spec, err := r.reshaped(ctx, s, d)
	if err != nil {
		return plan{}, err
	}
	disks, unlimited := r.disksAre(spec), ""
	inside := &insideWarnings{runner: r, desktop: *d}
	p := plan{limit: reshapeLimit, warning: func() string { return cmp.Or(inside.text(), unlimited) }, steps: []Step{{
		Name: "changing the disks",
		Done: func(ctx context.Context) (bool, error) {
			m, err := r.engine.Find(ctx, d.ID)
			if err != nil || !serves(m.Root, spec.Root) {
				return false, err
			}
			unlimited = m.Unlimited
			return disks(ctx)
		},
		Do: func(ctx context.Context) error {
			m, err := r.engine.Reshape(ctx, spec)
			s.Host = m.Host
			if errors.Is(err, engine.ErrConflict) {
				return workspace.Errorf(workspace.CodeConflict, "desktop %s has to be off for this; stop it and retry the job", d.Name)
			}
			return err
		},
	}, r.noteReshaped(s, params)}}
	if d.Status == desktop.StatusActive {
		p.steps = append(p.steps, Step{Name: "telling the desktop", Do: func(ctx context.Context) error {
			status, err := r.engine.Configure(ctx, d.ID, spec.Guest)
			if err == nil {
				inside.note(ctx, status)
			}
			return err
		}})
	}
	p.succeed = markReshaped(params, d.Status, inside)
	return p, nil
}

func (r *Runner) noteReshaped(s *workspace.SubJob, params reshape.ReshapeParams) Step {
	return Step{Name: "recording the change", Do: func(ctx context.Context) error {
		return r.store.Update(ctx, func(tx *store.Tx) error { return reshape.NoteReshaped(ctx, tx, *s, params) })
	}}
}

// reshaped returns what a sub-job changes, and the spec of the machine afterwards.
func (r *Runner) reshaped(ctx context.Context, s *workspace.SubJob, d *desktop.Desktop) (reshape.ReshapeParams, engine.Spec, error) {
	params, err := workspace.ReadParams[reshape.ReshapeParams](*s)
	if err != nil {
		return params, engine.Spec{}, err
	}
	if d == nil {
		return params, engine.Spec{}, workspace.Errorf(workspace.CodeGone, "desktop %s no longer exists", s.DesktopName)
	}
	spec, err := r.readSpec(ctx, params.Apply(*d))
	return params, spec, err
}

func markReshaped(params reshape.ReshapeParams, status desktop.DesktopStatus, inside *insideWarnings) func(context.Context, *store.Tx, *desktop.Desktop) error {
	return func(ctx context.Context, tx *store.Tx, d *desktop.Desktop) error {
		if d == nil {
			return nil
		}
		return reshape.MarkReshaped(ctx, tx, *d, params, status, inside.text())
	}
}
