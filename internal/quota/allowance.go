package quota

import (
	"context"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Allowance is what a project may still get. Its transaction holds the row of the project's subscription, so that callers who add something to
// one project do so one after the other: each counts what those before it added. It is for that transaction alone.
type Allowance struct {
	workspace.Subscription

	limits Amounts
	used   Amounts // nil until something was counted; what was admitted since is included
}

// Hold begins what adds desktops, disks or users to a project: it locks the row of the project's subscription until the transaction ends. Call it
// before other rows are locked, since all do. Errors as store.RequireSubscription.
func Hold(ctx context.Context, tx *store.Tx, projectID string) (*Allowance, error) {
	s, limits, err := lockWithLimits(ctx, tx, projectID)
	if err == nil {
		err = s.Usable()
	}
	if err != nil {
		return nil, err
	}
	return &Allowance{Subscription: s, limits: limits}, nil
}

// Limited reports whether there is a limit of anything.
func (a *Allowance) Limited() bool { return len(a.limits) > 0 }

// Admit takes the wanted amounts. CodeQuotaExceeded if the project has too much for that; then nothing is taken. It counts only what has a limit,
// and once.
func (a *Allowance) Admit(ctx context.Context, tx *store.Tx, wanted Amounts) error {
	if !wanted.concerns(a.limits) {
		return nil
	}
	if err := a.count(ctx, tx); err != nil {
		return err
	}
	if err := decide(a.limits, a.used, wanted); err != nil {
		return err
	}
	a.used = a.used.And(wanted)
	return nil
}

// AdmitUpTo takes each up to n times, as far as the limits allow. It returns how many times and, if fewer than n, why: CodeQuotaExceeded.
func (a *Allowance) AdmitUpTo(ctx context.Context, tx *store.Tx, each Amounts, n int) (taken int, short, err error) {
	if !each.concerns(a.limits) {
		return n, nil, nil
	}
	if err := a.count(ctx, tx); err != nil {
		return 0, nil, err
	}
	short = decide(a.limits, a.used, each.Times(n))
	taken = fit(a.limits, a.used, each, n)
	a.used = a.used.And(each.Times(taken))
	return taken, short, nil
}

// Readmit checks that what sub-jobs add still fits now that they run again (InsertGrowths has what that is). CodeQuotaExceeded.
func (a *Allowance) Readmit(ctx context.Context, tx *store.Tx, subJobIDs []string) error {
	if !a.Limited() {
		return nil
	}
	more, err := growths(ctx, tx, subJobIDs)
	if err != nil || !more.concerns(a.limits) {
		return err
	}
	if err := a.count(ctx, tx); err != nil {
		return err
	}
	return decide(a.limits, a.used.And(more.Times(-1)), more) // they run already, and count as used
}

func (a *Allowance) count(ctx context.Context, tx *store.Tx) (err error) {
	if a.used == nil {
		a.used, err = Used(ctx, tx, a.ProjectID, "")
	}
	return err
}
