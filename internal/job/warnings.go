package job

import (
	"context"
	"slices"
	"strings"

	"carrel/internal/workspace"
)

// insideWarnings are what the guest of a desktop could not carry out of its document although the desktop can be used: an unknown
// time zone, a locale that its image does not have.
type insideWarnings struct {
	runner  *Runner
	desktop workspace.Desktop
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
	w.found = slices.Clone(status.Warnings)
	if status.Error != "" { // an image from before guests told warnings apart
		w.found = append(w.found, status.Error)
	}
	w.runner.tellWarnings(ctx, w.desktop.ID, w.found)
	return nil
}

// text is the desktop's fault and the remark on the sub-job's success, or empty.
func (w *insideWarnings) text() string {
	if len(w.found) == 0 {
		return ""
	}
	return "the desktop runs, but not all of its settings could be applied inside: " + strings.Join(w.found, "; ")
}

func (r *Runner) tellWarnings(ctx context.Context, desktopID string, warnings []string) {
	if len(warnings) > 0 {
		r.log.WarnContext(ctx, "settings of a desktop could not be applied inside", "desktop", desktopID, "reasons", warnings)
	}
}

// reason is what is shown with the success of a sub-job.
func (p plan) reason() string {
	if p.warning == nil {
		return p.remark
	}
	return strings.TrimSuffix(strings.TrimPrefix(p.remark+"; "+p.warning(), "; "), "; ")
}
