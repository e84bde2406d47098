package job

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// shutdownGrace is the time for an orderly shutdown before power is cut.
const shutdownGrace = time.Minute

// stopping is the name of the first step of a restart: an attempt after one that got beyond it does not stop the machine again.
const stopping = "stopping"

// powerDesktop starts, stops, restarts or hibernates the machine.
func (r *Runner) powerDesktop(ctx context.Context, s *workspace.SubJob, d *desktop.Desktop) (plan, error) {
	if d == nil {
		return plan{}, workspace.Errorf(workspace.CodeGone, "desktop %s no longer exists", s.DesktopName)
	}
	params, err := workspace.ReadParams[desktop.PowerParams](*s)
	if err != nil {
		return plan{}, err
	}
	inside := &insideWarnings{runner: r, desktop: *d}
	p := plan{limit: 10 * time.Minute, warning: inside.text}
	switch params.Action {
	case desktop.PowerStart:
		if p.steps, err = r.start(ctx, *d); err != nil {
			return plan{}, err
		}
		p.steps = inside.after(p.steps)
	case desktop.PowerStop:
		p.steps = []Step{r.stop(*d, params.Force)}
	case desktop.PowerReboot:
		if s.Step == "" || s.Step == stopping { // no earlier attempt got beyond it
			p.steps = append(p.steps, r.stop(*d, params.Force))
		}
		start, err := r.start(ctx, *d)
		if err != nil {
			return plan{}, err
		}
		p.steps = append(p.steps, inside.after(start)...)
	case desktop.PowerHibernate:
		p.steps = []Step{{
			Name: "hibernating",
			Done: r.machineIs(d.ID, engine.Hibernated),
			Do:   func(ctx context.Context) error { return r.engine.Hibernate(ctx, d.ID) },
		}}
	default:
		return plan{}, fmt.Errorf("sub-job %s asks for operation %q, which does not exist", s.ID, params.Action)
	}
	image := ""
	if d.Fault != "" {
		p.steps = append(p.steps, Step{Name: "looking at its system", Do: func(ctx context.Context) (err error) {
			image, err = r.imageOf(ctx, *d)
			return err
		}})
	}
	p.succeed = func(ctx context.Context, tx *store.Tx, d *desktop.Desktop) error {
		if d == nil {
			return nil
		}
		d.ImageID = cmp.Or(image, d.ImageID)
		return desktop.MarkPowerChanged(ctx, tx, *d, params.Action, inside.text())
	}
	return p, nil
}

// imageOf returns the image of a desktop's machine. It differs from the row's if a rebuild failed after the system disk was
// replaced and the desktop was repaired afterwards.
func (r *Runner) imageOf(ctx context.Context, d desktop.Desktop) (string, error) {
	m, err := r.engine.Find(ctx, d.ID)
	if err != nil {
		return "", err
	}
	var named []catalog.Image
	err = r.store.View(ctx, func(tx *store.Tx) (err error) {
		named, _, err = catalog.Images(ctx, tx, catalog.ImageQuery{ProjectID: d.ProjectID, EngineID: m.Image, Page: workspace.Page{Limit: 100}})
		return err
	})
	its := slices.ContainsFunc(named, func(i catalog.Image) bool { return i.ID == d.ImageID })
	if err != nil || its || len(named) == 0 {
		return d.ImageID, err
	}
	return named[0].ID, nil
}

// start starts the machine, applies its document inside and waits for its displays.
func (r *Runner) start(ctx context.Context, d desktop.Desktop) ([]Step, error) {
	steps := []Step{
		{
			Name: "starting",
			Done: r.machineIs(d.ID, engine.Running),
			Do:   func(ctx context.Context) error { return r.engine.Start(ctx, d.ID) },
		},
		r.updateInside(d),
	}
	displays, err := r.awaitDisplays(ctx, d)
	return append(steps, displays...), err
}

// stop stops the machine: in an orderly way unless force is set, and by force if that takes too long.
func (r *Runner) stop(d desktop.Desktop, force bool) Step {
	return Step{
		Name: stopping,
		Done: r.machineIs(d.ID, engine.Stopped),
		Do: func(ctx context.Context) error {
			if !force {
				gentle, cancel := context.WithTimeout(ctx, shutdownGrace)
				defer cancel()
				if err := r.engine.Stop(gentle, d.ID, false); err == nil || gentle.Err() == nil {
					return err
				}
				r.log.WarnContext(ctx, "desktop did not shut down in time, cutting its power", "desktop", d.ID, "after", shutdownGrace)
			}
			return r.engine.Stop(ctx, d.ID, true)
		},
	}
}
