package job

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/guest"
	"carrel/internal/script"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// ScriptParallel is DefaultParallel for scripts, which mostly waits.
const ScriptParallel = 100

const (
	// scriptPatience is how long a worker waits for a script before it lets others have its slot, and scriptPause until it waits again.
	scriptPatience = time.Minute
	scriptPause    = time.Second
	// scriptSlack is what the deadline of a sub-job allows besides the limits of its scripts.
	scriptSlack = 15 * time.Minute
	// hibernatedPause is the delay before it is looked again whether a hibernated desktop has woken up.
	hibernatedPause = 30 * time.Second
)

// executeScripts runs the scripts of a task in a desktop, one after the other. The machine remembers that it has begun one, so a
// script is started once, whatever happens to the worker; the records say what came of those before.
func (r *Runner) executeScripts(ctx context.Context, s *workspace.SubJob, d *desktop.Desktop) (plan, error) {
	params, err := workspace.ReadParams[script.Params](*s)
	if err != nil {
		return plan{}, err
	}
	if d == nil {
		return plan{}, workspace.Errorf(workspace.CodeGone, "desktop %s no longer exists", s.DesktopName)
	}
	var records []script.Record
	var task script.Task
	var people []desktop.Assignment
	err = r.store.View(ctx, func(tx *store.Tx) (err error) {
		if task, err = script.ReadTask(ctx, tx, params.TaskID); err != nil {
			return err
		}
		if records, err = script.RecordsOf(ctx, tx, s.ID); err != nil {
			return err
		}
		people, err = whoMayUse(ctx, tx, *d)
		return err
	})
	if err != nil {
		return plan{}, err
	}
	account, obstacle := mayRun(*d, people, task.AsUser)
	skipped := ""
	p := plan{
		limit:   time.Duration(len(records)*task.Minutes)*time.Minute + scriptSlack,
		succeed: func(context.Context, *store.Tx, *desktop.Desktop) error { return nil },
		warning: func() string { return skipped },
	}
	for i, record := range records {
		p.steps = append(p.steps, Step{Name: fmt.Sprintf("running script %d of %d", i+1, len(records)), Do: func(ctx context.Context) error {
			ended, err := r.runScript(ctx, s, task.ID, record.ID, account, obstacle)
			if err == nil && ended.Status == script.Skipped {
				skipped = "not run: " + ended.Reason
			}
			return err
		}})
	}
	return p, nil
}

// mayRun returns the account that runs scripts in a desktop, empty for root, or why none can be run there.
func mayRun(d desktop.Desktop, people []desktop.Assignment, asUser bool) (account string, obstacle *script.Outcome) {
	switch {
	case d.Status != desktop.StatusActive:
		return "", &script.Outcome{Status: script.Skipped, Code: script.ResultOff, Reason: "the desktop is not on; start it and retry"}
	case !asUser:
		return "", nil
	case len(people) != 1:
		return "", &script.Outcome{
			Status: script.Skipped, Code: script.ResultNoUser,
			Reason: fmt.Sprintf("the desktop has %s, and only a single one can run scripts", workspace.Plural(len(people), "user")),
		}
	}
	return people[0].Account, nil
}

// runScript brings one record to its end. The error of a script that failed is final.
func (r *Runner) runScript(ctx context.Context, s *workspace.SubJob, taskID, recordID, account string, obstacle *script.Outcome) (script.Record, error) {
	var turn script.Turn
	err := r.store.Update(ctx, func(tx *store.Tx) (err error) {
		if turn, err = script.Begin(ctx, tx, taskID, recordID, obstacle); err != nil {
			return err
		}
		return save(ctx, tx, s)
	})
	switch {
	case err != nil:
		return turn.Record, err
	case turn.Status == script.Failed:
		return turn.Record, scriptFailed(turn.Record)
	case turn.Status != script.Running:
		return turn.Record, nil
	}
	state, err := r.awaitScript(ctx, s.DesktopID, turn, account)
	if err != nil {
		return turn.Record, err
	}
	o := outcomeOf(state, turn.Minutes)
	err = r.store.Update(ctx, func(tx *store.Tx) error {
		if err := script.End(ctx, tx, taskID, recordID, o); err != nil {
			return err
		}
		return save(ctx, tx, s)
	})
	if err != nil {
		return turn.Record, err
	}
	turn.Status, turn.ResultCode, turn.Reason = o.Status, o.Code, o.Reason
	r.log.InfoContext(ctx, "script ended", "job", s.JobID, "sub_job", s.ID, "desktop", s.DesktopID, "task", taskID, "record", recordID,
		"script", turn.ScriptID, "status", o.Status, "result", o.Code)
	if o.Status == script.Failed {
		return turn.Record, scriptFailed(turn.Record)
	}
	return turn.Record, nil
}

// awaitScript has the machine run a script, or stops it, and returns how it ended.
func (r *Runner) awaitScript(ctx context.Context, desktopID string, turn script.Turn, account string) (guest.RunState, error) {
	id := fmt.Sprintf("%s-%d", turn.ID, turn.Attempt)
	if turn.Stopping {
		state, err := r.engine.StopRun(ctx, desktopID, id)
		return state, r.whyNoScript(ctx, desktopID, err)
	}
	state, err := r.engine.StartRun(ctx, desktopID, guest.Run{
		ID: id, Script: turn.Content, Account: account, Limit: time.Duration(turn.Minutes) * time.Minute,
	})
	if err != nil || state.Phase != guest.RunGoing {
		return state, r.whyNoScript(ctx, desktopID, err)
	}
	patience, cancel := context.WithTimeout(ctx, scriptPatience)
	defer cancel()
	state, err = r.engine.AwaitRun(patience, desktopID, id)
	if err != nil && patience.Err() != nil && ctx.Err() == nil {
		return state, postponed{after: scriptPause}
	}
	return state, r.whyNoScript(ctx, desktopID, err)
}

// whyNoScript returns what an error of the engine means for a script. A hibernated desktop goes on with its scripts when it wakes up.
func (r *Runner) whyNoScript(ctx context.Context, desktopID string, err error) error {
	if !errors.Is(err, engine.ErrConflict) {
		return err
	}
	m, lost := r.engine.Find(ctx, desktopID)
	if lost == nil && m.State == engine.Hibernated {
		return postponed{after: hibernatedPause}
	}
	return &workspace.Error{Code: workspace.CodeConflict, Message: "the desktop was switched off before the script had ended", Err: err}
}

// outcomeOf is what a run's end means for its record.
func outcomeOf(s guest.RunState, minutes int) script.Outcome {
	o := script.Outcome{Status: script.Failed, Output: s.Output, Code: strconv.Itoa(s.Exit)}
	switch {
	case s.Phase == guest.RunLost:
		o.Code, o.Reason = script.ResultLost, "the desktop was switched off or restarted while the script ran"
	case s.Error != "":
		o.Code, o.Reason = script.ResultError, workspace.Clip(s.Error, 1000)
	case s.Cut == guest.CutLate:
		o.Code, o.Reason = script.ResultLate, "it was killed after "+workspace.Plural(minutes, "minute")+" (execution_timeout)"
	case s.Cut == guest.CutStopped:
		o.Code, o.Reason = script.ResultStopped, "stopped on request"
	case s.Exit != 0:
		o.Reason = "it ended with status " + o.Code
	default:
		o.Status = script.Succeeded
	}
	return o
}

func scriptFailed(record script.Record) error {
	what := "the command"
	if record.ScriptID != "" {
		what = "script " + record.ScriptName
	}
	return workspace.Errorf(workspace.CodeScriptFailed, "%s: %s", what, record.Reason)
}

// afterScripts notes the end of a sub-job in its task, and switches the desktop off or restarts it if the task says so.
func (r *Runner) afterScripts(ctx context.Context, tx *store.Tx, s *workspace.SubJob) error {
	finish, err := script.EndSubJob(ctx, tx, *s)
	if err != nil || finish == script.StayOn {
		return err
	}
	action := desktop.PowerStop
	if finish == script.Reboot {
		action = desktop.PowerReboot
	}
	result, err := desktop.OrderPowerAction(ctx, tx, desktop.RunPowerAction{
		Caller: workspace.Caller{ProjectID: s.ProjectID}, IDs: []string{s.DesktopID}, Action: action,
	})
	if err == nil && len(result.Refused) > 0 {
		s.Reason = "post_finish was not done: " + result.Refused[0].Message
	}
	return err
}
