package job

import (
	"context"
	"slices"
	"strings"

	"carrel/internal/desktop"
	"carrel/internal/guest"
)

// insideWarnings are what the guest of a desktop could not carry out of its document although the desktop can be used: an unknown
// time zone, a locale that its image does not have.
type insideWarnings struct {
	runner  *Runner
	desktop desktop.Desktop
	found   []string
}

// after has the guest asked once the last of the steps is done. It is no step of its own, which would cost the queue one more write
// for each desktop.
func (w *insideWarnings) after(steps []Step) []Step {
	steps = slices.Clone(steps)
	last := &steps[len(steps)-1]
	do := last.Do
	last.Do = func(ctx context.Context) error {
		if err := do(ctx); err != nil {
			return err
		}
		return w.ask(ctx)
	}
	return steps
}

func (w *insideWarnings) ask(ctx context.Context) error {
	status, err := w.runner.engine.Status(ctx, w.desktop.ID)
	if err != nil {
		return unlessOff(err) // a person may have shut it down meanwhile
	}
	w.note(ctx, status)
	return nil
}

// note takes what a guest says after it was given a document.
func (w *insideWarnings) note(ctx context.Context, status guest.Status) {
	w.found = slices.Clone(status.Warnings)
	if status.Error != "" { // an image from before guests told warnings apart
		w.found = append(w.found, status.Error)
	}
	if len(w.found) > 0 {
		w.runner.log.WarnContext(ctx, "settings of a desktop could not be applied inside", "desktop", w.desktop.ID, "reasons", w.found)
	}
}

// configure is Runner.configure, and keeps what the guest could not carry out. A machine that is off learns it when it starts.
func (w *insideWarnings) configure(ctx context.Context) error {
	status, err := w.runner.configure(ctx, w.desktop.ProjectID, w.desktop.ID)
	if err == nil {
		w.note(ctx, status)
	}
	return err
}

// text is the desktop's fault and the remark on the sub-job's success, or empty.
func (w *insideWarnings) text() string {
	if len(w.found) == 0 {
		return ""
	}
	return desktop.PartlyApplied + strings.Join(w.found, "; ")
}

// reason is what is shown with the success of a sub-job.
func (p plan) reason() string {
	if p.warning == nil {
		return p.remark
	}
	return strings.TrimSuffix(strings.TrimPrefix(p.remark+"; "+p.warning(), "; "), "; ")
}
