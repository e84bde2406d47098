package job

import (
	"context"
	"slices"
	"strings"

	"carrel/internal/desktop"
	"carrel/internal/guest"
)

// insideWarnings collects what a desktop's guest could not apply of its document although the desktop can be used: an unknown
// time zone, a locale that its image does not have.
type insideWarnings struct {
	runner  *Runner
	desktop desktop.Desktop
	found   []string
}

// after reads the guest's status at the end of the last of the steps. A step of its own would need one more write to the queue
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
		return unlessOff(err) // a user may have shut it down meanwhile
	}
	w.note(ctx, status)
	return nil
}

// note records the status of the guest after it got a document.
func (w *insideWarnings) note(ctx context.Context, status guest.Status) {
	w.found = slices.Clone(status.Warnings)
	if status.Error != "" { // an image whose guest does not report warnings separately
		w.found = append(w.found, status.Error)
	}
	if len(w.found) > 0 {
		w.runner.log.WarnContext(ctx, "settings of a desktop could not be applied inside", "desktop", w.desktop.ID, "reasons", w.found)
	}
}

// configure is Runner.configure, and records what the guest could not apply. A machine that is off gets its document when it
// starts.
func (w *insideWarnings) configure(ctx context.Context) error {
	status, err := w.runner.configure(ctx, w.desktop.ProjectID, w.desktop.ID)
	if err == nil {
		w.note(ctx, status)
	}
	return err
}

// text returns the desktop's fault, which is also the remark on the sub-job's success, or "".
func (w *insideWarnings) text() string {
	if len(w.found) == 0 {
		return ""
	}
	return desktop.PartlyApplied + strings.Join(w.found, "; ")
}

// reason returns the text that is shown with the success of a sub-job.
func (p plan) reason() string {
	if p.warning == nil {
		return p.remark
	}
	return strings.TrimSuffix(strings.TrimPrefix(p.remark+"; "+p.warning(), "; "), "; ")
}
