package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/workspace"
)

// unfinished is the condition of the index sub_jobs_due, in its own words: the database must recognise it.
const unfinished = "state IN ('WAITING', 'RUNNING')"

// ClaimSubJobs implements workspace.JobRows in one statement. Those that another transaction is claiming are left to it.
// The first claim sets Begun.
func (t *tx) ClaimSubJobs(ctx context.Context, owner string, types []workspace.JobType, limit int, lease time.Duration) ([]workspace.SubJob, error) {
	due := t.NewSelect().Model((*subJobRow)(nil)).Column("id").Where(unfinished).
		Where("run_at <= ?", t.now).Where("lease_until IS NULL OR lease_until <= ?", t.now).
		Where("type IN (?)", bun.List(types)).Order("run_at", "id").Limit(int64(limit))
	due = t.store.engine.forUpdate(due, "s", true)
	var rows []subJobRow
	err := t.NewRaw(`
		WITH due AS MATERIALIZED (?)
		UPDATE sub_jobs SET state = ?, lease_owner = ?, lease_until = ?, attempt = attempt + 1, begun = COALESCE(begun, ?)
		WHERE id IN (SELECT id FROM due) RETURNING *`,
		due, workspace.SubJobRunning, owner, t.now.Add(lease), t.now).Scan(ctx, &rows)
	slices.SortFunc(rows, func(a, b subJobRow) int { return cmp.Or(a.RunAt.Compare(b.RunAt), cmp.Compare(a.ID, b.ID)) })
	return convert(rows, subJobRow.domain), err
}

// ExtendLeases implements workspace.JobRows.
func (t *tx) ExtendLeases(ctx context.Context, owner string, ids []string, lease time.Duration) ([]string, error) {
	var held []string
	for part := range slices.Chunk(slices.Sorted(slices.Values(ids)), batch) {
		var extended []string
		err := t.NewRaw("UPDATE sub_jobs SET lease_until = ? WHERE id IN (?) AND lease_owner = ? AND state = ? RETURNING id",
			t.now.Add(lease), bun.List(part), owner, workspace.SubJobRunning).Scan(ctx, &extended)
		if err != nil {
			return nil, err
		}
		held = append(held, extended...)
	}
	return held, nil
}

// SaveSubJob implements workspace.JobRows. Workers are woken when the sub-job waits again, to learn when it is due.
func (t *tx) SaveSubJob(ctx context.Context, s workspace.SubJob) (bool, error) {
	row := subJobRow{subJob: subJob(s)}
	q := t.NewUpdate().Model(&row).WherePK().
		Where("lease_owner = ? AND attempt = ? AND state = ?", s.LeaseOwner, s.Attempt, workspace.SubJobRunning).
		Column("state", "step", "progress", "code", "reason", "run_at", "deadline", "tries", "host", "address", "begun", "ended")
	if s.State != workspace.SubJobRunning {
		row.LeaseOwner, row.LeaseUntil = "", time.Time{}
		q = q.Column("lease_owner", "lease_until")
	}
	n, err := affected(q.Exec(ctx))
	if err != nil || n == 0 {
		return false, err
	}
	if s.State == workspace.SubJobWaiting {
		return true, t.wakeWorkers(ctx)
	}
	return true, nil
}

// ReleaseSubJob implements workspace.JobRows.
func (t *tx) ReleaseSubJob(ctx context.Context, id, owner string, attempt int) error {
	n, err := affected(t.release().Where("id = ? AND lease_owner = ? AND attempt = ?", id, owner, attempt).Exec(ctx))
	if err != nil || n == 0 {
		return err
	}
	return t.wakeWorkers(ctx)
}

// ReleaseOwners implements workspace.JobRows. It also ends the leases that those owners have of superseded sub-jobs.
func (t *tx) ReleaseOwners(ctx context.Context, prefix string) (int, error) {
	starts, args := startingWith("lease_owner", prefix)
	n, err := affected(t.release().Where("lease_until IS NOT NULL").Where(starts, args...).Exec(ctx))
	if err != nil || n == 0 {
		return n, err
	}
	return n, t.wakeWorkers(ctx)
}

func (t *tx) release() *bun.UpdateQuery {
	return t.NewUpdate().Model((*subJobRow)(nil)).Set("lease_owner = ''").Set("lease_until = NULL")
}

// SupersedeSubJobs implements workspace.JobRows.
func (t *tx) SupersedeSubJobs(ctx context.Context, desktopID, by string, code workspace.Code, reason string) (int, error) {
	return affected(t.NewUpdate().Model((*subJobRow)(nil)).
		Where("desktop_id = ? AND id <> ?", desktopID, by).Where(unfinished).
		Set("state = ?", workspace.SubJobFailed).Set("code = ?", code).Set("reason = ?", reason).Set("ended = ?", t.now).Exec(ctx))
}

// ScheduleSubJobs implements workspace.JobRows.
func (t *tx) ScheduleSubJobs(ctx context.Context, ids []string, at time.Time) error {
	for part := range slices.Chunk(slices.Sorted(slices.Values(ids)), batch) {
		_, err := t.NewUpdate().Model((*subJobRow)(nil)).Where("id IN (?)", bun.List(part)).Where("state = ?", workspace.SubJobWaiting).
			Set("run_at = ?", at).Set("deadline = NULL").Set("tries = 0").Exec(ctx)
		if err != nil {
			return err
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return t.wakeWorkers(ctx)
}

// EndSubJobs implements workspace.JobRows.
func (t *tx) EndSubJobs(ctx context.Context, ids []string, state workspace.SubJobState, code workspace.Code, reason string) error {
	progress := 0
	if state == workspace.SubJobSuccess {
		progress = 100
	}
	for part := range slices.Chunk(slices.Sorted(slices.Values(ids)), batch) {
		_, err := t.NewUpdate().Model((*subJobRow)(nil)).Where("id IN (?)", bun.List(part)).Where("state = ?", workspace.SubJobWaiting).
			Set("state = ?", state).Set("code = ?", code).Set("reason = ?", reason).Set("ended = ?", t.now).
			Set("step = ''").Set("progress = ?", progress).Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}

// LeasedSubJobs implements workspace.JobRows.
func (t *tx) LeasedSubJobs(ctx context.Context, desktopID, other string) (int, error) {
	n, err := t.NewSelect().Model((*subJobRow)(nil)).
		Where("desktop_id = ? AND id <> ? AND lease_until > ?", desktopID, other, t.now).Count(ctx)
	return int(n), err
}

// NextDue implements workspace.JobRows.
func (t *tx) NextDue(ctx context.Context, types []workspace.JobType) (time.Time, error) {
	open := func() *bun.SelectQuery {
		return t.NewSelect().Model((*subJobRow)(nil)).Where(unfinished).Where("type IN (?)", bun.List(types)).Limit(1)
	}
	waiting, err := earliest(ctx, open().Column("run_at").Where("lease_until IS NULL").Order("run_at"))
	if err != nil {
		return time.Time{}, err
	}
	leased, err := earliest(ctx, open().Where("lease_until IS NOT NULL").
		ColumnExpr("CASE WHEN lease_until > run_at THEN lease_until ELSE run_at END AS due").Order("due"))
	if leased.IsZero() || !waiting.IsZero() && waiting.Before(leased) {
		return waiting, err
	}
	return leased, err
}

// earliest reads the one time of a query, zero if there is none.
func earliest(ctx context.Context, q *bun.SelectQuery) (at time.Time, err error) {
	err = q.Scan(ctx, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	return at, err
}
