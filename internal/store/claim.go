package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"carrel/internal/workspace"
)

// Unfinished is the condition of the index sub_jobs_queue, in exactly its words, so that the database recognises it.
const Unfinished = "state IN ('WAITING', 'RUNNING')"

// ClaimSubJobs claims up to limits[type] sub-jobs of each of these types that are due, WAITING or RUNNING with an expired lease,
// oldest RunAt first: they become RUNNING under owner until the lease's end, Attempt grows by one, and Begun is set if it was
// zero. It is one statement, whose cost depends on what is claimed and on what others have locked, not on the length of the
// queue. It skips sub-jobs that another transaction is claiming.
func (t *Tx) ClaimSubJobs(ctx context.Context, owner string, limits map[workspace.JobType]int, lease time.Duration) ([]workspace.SubJob, error) {
	if len(limits) == 0 {
		return nil, nil
	}
	due := t.perType(slices.Sorted(maps.Keys(limits)), "id", func(q *bun.SelectQuery, kind workspace.JobType) *bun.SelectQuery {
		q = q.Column("id").Where("run_at <= ?", t.Now()).Where("lease_until IS NULL OR lease_until <= ?", t.Now()).Limit(int64(limits[kind]))
		return t.SkipLocked(q, "s")
	})
	var rows []subJobRow
	err := t.NewRaw(`
		WITH due AS MATERIALIZED (?)
		UPDATE sub_jobs SET state = ?, lease_owner = ?, lease_until = ?, attempt = attempt + 1, begun = COALESCE(begun, ?)
		WHERE id IN (SELECT id FROM due) RETURNING *`,
		due, workspace.SubJobRunning, owner, t.Now().Add(lease), t.Now()).Scan(ctx, &rows)
	slices.SortFunc(rows, func(a, b subJobRow) int { return cmp.Or(a.RunAt.Compare(b.RunAt), cmp.Compare(a.ID, b.ID)) })
	return Convert(rows, subJobRow.domain), err
}

// perType selects a column from what narrow selects of each type's queue, the longest due first. A condition on several types at
// once would make the database read and sort the whole queues.
func (t *Tx) perType(types []workspace.JobType, column string, narrow func(*bun.SelectQuery, workspace.JobType) *bun.SelectQuery) *bun.SelectQuery {
	var all *bun.SelectQuery
	for i, kind := range types {
		queue := t.NewSelect().Model((*subJobRow)(nil)).Where("type = ?", kind).Where(Unfinished).Order("run_at", "id")
		one := t.NewSelect().ColumnExpr("?.?", bun.Ident(fmt.Sprint("q", i)), bun.Ident(column)).
			TableExpr("(?) AS ?", narrow(queue, kind), bun.Ident(fmt.Sprint("q", i)))
		if all == nil {
			all = one
		} else {
			all = all.UnionAll(one)
		}
	}
	return all
}

// ExtendLeases extends the leases of the owner's RUNNING sub-jobs among ids and returns those that it still owns.
func (t *Tx) ExtendLeases(ctx context.Context, owner string, ids []string, lease time.Duration) ([]string, error) {
	var held []string
	for part := range slices.Chunk(slices.Sorted(slices.Values(ids)), Batch) {
		var extended []string
		err := t.NewRaw("UPDATE sub_jobs SET lease_until = ? WHERE id IN (?) AND lease_owner = ? AND state = ? RETURNING id",
			t.Now().Add(lease), bun.List(part), owner, workspace.SubJobRunning).Scan(ctx, &extended)
		if err != nil {
			return nil, err
		}
		held = append(held, extended...)
	}
	return held, nil
}

// SaveSubJob writes State, Step, Progress, Code, Reason, RunAt, Deadline, Tries, Host, Address, Begun and Ended, and ends the
// lease unless the state is RUNNING. It returns false, and writes nothing, if the row is no longer RUNNING under LeaseOwner since
// Attempt: another worker has it, or it was superseded. It signals the workers if the sub-job waits again, so that they learn
// when it is due.
func (t *Tx) SaveSubJob(ctx context.Context, s workspace.SubJob) (bool, error) {
	row := subJobRow{subJob: subJob(s)}
	q := t.NewUpdate().Model(&row).WherePK().
		Where("lease_owner = ? AND attempt = ? AND state = ?", s.LeaseOwner, s.Attempt, workspace.SubJobRunning).
		Column("state", "step", "progress", "code", "reason", "run_at", "deadline", "tries", "host", "address", "begun", "ended")
	if s.State != workspace.SubJobRunning {
		row.LeaseOwner, row.LeaseUntil = "", time.Time{}
		q = q.Column("lease_owner", "lease_until")
	}
	n, err := Affected(q.Exec(ctx))
	if err != nil || n == 0 {
		return false, err
	}
	if s.State == workspace.SubJobWaiting {
		return true, t.WakeWorkers(ctx)
	}
	return true, nil
}

// ReleaseSubJob ends the lease that owner has since the given attempt, without changing the state: for a worker that was
// superseded and no longer touches the machine. It does not end another owner's lease.
func (t *Tx) ReleaseSubJob(ctx context.Context, id, owner string, attempt int) error {
	n, err := Affected(t.release().Where("id = ? AND lease_owner = ? AND attempt = ?", id, owner, attempt).Exec(ctx))
	if err != nil || n == 0 {
		return err
	}
	return t.WakeWorkers(ctx)
}

// ReleaseReplica makes the RUNNING sub-jobs of all earlier processes of a replica (LeaseOwner) due immediately: a process that
// starts knows that its predecessor is dead. It also ends their leases of superseded sub-jobs. Only a process id, which has no
// slash, may follow the replica's name: otherwise it is another replica.
func (t *Tx) ReleaseReplica(ctx context.Context, replica string) (int, error) {
	own := workspace.LeaseOwner(replica, "")
	starts, args := StartingWith("lease_owner", own)
	n, err := Affected(t.release().Where("lease_until IS NOT NULL").Where(starts, args...).
		Where("substr(lease_owner, ?) NOT LIKE '%/%'", utf8.RuneCountInString(own)+1).Exec(ctx))
	if err != nil || n == 0 {
		return n, err
	}
	return n, t.WakeWorkers(ctx)
}

func (t *Tx) release() *bun.UpdateQuery {
	return t.NewUpdate().Model((*subJobRow)(nil)).Set("lease_owner = ''").Set("lease_until = NULL")
}

// SupersedeSubJobs ends the unfinished sub-jobs of a desktop, except by and other deletions, as FAILED with the code and reason.
// Their leases remain until their workers notice (ExtendLeases no longer returns them) and release them, or until they expire.
func (t *Tx) SupersedeSubJobs(ctx context.Context, desktopID, by string, code workspace.Code, reason string) (int, error) {
	return Affected(t.NewUpdate().Model((*subJobRow)(nil)).
		Where("desktop_id = ? AND id <> ? AND type <> ?", desktopID, by, workspace.JobDeleteDesktops).Where(Unfinished).
		Set("state = ?", workspace.SubJobFailed).Set("code = ?", code).Set("reason = ?", reason).Set("ended = ?", t.Now()).Exec(ctx))
}

// ScheduleSubJobs changes the due time of those of the sub-jobs that are WAITING, and resets them as if they had never been
// claimed (no deadline, no faults). It does not change those that a worker has. It signals the workers.
func (t *Tx) ScheduleSubJobs(ctx context.Context, ids []string, at time.Time) error {
	for part := range slices.Chunk(slices.Sorted(slices.Values(ids)), Batch) {
		_, err := t.NewUpdate().Model((*subJobRow)(nil)).Where("id IN (?)", bun.List(part)).Where("state = ?", workspace.SubJobWaiting).
			Set("run_at = ?", at).Set("deadline = NULL").Set("tries = 0").Exec(ctx)
		if err != nil {
			return err
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return t.WakeWorkers(ctx)
}

// RecallSubJobs makes those of the sub-jobs that have not ended WAITING and due now: their plans have changed. A worker that has one
// learns from ExtendLeases that it is no longer its own, and releases it; until then nobody else claims it. It signals the workers.
func (t *Tx) RecallSubJobs(ctx context.Context, ids []string) error {
	for part := range slices.Chunk(slices.Sorted(slices.Values(ids)), Batch) {
		_, err := t.NewUpdate().Model((*subJobRow)(nil)).Where("id IN (?)", bun.List(part)).Where(Unfinished).
			Set("state = ?", workspace.SubJobWaiting).Set("run_at = ?", t.Now()).Exec(ctx)
		if err != nil {
			return err
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return t.WakeWorkers(ctx)
}

// EndSubJobs ends those of the sub-jobs that are WAITING: failed with a code and a reason, or successful with a remark.
func (t *Tx) EndSubJobs(ctx context.Context, ids []string, state workspace.SubJobState, code workspace.Code, reason string) error {
	progress := 0
	if state == workspace.SubJobSuccess {
		progress = 100
	}
	for part := range slices.Chunk(slices.Sorted(slices.Values(ids)), Batch) {
		_, err := t.NewUpdate().Model((*subJobRow)(nil)).Where("id IN (?)", bun.List(part)).Where("state = ?", workspace.SubJobWaiting).
			Set("state = ?", state).Set("code = ?", code).Set("reason = ?", reason).Set("ended = ?", t.Now()).
			Set("step = ''").Set("progress = ?", progress).Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}

// LeasedSubJobs counts the sub-jobs of a desktop, except other and deletions, whose workers may still touch the machine: those
// with a valid lease, in any state.
func (t *Tx) LeasedSubJobs(ctx context.Context, desktopID, other string) (int, error) {
	n, err := t.NewSelect().Model((*subJobRow)(nil)).
		Where("desktop_id = ? AND id <> ? AND lease_until > ? AND type <> ?", desktopID, other, t.Now(), workspace.JobDeleteDesktops).Count(ctx)
	return int(n), err
}

// NextDue returns when the next sub-job is due, or the zero time. When a lease expires, its sub-job is due, as it was when it was
// claimed.
func (t *Tx) NextDue(ctx context.Context, types []workspace.JobType) (time.Time, error) {
	if len(types) == 0 {
		return time.Time{}, nil
	}
	waiting, err := t.nextWaiting(ctx, types)
	if err != nil {
		return time.Time{}, err
	}
	leased, err := earliest(ctx, t.NewSelect().Model((*subJobRow)(nil)).Column("lease_until").
		Where("lease_until IS NOT NULL").Where(Unfinished).Where("type IN (?)", bun.List(types)).Order("lease_until").Limit(1))
	if leased.IsZero() || !waiting.IsZero() && waiting.Before(leased) {
		return waiting, err
	}
	return leased, err
}

// nextWaiting returns when the first WAITING sub-job of these types is due. Usually it is the first of all; only if that is of
// another type, the queue of each type is read.
func (t *Tx) nextWaiting(ctx context.Context, types []workspace.JobType) (time.Time, error) {
	var first subJobRow
	err := t.NewSelect().Model(&first).Column("run_at", "type").Where("lease_until IS NULL").Where(Unfinished).Order("run_at").Limit(1).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	if err != nil || slices.Contains(types, first.Type) {
		return first.RunAt, err
	}
	fronts := t.perType(types, "run_at", func(q *bun.SelectQuery, _ workspace.JobType) *bun.SelectQuery {
		return q.Column("run_at").Where("lease_until IS NULL").Limit(1)
	})
	return earliest(ctx, t.NewSelect().TableExpr("(?) AS due", fronts).Column("run_at").Order("run_at").Limit(1))
}

// earliest reads a query's single time, zero if there is none.
func earliest(ctx context.Context, q *bun.SelectQuery) (at time.Time, err error) {
	err = q.Scan(ctx, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	return at, err
}
