package audit

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Refusals records refused attempts to sign in, or refused requests, of which strangers can make any number: so many as a bucket holds are recorded one
// by one, others are counted by operation, address and actor, and recorded as numbers by Flush. Its methods may be called concurrently. What is counted when a process is killed is
// lost.
type Refusals struct {
	Store  store.Transactions
	Clock  func() time.Time
	Log    *slog.Logger
	Missed func(n int) // counts attempts without a record of their own; nil: nobody does
	AtOnce int         // attempts with a record of their own at once; 0: refusalsAtOnce

	mu    sync.Mutex // guards bound
	bound bound
}

// How many refused attempts have a record of their own, in each process: this many at once, and one more each interval. The rest is counted
// apart for this many addresses and actors.
const (
	refusalsAtOnce  = 100
	refusalInterval = 10 * time.Second
	countedApart    = 15
)

// RefusalFlush is the interval of Flush: it bounds the records of numbers.
const RefusalFlush = time.Minute

// refusalTime is how long a response may wait for the record of its refusal.
const refusalTime = 2 * time.Second

// Add records a refused attempt, or counts it. An error is logged: it does not change the response.
func (f *Refusals) Add(ctx context.Context, r workspace.AuditRecord) {
	f.mu.Lock()
	own := f.bound.take(r, f.Clock(), cmp.Or(f.AtOnce, refusalsAtOnce))
	f.mu.Unlock()
	if !own {
		f.missed(1)
		return
	}
	if !f.write(ctx, []workspace.AuditRecord{r}) {
		f.mu.Lock()
		f.bound.count(r, f.Clock()) // so that the number of attempts is right
		f.mu.Unlock()
	}
}

// Flush records how many attempts were counted since the last time.
func (f *Refusals) Flush(ctx context.Context) {
	f.mu.Lock()
	numbers := f.bound.numbers()
	f.mu.Unlock()
	f.write(ctx, numbers)
}

func (f *Refusals) missed(n int) {
	if f.Missed != nil {
		f.Missed(n)
	}
}

// write reports whether the records are stored. A machine that is too busy to store one in time may store it nevertheless.
func (f *Refusals) write(ctx context.Context, records []workspace.AuditRecord) bool {
	if len(records) == 0 {
		return true
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), refusalTime)
	defer cancel()
	err := f.Store.Update(ctx, func(tx *store.Tx) error {
		for _, r := range records {
			tx.Record(r)
		}
		return nil
	})
	if err != nil {
		f.missed(len(records))
		f.Log.ErrorContext(ctx, "refused sign-ins could not be recorded in the audit trail", "records", len(records), "error", err)
	}
	return err == nil
}

// bound decides which attempts have a record. Its zero value has a full bucket.
type bound struct {
	used   int       // of the bucket
	since  time.Time // when used was last lowered
	counts []counted // in the order of the first attempt
}

type counted struct {
	of          workspace.AuditRecord // operation, address and actor of the attempts, and the project or account of their records
	rest        bool                  // they have only the operation in common, if that
	n           int
	from, until time.Time
}

// is reports whether an attempt belongs to a count.
func (c counted) is(r workspace.AuditRecord) bool {
	return !c.rest && c.of.Operation == r.Operation && c.of.Address == r.Address && c.of.ActorID == r.ActorID
}

// take reports whether the bucket, which holds so many at once, has room for an attempt, and counts it if not.
func (b *bound) take(r workspace.AuditRecord, now time.Time, atOnce int) bool {
	if free := int(now.Sub(b.since) / refusalInterval); free > 0 || b.since.IsZero() {
		b.used, b.since = max(0, b.used-free), b.since.Add(time.Duration(free)*refusalInterval)
		if b.used == 0 {
			b.since = now
		}
	}
	if b.used < atOnce {
		b.used++
		return true
	}
	b.count(r, now)
	return false
}

// count counts an attempt that has no record of its own.
func (b *bound) count(r workspace.AuditRecord, now time.Time) {
	at := slices.IndexFunc(b.counts, func(c counted) bool { return c.is(r) })
	if at < 0 && len(b.counts) < countedApart {
		at, b.counts = len(b.counts), append(b.counts, counted{from: now, of: workspace.AuditRecord{
			ProjectID: r.ProjectID, Operation: r.Operation, Address: r.Address, ActorID: r.ActorID, ActorName: r.ActorName, ActorKind: r.ActorKind,
		}})
	}
	if at < 0 { // too many: the rest together
		at = slices.IndexFunc(b.counts, func(c counted) bool { return c.rest })
		if at < 0 {
			at, b.counts = len(b.counts), append(b.counts, counted{rest: true, from: now, of: workspace.AuditRecord{Operation: r.Operation}})
		}
	}
	b.counts[at].n++
	b.counts[at].until = now
}

// numbers returns a record for each count, and begins anew.
func (b *bound) numbers() []workspace.AuditRecord {
	var all []workspace.AuditRecord
	for _, c := range b.counts {
		r := workspace.System(c.of.ProjectID, "", c.of.Operation).Record(workspace.Resource{})
		if c.of.ActorID != "" {
			r.ActorID, r.ActorName, r.ActorKind = c.of.ActorID, c.of.ActorName, c.of.ActorKind
		}
		r.Address, r.Result, r.ErrorCode = c.of.Address, workspace.AuditRefused, workspace.CodeRateLimited
		r.ErrorMsg = fmt.Sprintf("%d further refused attempts, %s to %s", c.n, c.from.UTC().Format(time.RFC3339), c.until.UTC().Format(time.RFC3339))
		r.Changes = []workspace.FieldChange{{Field: "left_out", New: strconv.Itoa(c.n)}}
		all = append(all, r)
	}
	b.counts = nil
	return all
}
