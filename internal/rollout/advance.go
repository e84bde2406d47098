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
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// never is when sub-jobs run whose turn has not come: Advance moves them.
var never = time.Date(9999, time.January, 1, 0, 0, 0, 0, time.UTC)

// keptRolloutDecisions is how many decisions about rebuilds a pool's log keeps.
const keptRolloutDecisions = 200

// AdvanceRollouts decides what is next in every rebuild that is under way, each in its own transaction under its pool's lock. Doing so
// again, or in several processes at once, changes nothing more. It goes on with the others when one fails, and returns the first error.
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

// AdvanceRollout decides what is next in the rebuild that a job carries out, and gives it to the sub-jobs. Nothing happens when the job
// is none, or has nothing left to decide.
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
		return Advance(ctx, tx, p, jobID)
	})
}

// Advance is AdvanceRollout for who holds the pool.
func Advance(ctx context.Context, tx *store.Tx, p pool.Pool, jobID string) error {
	r, err := ReadRollout(ctx, tx, jobID)
	if err != nil || !r.Ended.IsZero() {
		return err
	}
	members, err := desktop.Members(ctx, tx, p.ID)
	if err != nil {
		return err
	}
	a := advance{tx: tx, rollout: &r, before: slices.Clone(r.Items), members: pool.ByDesktop(members), now: tx.Now()}
	a.settle()
	state := a.state()
	actions := Rollout(state, a.now)
	if err := a.carryOut(ctx, actions); err != nil {
		return err
	}
	if err := a.takeImage(ctx, p); err != nil {
		return err
	}
	if err := a.save(ctx); err != nil || len(actions) == 0 {
		return err
	}
	return a.log(ctx, state, actions)
}

// advance is one decision about a rollout on its way into the store.
type advance struct {
	tx      *store.Tx
	rollout *PoolRollout
	before  []RolloutEntry // as they were read
	members map[string]desktop.Member
	now     time.Time
}

// settle notes what became of the desktops that were begun, by what their sub-jobs say. When the record of a sub-job was deleted, which
// only a finished one's can be, the desktop's image tells how it ended.
func (a *advance) settle() {
	for i := range a.rollout.Items {
		item := &a.rollout.Items[i]
		switch {
		case item.State.Final():
		case item.SubJob == workspace.SubJobFailed && item.Code == workspace.CodeGone:
			item.State, item.Reason = ItemSkipped, "the desktop was deleted meanwhile"
		case item.SubJob == workspace.SubJobFailed:
			item.State = ItemFailed
		case item.SubJob == workspace.SubJobSuccess, item.SubJob == "" && a.members[item.DesktopID].ImageID == a.rollout.ImageID:
			item.State = ItemDone
		case item.SubJob == "":
			item.State = ItemFailed
		}
	}
}

// state is the snapshot that the decision rests on.
func (a *advance) state() RolloutState {
	r := a.rollout
	s := RolloutState{Delay: r.Delay, OnlyIdle: r.Handle == pool.NewAndIdle, Limits: r.Limits}
	for _, e := range r.Items {
		m, there := a.members[e.DesktopID]
		s.Items = append(s.Items, RolloutItem{
			DesktopID: e.DesktopID, State: e.State, Deadline: e.Deadline, Left: e.Ready, Gone: !there || m.Leaving(),
			Busy: m.Task != workspace.NoTask, Bound: m.Bound(), Session: m.Login == desktop.LoginConnected || m.Login == desktop.LoginDisconnected,
		})
	}
	return s
}

func (a *advance) item(desktopID string) *RolloutEntry {
	at, _ := slices.BinarySearchFunc(a.rollout.Items, desktopID, func(e RolloutEntry, id string) int { return cmp.Compare(e.DesktopID, id) })
	return &a.rollout.Items[at]
}

// carryOut writes what was decided. A sub-job that a worker has at this moment, because it is telling people something, looks at its item
// when it is done with that; the others are moved here.
func (a *advance) carryOut(ctx context.Context, actions []RolloutAction) error {
	var now, skipped []string
	for _, act := range actions {
		switch act.Kind {
		case RolloutRebuild:
			begun, err := a.begin(ctx, act.DesktopID)
			if err != nil {
				return err
			}
			if begun {
				now = append(now, a.item(act.DesktopID).SubJobID)
			}
		case RolloutWarn:
			item := a.item(act.DesktopID)
			item.State, item.Deadline, item.Told, item.Ready = ItemWarned, act.Deadline, time.Time{}, false
			now = append(now, item.SubJobID)
		case RolloutSkip:
			item := a.item(act.DesktopID)
			if item.State == ItemWarned {
				now = append(now, item.SubJobID) // the message is taken back first
			} else {
				skipped = append(skipped, item.SubJobID)
			}
			item.State, item.Reason = ItemSkipped, act.Reason
		case RolloutRecall:
			item := a.item(act.DesktopID)
			item.State, item.Reason = ItemStopped, act.Reason
			now = append(now, item.SubJobID)
		case RolloutStop:
			if err := a.stop(ctx, act.Reason); err != nil {
				return err
			}
		}
	}
	if err := a.skip(ctx, skipped); err != nil {
		return err
	}
	return a.tx.ScheduleSubJobs(ctx, now, a.now)
}

// begin gives a desktop to its sub-job, unless another job took it since the snapshot.
func (a *advance) begin(ctx context.Context, desktopID string) (bool, error) {
	found, err := desktop.LockDesktops(ctx, a.tx, a.rollout.ProjectID, []string{desktopID})
	if err != nil || len(found) == 0 || found[0].Task != workspace.NoTask {
		return false, err
	}
	item, m := a.item(desktopID), a.members[desktopID]
	item.State, item.Wipe = ItemRebuilding, m.Used && !m.Bound()
	return true, pool.BeginRebuild(ctx, a.tx, found[0], m, item.SubJobID)
}

// stop ends what has not begun.
func (a *advance) stop(ctx context.Context, why string) error {
	a.rollout.Stopped = why
	var waiting []string
	for i := range a.rollout.Items {
		if item := &a.rollout.Items[i]; item.State == ItemWaiting {
			item.State, item.Reason = ItemStopped, why
			waiting = append(waiting, item.SubJobID)
		}
	}
	return a.tx.EndSubJobs(ctx, waiting, workspace.SubJobFailed, workspace.CodeStopped, "not rebuilt: "+why)
}

// skip ends sub-jobs of desktops that are left alone; each with its own remark.
func (a *advance) skip(ctx context.Context, subJobs []string) error {
	byReason := map[string][]string{}
	for _, item := range a.rollout.Items {
		if slices.Contains(subJobs, item.SubJobID) {
			byReason[item.Reason] = append(byReason[item.Reason], item.SubJobID)
		}
	}
	for why, ids := range byReason {
		if err := a.tx.EndSubJobs(ctx, ids, workspace.SubJobSuccess, "", "not rebuilt: "+why); err != nil {
			return err
		}
	}
	return nil
}

// takeImage makes the image the pool's own once a desktop works with it, or when there is none that could. From then on new desktops
// have it; those that were made meanwhile follow.
func (a *advance) takeImage(ctx context.Context, p pool.Pool) error {
	r := a.rollout
	done, failed := 0, 0
	for _, item := range r.Items {
		done += pool.Count(item.State == ItemDone)
		failed += pool.Count(item.State == ItemFailed || item.State == ItemStopped)
	}
	ended := a.state().Ended()
	if ended {
		r.Ended = a.now
	}
	if r.Taken || done == 0 && (!ended || failed > 0) {
		return nil
	}
	r.Taken = true
	late, err := a.addLatecomers(ctx)
	if err != nil {
		return err
	}
	if late {
		r.Ended = time.Time{}
	}
	return pool.SavePool(ctx, a.tx, p.AfterImage(catalog.Image{ID: r.ImageID, Type: r.ImageType}, r.JobID, a.now))
}

// save writes what has changed.
func (a *advance) save(ctx context.Context) error {
	var changed []RolloutEntry
	for i, item := range a.rollout.Items {
		if item != a.before[i] {
			changed = append(changed, item)
		}
	}
	if err := SaveRolloutItems(ctx, a.tx, changed); err != nil {
		return err
	}
	return SaveRollout(ctx, a.tx, *a.rollout)
}

// rolloutInputs is what the decision log keeps of a snapshot: all of it about the desktops that something was done with, and how many
// are in which state.
type rolloutInputs struct {
	JobID   string            `json:"job_id"`
	ImageID string            `json:"image_id"`
	Delay   string            `json:"delay"`
	Limits  RolloutLimits     `json:"limits"`
	States  map[ItemState]int `json:"states"`
	Items   []RolloutItem     `json:"items"`
}

func (a *advance) log(ctx context.Context, s RolloutState, actions []RolloutAction) error {
	in := rolloutInputs{
		JobID: a.rollout.JobID, ImageID: a.rollout.ImageID, Delay: s.Delay.String(), States: map[ItemState]int{},
		Limits: RolloutLimits{Parallel: s.parallel(), MaxFailures: s.Limits.MaxFailures}, // those in force
	}
	var reasons []workspace.Reason
	for _, item := range s.Items {
		in.States[item.State]++
		if slices.ContainsFunc(actions, func(act RolloutAction) bool { return act.DesktopID == item.DesktopID }) {
			in.Items = append(in.Items, item)
		}
	}
	for _, act := range actions {
		reasons = append(reasons, workspace.Reason{Rule: string(act.Kind), Text: act.Reason})
	}
	d := pool.PoolDecision{ID: workspace.NewID(), PoolID: a.rollout.PoolID, Kind: pool.DecideRollout, At: a.now, Reasons: reasons}
	var err error
	if d.Inputs, err = json.Marshal(in); err != nil {
		return fmt.Errorf("writing a decision's inputs: %w", err)
	}
	if d.Actions, err = json.Marshal(actions); err != nil {
		return fmt.Errorf("writing a decision's actions: %w", err)
	}
	return pool.InsertDecision(ctx, a.tx, d, keptRolloutDecisions)
}
