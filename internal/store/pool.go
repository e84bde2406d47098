package store

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/workspace"
)

// pool keeps in columns what is searched for, and as JSON what is only read whole.
type pool struct {
	ID          string `bun:",pk"`
	ProjectID   string
	Name        string
	Type        workspace.PoolType
	Description string

	Zone           string
	ProductID      string
	ImageType      workspace.ImageType
	ImageID        string
	Root           workspace.PoolVolume
	Data           []workspace.PoolVolume
	VPCID          string   `bun:"vpc_id"`
	SubnetIDs      []string `bun:"subnet_ids"`
	SecurityGroups []string
	EnterpriseID   string
	OUName         string `bun:"ou_name"`
	Domain         string
	NamePolicyID   string
	Tags           []workspace.Tag

	RetentionMinutes int
	Autoscaling      bool
	Policy           workspace.AutoscalePolicy
	Reset            workspace.UserResetPolicy
	InMaintenance    bool
	Frozen           bool

	History []workspace.PoolImage
	Scale   workspace.ScaleHistory

	Created time.Time
	Updated time.Time

	Counts workspace.PoolCounts `bun:"-"`
}

type poolRow struct {
	bun.BaseModel `bun:"table:pools,alias:p"`
	pool
	NameFolded string
}

func newPoolRow(p workspace.Pool) poolRow { return poolRow{pool: pool(p), NameFolded: Fold(p.Name)} }

func (r poolRow) domain() workspace.Pool { return workspace.Pool(r.pool) }

func poolNameTaken(name string) error {
	return workspace.Errorf(workspace.CodeNameTaken, "name: pool %q exists already", name)
}

func poolNotFound(id string) error {
	return workspace.Errorf(workspace.CodePoolNotFound, "pool %q does not exist", id)
}

// InsertPool implements workspace.PoolRows. A person or group that is not there is a CodeConflict.
func (t *Tx) InsertPool(ctx context.Context, p workspace.Pool, people []workspace.Grant) error {
	row := newPoolRow(p)
	n, err := Affected(t.Inserting(&row).On("CONFLICT DO NOTHING").Exec(ctx))
	if err != nil {
		return err
	}
	if n == 0 {
		return t.Refuse(poolNameTaken(p.Name))
	}
	if err := t.PoolsChanged(ctx, p.ID); err != nil {
		return err
	}
	return t.PutGrants(ctx, p.ID, people)
}

// ReadPool implements workspace.PoolRows.
func (t *Tx) ReadPool(ctx context.Context, projectID, id string) (workspace.Pool, error) {
	return t.poolOf(ctx, projectID, id, false)
}

// LockPool implements workspace.PoolRows.
func (t *Tx) LockPool(ctx context.Context, projectID, id string) (workspace.Pool, error) {
	return t.poolOf(ctx, projectID, id, true)
}

func (t *Tx) poolOf(ctx context.Context, projectID, id string, lock bool) (workspace.Pool, error) {
	var row poolRow
	q := Equal(t.NewSelect().Model(&row), "p.project_id", projectID).Where("p.id = ?", id)
	if lock {
		q = t.ForUpdate(q, "p")
	}
	if err := Read(ctx, q, poolNotFound(id)); err != nil {
		return workspace.Pool{}, err
	}
	// Counted in later statements, so that whoever waited for the lock sees what its holder did.
	pools := []workspace.Pool{row.domain()}
	err := t.countMembers(ctx, pools)
	return pools[0], err
}

// Pools implements workspace.PoolRows.
func (t *Tx) Pools(ctx context.Context, f workspace.PoolQuery) ([]workspace.Pool, int, error) {
	var rows []poolRow
	q := t.NewSelect().Model(&rows)
	q = Equal(q, "p.project_id", f.ProjectID)
	q = Containing(q, "p.name_folded", f.Name)
	q = Among(q, "p.id", f.IDs)
	q = Equal(q, "p.type", f.Type)
	q = Equal(q, "p.enterprise_id", f.EnterpriseID)
	q = Equal(q, "p.ou_name", f.OUName)
	q = Equal(q, "p.name_policy_id", f.NamePolicyID)
	q = Is(q, "p.autoscaling", f.Autoscaling)
	q = Is(q, "p.in_maintenance", f.InMaintenance)
	total, err := ReadPage(ctx, q, f.Page, false, "p.created", "p.id")
	if err != nil {
		return nil, 0, err
	}
	pools := Convert(rows, poolRow.domain)
	return pools, total, t.countMembers(ctx, pools)
}

// countMembers adds to pools the counts of their desktops and unfinished sub-jobs, with two statements for all.
func (t *Tx) countMembers(ctx context.Context, pools []workspace.Pool) error {
	if len(pools) == 0 {
		return nil
	}
	counts := make(map[string]*workspace.PoolCounts, len(pools))
	ids := make([]string, len(pools))
	for i := range pools {
		ids[i] = pools[i].ID
		counts[ids[i]] = &pools[i].Counts
	}
	var members []struct {
		PoolID                    string
		Desktops, Bound, Isolated int
	}
	err := t.NewRaw(`
		SELECT d.pool_id, count(*) AS desktops, count(d.bound_user) AS bound, count(*) FILTER (WHERE d.isolated) AS isolated
		FROM desktops AS d WHERE d.pool_id <> '' AND d.pool_id IN (?) GROUP BY d.pool_id`, bun.List(ids)).Scan(ctx, &members)
	if err != nil {
		return err
	}
	for _, m := range members {
		c := counts[m.PoolID]
		c.Desktops, c.Bound, c.Isolated = m.Desktops, m.Bound, m.Isolated
	}
	var working []struct {
		PoolID  string
		Working int
	}
	err = t.NewSelect().TableExpr("sub_jobs AS s").ColumnExpr("s.pool_id, count(*) AS working").
		Where("s.pool_id <> ''").Where(Unfinished).
		Where("s.pool_id IN (?) AND s.type IN (?)", bun.List(ids), bun.List(workspace.PoolJobs)).
		Group("s.pool_id").Scan(ctx, &working)
	for _, w := range working {
		counts[w.PoolID].Working = w.Working
	}
	return err
}

// SavePool implements workspace.PoolRows. CodePoolNotFound when the row is missing.
func (t *Tx) SavePool(ctx context.Context, p workspace.Pool) error {
	row := newPoolRow(p)
	row.Updated = t.Now()
	n, err := Affected(t.NewUpdate().Model(&row).ExcludeColumn("project_id", "created").WherePK().Exec(ctx))
	if err := t.Saved(n, err, "pools_name_folded", poolNameTaken(p.Name), poolNotFound(p.ID)); err != nil {
		return err
	}
	return t.PoolsChanged(ctx, p.ID)
}

// DeletePool implements workspace.PoolRows. Foreign keys take the rest along. It waits for transactions that are inserting
// desktops of the pool (holdPools).
func (t *Tx) DeletePool(ctx context.Context, id string) error {
	p, err := t.LockPool(ctx, "", id)
	switch {
	case workspace.CodeOf(err) == workspace.CodePoolNotFound:
		return nil
	case err != nil:
		return err
	case p.Counts.Desktops > 0:
		return workspace.Errorf(workspace.CodeConflict, "pool %s still has desktops (%d), delete them first", p.Name, p.Counts.Desktops)
	}
	_, err = t.NewDelete().Model((*poolRow)(nil)).Where("id = ?", id).Exec(ctx)
	return err
}

// holdPools holds the pools of desktops that are to be inserted until the transaction ends, so that none is deleted meanwhile.
func (t *Tx) holdPools(ctx context.Context, rows []desktopRow) error {
	wanted := map[string]bool{}
	for _, r := range rows {
		if r.PoolID != "" {
			wanted[r.PoolID] = true
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	var held []string
	q := t.NewSelect().TableExpr("pools AS p").Column("p.id").Where("p.id IN (?)", bun.List(slices.Sorted(maps.Keys(wanted)))).Order("p.id")
	if err := t.ForUpdate(q, "p").Scan(ctx, &held); err != nil {
		return err
	}
	if len(held) < len(wanted) {
		return t.Refuse(workspace.Errorf(workspace.CodeConflict, "the desktops' pool was deleted meanwhile"))
	}
	return t.PoolsChanged(ctx, held...)
}
