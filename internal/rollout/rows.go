package rollout

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/catalog"
	"carrel/internal/pool"
	"carrel/internal/rollout/progress"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

type rolloutRow struct {
	bun.BaseModel `bun:"table:rollouts,alias:r"`
	JobID         string `bun:",pk"`
	ProjectID     string
	PoolID        string
	ImageID       string
	ImageType     catalog.ImageType
	Delay         time.Duration
	Message       string
	OrderID       string
	Handle        pool.HandleType
	Fix           bool
	Parallel      int
	MaxFailures   int
	Taken         bool
	Stopped       string
	Created       time.Time
	Ended         time.Time `bun:",nullzero"`
}

func newRolloutRow(r PoolRollout) rolloutRow {
	return rolloutRow{
		JobID: r.JobID, ProjectID: r.ProjectID, PoolID: r.PoolID, ImageID: r.ImageID, ImageType: r.ImageType, Delay: r.Delay,
		Message: r.Message, OrderID: r.OrderID, Handle: r.Handle, Fix: r.Fix, Parallel: r.Limits.Parallel,
		MaxFailures: r.Limits.MaxFailures, Taken: r.Taken, Stopped: r.Stopped, Created: r.Created, Ended: r.Ended,
	}
}

func (r rolloutRow) domain() PoolRollout {
	return PoolRollout{
		JobID: r.JobID, ProjectID: r.ProjectID, PoolID: r.PoolID, ImageID: r.ImageID, ImageType: r.ImageType, Delay: r.Delay,
		Message: r.Message, OrderID: r.OrderID, Handle: r.Handle, Fix: r.Fix,
		Limits: progress.Limits{Parallel: r.Parallel, MaxFailures: r.MaxFailures},
		Taken:  r.Taken, Stopped: r.Stopped, Created: r.Created, Ended: r.Ended,
	}
}

// Using counts the rebuilds that have not ended and give desktops an image.
func Using(ctx context.Context, t *store.Tx, imageID string) (int, error) {
	n, err := t.NewSelect().Model((*rolloutRow)(nil)).Where("image_id = ?", imageID).Where("ended IS NULL").Count(ctx)
	return int(n), err
}

type rolloutItem struct {
	JobID     string `bun:",pk"`
	DesktopID string `bun:",pk"`
	SubJobID  string
	State     progress.ItemState
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

func (r rolloutItemRow) domain() RolloutEntry { return RolloutEntry(r.rolloutItem) }

// InsertRollout inserts a rollout with its items. The job and its sub-jobs exist already.
func InsertRollout(ctx context.Context, t *store.Tx, r PoolRollout) error {
	row := newRolloutRow(r)
	if _, err := t.Inserting(&row).Exec(ctx); err != nil {
		return err
	}
	return store.InsertAll(ctx, t, store.Convert(r.Items, func(i RolloutEntry) rolloutItemRow {
		i.JobID = r.JobID
		return rolloutItemRow{rolloutItem: rolloutItem(i)}
	}))
}

// ReadRollout reads a rollout with its items by its job's id. CodeJobNotFound.
func ReadRollout(ctx context.Context, t *store.Tx, jobID string) (PoolRollout, error) {
	var row rolloutRow
	missing := workspace.Errorf(workspace.CodeJobNotFound, "job %q rebuilds no pool", jobID)
	if err := store.Read(ctx, t.NewSelect().Model(&row).Where("r.job_id = ?", jobID), missing); err != nil {
		return PoolRollout{}, err
	}
	var items []rolloutItemRow
	if err := selectItems(t, &items).Where("i.job_id = ?", jobID).Order("i.desktop_id").Scan(ctx); err != nil {
		return PoolRollout{}, err
	}
	r := row.domain()
	r.Items = store.Convert(items, rolloutItemRow.domain)
	return r, nil
}

// selectItems selects items with the state of their sub-jobs.
func selectItems(t *store.Tx, rows *[]rolloutItemRow) *bun.SelectQuery {
	return t.NewSelect().Model(rows).ColumnExpr("i.*").
		ColumnExpr("COALESCE(s.state, '') AS sub_job").ColumnExpr("COALESCE(s.code, '') AS code").
		Join("LEFT JOIN sub_jobs AS s ON s.id = i.sub_job_id")
}

// OpenRollouts reads the rollouts that have not ended, of one pool or of all if poolID is empty, without items, oldest first.
func OpenRollouts(ctx context.Context, t *store.Tx, poolID string) ([]PoolRollout, error) {
	var rows []rolloutRow
	err := store.Equal(t.NewSelect().Model(&rows), "r.pool_id", poolID).Where("r.ended IS NULL").Order("r.created", "r.job_id").Scan(ctx)
	return store.Convert(rows, rolloutRow.domain), err
}

// SaveRollout writes Taken, Stopped and Ended.
func SaveRollout(ctx context.Context, t *store.Tx, r PoolRollout) error {
	row := newRolloutRow(r)
	_, err := t.NewUpdate().Model(&row).Column("taken", "stopped", "ended").WherePK().Exec(ctx)
	return err
}

// SaveRolloutItems writes State, Deadline, Told, Ready, Wipe and Reason of items.
func SaveRolloutItems(ctx context.Context, t *store.Tx, items []RolloutEntry) error {
	rows := store.Convert(items, func(i RolloutEntry) rolloutItemRow { return rolloutItemRow{rolloutItem: rolloutItem(i)} })
	for part := range slices.Chunk(rows, store.Batch) {
		_, err := t.Inserting(&part).On("CONFLICT (job_id, desktop_id) DO UPDATE").
			Set("state = EXCLUDED.state").Set("deadline = EXCLUDED.deadline").Set("told = EXCLUDED.told").
			Set("ready = EXCLUDED.ready").Set("wipe = EXCLUDED.wipe").Set("reason = EXCLUDED.reason").Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}

// ReadRolloutItem reads the item of a sub-job. CodeJobNotFound.
func ReadRolloutItem(ctx context.Context, t *store.Tx, subJobID string) (RolloutEntry, error) {
	var rows []rolloutItemRow
	if err := selectItems(t, &rows).Where("i.sub_job_id = ?", subJobID).Scan(ctx); err != nil {
		return RolloutEntry{}, err
	}
	if len(rows) == 0 {
		return RolloutEntry{}, workspace.Errorf(workspace.CodeJobNotFound, "sub-job %q rebuilds no desktop of a pool", subJobID)
	}
	return rows[0].domain(), nil
}

// NoteTold writes Told of the items of a sub-job or of a desktop whose countdown runs; the zero time makes the message be shown
// again. It returns the sub-jobs of the items. Unlike the other functions it needs no lock.
func NoteTold(ctx context.Context, t *store.Tx, subJobID, desktopID string, at time.Time) ([]string, error) {
	var written []string
	err := t.NewRaw(`UPDATE rollout_items SET told = ? WHERE state = 'WARNED' AND (sub_job_id = ? OR desktop_id = ?) RETURNING sub_job_id`,
		store.Nullable(at), subJobID, desktopID).Scan(ctx, &written)
	return written, err
}

// warned is the condition of the index rollout_items_warned, in exactly its words.
const warned = "i.state = 'WARNED'"

// WarnedItems reads the items of these desktops whose countdown runs, in one statement.
func WarnedItems(ctx context.Context, t *store.Tx, desktopIDs []string) ([]RolloutEntry, error) {
	if len(desktopIDs) == 0 {
		return nil, nil
	}
	var rows []rolloutItemRow
	err := selectItems(t, &rows).Where(warned).Where("i.desktop_id IN (?)", bun.List(desktopIDs)).Order("i.desktop_id").Scan(ctx)
	return store.Convert(rows, rolloutItemRow.domain), err
}

// Countdowns reads, by desktop, the countdowns that run for these desktops, in one statement.
func Countdowns(ctx context.Context, t *store.Tx, desktopIDs []string) (map[string]pool.PoolCountdown, error) {
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
	countdowns := make(map[string]pool.PoolCountdown, len(rows))
	for _, r := range rows {
		countdowns[r.DesktopID] = pool.PoolCountdown{At: r.Deadline, Message: r.Message, Left: r.Ready}
	}
	return countdowns, err
}

// PoolRollout is the rebuild of a pool's desktops by a rebuildDesktopPool job: everything that must survive a crash.
// progress.Next decides what is next.
type PoolRollout struct {
	JobID     string
	ProjectID string
	PoolID    string
	ImageID   string
	ImageType catalog.ImageType
	Delay     time.Duration
	Message   string // from the administrator to connected users
	OrderID   string // as sent
	Handle    pool.HandleType
	Fix       bool
	Limits    progress.Limits
	Taken     bool   // the pool creates new desktops from the image, too
	Stopped   string // why it was stopped; empty if it was not
	Created   time.Time
	Ended     time.Time // zero while it goes on

	Items []RolloutEntry // in the order of their desktops' ids; functions of their own write them
}

// RolloutEntry is a desktop of a PoolRollout.
type RolloutEntry struct {
	JobID     string
	DesktopID string
	SubJobID  string // does the work
	State     progress.ItemState
	Deadline  time.Time // for WARNED
	Told      time.Time // when the message was last shown; zero before, and again when a user connects
	Ready     bool      // the user does not need the rest of the countdown
	Wipe      bool      // the desktop has no user now and had one before: empty the data disks as well
	Reason    string    // for SKIPPED and STOPPED

	SubJob workspace.SubJobState // read with the sub-job; empty if its record was deleted
	Code   workspace.Code        // likewise
}
