// Package reconcile looks after pools: it ends bindings that are over, has used desktops reset, and lets pools grow and shrink as
// autoscale.Decide says.
package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/pool"
	"carrel/internal/pool/autoscale"
	"carrel/internal/quota"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// reconcileAtOnce is the maximum number of pools that are read together.
const reconcileAtOnce = 100

// Service reconciles pools. It is safe for concurrent use, also by several processes on one database.
type Service struct {
	Store store.Transactions

	setbacks setbacks // of pools whose reconciling failed
}

// Reconciled is the result of ReconcilePools.
type Reconciled struct {
	Looked int              // number of pools that were due
	Pools  []ReconciledPool // those that something was done for
	Next   time.Time        // when the next pool is due, now if more are; zero if none is
}

// ReconciledPool says what was done for a pool.
type ReconciledPool struct {
	PoolID string
	Name   string
	Tidied []pool.Tidying
	Scale  autoscale.Decision
	Failed error // why a creation was refused; nil if none was
}

// reconciliation is a pool with the inputs of the decisions about it.
type reconciliation struct {
	pool.PoolSnapshot
	queue        []pool.Waiting
	unauthorized []string           // desktops whose user may no longer use the pool
	former       []workspace.Reason // reasons of the last decision about its size
	seen         []desktop.PoolDue
	stored       autoscale.History // as in the pool's row
	allowance    *quota.Allowance  // of the project; nil unless the pool may grow
}

// ReconcilePools reconciles the pools that are due, because something in them changed or a time has come: it ends bindings that
// are over, resets used desktops, and scales pools out and in. Pools that need nothing are settled together. For each of the
// others it locks the pool and decides again, in a transaction of its own. Several processes may call it at once: the second to
// lock a pool finds nothing left to do. A pool that fails does not delay the others: it is due again after a pause that grows
// with each failure, or when something in it changes.
func (s *Service) ReconcilePools(ctx context.Context) (Reconciled, error) {
	var done Reconciled
	busy, quiet, err := s.duePools(ctx)
	if err != nil {
		return done, err
	}
	done.Looked = len(busy) + len(quiet)
	var faults []error
	var failed []reconciliation
	for _, t := range busy {
		reconciled, err := s.reconcilePool(ctx, t)
		if err != nil {
			faults = append(faults, fmt.Errorf("reconciling pool %s: %w", t.Pool.ID, err))
			failed = append(failed, t)
			continue
		}
		s.setbacks.end(t.Pool.ID)
		if len(reconciled.Tidied)+len(reconciled.Scale.Actions) > 0 || reconciled.Failed != nil {
			done.Pools = append(done.Pools, reconciled)
		}
	}
	if err := s.postpone(ctx, failed); err != nil {
		faults = append(faults, err)
	}
	next, err := s.settleQuiet(ctx, quiet)
	done.Next = next
	return done, errors.Join(append(faults, err)...)
}

// duePools reads the pools that are due and separates those that need something from those that do not.
func (s *Service) duePools(ctx context.Context) (busy, quiet []reconciliation, err error) {
	err = s.Store.View(ctx, func(tx *store.Tx) error {
		dues, err := desktop.DuePools(ctx, tx, reconcileAtOnce)
		if err != nil || len(dues) == 0 {
			return err
		}
		all, err := readReconciliations(ctx, tx, dues)
		for _, t := range all {
			if t.quiet(tx.Now()) {
				quiet = append(quiet, t)
			} else {
				busy = append(busy, t)
			}
		}
		return err
	})
	return busy, quiet, err
}

// postpone makes failed pools due again after their pause.
func (s *Service) postpone(ctx context.Context, failed []reconciliation) error {
	if len(failed) == 0 || ctx.Err() != nil {
		return nil
	}
	pauses := make(map[string]time.Duration, len(failed))
	var seen []desktop.PoolDue
	for _, t := range failed {
		pauses[t.Pool.ID] = s.setbacks.add(t.Pool.ID)
		seen = append(seen, t.seen...)
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		due := make(map[string]time.Time, len(pauses))
		for id, pause := range pauses {
			due[id] = tx.Now().Add(pause)
		}
		return desktop.SettlePools(ctx, tx, seen, due)
	})
}

// settleQuiet marks pools that need nothing as reconciled, and records when they are due next.
func (s *Service) settleQuiet(ctx context.Context, quiet []reconciliation) (next time.Time, err error) {
	if len(quiet) == 0 {
		return store.View(ctx, s.Store, func(tx *store.Tx) (time.Time, error) { return desktop.NextPoolDue(ctx, tx) })
	}
	return store.Update(ctx, s.Store, func(tx *store.Tx) (time.Time, error) {
		var seen []desktop.PoolDue
		due := make(map[string]time.Time, len(quiet))
		for _, t := range quiet {
			seen = append(seen, t.seen...)
			if t.Pool.ID != "" {
				due[t.Pool.ID] = t.next(tx.Now())
			}
		}
		if err := desktop.SettlePools(ctx, tx, seen, due); err != nil {
			return time.Time{}, err
		}
		return desktop.NextPoolDue(ctx, tx)
	})
}

// reconcilePool locks a pool and does what it needs. If a wanted creation is refused, it does everything else, and the pool's
// history has the reason.
func (s *Service) reconcilePool(ctx context.Context, t reconciliation) (ReconciledPool, error) {
	const attempts = 5
	var refused error
	for attempt := 1; ; attempt++ {
		done, err := store.Update(ctx, s.Store, store.As(system(t.Pool), func(tx *store.Tx) (ReconciledPool, error) { return reconcileHeld(ctx, tx, t, refused) }))
		var unordered *unorderedError
		switch code := workspace.CodeOf(err); {
		case err == nil || attempt == attempts:
			return done, err
		case errors.As(err, &unordered):
			if code != workspace.CodeNameTaken && code != workspace.CodeAddressTaken { // another transaction took them first; other names and addresses are free
				refused = err
			}
		case !errors.Is(err, desktop.ErrOvertaken):
			return done, err
		}
	}
}

// system is the caller for what pools need by themselves.
func system(p pool.Pool) workspace.Caller { return workspace.System(p.ProjectID, "", "ReconcilePool") }

// unorderedError is the reason why growPool refused.
type unorderedError struct{ error }

func (e *unorderedError) Unwrap() error { return e.error }

func reconcileHeld(ctx context.Context, tx *store.Tx, seen reconciliation, refused error) (ReconciledPool, error) {
	var allowance *quota.Allowance
	if seen.scales() { // who adds to a project holds it before it locks a pool
		var err error
		allowance, err = quota.Hold(ctx, tx, seen.Pool.ProjectID)
		switch {
		case slices.Contains([]workspace.Code{workspace.CodeNotSubscribed, workspace.CodeServiceLocked}, workspace.CodeOf(err)):
			refused = err // it grows no more; all else goes on
		case err != nil:
			return ReconciledPool{}, err
		}
	}
	p, err := pool.LockPool(ctx, tx, "", seen.Pool.ID)
	if workspace.CodeOf(err) == workspace.CodePoolNotFound {
		return ReconciledPool{}, desktop.SettlePools(ctx, tx, seen.seen, nil)
	}
	if err != nil {
		return ReconciledPool{}, err
	}
	t, err := readReconciliation(ctx, tx, p)
	if err != nil {
		return ReconciledPool{}, err
	}
	t.allowance = allowance
	done := ReconciledPool{PoolID: p.ID, Name: p.Name, Failed: refused}
	if done.Tidied, err = t.tidy(ctx, tx); err != nil {
		return ReconciledPool{}, err
	}
	if done.Scale, err = t.scale(ctx, tx, refused); err != nil {
		return ReconciledPool{}, err
	}
	return done, desktop.SettlePools(ctx, tx, seen.seen, map[string]time.Time{p.ID: t.next(tx.Now())})
}

// readReconciliations reads the pools of dues, each with its due. Of a pool that is gone it returns only the due.
func readReconciliations(ctx context.Context, tx *store.Tx, dues []desktop.PoolDue) ([]reconciliation, error) {
	var ids []string
	seen := map[string][]desktop.PoolDue{}
	for _, d := range dues {
		if seen[d.PoolID] == nil {
			ids = append(ids, d.PoolID)
		}
		seen[d.PoolID] = append(seen[d.PoolID], d)
	}
	pools, _, err := pool.Pools(ctx, tx, pool.PoolQuery{IDs: ids, Page: workspace.Page{Limit: len(ids)}})
	if err != nil {
		return nil, err
	}
	all, err := gather(ctx, tx, pools)
	if err != nil {
		return nil, err
	}
	for i := range all {
		all[i].seen = seen[all[i].Pool.ID]
		delete(seen, all[i].Pool.ID)
	}
	for _, gone := range seen {
		all = append(all, reconciliation{seen: gone})
	}
	return all, nil
}

func readReconciliation(ctx context.Context, tx *store.Tx, p pool.Pool) (reconciliation, error) {
	all, err := gather(ctx, tx, []pool.Pool{p})
	if err != nil {
		return reconciliation{}, err
	}
	return all[0], nil
}

// gather reads the inputs of the decisions about pools, in a fixed number of statements.
func gather(ctx context.Context, tx *store.Tx, pools []pool.Pool) ([]reconciliation, error) {
	if len(pools) == 0 {
		return nil, nil
	}
	all := make([]reconciliation, len(pools))
	at := make(map[string]*reconciliation, len(pools))
	ids := make([]string, len(pools))
	for i, p := range pools {
		all[i].Pool, all[i].stored, ids[i], at[p.ID] = p, p.Scale, p.ID, &all[i]
	}
	members, err := desktop.Members(ctx, tx, ids...)
	if err != nil {
		return nil, err
	}
	of := make(map[string]string, len(members))
	for _, m := range members {
		at[m.PoolID].Members = append(at[m.PoolID].Members, m)
		of[m.DesktopID] = m.PoolID
	}
	waiting, err := pool.ReadWaiting(ctx, tx, ids...)
	if err != nil {
		return nil, err
	}
	for _, w := range waiting {
		at[w.PoolID].queue = append(at[w.PoolID].queue, w)
		at[w.PoolID].Waiting++
	}
	unauthorized, err := pool.UnauthorizedBindings(ctx, tx, ids...)
	if err != nil {
		return nil, err
	}
	for _, id := range unauthorized {
		if t := at[of[id]]; t != nil {
			t.unauthorized = append(t.unauthorized, id)
		}
	}
	former, err := pool.LastReasons(ctx, tx, pool.DecideScale, ids...)
	for id, reasons := range former {
		at[id].former = reasons
	}
	return all, err
}

// quiet reports whether the pool needs nothing now.
func (t *reconciliation) quiet(now time.Time) bool {
	if t.Pool.ID == "" {
		return true
	}
	return len(t.untidy(now)) == 0 && (!t.scales() || !pool.Autoscale(t.PoolSnapshot, now).Notable(t.former))
}

// scales reports whether Carrel decides about the pool's size.
func (t *reconciliation) scales() bool { return t.Pool.Autoscaling && t.Pool.Policy.Type != "" }

// untidy returns the result of Tidy and the bindings of users who may no longer use the pool, which end immediately.
func (t *reconciliation) untidy(now time.Time) []pool.Tidying {
	all := pool.Tidy(t.Pool, t.Members, now)
	if len(t.unauthorized) == 0 {
		return all
	}
	for _, m := range t.Members {
		told := slices.ContainsFunc(all, func(d pool.Tidying) bool { return d.DesktopID == m.DesktopID })
		if m.Bound() && slices.Contains(t.unauthorized, m.DesktopID) && !told {
			all = append(all, pool.Tidying{
				DesktopID: m.DesktopID, UserID: m.UserID, Reset: m.AfterRelease().NeedsReset(),
				Reason: "the user no longer has access to the pool",
			})
		}
	}
	return all
}

// tidy ends the bindings that are over, writes the jobs that reset desktops, and updates the snapshot.
func (t *reconciliation) tidy(ctx context.Context, tx *store.Tx) ([]pool.Tidying, error) {
	todo := t.untidy(tx.Now())
	if len(todo) == 0 {
		return nil, nil
	}
	var resets []string
	for _, d := range todo {
		m := &t.Members[slices.IndexFunc(t.Members, func(m desktop.Member) bool { return m.DesktopID == d.DesktopID })]
		if d.UserID != "" {
			released, err := desktop.Release(ctx, tx, *m)
			if err != nil {
				return nil, err
			}
			*m = released
		}
		if d.Reset {
			resets = append(resets, d.DesktopID)
			m.Task = desktop.TaskRebuilding
		}
	}
	if len(resets) > 0 {
		if _, err := pool.ResetMembers(ctx, tx, system(t.Pool), t.Pool, resets, "somebody has used it"); err != nil {
			return nil, err
		}
	}
	return todo, t.recordTidied(ctx, tx, todo)
}

// recordTidied writes the bindings that ended to the decision log. Resets alone are not logged: their job shows them.
func (t *reconciliation) recordTidied(ctx context.Context, tx *store.Tx, todo []pool.Tidying) error {
	ended := slices.DeleteFunc(slices.Clone(todo), func(d pool.Tidying) bool { return d.UserID == "" })
	if len(ended) == 0 {
		return nil
	}
	var reasons []workspace.Reason
	for _, d := range ended {
		if r := (workspace.Reason{Rule: "RELEASE", Text: d.Reason}); !slices.Contains(reasons, r) {
			reasons = append(reasons, r)
		}
	}
	return pool.InsertDecision(ctx, tx, pool.PoolDecision{
		ID: workspace.NewID(), PoolID: t.Pool.ID, Kind: pool.DecideBind, At: tx.Now(), Reasons: reasons,
		Inputs:  pool.AsJSON(map[string]int{"total": len(t.Members), "retention_minutes": t.Pool.RetentionMinutes}),
		Actions: pool.AsJSON(ended),
	}, pool.DecisionsKept)
}

// scale scales the pool out, as far as the capacity suffices, and in. If refused is not nil, it does not order the creation that failed
// with it again.
func (t *reconciliation) scale(ctx context.Context, tx *store.Tx, refused error) (autoscale.Decision, error) {
	if !t.scales() || t.allowance == nil && refused == nil { // scaling was enabled just now: the pool is due again for that
		return autoscale.Decision{}, nil
	}
	d := pool.Autoscale(t.PoolSnapshot, tx.Now())
	for i := range d.Actions {
		a := &d.Actions[i]
		wanted, short := a.Count, refused
		if a.Kind != autoscale.Create || refused == nil {
			var err error
			if a.Count, short, err = t.act(ctx, tx, *a); err != nil {
				return d, err
			}
		} else {
			a.Count = 0
		}
		if a.Count == 0 {
			d.Reasons = slices.DeleteFunc(d.Reasons, func(r workspace.Reason) bool { return r == workspace.Reason{Rule: a.Rule, Text: a.Reason} })
		}
		if short != nil {
			t.Pool.Scale.Refused, t.Pool.Scale.Shortage = tx.Now(), workspace.MessageOf(short)
			d.Skip(autoscale.RuleRefused, "%d of %s could be ordered: %s", a.Count, workspace.Plural(wanted, "desktop"), workspace.MessageOf(short))
		}
	}
	d.Actions = slices.DeleteFunc(d.Actions, func(a autoscale.Action) bool { return a.Count == 0 })
	scale := t.Pool.Scale.After(d, tx.Now())
	if scale != t.stored {
		t.Pool.Scale = scale
		if err := pool.SavePool(ctx, tx, t.Pool); err != nil {
			return d, err
		}
	}
	if !d.Notable(t.former) {
		return d, nil
	}
	return d, pool.InsertDecision(ctx, tx, pool.ScaleEntry(d, t.Pool.ID, tx.Now()), pool.DecisionsKept)
}

// act applies an action (a creation as far as the capacity suffices) and updates the snapshot as far as the times of next depend on it.
// It returns the number of desktops concerned, and the reason if the capacity did not suffice for all.
func (t *reconciliation) act(ctx context.Context, tx *store.Tx, a autoscale.Action) (done int, short, err error) {
	c := system(t.Pool)
	switch a.Kind {
	case autoscale.Isolate:
		for i, m := range t.Members {
			if slices.Contains(a.Desktops, m.DesktopID) {
				t.Members[i].Isolated = true
				if err := desktop.PutMember(ctx, tx, t.Members[i], m.Binding, ""); err != nil {
					return 0, nil, err
				}
			}
		}
	case autoscale.Delete:
		t.Members = slices.DeleteFunc(t.Members, func(m desktop.Member) bool { return slices.Contains(a.Desktops, m.DesktopID) })
		if _, err := desktop.OrderDeletion(ctx, tx, desktop.DeleteDesktops{Caller: c, IDs: a.Desktops, Force: true}); err != nil {
			return 0, nil, err
		}
	case autoscale.Create:
		_, made, short, err := pool.GrowUpTo(ctx, tx, t.Pool, a.Count, 1, pool.Growth{Caller: c, Type: workspace.JobCreateDesktops, Auto: true, Allowance: t.allowance})
		if err != nil {
			return 0, nil, &unorderedError{err}
		}
		return made, short, nil
	}
	return a.Count, nil, nil
}

// next returns when something becomes due in the pool just because time passes; the zero time if nothing does. All other changes
// make the pool due themselves.
func (t *reconciliation) next(now time.Time) time.Time {
	var next time.Time
	at := func(when time.Time) {
		if when.After(now) && (next.IsZero() || when.Before(next)) {
			next = when
		}
	}
	for _, m := range t.Members {
		at(t.Pool.BindingEnd(m))
		if m.Troubled {
			at(m.Updated.Add(pool.ResetPause))
		}
		if !t.scales() {
			continue
		}
		if m.Faulty() {
			at(m.Updated.Add(autoscale.IsolationGrace))
			at(m.Updated.Add(autoscale.WreckGrace))
		}
		if minutes := t.Pool.Policy.IdleMinutes; minutes != nil && m.AutoCreated && m.Idle() {
			at(m.IdleSince.Add(time.Duration(*minutes) * time.Minute))
		}
	}
	for _, w := range t.queue {
		at(w.Until)
	}
	if t.scales() {
		at(t.Pool.Scale.Created.Add(autoscale.CoolDown))
		at(t.Pool.Scale.Deleted.Add(autoscale.CoolDown))
		at(t.Pool.Scale.PausedUntil())
		at(t.Pool.Scale.ShortUntil())
	}
	return next
}
