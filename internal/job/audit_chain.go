package job

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"carrel/internal/audit"
	"carrel/internal/store"
)

// Linker adds audit records to their chain within seconds, and deletes the oldest. Several processes may do so; a lease decides. Create it
// with its fields set; call Start once.
type Linker struct {
	Audit    *audit.Service
	Refusals []*audit.Refusals
	Owner    string // of the lease: the name of this process
	KeepDays int
	Log      *slog.Logger
	Every    time.Duration // 0 means two seconds

	rounds   rounds
	refusals rounds
	prunes   rounds
}

// Start starts the background work.
func (l *Linker) Start(ctx context.Context) error {
	l.rounds.start(ctx, cmp.Or(l.Every, 2*time.Second), l.link)
	l.refusals.start(ctx, audit.RefusalFlush, l.flush)
	l.prunes.start(ctx, 5*time.Minute, l.prune)
	return nil
}

// Stop ends the background work, waits for it, and links what there is.
func (l *Linker) Stop(ctx context.Context) {
	l.prunes.stop()
	l.refusals.stop()
	l.rounds.stop()
	l.flush(ctx)
	l.link(ctx)
}

func (l *Linker) flush(ctx context.Context) {
	for _, r := range l.Refusals {
		r.Flush(ctx)
	}
}

func (l *Linker) link(ctx context.Context) {
	for more := true; more && ctx.Err() == nil; {
		var err error
		if more, err = l.Audit.Link(ctx, l.Owner); err != nil && ctx.Err() == nil {
			l.Log.ErrorContext(ctx, "audit records could not be linked", "error", err)
		}
	}
}

func (l *Linker) prune(ctx context.Context) {
	for more := true; more && ctx.Err() == nil; {
		now, err := store.View(ctx, l.Audit.Store, func(tx *store.Tx) (time.Time, error) { return tx.Now(), nil })
		if err == nil {
			more, err = l.Audit.Prune(ctx, l.Owner, now.AddDate(0, 0, -l.KeepDays))
		}
		if err != nil {
			more = false
			if ctx.Err() == nil {
				l.Log.WarnContext(ctx, "deleting old audit records", "error", err)
			}
		}
	}
}
