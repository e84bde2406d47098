package job

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"carrel/internal/pool/autoscale"
	"carrel/internal/pool/reconcile"
)

// Reconciler reconciles pools as soon as something in them changes or a time has come: it ends bindings that are over, resets
// used desktops, and scales pools out and in. Any number may run on one database; a pool's lock decides. Create it with its
// fields set; call Start once.
type Reconciler struct {
	Pools *reconcile.Service
	Log   *slog.Logger
	Meter ReconcileMeter
	// Every is the interval if there is no signal and nothing is due; 30 s. It is only the safety net.
	Every time.Duration

	cancel context.CancelFunc
	done   sync.WaitGroup
}

// ReconcileMeter counts what is done for pools; PoolMetrics implements it.
type ReconcileMeter interface {
	// Reconciled counts a round with this number of due pools.
	Reconciled(pools int, took time.Duration)
	// Decided counts something that a rule did, or did not do, to n desktops.
	Decided(rule string, n int)
}

// reconcilePause is the pause after an error.
const reconcilePause = time.Second

// Start starts the background work.
func (t *Reconciler) Start(ctx context.Context) error {
	if t.Every == 0 {
		t.Every = 30 * time.Second
	}
	ctx, t.cancel = context.WithCancel(context.WithoutCancel(ctx))
	work := t.Pools.Store.Work(ctx)
	t.done.Go(func() {
		due := time.NewTimer(0)
		defer due.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-work:
			case <-due.C:
			}
			due.Reset(t.reconcile(ctx))
		}
	})
	return nil
}

// Stop ends the background work and waits for it.
func (t *Reconciler) Stop(context.Context) {
	t.cancel()
	t.done.Wait()
}

// reconcile does one round and returns the time until the next.
func (t *Reconciler) reconcile(ctx context.Context) time.Duration {
	begun := time.Now()
	done, err := t.Pools.ReconcilePools(ctx)
	if done.Looked > 0 {
		t.Meter.Reconciled(done.Looked, time.Since(begun))
	}
	for _, p := range done.Pools {
		t.tell(ctx, p)
	}
	if err != nil {
		if ctx.Err() == nil {
			t.Log.WarnContext(ctx, "reconciling pools", "error", err)
		}
		return reconcilePause
	}
	if done.Next.IsZero() {
		return t.Every
	}
	return min(max(time.Until(done.Next), 0), t.Every)
}

// tell logs and counts what was done for a pool.
func (t *Reconciler) tell(ctx context.Context, p reconcile.ReconciledPool) {
	log := t.Log.With("pool", p.PoolID, "name", p.Name)
	for _, d := range p.Tidied {
		rule := "reset"
		if d.UserID != "" {
			rule = "release"
		}
		t.Meter.Decided(rule, 1)
		log.InfoContext(ctx, "a pool desktop is returned", "desktop", d.DesktopID, "user", d.UserID, "reset", d.Reset, "why", d.Reason)
	}
	for _, a := range p.Scale.Actions {
		t.Meter.Decided(a.Rule, a.Count)
		log.InfoContext(ctx, "a pool is scaled", "action", a.Kind, "rule", a.Rule, "desktops", a.Count, "why", a.Reason)
	}
	if p.Failed != nil {
		t.Meter.Decided(autoscale.RuleRefused, 1)
		log.WarnContext(ctx, "a pool's desktops could not be ordered", "error", p.Failed)
	}
}
