package job

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Config configures a Runner. Zero fields mean the stated defaults.
type Config struct {
	// Replica is the name of this process on its database, the same after a restart. Two running processes must not share it.
	Replica string
	// Lease is how long a claim is valid without a heartbeat; 15 s.
	Lease time.Duration
	// Poll is the interval for reading the queue if there is no signal; 15 s. It is only the safety net.
	Poll time.Duration
	// Coordinate is the interval between checks of rebuilds of pools and of tasks of scripts; 5 s.
	Coordinate time.Duration
	// Parallel is the number of sub-jobs of a type that run at once in this process; types without an entry have DefaultParallel,
	// work on accounts AccountParallel, scripts ScriptParallel.
	Parallel map[workspace.JobType]int
	// BootLimit is the time for a desktop to start after its system disk was replaced; 5 min.
	BootLimit time.Duration
	// Timezone (IANA) and Locale are those of new desktops; empty: UTC, and the locale of the user's language.
	Timezone string
	Locale   string
	// Installation is the id that new machines are marked with.
	Installation string
	// HashPassword hashes a user's sealed password (signin.Service.HashSealedPassword).
	HashPassword func(ctx context.Context, projectID, userID string) error
}

// DefaultParallel is the number of sub-jobs of a type that run at once, if the configuration does not say.
const DefaultParallel = 8

// AccountParallel is DefaultParallel for work on accounts, which mostly waits.
const AccountParallel = 100

// DefaultBootLimit is the BootLimit if the configuration does not say.
const DefaultBootLimit = 5 * time.Minute

// Runner claims sub-jobs and executes them. Create it with NewRunner; call Start once and Stop once.
type Runner struct {
	store  store.Transactions
	engine engine.Engine
	log    *slog.Logger
	conf   Config
	owner  string
	meter  Meter
	plans  map[workspace.JobType]planner

	cancel context.CancelCauseFunc
	quit   chan struct{} // closed by Stop
	done   chan struct{} // closed when the loop and all workers have ended
	freed  chan struct{} // signals that a worker has ended

	coordinating sync.WaitGroup

	crowded map[workspace.JobType]bool // types whose slots the last claim filled; used only by loop

	mu   sync.Mutex // guards held
	held map[string]*claim
}

// claim is a sub-job that this process works on.
type claim struct {
	kind   workspace.JobType
	sub    workspace.SubJob // used only by its worker
	ctx    context.Context  // of the work; its cause says why it was cancelled
	cancel context.CancelCauseFunc

	// The desktop of the sub-job as it was when the work began: nil if its row is gone.
	desktop *desktop.Desktop
	now     time.Time
	unread  error // why the desktop could not be read
}

// Meter counts the work; telemetry implements it.
type Meter interface {
	// Claimed counts a sub-job that starts after waiting this long in the queue, Ended one that has ended.
	Claimed(t workspace.JobType, waited time.Duration)
	Ended(t workspace.JobType, state workspace.SubJobState, took time.Duration)
	// Fault counts a transient error of a step.
	Fault(t workspace.JobType)
}

// NewRunner creates a runner that is not started.
func NewRunner(s store.Transactions, e engine.Engine, log *slog.Logger, m Meter, c Config) *Runner {
	if c.Lease == 0 {
		c.Lease = 15 * time.Second
	}
	if c.Poll == 0 {
		c.Poll = 15 * time.Second
	}
	if c.Coordinate == 0 {
		c.Coordinate = 5 * time.Second
	}
	if c.BootLimit == 0 {
		c.BootLimit = DefaultBootLimit
	}
	r := &Runner{
		store: s, engine: e, log: log, conf: c, meter: m, owner: workspace.LeaseOwner(c.Replica, workspace.NewID()),
		quit: make(chan struct{}), done: make(chan struct{}), freed: make(chan struct{}, 1), crowded: map[workspace.JobType]bool{}, held: map[string]*claim{},
	}
	r.plans = r.planners()
	return r
}

// Types lists the job types that a Runner executes.
func Types() []workspace.JobType { return slices.Sorted(maps.Keys(new(Runner).planners())) }

func (r *Runner) planners() map[workspace.JobType]planner {
	plans := map[workspace.JobType]planner{
		workspace.JobCreateDesktops:  r.createDesktop,
		workspace.JobCreatePool:      r.createDesktop,
		workspace.JobExpandPool:      r.createDesktop,
		workspace.JobDeleteDesktops:  r.deleteDesktop,
		workspace.JobOperateDesktops: r.powerDesktop,
		workspace.JobAttachPool:      r.attachPool,
		workspace.JobNotifyPool:      r.notifyDesktop,
		workspace.JobHashPasswords:   r.hashPassword,
		workspace.JobNotifyDesktops:  r.notifyHolders,
		workspace.JobLogOffDesktops:  r.logOff,
		workspace.JobDesktopToImage:  r.makeImage,
		workspace.JobRebuildDesktops: r.rebuildSingle,
		workspace.JobRebuildPool:     r.rebuildMember,
		workspace.JobExecuteScripts:  r.executeScripts,
		workspace.JobOpenService:     r.openService,

		workspace.JobResizePool:        r.resizeDesktop,
		workspace.JobResizeDesktops:    r.resizeDesktop,
		workspace.JobAddPoolVolumes:    r.changeDisks,
		workspace.JobDeletePoolVolumes: r.changeDisks,
		workspace.JobExpandPoolVolumes: r.changeDisks,
		workspace.JobAddVolumes:        r.changeDisks,
		workspace.JobDeleteVolumes:     r.changeDisks,
		workspace.JobVolumeSpeed:       r.changeDisks,

		workspace.JobChangeNetwork:  r.moveDesktop,
		workspace.JobChangeNetworks: r.moveDesktop,
		workspace.JobApplyAddresses: r.forwardAddress,

		workspace.JobTakeSnapshots:    r.takeSnapshots,
		workspace.JobDeleteSnapshots:  r.deleteSnapshots,
		workspace.JobRestoreSnapshots: r.restoreSnapshots,
	}
	for t := range workspace.AccountJobs {
		plans[t] = r.updateAccounts
	}
	return plans
}

// Start takes over what a former process of the same name left, and begins to claim work. It returns when the runner is running,
// or the error that prevents it.
func (r *Runner) Start(ctx context.Context) error {
	err := r.store.Update(ctx, func(tx *store.Tx) error {
		n, err := tx.ReleaseReplica(ctx, r.conf.Replica)
		if n > 0 {
			r.log.InfoContext(ctx, "taking over sub-jobs of the former process", "sub_jobs", n)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("taking over sub-jobs: %w", err)
	}
	ctx, r.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	go r.loop(ctx, r.store.Work(ctx))
	r.coordinating.Go(func() { r.coordinate(ctx) })
	return nil
}

// Stop ends claiming, lets running sub-jobs continue until ctx ends, and then leaves them to the next process. It returns when
// all goroutines of the runner have ended.
func (r *Runner) Stop(ctx context.Context) {
	close(r.quit)
	select {
	case <-r.done:
	case <-ctx.Done():
	}
	r.cancel(errDraining)
	<-r.done
	r.coordinating.Wait()
}

// gather is how long loop waits after a slot became free for more to become free.
const gather = 5 * time.Millisecond

// loop is the only goroutine that claims; workers execute what it claims.
func (r *Runner) loop(ctx context.Context, work <-chan struct{}) {
	defer close(r.done)
	var workers sync.WaitGroup
	defer workers.Wait()
	heartbeat := time.NewTicker(r.conf.Lease / 3)
	defer heartbeat.Stop()
	due := time.NewTimer(0)
	defer due.Stop()

	quit := r.quit
	for quit != nil || r.busy() > 0 {
		select {
		case <-ctx.Done():
			return
		case <-quit:
			quit = nil
		case <-heartbeat.C:
			r.extendLeases(ctx)
			continue
		case <-work:
			r.extendLeases(ctx) // superseded work stops immediately
		case <-r.freed:
			due.Reset(gather) // more workers end soon: one claim fills all their slots
			continue
		case <-due.C:
		}
		if quit == nil {
			continue
		}
		claimed, next, err := r.claim(ctx)
		if err != nil {
			r.log.ErrorContext(ctx, "claiming sub-jobs", "error", err)
		}
		for _, c := range claimed {
			workers.Go(func() { r.work(ctx, c) })
		}
		due.Reset(next)
	}
}

// claimPause is the pause after an error of the store.
const claimPause = 2 * time.Second

// claim claims as many due sub-jobs of each type as there are free slots, and returns when to claim again. A type whose slots the
// last claim filled has a long queue, which is not read again before one of its slots is free.
func (r *Runner) claim(ctx context.Context) ([]*claim, time.Duration, error) {
	free := r.freeSlots()
	types := slices.Sorted(maps.Keys(free))
	if !slices.ContainsFunc(types, func(t workspace.JobType) bool { return r.crowded[t] }) {
		wait, err := r.untilDue(ctx, types)
		if err != nil {
			return nil, min(r.conf.Poll, claimPause), err
		}
		if wait > 0 {
			return nil, min(wait, r.conf.Poll), nil
		}
	}
	var subs []workspace.SubJob
	err := r.store.Update(ctx, func(tx *store.Tx) (err error) {
		subs, err = tx.ClaimSubJobs(ctx, r.owner, free, r.conf.Lease)
		return err
	})
	if err != nil {
		return nil, min(r.conf.Poll, claimPause), err
	}
	for _, s := range subs {
		free[s.Type]--
	}
	for t, left := range free {
		r.crowded[t] = left == 0
	}
	claimed := r.hold(ctx, subs)
	r.readDesktops(ctx, claimed)
	return claimed, 0, nil
}

// untilDue returns the time until a sub-job of these types is due: the poll interval if none will be.
func (r *Runner) untilDue(ctx context.Context, types []workspace.JobType) (wait time.Duration, err error) {
	err = r.store.View(ctx, func(tx *store.Tx) error {
		due, err := tx.NextDue(ctx, types)
		if wait = due.Sub(tx.Now()); due.IsZero() {
			wait = r.conf.Poll
		}
		return err
	})
	return wait, err
}

// readDesktops reads the desktops of sub-jobs, all at once.
func (r *Runner) readDesktops(ctx context.Context, claimed []*claim) {
	if len(claimed) == 0 {
		return
	}
	ids := make([]string, len(claimed))
	for i, c := range claimed {
		ids[i] = c.sub.DesktopID
	}
	var found []desktop.Desktop
	var now time.Time
	err := r.store.View(ctx, func(tx *store.Tx) (err error) {
		now = tx.Now()
		found, _, err = desktop.Desktops(ctx, tx, desktop.DesktopQuery{IDs: ids, Page: workspace.Page{Limit: len(ids)}})
		return err
	})
	if err != nil {
		err = fmt.Errorf("reading desktops: %w", err)
	}
	byID := make(map[string]*desktop.Desktop, len(found))
	for i := range found {
		byID[found[i].ID] = &found[i]
	}
	for _, c := range claimed {
		c.now, c.unread = now, err
		if d := byID[c.sub.DesktopID]; d != nil && d.ProjectID == c.sub.ProjectID {
			c.desktop = new(*d)
		}
	}
}

// freeSlots returns how many more sub-jobs of each type may run in this process; types without free slots are omitted.
func (r *Runner) freeSlots() map[workspace.JobType]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	free := make(map[workspace.JobType]int, len(r.plans))
	for t := range r.plans {
		free[t] = DefaultParallel
		if _, light := workspace.AccountJobs[t]; light {
			free[t] = AccountParallel
		}
		switch t {
		case workspace.JobHashPasswords:
			free[t] = passwordParallel
		case workspace.JobExecuteScripts:
			free[t] = ScriptParallel
		default:
		}
		if n, ok := r.conf.Parallel[t]; ok {
			free[t] = n
		}
	}
	for _, c := range r.held {
		free[c.kind]--
	}
	maps.DeleteFunc(free, func(_ workspace.JobType, n int) bool { return n <= 0 })
	return free
}

func (r *Runner) hold(ctx context.Context, subs []workspace.SubJob) []*claim {
	r.mu.Lock()
	defer r.mu.Unlock()
	claims := make([]*claim, len(subs))
	for i, s := range subs {
		c := &claim{kind: s.Type, sub: s}
		c.ctx, c.cancel = context.WithCancelCause(ctx)
		r.held[s.ID] = c
		claims[i] = c
	}
	return claims
}

func (r *Runner) letGo(c *claim) {
	c.cancel(nil)
	r.mu.Lock()
	delete(r.held, c.sub.ID)
	r.mu.Unlock()
	select {
	case r.freed <- struct{}{}:
	default:
	}
}

func (r *Runner) busy() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.held)
}

// extendLeases renews the leases of this process, and cancels the work on sub-jobs that it no longer owns.
func (r *Runner) extendLeases(ctx context.Context) {
	r.mu.Lock()
	ids := slices.Collect(maps.Keys(r.held))
	r.mu.Unlock()
	if len(ids) == 0 {
		return
	}
	var kept []string
	err := r.store.Update(ctx, func(tx *store.Tx) (err error) {
		kept, err = tx.ExtendLeases(ctx, r.owner, ids, r.conf.Lease)
		return err
	})
	if err != nil {
		r.log.ErrorContext(ctx, "extending leases", "error", err)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range ids {
		if c, ok := r.held[id]; ok && !slices.Contains(kept, id) {
			c.cancel(errLeaseLost)
		}
	}
}
