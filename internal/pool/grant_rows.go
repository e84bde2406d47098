package pool

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

type grantRow struct {
	bun.BaseModel `bun:"table:pool_grants,alias:g"`
	PoolID        string      `bun:",pk"`
	Type          GranteeType `bun:",pk"`
	ObjectID      string      `bun:",pk"`
	UserID        string      `bun:",nullzero"`
	GroupID       string      `bun:",nullzero"`
	UserGroup     workspace.UserGroup
	Position      int
	Created       time.Time

	Name string `bun:",scanonly"`
}

func newGrantRow(poolID string, position int, g Grant) grantRow {
	row := grantRow{PoolID: poolID, Type: g.Type, ObjectID: g.ObjectID, UserGroup: g.Group, Position: position, Created: g.Created}
	if g.Type == GrantGroup {
		row.GroupID = g.ObjectID
	} else {
		row.UserID = g.ObjectID
	}
	return row
}

func (r grantRow) domain() Grant {
	return Grant{PoolID: r.PoolID, Type: r.Type, ObjectID: r.ObjectID, Name: r.Name, Group: r.UserGroup, Created: r.Created}
}

// grants selects grants with the current names of their users and groups.
func grants(t *store.Tx, model any) *bun.SelectQuery {
	return t.NewSelect().Model(model).ColumnExpr("g.*").ColumnExpr("COALESCE(u.name, pg.name) AS name").
		Join("LEFT JOIN users AS u ON u.id = g.user_id").Join("LEFT JOIN people_groups AS pg ON pg.id = g.group_id")
}

// PutGrants adds grants, or changes the privilege of existing ones. CodeConflict if the pool, a user or a group does not exist.
func PutGrants(ctx context.Context, t *store.Tx, poolID string, grants []Grant) error {
	rows := make([]grantRow, len(grants))
	for i, g := range grants {
		rows[i] = newGrantRow(poolID, i, g)
	}
	// The same order for all callers, so that two of them cannot deadlock.
	slices.SortFunc(rows, func(a, b grantRow) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.ObjectID, b.ObjectID))
	})
	for part := range slices.Chunk(rows, store.Batch) {
		_, err := t.Inserting(&part).On("CONFLICT (pool_id, type, object_id) DO UPDATE").Set("user_group = EXCLUDED.user_group").Exec(ctx)
		if err != nil {
			return danglingGrantee(t, err)
		}
	}
	if len(grants) > 0 {
		t.Audit(resource(poolID, ""), "", workspace.FieldChange{Field: "grants", New: grantsText(grants)})
	}
	return desktop.PoolsChanged(ctx, t, poolID)
}

// grantsText lists grants for an audit record.
func grantsText(grants []Grant) string {
	return workspace.ClipList(store.Convert(grants, func(g Grant) string {
		return strings.TrimSpace(fmt.Sprintf("%s %s %s", g.Type, g.ObjectID, g.Group))
	}), workspace.MaxAuditValue)
}

// danglingGrantee returns the error for a pool, user or group that no longer exists.
func danglingGrantee(t *store.Tx, err error) error {
	if err == nil || !t.Refers(err) {
		return err
	}
	return t.Refuse(workspace.Errorf(workspace.CodeConflict, "the pool, or a user or user group of the request, was deleted in the meantime, try again"))
}

// DeleteGrants deletes the grants with these types and ids; missing ones are a success.
func DeleteGrants(ctx context.Context, t *store.Tx, poolID string, grants []Grant) error {
	of := map[GranteeType][]string{}
	for _, g := range grants {
		of[g.Type] = append(of[g.Type], g.ObjectID)
	}
	for _, grantee := range []GranteeType{GrantUser, GrantGroup} {
		for part := range slices.Chunk(slices.Sorted(slices.Values(of[grantee])), store.Batch) {
			_, err := t.NewDelete().Model((*grantRow)(nil)).
				Where("pool_id = ? AND type = ? AND object_id IN (?)", poolID, grantee, bun.List(part)).Exec(ctx)
			if err != nil {
				return err
			}
		}
	}
	t.Audit(resource(poolID, ""), "", workspace.FieldChange{Field: "grants", Old: grantsText(grants)})
	return desktop.PoolsChanged(ctx, t, poolID)
}

// Grants reads a page of a pool's grants, oldest first, with current names.
func Grants(ctx context.Context, t *store.Tx, poolID string, p workspace.Page) ([]Grant, int, error) {
	var rows []grantRow
	q := grants(t, &rows).Where("g.pool_id = ?", poolID)
	total, err := store.ReadPage(ctx, q, p, false, "g.created", "g.position", "g.object_id")
	return store.Convert(rows, grantRow.domain), total, err
}

// GrantsFor reads, by pool, the grants of a user in all pools: their own and those of their groups.
func GrantsFor(ctx context.Context, t *store.Tx, userID string) ([]Grant, error) {
	var rows []grantRow
	err := grants(t, &rows).
		Where("g.user_id = ? OR g.group_id IN (SELECT m.group_id FROM memberships AS m WHERE m.user_id = ?)", userID, userID).
		Order("g.pool_id", "g.type", "g.object_id").Scan(ctx)
	return store.Convert(rows, grantRow.domain), err
}

// PoolUses reads, by user, the pools that users may use (by themselves or through a group) or have a desktop of, ordered by name.
func PoolUses(ctx context.Context, t *store.Tx, userIDs []string) ([]PoolUse, error) {
	var uses []PoolUse
	for part := range slices.Chunk(slices.Compact(slices.Sorted(slices.Values(userIDs))), store.Batch) {
		var rows []PoolUse
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

// GrantsOf reads what GrantsFor reads, for several users, by their ids and without names.
func GrantsOf(ctx context.Context, t *store.Tx, userIDs []string) (map[string][]Grant, error) {
	all := make(map[string][]Grant, len(userIDs))
	for part := range slices.Chunk(userIDs, store.Batch) {
		var rows []struct {
			grantRow
			Person string
		}
		err := t.NewRaw(`
			SELECT g.*, g.user_id AS person FROM pool_grants AS g WHERE g.user_id IN (?0)
			UNION ALL
			SELECT g.*, m.user_id AS person FROM pool_grants AS g JOIN memberships AS m ON m.group_id = g.group_id WHERE m.user_id IN (?0)`,
			bun.List(part)).Scan(ctx, &rows)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			all[r.Person] = append(all[r.Person], r.domain())
		}
	}
	return all, nil
}
