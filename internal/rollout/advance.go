package rollout

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/pool"
	"carrel/internal/rollout/progress"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// never is the due time of sub-jobs whose turn has not come; AdvanceLocked sets another.
var never = time.Date(9999, time.January, 1, 0, 0, 0, 0, time.UTC)

// keptRolloutDecisions is how many decisions about rebuilds a pool's log keeps.
const keptRolloutDecisions = 200

// AdvanceRollouts advances every open rollout, each in its own transaction with its pool locked. It is idempotent and safe to call in
// several processes at once. If one rollout fails it continues with the others, and returns the first error.
func AdvanceRollouts(ctx context.Context, s store.Transactions) error {
	open, err := store.View(ctx, s, func(tx *store.Tx) ([]PoolRollout, error) { return OpenRollouts(ctx, tx, "") })
	if err != nil {
		return fmt.Errorf("reading rebuilds of pools: %w", err)
	}
	var first error
	for _, r := range open {
		if err := AdvanceRollout(ctx, s, r.JobID); err != nil && first == nil {
			first = fmt.Errorf("rebuild of pool %s: %w", r.PoolID, err)
		}
	}
	return first
}

// AdvanceRollout locks the pool of the rollout with this job, decides the next actions and passes them to the sub-jobs. It does nothing
// if there is no such rollout or it has ended.
func AdvanceRollout(ctx context.Context, s store.Transactions, jobID string) error {
	return s.Update(ctx, func(tx *store.Tx) error {
		r, err := ReadRollout(ctx, tx, jobID)
		if workspace.CodeOf(err) == workspace.CodeJobNotFound {
			return nil
		}
		if err != nil || !r.Ended.IsZero() {
			return err
		}
		p, err := pool.LockPool(ctx, tx, r.ProjectID, r.PoolID)
		if err != nil {
			return err
		}
		return AdvanceLocked(ctx, tx, p, jobID)
	})
}

// AdvanceLocked does the same as AdvanceRollout for a caller that has locked the pool p in tx.
func AdvanceLocked(ctx context.Context, tx *store.Tx, p pool.Pool, jobID string) error {
	r, err := ReadRollout(ctx, tx, jobID)
	if err != nil || !r.Ended.IsZero() {
		return err
	}
	members, err := desktop.Members(ctx, tx, p.ID)
	if err != nil {
		return err
	}
	l := lockedRollout{tx: tx, rollout: &r, before: slices.Clone(r.Items), members: pool.ByDesktop(members), now: tx.Now()}
	l.settle()
	state := l.state()
	actions := progress.Next(state, l.now)
	if err := l.carryOut(ctx, actions); err != nil {
		return err
	}
	if err := l.takeImage(ctx, p); err != nil {
		return err
	}
	if err := l.save(ctx); err != nil || len(actions) == 0 {
		return err
	}
	return l.log(ctx, state, actions)
}

// lockedRollout is a rollout with its pool's desktops, read while its pool is locked: AdvanceLocked applies one decision to it and saves it.
type lockedRollout struct {
	tx      *store.Tx
	rollout *PoolRollout
	before  []RolloutEntry // as they were read
	members map[string]desktop.Member
	now     time.Time
}

// settle sets the state of the items whose sub-jobs have ended. If the record of a sub-job was deleted, which is only possible after its
// end, the desktop's image shows the result.
func (l *lockedRollout) settle() {
	for i := range l.rollout.Items {
		item := &l.rollout.Items[i]
		switch {
		case item.State.Final():
		case item.SubJob == workspace.SubJobFailed && item.Code == workspace.CodeGone:
			item.State, item.Reason = progress.ItemSkipped, "the desktop was deleted in the meantime"
		case item.SubJob == workspace.SubJobFailed:
			item.State = progress.ItemFailed
		case item.SubJob == workspace.SubJobSuccess, item.SubJob == "" && l.members[item.DesktopID].ImageID == l.rollout.ImageID:
			item.State = progress.ItemDone
		case item.SubJob == "":
			item.State = progress.ItemFailed
		}
	}
}

// state is the snapshot for Rollout.
func (l *lockedRollout) state() progress.State {
	r := l.rollout
	s := progress.State{Delay: r.Delay, OnlyIdle: r.Handle == pool.NewAndIdle, Limits: r.Limits}
	for _, e := range r.Items {
		m, there := l.members[e.DesktopID]
		s.Items = append(s.Items, progress.Item{
			DesktopID: e.DesktopID, State: e.State, Deadline: e.Deadline, Left: e.Ready, Gone: !there || m.Leaving(),
			Busy: m.Task != workspace.NoTask, Bound: m.Bound(), Session: m.Login == desktop.LoginConnected || m.Login == desktop.LoginDisconnected,
		})
	}
	return s
}

func (l *lockedRollout) item(desktopID string) *RolloutEntry {
	at, _ := slices.BinarySearchFunc(l.rollout.Items, desktopID, func(e RolloutEntry, id string) int { return cmp.Compare(e.DesktopID, id) })
	return &l.rollout.Items[at]
}

// carryOut applies the actions. A sub-job that is running at this moment, because it shows a message to users, reads its item afterwards;
// the others become due here.
func (l *lockedRollout) carryOut(ctx context.Context, actions []progress.Action) error {
	var now, skipped []string
	for _, act := range actions {
		switch act.Kind {
		case progress.Rebuild:
			begun, err := l.begin(ctx, act.DesktopID)
			if err != nil {
				return err
			}
			if begun {
				now = append(now, l.item(act.DesktopID).SubJobID)
			}
		case progress.Warn:
			item := l.item(act.DesktopID)
			item.State, item.Deadline, item.Told, item.Ready = progress.ItemWarned, act.Deadline, time.Time{}, false
			now = append(now, item.SubJobID)
		case progress.Skip:
			item := l.item(act.DesktopID)
			if item.State == progress.ItemWarned {
				now = append(now, item.SubJobID) // the message is taken back first
			} else {
				skipped = append(skipped, item.SubJobID)
			}
			item.State, item.Reason = progress.ItemSkipped, act.Reason
		case progress.Recall:
			item := l.item(act.DesktopID)
			item.State, item.Reason = progress.ItemStopped, act.Reason
			now = append(now, item.SubJobID)
		case progress.Stop:
			if err := l.stop(ctx, act.Reason); err != nil {
				return err
			}
		}
	}
	if err := l.skip(ctx, skipped); err != nil {
		return err
	}
	return l.tx.ScheduleSubJobs(ctx, now, l.now)
}

// begin assigns a desktop's task to its sub-job, and returns false if another job has taken the desktop since the snapshot.
func (l *lockedRollout) begin(ctx context.Context, desktopID string) (bool, error) {
	found, err := desktop.LockDesktops(ctx, l.tx, l.rollout.ProjectID, []string{desktopID})
	if err != nil || len(found) == 0 || found[0].Task != workspace.NoTask {
		return false, err
	}
	item, m := l.item(desktopID), l.members[desktopID]
	item.State, item.Wipe = progress.ItemRebuilding, m.Used && !m.Bound()
	return true, pool.BeginRebuild(ctx, l.tx, found[0], m, item.SubJobID)
}

// stop cancels all items that are waiting.
func (l *lockedRollout) stop(ctx context.Context, why string) error {
	l.rollout.Stopped = why
	var waiting []string
	for i := range l.rollout.Items {
		if item := &l.rollout.Items[i]; item.State == progress.ItemWaiting {
			item.State, item.Reason = progress.ItemStopped, why
			waiting = append(waiting, item.SubJobID)
		}
	}
	return l.tx.EndSubJobs(ctx, waiting, workspace.SubJobFailed, workspace.CodeStopped, "not rebuilt: "+why)
}

// skip ends the sub-jobs of desktops that are not rebuilt, each with the reason as its remark.
func (l *lockedRollout) skip(ctx context.Context, subJobs []string) error {
	byReason := map[string][]string{}
	for _, item := range l.rollout.Items {
		if slices.Contains(subJobs, item.SubJobID) {
			byReason[item.Reason] = append(byReason[item.Reason], item.SubJobID)
		}
	}
	for why, ids := range byReason {
		if err := l.tx.EndSubJobs(ctx, ids, workspace.SubJobSuccess, "", "not rebuilt: "+why); err != nil {
			return err
		}
	}
	return nil
}

// takeImage sets the pool's image once a desktop works with it, or if there was none to rebuild. New desktops then have it; desktops that
// were created meanwhile are added to the rollout.
func (l *lockedRollout) takeImage(ctx context.Context, p pool.Pool) error {
	r := l.rollout
	done, failed := 0, 0
	for _, item := range r.Items {
		if item.State == progress.ItemDone {
			done++
		}
		if item.State == progress.ItemFailed || item.State == progress.ItemStopped {
			failed++
		}
	}
	ended := l.state().Ended()
	if ended {
		r.Ended = l.now
	}
	if r.Taken || done == 0 && (!ended || failed > 0) {
		return nil
	}
	r.Taken = true
	late, err := l.addLatecomers(ctx)
	if err != nil {
		return err
	}
	if late {
		r.Ended = time.Time{}
	}
	return pool.SavePool(ctx, l.tx, p.AfterImage(catalog.Image{ID: r.ImageID, Type: r.ImageType}, r.JobID, l.now))
}

// save writes the rollout and the items that changed.
func (l *lockedRollout) save(ctx context.Context) error {
	var changed []RolloutEntry
	for i, item := range l.rollout.Items {
		if item != l.before[i] {
			changed = append(changed, item)
		}
	}
	if err := SaveRolloutItems(ctx, l.tx, changed); err != nil {
		return err
	}
	return SaveRollout(ctx, l.tx, *l.rollout)
}

// rolloutInputs is the part of a snapshot that the decision log keeps: the number of desktops in each state, and the items with an action.
type rolloutInputs struct {
	JobID   string                     `json:"job_id"`
	ImageID string                     `json:"image_id"`
	Delay   string                     `json:"delay"`
	Limits  progress.Limits            `json:"limits"`
	States  map[progress.ItemState]int `json:"states"`
	Items   []progress.Item            `json:"items"`
}

func (l *lockedRollout) log(ctx context.Context, s progress.State, actions []progress.Action) error {
	in := rolloutInputs{
		JobID: l.rollout.JobID, ImageID: l.rollout.ImageID, Delay: s.Delay.String(), States: map[progress.ItemState]int{},
		Limits: progress.Limits{Parallel: s.Parallel(), MaxFailures: s.Limits.MaxFailures}, // those in force
	}
	var reasons []workspace.Reason
	for _, item := range s.Items {
		in.States[item.State]++
		if slices.ContainsFunc(actions, func(act progress.Action) bool { return act.DesktopID == item.DesktopID }) {
			in.Items = append(in.Items, item)
		}
	}
	for _, act := range actions {
		reasons = append(reasons, workspace.Reason{Rule: string(act.Kind), Text: act.Reason})
	}
	d := pool.PoolDecision{ID: workspace.NewID(), PoolID: l.rollout.PoolID, Kind: pool.DecideRollout, At: l.now, Reasons: reasons}
	var err error
	if d.Inputs, err = json.Marshal(in); err != nil {
		return fmt.Errorf("writing a decision's inputs: %w", err)
	}
	if d.Actions, err = json.Marshal(actions); err != nil {
		return fmt.Errorf("writing a decision's actions: %w", err)
	}
	return pool.InsertDecision(ctx, l.tx, d, keptRolloutDecisions)
}
