package pool

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/pool/autoscale"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// pool has columns for what queries search, and JSON for what is only read as a whole.
type pool struct {
	ID          string `bun:",pk"`
	ProjectID   string
	Name        string
	Type        PoolType
	Description string

	Zone           string
	ProductID      string
	ImageType      catalog.ImageType
	ImageID        string
	Root           PoolVolume
	Data           []PoolVolume
	VPCID          string   `bun:"vpc_id"`
	SubnetIDs      []string `bun:"subnet_ids"`
	SecurityGroups []string
	EnterpriseID   string
	OUID           string `bun:"ou_id,nullzero"`
	OUName         string `bun:"ou_name,scanonly"`
	Domain         string
	NamePolicyID   string
	Tags           []workspace.Tag

	RetentionMinutes int
	Autoscaling      bool
	Policy           autoscale.Policy
	Reset            UserResetPolicy
	InMaintenance    bool
	Frozen           bool

	History []PoolImage       `audit:"-"` // with the rollout
	Scale   autoscale.History `audit:"-"`

	Created time.Time
	Updated time.Time

	Counts PoolCounts `bun:"-"`
}

type poolRow struct {
	bun.BaseModel `bun:"table:pools,alias:p"`
	pool
	NameFolded string
}

// pools selects pools.
func pools(t *store.Tx, rows any) *bun.SelectQuery {
	return t.NewSelect().Model(rows).ColumnExpr("?TableColumns").ColumnExpr("COALESCE((SELECT o.name FROM ous AS o WHERE o.id = p.ou_id), '') AS ou_name")
}

func newPoolRow(p Pool) poolRow { return poolRow{pool: pool(p), NameFolded: store.Fold(p.Name)} }

func (r poolRow) domain() Pool { return Pool(r.pool) }

func resource(id, name string) workspace.Resource {
	return workspace.Resource{Type: workspace.ResourcePool, ID: id, Name: name}
}

func poolNameTaken(name string) error {
	return workspace.Errorf(workspace.CodeNameTaken, "name: pool %q exists already", name)
}

func poolNotFound(id string) error {
	return workspace.Errorf(workspace.CodePoolNotFound, "pool %q does not exist", id)
}

// InsertPool writes a pool with its grants. CodeNameTaken, decided by a unique constraint; CodeConflict if a user, group or
// unit does not exist.
func InsertPool(ctx context.Context, t *store.Tx, p Pool, people []Grant) error {
	row := newPoolRow(p)
	n, err := store.Affected(t.Inserting(&row).On("CONFLICT DO NOTHING").Exec(ctx))
	if err != nil {
		return t.Dangling(err)
	}
	if n == 0 {
		return t.Refuse(poolNameTaken(p.Name))
	}
	t.AuditInsert(resource(p.ID, p.Name), &row)
	if err := desktop.PoolsChanged(ctx, t, p.ID); err != nil {
		return err
	}
	return PutGrants(ctx, t, p.ID, people)
}

// ReadPool reads a pool of the project, or of any project if projectID is empty. CodePoolNotFound.
func ReadPool(ctx context.Context, t *store.Tx, projectID, id string) (Pool, error) {
	return poolOf(ctx, t, projectID, id, false)
}

// LockPool is ReadPool and locks the pool until the transaction ends. Transactions that bind, scale, rebuild or delete lock the
// pool first, so that of two decisions about it the second sees the result of the first.
func LockPool(ctx context.Context, t *store.Tx, projectID, id string) (Pool, error) {
	return poolOf(ctx, t, projectID, id, true)
}

func poolOf(ctx context.Context, t *store.Tx, projectID, id string, lock bool) (Pool, error) {
	var row poolRow
	q := store.Equal(pools(t, &row), "p.project_id", projectID).Where("p.id = ?", id)
	if lock {
		q = t.ForUpdate(q, "p")
	}
	if err := store.Read(ctx, q, poolNotFound(id)); err != nil {
		return Pool{}, err
	}
	if lock {
		t.AuditRead(resource(row.ID, row.Name), &row)
	}
	// Counted in later statements: after waiting for the lock, they see what its last holder wrote.
	found := []Pool{row.domain()}
	err := countMembers(ctx, t, found)
	return found[0], err
}

// Pools reads a page of pools with their counts, in a fixed number of statements, and counts all that match.
func Pools(ctx context.Context, t *store.Tx, f PoolQuery) ([]Pool, int, error) {
	var rows []poolRow
	q := pools(t, &rows)
	q = store.Equal(q, "p.project_id", f.ProjectID)
	q = store.Selected(q, f.Visible, SelectionColumns)
	q = store.Containing(q, "p.name_folded", f.Name)
	q = store.Among(q, "p.id", f.IDs)
	q = store.Equal(q, "p.type", f.Type)
	q = store.Equal(q, "p.enterprise_id", f.EnterpriseID)
	q = store.Equal(q, "p.ou_id", f.OUID)
	q = store.Equal(q, "p.name_policy_id", f.NamePolicyID)
	q = store.Equal(q, "p.image_id", f.ImageID)
	q = store.Is(q, "p.autoscaling", f.Autoscaling)
	q = store.Is(q, "p.in_maintenance", f.InMaintenance)
	total, err := store.ReadPage(ctx, q, f.Page, false, "p.created", "p.id")
	if err != nil {
		return nil, 0, err
	}
	found := store.Convert(rows, poolRow.domain)
	return found, total, countMembers(ctx, t, found)
}

// countMembers sets the counts of desktops and unfinished sub-jobs of all pools, with two statements.
func countMembers(ctx context.Context, t *store.Tx, pools []Pool) error {
	if len(pools) == 0 {
		return nil
	}
	counts := make(map[string]*PoolCounts, len(pools))
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
		Where("s.pool_id <> ''").Where(store.Unfinished).
		Where("s.pool_id IN (?) AND s.type IN (?)", bun.List(ids), bun.List(PoolJobs)).
		Group("s.pool_id").Scan(ctx, &working)
	for _, w := range working {
		counts[w.PoolID].Working = w.Working
	}
	return err
}

// SavePool writes every field but the identity and sets Updated. CodeNameTaken; CodePoolNotFound if the row is missing; CodeConflict
// if the unit was deleted in the meantime.
func SavePool(ctx context.Context, t *store.Tx, p Pool) error {
	row := newPoolRow(p)
	row.Updated = t.Now()
	n, err := store.Affected(t.NewUpdate().Model(&row).ExcludeColumn("project_id", "created").WherePK().Exec(ctx))
	if err := t.Saved(n, t.Dangling(err), "pools_name_folded", poolNameTaken(p.Name), poolNotFound(p.ID)); err != nil {
		return err
	}
	t.AuditSave(resource(p.ID, p.Name), &row)
	return desktop.PoolsChanged(ctx, t, p.ID)
}

// DeletePool deletes the pool; its grants, waiting list, decisions and notices go with it by foreign keys. CodeConflict while it
// has a desktop; a missing row is a success. It waits for transactions that insert desktops of the pool (holdPools).
func DeletePool(ctx context.Context, t *store.Tx, id string) error {
	p, err := LockPool(ctx, t, "", id)
	switch {
	case workspace.CodeOf(err) == workspace.CodePoolNotFound:
		return nil
	case err != nil:
		return err
	case p.Counts.Desktops > 0:
		return workspace.Errorf(workspace.CodeConflict, "pool %s still has desktops (%d), delete them first", p.Name, p.Counts.Desktops)
	}
	t.AuditDelete(resource(p.ID, p.Name))
	_, err = t.NewDelete().Model((*poolRow)(nil)).Where("id = ?", id).Exec(ctx)
	return err
}

// PoolQuery selects pools of one project, or of all projects if ProjectID is empty, oldest first. Name matches any part of the
// name, ignoring case. Other zero fields select all.
type PoolQuery struct {
	ProjectID     string
	Name          string
	IDs           []string
	Type          PoolType
	EnterpriseID  string
	OUID          string
	NamePolicyID  string
	ImageID       string
	Autoscaling   *bool
	InMaintenance *bool
	Visible       *workspace.Selection // those that the caller may see
	workspace.Page
}

// Waiting is a user who waits for a desktop of a pool.
type Waiting struct {
	PoolID string
	UserID string
	Since  time.Time
	Until  time.Time // expires unless the user's page asks again before
}

// PoolUse is a pool that a user may use or has a desktop of.
type PoolUse struct {
	UserID   string
	PoolID   string
	PoolName string
	Bound    bool // the user has a desktop of it
}

// NoPool returns an error that names a pool which still needs a thing that is to be deleted, or nil. The caller has locked the
// thing; transactions that make a pool need it lock it too.
func NoPool(ctx context.Context, tx *store.Tx, thing string, q PoolQuery) error {
	q.Limit = 1
	pools, n, err := Pools(ctx, tx, q)
	switch {
	case err != nil || n == 0:
		return err
	case n == 1:
		return workspace.Errorf(workspace.CodeConflict, "%s is used by pool %s, change the pool first", thing, pools[0].Name)
	default:
		return workspace.Errorf(workspace.CodeConflict, "%s is used by %d pools, pool %s among them, change them first", thing, n, pools[0].Name)
	}
}
