package job

import (
	"context"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/notice"
	"carrel/internal/operate"
	"carrel/internal/workspace"
)

// rebuildDesktop gives a desktop that is no pool's a new system disk, after those who work in it have had their time.
func (r *Runner) rebuildDesktop(ctx context.Context, s *workspace.SubJob, d *desktop.Desktop) (plan, error) {
	params, err := workspace.ReadParams[operate.RebuildParams](*s)
	if err != nil {
		return plan{}, err
	}
	if d == nil {
		return plan{}, workspace.Errorf(workspace.CodeGone, "desktop %s no longer exists", s.DesktopName)
	}
	p, err := r.rebuild(ctx, s, *d, params.ImageID, false)
	if err != nil {
		return plan{}, err
	}
	wait := params.Wait(*d)
	p.limit += wait + takeLimit
	p.steps = append(r.warned(s, *d, wait, desktop.TaskRebuilding, func(people []desktop.Assignment, left time.Duration, languages map[string]string) []notice.Notice {
		return notice.Rebuild(people, params.Message, left, languages)
	}), p.steps...)
	return p, nil
}
