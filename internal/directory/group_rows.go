package directory

import (
	"context"
	"slices"

	"github.com/uptrace/bun"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// groupRow is a group with the columns that only searches need.
type groupRow struct {
	store.BaseModel `bun:"table:people_groups,alias:people_groups"`
	Group
	DescriptionFolded string // for searches
}

func rowOf(g Group) *groupRow {
	return &groupRow{Group: g, DescriptionFolded: store.Fold(g.Description)}
}

type membershipRow struct {
	bun.BaseModel `bun:"table:memberships,alias:m"`
	GroupID       string `bun:",pk"`
	UserID        string `bun:",pk"`
}

// InsertGroup inserts a group. CodeNameTaken.
func InsertGroup(ctx context.Context, t *store.Tx, g Group) error {
	return groups.Insert(ctx, t, rowOf(g))
}

// LockGroup reads a group and locks its row until the transaction ends. CodeGroupNotFound.
func LockGroup(ctx context.Context, t *store.Tx, projectID, id string) (g Group, err error) {
	err = groups.Lock(ctx, t, projectID, id, &g)
	return g, err
}

// Groups reads a page of groups, oldest first, with the numbers of their members and desktops, and counts all that match.
func Groups(ctx context.Context, t *store.Tx, f GroupQuery) ([]Group, int, error) {
	var found []Group
	q := groups.Select(t, f.ProjectID, &found).ColumnExpr("?TableColumns").
		ColumnExpr("(SELECT count(*) FROM memberships AS m WHERE m.group_id = people_groups.id) AS people").
		ColumnExpr("(SELECT count(*) FROM (SELECT a.desktop_id FROM memberships AS m JOIN assignments AS a ON a.user_id = m.user_id " +
			"WHERE m.group_id = people_groups.id UNION SELECT s.desktop_id FROM group_assignments AS s WHERE s.group_id = people_groups.id) AS n) AS desktops")
	q = store.Among(q, "id", f.IDs)
	q = store.Among(q, "name_folded", store.FoldAll(f.Names))
	if f.Keyword != "" {
		part := store.LikePart(f.Keyword)
		q = q.Where(`(name_folded LIKE ? ESCAPE '\' OR description_folded LIKE ? ESCAPE '\')`, part, part)
	}
	total, err := store.ReadPage(ctx, q, f.Page, false, "created", "id")
	return found, total, err
}

// SaveGroup writes a locked group. CodeNameTaken, CodeGroupNotFound.
func SaveGroup(ctx context.Context, t *store.Tx, g Group) error { return groups.Save(ctx, t, rowOf(g)) }

// DeleteGroup deletes a group; its members remain. A missing row is a success.
func DeleteGroup(ctx context.Context, t *store.Tx, g Group) error { return groups.Delete(ctx, t, &g) }

// AddMembers adds users to a group; existing members stay. CodeConflict if one was deleted in the meantime.
func AddMembers(ctx context.Context, t *store.Tx, groupID string, userIDs []string) error {
	rows := store.Convert(slices.Sorted(slices.Values(userIDs)), func(id string) membershipRow {
		return membershipRow{GroupID: groupID, UserID: id}
	})
	for part := range slices.Chunk(rows, store.Batch) {
		if _, err := t.Inserting(&part).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
			return danglingMember(t, err)
		}
	}
	t.Audit(groups.Resource(groupID, ""), "", workspace.FieldChange{Field: "users", New: workspace.ClipList(userIDs, workspace.MaxAuditValue)})
	return nil
}

// danglingMember returns the error for a user or group that no longer exists.
func danglingMember(t *store.Tx, err error) error {
	if !t.Refers(err) {
		return err
	}
	return t.Refuse(workspace.Errorf(workspace.CodeConflict, "a user or user group of the request was deleted in the meantime, try again"))
}

// RemoveMembers removes users from a group; those who are not in it are ignored.
func RemoveMembers(ctx context.Context, t *store.Tx, groupID string, userIDs []string) error {
	for part := range slices.Chunk(userIDs, store.Batch) {
		_, err := t.NewDelete().Model((*membershipRow)(nil)).Where("group_id = ? AND user_id IN (?)", groupID, bun.List(part)).Exec(ctx)
		if err != nil {
			return err
		}
	}
	t.Audit(groups.Resource(groupID, ""), "", workspace.FieldChange{Field: "users", Old: workspace.ClipList(userIDs, workspace.MaxAuditValue)})
	return nil
}

// GroupNames reads, by user, the names of the groups that they are in.
func GroupNames(ctx context.Context, t *store.Tx, userIDs []string) (map[string][]string, error) {
	names := map[string][]string{}
	for part := range slices.Chunk(userIDs, store.Batch) {
		var rows []struct{ UserID, Name string }
		err := t.NewSelect().Model((*membershipRow)(nil)).ColumnExpr("m.user_id, g.name").Join("JOIN people_groups AS g ON g.id = m.group_id").
			Where("m.user_id IN (?)", bun.List(part)).Order("g.name_folded").Scan(ctx, &rows)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			names[r.UserID] = append(names[r.UserID], r.Name)
		}
	}
	return names, nil
}
