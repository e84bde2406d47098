package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/workspace"
)

type grantRow struct {
	bun.BaseModel `bun:"table:pool_grants,alias:g"`
	PoolID        string                `bun:",pk"`
	Type          workspace.GranteeType `bun:",pk"`
	ObjectID      string                `bun:",pk"`
	UserID        string                `bun:",nullzero"`
	GroupID       string                `bun:",nullzero"`
	UserGroup     workspace.UserGroup
	Position      int
	Created       time.Time

	Name string `bun:",scanonly"`
}

func newGrantRow(poolID string, position int, g workspace.Grant) grantRow {
	row := grantRow{PoolID: poolID, Type: g.Type, ObjectID: g.ObjectID, UserGroup: g.Group, Position: position, Created: g.Created}
	if g.Type == workspace.GrantGroup {
		row.GroupID = g.ObjectID
	} else {
		row.UserID = g.ObjectID
	}
	return row
}

func (r grantRow) domain() workspace.Grant {
	return workspace.Grant{PoolID: r.PoolID, Type: r.Type, ObjectID: r.ObjectID, Name: r.Name, Group: r.UserGroup, Created: r.Created}
}

// grants selects grants with the present names of the people and groups.
func (t *Tx) grants(model any) *bun.SelectQuery {
	return t.NewSelect().Model(model).ColumnExpr("g.*").ColumnExpr("COALESCE(u.name, pg.name) AS name").
		Join("LEFT JOIN users AS u ON u.id = g.user_id").Join("LEFT JOIN people_groups AS pg ON pg.id = g.group_id")
}

// PutGrants implements workspace.GrantRows. A pool, person or group that is not there is a CodeConflict.
func (t *Tx) PutGrants(ctx context.Context, poolID string, grants []workspace.Grant) error {
	rows := make([]grantRow, len(grants))
	for i, g := range grants {
		rows[i] = newGrantRow(poolID, i, g)
	}
	// In one order for all callers, so that two of them do not wait for each other.
	slices.SortFunc(rows, func(a, b grantRow) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.ObjectID, b.ObjectID))
	})
	for part := range slices.Chunk(rows, Batch) {
		_, err := t.Inserting(&part).On("CONFLICT (pool_id, type, object_id) DO UPDATE").Set("user_group = EXCLUDED.user_group").Exec(ctx)
		if err != nil {
			return t.danglingGrantee(err)
		}
	}
	return t.PoolsChanged(ctx, poolID)
}

// danglingGrantee words an error about a pool, person or group that is no longer there.
func (t *Tx) danglingGrantee(err error) error {
	if err == nil || !t.Refers(err) {
		return err
	}
	return t.Refuse(workspace.Errorf(workspace.CodeConflict, "the pool, or a user or user group of the request, was deleted meanwhile, try again"))
}

// DeleteGrants implements workspace.GrantRows.
func (t *Tx) DeleteGrants(ctx context.Context, poolID string, grants []workspace.Grant) error {
	of := map[workspace.GranteeType][]string{}
	for _, g := range grants {
		of[g.Type] = append(of[g.Type], g.ObjectID)
	}
	for _, grantee := range []workspace.GranteeType{workspace.GrantUser, workspace.GrantGroup} {
		for part := range slices.Chunk(slices.Sorted(slices.Values(of[grantee])), Batch) {
			_, err := t.NewDelete().Model((*grantRow)(nil)).
				Where("pool_id = ? AND type = ? AND object_id IN (?)", poolID, grantee, bun.List(part)).Exec(ctx)
			if err != nil {
				return err
			}
		}
	}
	return t.PoolsChanged(ctx, poolID)
}

// Grants implements workspace.GrantRows.
func (t *Tx) Grants(ctx context.Context, poolID string, p workspace.Page) ([]workspace.Grant, int, error) {
	var rows []grantRow
	q := t.grants(&rows).Where("g.pool_id = ?", poolID)
	total, err := ReadPage(ctx, q, p, false, "g.created", "g.position", "g.object_id")
	return Convert(rows, grantRow.domain), total, err
}

// GrantsFor implements workspace.GrantRows: by pool.
func (t *Tx) GrantsFor(ctx context.Context, userID string) ([]workspace.Grant, error) {
	var rows []grantRow
	err := t.grants(&rows).
		Where("g.user_id = ? OR g.group_id IN (SELECT m.group_id FROM memberships AS m WHERE m.user_id = ?)", userID, userID).
		Order("g.pool_id", "g.type", "g.object_id").Scan(ctx)
	return Convert(rows, grantRow.domain), err
}

// PoolUses implements workspace.GrantRows.
func (t *Tx) PoolUses(ctx context.Context, userIDs []string) ([]workspace.PoolUse, error) {
	var uses []workspace.PoolUse
	for part := range slices.Chunk(slices.Compact(slices.Sorted(slices.Values(userIDs))), Batch) {
		var rows []workspace.PoolUse
		err := t.NewRaw(`
			SELECT o.user_id, p.id AS pool_id, p.name AS pool_name, max(o.bound) > 0 AS bound FROM (
				SELECT g.user_id, g.pool_id, 0 AS bound FROM pool_grants AS g WHERE g.user_id IN (?0)
				UNION ALL SELECT m.user_id, g.pool_id, 0 FROM memberships AS m JOIN pool_grants AS g ON g.group_id = m.group_id
					WHERE m.user_id IN (?0)
				UNION ALL SELECT d.bound_user, d.pool_id, 1 FROM desktops AS d WHERE d.bound_user IN (?0)
			) AS o JOIN pools AS p ON p.id = o.pool_id
			GROUP BY o.user_id, p.id, p.name, p.name_folded ORDER BY o.user_id, p.name_folded, p.id`, bun.List(part)).Scan(ctx, &rows)
		if err != nil {
			return nil, err
		}
		uses = append(uses, rows...)
	}
	return uses, nil
}
