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

// pool keeps in columns what is searched for, and as JSON what is only read whole.
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
	OUName         string `bun:"ou_name"`
	Domain         string
	NamePolicyID   string
	Tags           []workspace.Tag

	RetentionMinutes int
	Autoscaling      bool
	Policy           autoscale.Policy
	Reset            UserResetPolicy
	InMaintenance    bool
	Frozen           bool

	History []PoolImage
	Scale   autoscale.History

	Created time.Time
	Updated time.Time

	Counts PoolCounts `bun:"-"`
}

type poolRow struct {
	bun.BaseModel `bun:"table:pools,alias:p"`
	pool
	NameFolded string
}

func newPoolRow(p Pool) poolRow { return poolRow{pool: pool(p), NameFolded: store.Fold(p.Name)} }

func (r poolRow) domain() Pool { return Pool(r.pool) }

func poolNameTaken(name string) error {
	return workspace.Errorf(workspace.CodeNameTaken, "name: pool %q exists already", name)
}

func poolNotFound(id string) error {
	return workspace.Errorf(workspace.CodePoolNotFound, "pool %q does not exist", id)
}

// InsertPool writes a pool with its people. CodeNameTaken, decided by a unique constraint.
// A person or group that is not there is a CodeConflict.
func InsertPool(ctx context.Context, t *store.Tx, p Pool, people []Grant) error {
	row := newPoolRow(p)
	n, err := store.Affected(t.Inserting(&row).On("CONFLICT DO NOTHING").Exec(ctx))
	if err != nil {
		return err
	}
	if n == 0 {
		return t.Refuse(poolNameTaken(p.Name))
	}
	if err := desktop.PoolsChanged(ctx, t, p.ID); err != nil {
		return err
	}
	return PutGrants(ctx, t, p.ID, people)
}

// ReadPool reads one pool of the project, or of any if projectID is empty. CodePoolNotFound. LockPool also holds it against
// other transactions until this one ends: whoever binds, scales, rebuilds or deletes holds the pool meanwhile, so that of two
// decisions on it the second sees what the first has done.
func ReadPool(ctx context.Context, t *store.Tx, projectID, id string) (Pool, error) {
	return poolOf(ctx, t, projectID, id, false)
}

// LockPool is ReadPool and holds the pool until the transaction ends.
func LockPool(ctx context.Context, t *store.Tx, projectID, id string) (Pool, error) {
	return poolOf(ctx, t, projectID, id, true)
}

func poolOf(ctx context.Context, t *store.Tx, projectID, id string, lock bool) (Pool, error) {
	var row poolRow
	q := store.Equal(t.NewSelect().Model(&row), "p.project_id", projectID).Where("p.id = ?", id)
	if lock {
		q = t.ForUpdate(q, "p")
	}
	if err := store.Read(ctx, q, poolNotFound(id)); err != nil {
		return Pool{}, err
	}
	// Counted in later statements, so that whoever waited for the lock sees what its holder did.
	pools := []Pool{row.domain()}
	err := countMembers(ctx, t, pools)
	return pools[0], err
}

// Pools reads a page of pools with their counts, in a fixed number of statements, and counts all that match.
func Pools(ctx context.Context, t *store.Tx, f PoolQuery) ([]Pool, int, error) {
	var rows []poolRow
	q := t.NewSelect().Model(&rows)
	q = store.Equal(q, "p.project_id", f.ProjectID)
	q = store.Containing(q, "p.name_folded", f.Name)
	q = store.Among(q, "p.id", f.IDs)
	q = store.Equal(q, "p.type", f.Type)
	q = store.Equal(q, "p.enterprise_id", f.EnterpriseID)
	q = store.Equal(q, "p.ou_name", f.OUName)
	q = store.Equal(q, "p.name_policy_id", f.NamePolicyID)
	q = store.Is(q, "p.autoscaling", f.Autoscaling)
	q = store.Is(q, "p.in_maintenance", f.InMaintenance)
	total, err := store.ReadPage(ctx, q, f.Page, false, "p.created", "p.id")
	if err != nil {
		return nil, 0, err
	}
	pools := store.Convert(rows, poolRow.domain)
	return pools, total, countMembers(ctx, t, pools)
}

// countMembers adds to pools the counts of their desktops and unfinished sub-jobs, with two statements for all.
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

// SavePool writes every field but the identity and sets Updated. CodeNameTaken.
// CodePoolNotFound when the row is missing.
func SavePool(ctx context.Context, t *store.Tx, p Pool) error {
	row := newPoolRow(p)
	row.Updated = t.Now()
	n, err := store.Affected(t.NewUpdate().Model(&row).ExcludeColumn("project_id", "created").WherePK().Exec(ctx))
	if err := t.Saved(n, err, "pools_name_folded", poolNameTaken(p.Name), poolNotFound(p.ID)); err != nil {
		return err
	}
	return desktop.PoolsChanged(ctx, t, p.ID)
}

// DeletePool removes the pool with its people, waiting list, decisions and notices. CodeConflict while it has a desktop;
// a missing row is a success.
// Foreign keys take the rest along. It waits for transactions that are inserting
// desktops of the pool (holdPools).
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
	_, err = t.NewDelete().Model((*poolRow)(nil)).Where("id = ?", id).Exec(ctx)
	return err
}

// PoolQuery selects pools of one project, or of all if ProjectID is empty, oldest first. The name matches in part, whatever
// its case; other zero fields select all.
type PoolQuery struct {
	ProjectID     string
	Name          string
	IDs           []string
	Type          PoolType
	EnterpriseID  string
	OUName        string // as it is written
	NamePolicyID  string
	Autoscaling   *bool
	InMaintenance *bool
	workspace.Page
}

// Waiting is a person who watches for a desktop of a pool.
type Waiting struct {
	PoolID string
	UserID string
	Since  time.Time
	Until  time.Time // they went away if they have not asked again by then
}

// PoolUse is a pool that a person may use or has a desktop of.
type PoolUse struct {
	UserID   string
	PoolID   string
	PoolName string
	Bound    bool // they have a desktop of it
}

// NoPool says which pool still needs a thing that is to be deleted, or nil. Whoever makes a pool need it holds it meanwhile, as the
// caller does.
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
