package pool

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

type decision struct {
	ID      string `bun:",pk"`
	PoolID  string
	Kind    DecisionKind
	At      time.Time
	Inputs  json.RawMessage `bun:",nullzero"`
	Reasons []workspace.Reason
	Actions json.RawMessage `bun:",nullzero"`
}

type decisionRow struct {
	bun.BaseModel `bun:"table:pool_decisions,alias:e"`
	decision
}

func (r decisionRow) domain() PoolDecision { return PoolDecision(r.decision) }

// InsertDecision adds an entry to the decision log and deletes all but the pool's newest keep entries of that kind. CodeConflict
// if the pool does not exist.
func InsertDecision(ctx context.Context, t *store.Tx, d PoolDecision, keep int) error {
	if _, err := t.Inserting(&decisionRow{decision: decision(d)}).Exec(ctx); err != nil {
		return danglingGrantee(t, err)
	}
	_, err := t.NewRaw(`
		DELETE FROM pool_decisions WHERE pool_id = ?0 AND kind = ?1 AND (at, id) <=
			(SELECT e.at, e.id FROM pool_decisions AS e WHERE e.pool_id = ?0 AND e.kind = ?1 ORDER BY e.at DESC, e.id DESC LIMIT 1 OFFSET ?2)`,
		d.PoolID, d.Kind, max(keep, 0)).Exec(ctx)
	return err
}

// LastReasons reads, by pool, the reasons of the newest decision of a kind.
func LastReasons(ctx context.Context, t *store.Tx, kind DecisionKind, poolIDs ...string) (map[string][]workspace.Reason, error) {
	last := make(map[string][]workspace.Reason, len(poolIDs))
	for part := range slices.Chunk(poolIDs, store.Batch) {
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

// Decisions reads a page of a pool's decisions, newest first. An empty kind reads all.
func Decisions(ctx context.Context, t *store.Tx, poolID string, kind DecisionKind, p workspace.Page) ([]PoolDecision, int, error) {
	var rows []decisionRow
	q := store.Equal(t.NewSelect().Model(&rows).Where("e.pool_id = ?", poolID), "e.kind", kind)
	total, err := store.ReadPage(ctx, q, p, true, "e.at", "e.id")
	return store.Convert(rows, decisionRow.domain), total, err
}

type poolNotice struct {
	ID      string `bun:",pk"`
	PoolID  string
	JobID   string
	Text    string
	Created time.Time
}

type noticeRow struct {
	bun.BaseModel `bun:"table:pool_notices,alias:n"`
	poolNotice
}

func (r noticeRow) domain() PoolNotice { return PoolNotice(r.poolNotice) }

// InsertNotice adds a message to a pool. CodeConflict if the pool does not exist.
func InsertNotice(ctx context.Context, t *store.Tx, n PoolNotice) error {
	_, err := t.Inserting(&noticeRow{poolNotice: poolNotice(n)}).Exec(ctx)
	return danglingGrantee(t, err)
}

// Notices reads a page of a pool's notices, newest first.
func Notices(ctx context.Context, t *store.Tx, poolID string, p workspace.Page) ([]PoolNotice, int, error) {
	var rows []noticeRow
	q := t.NewSelect().Model(&rows).Where("n.pool_id = ?", poolID)
	total, err := store.ReadPage(ctx, q, p, true, "n.created", "n.id")
	return store.Convert(rows, noticeRow.domain), total, err
}

// DecisionsKept is the number of entries kept in a pool's decision log.
const DecisionsKept = 1000
