package store

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/workspace"
)

type rolloutRow struct {
	bun.BaseModel `bun:"table:rollouts,alias:r"`
	JobID         string `bun:",pk"`
	ProjectID     string
	PoolID        string
	ImageID       string
	ImageType     workspace.ImageType
	Delay         time.Duration
	Message       string
	OrderID       string
	Handle        workspace.HandleType
	Fix           bool
	Parallel      int
	MaxFailures   int
	Taken         bool
	Stopped       string
	Created       time.Time
	Ended         time.Time `bun:",nullzero"`
}

func newRolloutRow(r workspace.PoolRollout) rolloutRow {
	return rolloutRow{
		JobID: r.JobID, ProjectID: r.ProjectID, PoolID: r.PoolID, ImageID: r.ImageID, ImageType: r.ImageType, Delay: r.Delay,
		Message: r.Message, OrderID: r.OrderID, Handle: r.Handle, Fix: r.Fix, Parallel: r.Limits.Parallel,
		MaxFailures: r.Limits.MaxFailures, Taken: r.Taken, Stopped: r.Stopped, Created: r.Created, Ended: r.Ended,
	}
}

func (r rolloutRow) domain() workspace.PoolRollout {
	return workspace.PoolRollout{
		JobID: r.JobID, ProjectID: r.ProjectID, PoolID: r.PoolID, ImageID: r.ImageID, ImageType: r.ImageType, Delay: r.Delay,
		Message: r.Message, OrderID: r.OrderID, Handle: r.Handle, Fix: r.Fix,
		Limits: workspace.RolloutLimits{Parallel: r.Parallel, MaxFailures: r.MaxFailures},
		Taken:  r.Taken, Stopped: r.Stopped, Created: r.Created, Ended: r.Ended,
	}
}

type rolloutItem struct {
	JobID     string `bun:",pk"`
	DesktopID string `bun:",pk"`
	SubJobID  string
	State     workspace.ItemState
	Deadline  time.Time `bun:",nullzero"`
	Told      time.Time `bun:",nullzero"`
	Ready     bool
	Wipe      bool
	Reason    string

	SubJob workspace.SubJobState `bun:",scanonly"`
	Code   workspace.Code        `bun:",scanonly"`
}

type rolloutItemRow struct {
	bun.BaseModel `bun:"table:rollout_items,alias:i"`
	rolloutItem
}

func (r rolloutItemRow) domain() workspace.RolloutEntry { return workspace.RolloutEntry(r.rolloutItem) }

// InsertRollout implements workspace.RolloutRows.
func (t *Tx) InsertRollout(ctx context.Context, r workspace.PoolRollout) error {
	row := newRolloutRow(r)
	if _, err := t.Inserting(&row).Exec(ctx); err != nil {
		return err
	}
	return InsertAll(ctx, t, Convert(r.Items, func(i workspace.RolloutEntry) rolloutItemRow {
		i.JobID = r.JobID
		return rolloutItemRow{rolloutItem: rolloutItem(i)}
	}))
}

// ReadRollout implements workspace.RolloutRows.
func (t *Tx) ReadRollout(ctx context.Context, jobID string) (workspace.PoolRollout, error) {
	var row rolloutRow
	missing := workspace.Errorf(workspace.CodeJobNotFound, "job %q rebuilds no pool", jobID)
	if err := Read(ctx, t.NewSelect().Model(&row).Where("r.job_id = ?", jobID), missing); err != nil {
		return workspace.PoolRollout{}, err
	}
	var items []rolloutItemRow
	if err := t.selectItems(&items).Where("i.job_id = ?", jobID).Order("i.desktop_id").Scan(ctx); err != nil {
		return workspace.PoolRollout{}, err
	}
	r := row.domain()
	r.Items = Convert(items, rolloutItemRow.domain)
	return r, nil
}

// selectItems reads items with what their sub-jobs say.
func (t *Tx) selectItems(rows *[]rolloutItemRow) *bun.SelectQuery {
	return t.NewSelect().Model(rows).ColumnExpr("i.*").
		ColumnExpr("COALESCE(s.state, '') AS sub_job").ColumnExpr("COALESCE(s.code, '') AS code").
		Join("LEFT JOIN sub_jobs AS s ON s.id = i.sub_job_id")
}

// OpenRollouts implements workspace.RolloutRows.
func (t *Tx) OpenRollouts(ctx context.Context, poolID string) ([]workspace.PoolRollout, error) {
	var rows []rolloutRow
	err := Equal(t.NewSelect().Model(&rows), "r.pool_id", poolID).Where("r.ended IS NULL").Order("r.created", "r.job_id").Scan(ctx)
	return Convert(rows, rolloutRow.domain), err
}

// SaveRollout implements workspace.RolloutRows.
func (t *Tx) SaveRollout(ctx context.Context, r workspace.PoolRollout) error {
	row := newRolloutRow(r)
	_, err := t.NewUpdate().Model(&row).Column("taken", "stopped", "ended").WherePK().Exec(ctx)
	return err
}

// SaveRolloutItems implements workspace.RolloutRows, a batch in a statement.
func (t *Tx) SaveRolloutItems(ctx context.Context, items []workspace.RolloutEntry) error {
	rows := Convert(items, func(i workspace.RolloutEntry) rolloutItemRow { return rolloutItemRow{rolloutItem: rolloutItem(i)} })
	for part := range slices.Chunk(rows, Batch) {
		_, err := t.Inserting(&part).On("CONFLICT (job_id, desktop_id) DO UPDATE").
			Set("state = EXCLUDED.state").Set("deadline = EXCLUDED.deadline").Set("told = EXCLUDED.told").
			Set("ready = EXCLUDED.ready").Set("wipe = EXCLUDED.wipe").Set("reason = EXCLUDED.reason").Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}

// ReadRolloutItem implements workspace.RolloutRows.
func (t *Tx) ReadRolloutItem(ctx context.Context, subJobID string) (workspace.RolloutEntry, error) {
	var rows []rolloutItemRow
	if err := t.selectItems(&rows).Where("i.sub_job_id = ?", subJobID).Scan(ctx); err != nil {
		return workspace.RolloutEntry{}, err
	}
	if len(rows) == 0 {
		return workspace.RolloutEntry{}, workspace.Errorf(workspace.CodeJobNotFound, "sub-job %q rebuilds no desktop of a pool", subJobID)
	}
	return rows[0].domain(), nil
}

// NoteTold implements workspace.RolloutRows.
func (t *Tx) NoteTold(ctx context.Context, subJobID, desktopID string, at time.Time) ([]string, error) {
	var written []string
	err := t.NewRaw(`UPDATE rollout_items SET told = ? WHERE state = 'WARNED' AND (sub_job_id = ? OR desktop_id = ?) RETURNING sub_job_id`,
		Nullable(at), subJobID, desktopID).Scan(ctx, &written)
	return written, err
}

// warned is the condition of the index rollout_items_warned, in its own words.
const warned = "i.state = 'WARNED'"

// WarnedItems implements workspace.RolloutRows.
func (t *Tx) WarnedItems(ctx context.Context, desktopIDs []string) ([]workspace.RolloutEntry, error) {
	if len(desktopIDs) == 0 {
		return nil, nil
	}
	var rows []rolloutItemRow
	err := t.selectItems(&rows).Where(warned).Where("i.desktop_id IN (?)", bun.List(desktopIDs)).Order("i.desktop_id").Scan(ctx)
	return Convert(rows, rolloutItemRow.domain), err
}

// RolloutOrders implements workspace.RolloutRows: for each desktop it goes back in time over the rollouts of its pool.
func (t *Tx) RolloutOrders(ctx context.Context, desktopIDs []string) (map[string]string, error) {
	orders := make(map[string]string, len(desktopIDs))
	for part := range slices.Chunk(desktopIDs, Batch) {
		var rows []struct{ ID, OrderID string }
		err := t.NewRaw(`SELECT d.id, COALESCE((SELECT r.order_id FROM rollouts AS r
				JOIN rollout_items AS i ON i.job_id = r.job_id AND i.desktop_id = d.id
				WHERE r.pool_id = d.pool_id AND r.order_id <> '' AND i.state NOT IN ('SKIPPED', 'STOPPED')
				ORDER BY r.created DESC LIMIT 1), '') AS order_id
			FROM desktops AS d WHERE d.id IN (?)`,
			bun.List(part)).Scan(ctx, &rows)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			if r.OrderID != "" {
				orders[r.ID] = r.OrderID
			}
		}
	}
	return orders, nil
}

// Countdowns implements workspace.RolloutRows.
func (t *Tx) Countdowns(ctx context.Context, desktopIDs []string) (map[string]workspace.PoolCountdown, error) {
	if len(desktopIDs) == 0 {
		return nil, nil
	}
	var rows []struct {
		DesktopID string
		Deadline  time.Time
		Message   string
		Ready     bool
	}
	err := t.NewSelect().Model((*rolloutItemRow)(nil)).Column("i.desktop_id", "i.deadline", "i.ready").ColumnExpr("r.message").
		Join("JOIN rollouts AS r ON r.job_id = i.job_id").
		Where(warned).Where("i.desktop_id IN (?)", bun.List(desktopIDs)).Scan(ctx, &rows)
	countdowns := make(map[string]workspace.PoolCountdown, len(rows))
	for _, r := range rows {
		countdowns[r.DesktopID] = workspace.PoolCountdown{At: r.Deadline, Message: r.Message, Left: r.Ready}
	}
	return countdowns, err
}
