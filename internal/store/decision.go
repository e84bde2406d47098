package store

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/workspace"
)

type decision struct {
	ID      string `bun:",pk"`
	PoolID  string
	Kind    workspace.DecisionKind
	At      time.Time
	Inputs  json.RawMessage `bun:",nullzero"`
	Reasons []workspace.Reason
	Actions json.RawMessage `bun:",nullzero"`
}

type decisionRow struct {
	bun.BaseModel `bun:"table:pool_decisions,alias:e"`
	decision
}

func (r decisionRow) domain() workspace.PoolDecision { return workspace.PoolDecision(r.decision) }

// InsertDecision implements workspace.PoolRows. A pool that is not there is a CodeConflict.
func (t *Tx) InsertDecision(ctx context.Context, d workspace.PoolDecision, keep int) error {
	if _, err := t.Inserting(&decisionRow{decision: decision(d)}).Exec(ctx); err != nil {
		return t.danglingGrantee(err)
	}
	_, err := t.NewRaw(`
		DELETE FROM pool_decisions WHERE pool_id = ?0 AND (at, id) <=
			(SELECT e.at, e.id FROM pool_decisions AS e WHERE e.pool_id = ?0 ORDER BY e.at DESC, e.id DESC LIMIT 1 OFFSET ?1)`,
		d.PoolID, max(keep, 0)).Exec(ctx)
	return err
}

// LastReasons implements workspace.PoolRows.
func (t *Tx) LastReasons(ctx context.Context, kind workspace.DecisionKind, poolIDs ...string) (map[string][]workspace.Reason, error) {
	last := make(map[string][]workspace.Reason, len(poolIDs))
	for part := range slices.Chunk(poolIDs, Batch) {
		var rows []decisionRow
		err := t.NewRaw(`
			SELECT e.pool_id, e.reasons FROM pools AS p JOIN pool_decisions AS e ON e.id =
				(SELECT n.id FROM pool_decisions AS n WHERE n.pool_id = p.id AND n.kind = ? ORDER BY n.at DESC, n.id DESC LIMIT 1)
			WHERE p.id IN (?)`, kind, bun.List(part)).Scan(ctx, &rows)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			last[r.PoolID] = r.Reasons
		}
	}
	return last, nil
}

// Decisions implements workspace.PoolRows.
func (t *Tx) Decisions(ctx context.Context, poolID string, kind workspace.DecisionKind, p workspace.Page) ([]workspace.PoolDecision, int, error) {
	var rows []decisionRow
	q := Equal(t.NewSelect().Model(&rows).Where("e.pool_id = ?", poolID), "e.kind", kind)
	total, err := ReadPage(ctx, q, p, true, "e.at", "e.id")
	return Convert(rows, decisionRow.domain), total, err
}

type notice struct {
	ID      string `bun:",pk"`
	PoolID  string
	JobID   string
	Text    string
	Created time.Time
}

type noticeRow struct {
	bun.BaseModel `bun:"table:pool_notices,alias:n"`
	notice
}

func (r noticeRow) domain() workspace.PoolNotice { return workspace.PoolNotice(r.notice) }

// InsertNotice implements workspace.PoolRows. A pool that is not there is a CodeConflict.
func (t *Tx) InsertNotice(ctx context.Context, n workspace.PoolNotice) error {
	_, err := t.Inserting(&noticeRow{notice: notice(n)}).Exec(ctx)
	return t.danglingGrantee(err)
}

// Notices implements workspace.PoolRows.
func (t *Tx) Notices(ctx context.Context, poolID string, p workspace.Page) ([]workspace.PoolNotice, int, error) {
	var rows []noticeRow
	q := t.NewSelect().Model(&rows).Where("n.pool_id = ?", poolID)
	total, err := ReadPage(ctx, q, p, true, "n.created", "n.id")
	return Convert(rows, noticeRow.domain), total, err
}
