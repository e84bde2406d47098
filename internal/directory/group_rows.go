package directory

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

type group struct {
	ID          string `bun:",pk"`
	ProjectID   string
	Name        string
	Description string
	Created     time.Time
	Updated     time.Time

	People   int `bun:",scanonly"`
	Desktops int `bun:",scanonly"`
}

type groupRow struct {
	bun.BaseModel `bun:"table:people_groups,alias:g"`
	group
	NameFolded        string
	DescriptionFolded string
}

type membershipRow struct {
	bun.BaseModel `bun:"table:memberships,alias:m"`
	GroupID       string `bun:",pk"`
	UserID        string `bun:",pk"`
}

func newGroupRow(g Group) groupRow {
	return groupRow{group: group(g), NameFolded: store.Fold(g.Name), DescriptionFolded: store.Fold(g.Description)}
}

func (r groupRow) domain() Group { return Group(r.group) }

// groups selects groups with the numbers of their people and of those people's desktops.
func groups(t *store.Tx, model any) *bun.SelectQuery {
	return t.NewSelect().Model(model).ColumnExpr("g.*").
		ColumnExpr("(SELECT count(*) FROM memberships AS m WHERE m.group_id = g.id) AS people").
		ColumnExpr("(SELECT count(*) FROM (SELECT a.desktop_id FROM memberships AS m JOIN assignments AS a ON a.user_id = m.user_id " +
			"WHERE m.group_id = g.id UNION SELECT s.desktop_id FROM group_assignments AS s WHERE s.group_id = g.id) AS n) AS desktops")
}

// InsertGroup fails with CodeNameTaken.
func InsertGroup(ctx context.Context, t *store.Tx, g Group) error {
	row := newGroupRow(g)
	n, err := store.Affected(t.Inserting(&row).On("CONFLICT DO NOTHING").Exec(ctx))
	if err == nil && n == 0 {
		return t.Refuse(groupNameTaken(g.Name))
	}
	return err
}

func groupNameTaken(name string) error {
	return workspace.Errorf(workspace.CodeNameTaken, "group_name: %q is in use", name)
}

func groupNotFound(id string) error {
	return workspace.Errorf(workspace.CodeGroupNotFound, "group %q does not exist", id)
}

// LockGroup reads a group and holds its row until the transaction ends; CodeGroupNotFound.
func LockGroup(ctx context.Context, t *store.Tx, projectID, id string) (Group, error) {
	var row groupRow
	q := groups(t, &row).Where("g.project_id = ? AND g.id = ?", projectID, id)
	err := store.Read(ctx, t.ForUpdate(q, "g"), groupNotFound(id))
	return row.domain(), err
}

// Groups are in the order in which they were made.
func Groups(ctx context.Context, t *store.Tx, f GroupQuery) ([]Group, int, error) {
	var rows []groupRow
	q := groups(t, &rows).Where("g.project_id = ?", f.ProjectID)
	q = store.Among(q, "g.id", f.IDs)
	q = store.Among(q, "g.name_folded", store.FoldAll(f.Names))
	if f.Keyword != "" {
		part := store.LikePart(f.Keyword)
		q = q.Where(`(g.name_folded LIKE ? ESCAPE '\' OR g.description_folded LIKE ? ESCAPE '\')`, part, part)
	}
	total, err := store.ReadPage(ctx, q, f.Page, false, "g.created", "g.id")
	return store.Convert(rows, groupRow.domain), total, err
}

// SaveGroup writes name and description. CodeNameTaken.
// CodeGroupNotFound when the row is missing.
func SaveGroup(ctx context.Context, t *store.Tx, g Group) error {
	row := newGroupRow(g)
	n, err := store.Affected(t.NewUpdate().Model(&row).ExcludeColumn("project_id", "created").WherePK().Exec(ctx))
	return t.Saved(n, err, "people_groups_name_folded", groupNameTaken(g.Name), groupNotFound(g.ID))
}

// DeleteGroup removes a group; its people stay. A missing row is a success.
func DeleteGroup(ctx context.Context, t *store.Tx, id string) error {
	_, err := t.NewDelete().Model((*groupRow)(nil)).Where("id = ?", id).Exec(ctx)
	return err
}

// AddMembers puts people into a group; those who are in it stay. CodeConflict when one was deleted meanwhile.
func AddMembers(ctx context.Context, t *store.Tx, groupID string, userIDs []string) error {
	rows := store.Convert(slices.Sorted(slices.Values(userIDs)), func(id string) membershipRow {
		return membershipRow{GroupID: groupID, UserID: id}
	})
	for part := range slices.Chunk(rows, store.Batch) {
		if _, err := t.Inserting(&part).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
			return danglingMember(t, err)
		}
	}
	return nil
}

// danglingMember words an error about a person or group that is no longer there.
func danglingMember(t *store.Tx, err error) error {
	if !t.Refers(err) {
		return err
	}
	return t.Refuse(workspace.Errorf(workspace.CodeConflict, "a user or user group of the request was deleted meanwhile, try again"))
}

// RemoveMembers takes people out of a group; those who are not in it do not matter.
func RemoveMembers(ctx context.Context, t *store.Tx, groupID string, userIDs []string) error {
	for part := range slices.Chunk(userIDs, store.Batch) {
		_, err := t.NewDelete().Model((*membershipRow)(nil)).Where("group_id = ? AND user_id IN (?)", groupID, bun.List(part)).Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}

// GroupNames lists the names of the groups that each of several people is in.
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
