package job

import (
	"context"
	"fmt"
	"slices"
	"time"

	"carrel/internal/assignment"
	"carrel/internal/desktop"
	"carrel/internal/guest"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// updateAccounts updates the accounts inside a desktop, after it was assigned or detached, or a privilege or a name changed. A
// stopped desktop gets them when it starts. Only the sub-job that owns the desktop touches it; a sub-job that was written while
// the desktop was busy becomes its owner later.
func (r *Runner) updateAccounts(ctx context.Context, s *workspace.SubJob, d *desktop.Desktop) (plan, error) {
	if d == nil {
		return plan{limit: time.Minute, succeed: func(context.Context, *store.Tx, *desktop.Desktop) error { return nil }}, nil
	}
	params, err := workspace.ReadParams[desktop.AccountParams](*s)
	if err != nil {
		return plan{}, err
	}
	inside := &insideWarnings{runner: r, desktop: *d}
	p := plan{limit: 20 * time.Minute, remark: params.Remark, warning: inside.text}
	if d.TaskOwner != s.ID {
		p.steps = append(p.steps, Step{Name: "waiting for other work on the desktop", Do: func(ctx context.Context) error { return r.takeForAccounts(ctx, s) }})
	}
	p.steps = append(p.steps, Step{Name: "bringing accounts up to date", Do: func(ctx context.Context) error {
		return unlessOff(inside.configure(ctx))
	}})
	restart := params.Reboot && d.Status == desktop.StatusActive
	switch {
	case params.ShutOff:
		p.steps = append(p.steps, r.stop(*d, false))
	case restart:
		again, err := r.restartAfter(ctx, s, *d)
		if err != nil {
			return plan{}, err
		}
		p.steps = append(p.steps, inside.after(again)...)
	case len(params.Gained) > 0:
		p.steps = append(p.steps, Step{Name: "waiting for the displays of those who have got it", Do: func(ctx context.Context) error {
			return r.awaitGained(ctx, s, params.Gained)
		}})
	}
	p.succeed = func(ctx context.Context, tx *store.Tx, d *desktop.Desktop) error {
		if d == nil {
			return nil
		}
		status := d.Status
		if params.ShutOff {
			status = desktop.StatusShutoff
		}
		return assignment.MarkAccounts(ctx, tx, *d, s.ID, status, params.Gained, inside.text())
	}
	return p, nil
}

// takeForAccounts makes the sub-job the owner of the desktop, or postpones it while another one is.
func (r *Runner) takeForAccounts(ctx context.Context, s *workspace.SubJob) error {
	taken := false
	var waited time.Duration
	err := r.store.Update(ctx, func(tx *store.Tx) (err error) {
		waited = tx.Now().Sub(s.Begun)
		taken, err = assignment.TakeForAccounts(ctx, tx, *s)
		return err
	})
	if err == nil && !taken {
		err = postponed{after: turnAfter(waited)}
	}
	return err
}

// turnAfter returns when to try again for a desktop that another sub-job owns: the longer it has waited, the later.
func turnAfter(waited time.Duration) time.Duration {
	return min(max(waited/8, 300*time.Millisecond), 10*time.Second)
}

// restartAfter restarts the machine. An attempt after one that got beyond stopping it does not stop it again.
func (r *Runner) restartAfter(ctx context.Context, s *workspace.SubJob, d desktop.Desktop) ([]Step, error) {
	start, err := r.start(ctx, d)
	if err != nil || slices.ContainsFunc(start, func(step Step) bool { return step.Name == s.Step }) {
		return start, err
	}
	return append([]Step{r.stop(d, false)}, start...), nil
}

// awaitGained waits for the displays of the users who have got the desktop and still have it.
func (r *Runner) awaitGained(ctx context.Context, s *workspace.SubJob, gained []desktop.Recipient) error {
	ids := make([]string, len(gained))
	for i, g := range gained {
		ids[i] = g.UserID
	}
	holders, err := r.readHolders(ctx, s.DesktopID, ids)
	if err != nil {
		return err
	}
	for _, h := range holders {
		if err := r.awaitHolder(ctx, h); err != nil {
			return unlessOff(err)
		}
	}
	return nil
}

// awaitPatience is how long to wait for a display before checking whether its user still has the desktop.
const awaitPatience = 10 * time.Second

// awaitHolder waits for a user's display as long as they have the desktop under the same account.
func (r *Runner) awaitHolder(ctx context.Context, h desktop.Assignment) error {
	for {
		patient, cancel := context.WithTimeout(ctx, awaitPatience)
		err := r.engine.Await(patient, h.DesktopID, h.Account)
		late := patient.Err() != nil
		cancel()
		if err == nil || ctx.Err() != nil {
			return err
		}
		now, lookErr := r.readHolders(ctx, h.DesktopID, []string{h.UserID})
		switch {
		case lookErr != nil:
			return lookErr
		case len(now) == 0 || now[0].Account != h.Account:
			return nil
		case !late:
			return err
		}
	}
}

// readHolders reads who has access to a desktop; if userIDs is not empty, only these users.
func (r *Runner) readHolders(ctx context.Context, desktopID string, userIDs []string) (holders []desktop.Assignment, err error) {
	err = r.store.View(ctx, func(tx *store.Tx) error {
		holders, err = assignment.Holdings(ctx, tx, []string{desktopID}, userIDs)
		return err
	})
	return holders, err
}

// updateInside applies the desktop's row inside a machine that has been started.
func (r *Runner) updateInside(d desktop.Desktop) Step {
	return Step{Name: "updating accounts", Do: func(ctx context.Context) error {
		_, err := r.configure(ctx, d.ProjectID, d.ID)
		return err
	}}
}

// mostRounds is the maximum number of rounds of configure; each round settles something that the next need not.
const mostRounds = 10

// configure applies the desktop's current row inside a running machine. Old data is erased first: while former accounts remain,
// the next round has other accounts. The caller's sub-job owns the desktop. It returns the guest's last status.
func (r *Runner) configure(ctx context.Context, projectID, desktopID string) (guest.Status, error) {
	for range mostRounds {
		inside, settled, err := r.readGuest(ctx, projectID, desktopID)
		if err != nil {
			return guest.Status{}, err
		}
		status, err := r.engine.Configure(ctx, desktopID, inside)
		if err != nil || len(settled) == 0 {
			return status, err
		}
		err = r.store.Update(ctx, func(tx *store.Tx) error { return assignment.DropFormerAccounts(ctx, tx, settled) })
		if err != nil {
			return guest.Status{}, err
		}
	}
	return guest.Status{}, fmt.Errorf("the accounts of desktop %s change faster than they can be brought up to date", desktopID)
}
