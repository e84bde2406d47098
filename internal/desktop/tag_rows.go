package desktop

import (
	"context"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// tagRow is a tag of a desktop. It repeats the desktop's project, so that the tags of a project can be read in order.
type tagRow struct {
	bun.BaseModel `bun:"table:desktop_tags"`
	DesktopID     string `bun:",pk"`
	Position      int    `bun:",pk"`
	ProjectID     string
	Key           string
	Value         string
}

func tagsOf(d Desktop) (rows []tagRow) {
	for i, tag := range d.Tags {
		rows = append(rows, tagRow{DesktopID: d.ID, Position: i, ProjectID: d.ProjectID, Key: tag.Key, Value: tag.Value})
	}
	return rows
}

func readTags(ctx context.Context, t *store.Tx, desktops []Desktop) error {
	rows := make([]tagRow, 0, len(desktops))
	q, desktop := ownedBy(t, desktops, &rows)
	if err := q.Order("desktop_id", "position").Scan(ctx); err != nil {
		return err
	}
	for _, r := range rows {
		d := desktop(r.DesktopID)
		d.Tags = append(d.Tags, workspace.Tag{Key: r.Key, Value: r.Value})
	}
	return nil
}

// Tagged is a desktop with its tags.
type Tagged struct {
	ID   string
	Name string
	Tags []workspace.Tag
}

// ReadTags reads the tags of a project's desktops, by the desktop's id. Desktops that do not exist are left out.
func ReadTags(ctx context.Context, t *store.Tx, projectID string, ids []string) (map[string]Tagged, error) {
	return readTagged(ctx, t, projectID, ids, false)
}

// LockTags is ReadTags and locks the desktops until the transaction ends, in the order of their ids: of two callers that change
// the tags of a desktop, the second sees what the first wrote.
func LockTags(ctx context.Context, t *store.Tx, projectID string, ids []string) (map[string]Tagged, error) {
	return readTagged(ctx, t, projectID, ids, true)
}

func readTagged(ctx context.Context, t *store.Tx, projectID string, ids []string, lock bool) (map[string]Tagged, error) {
	found := make(map[string]Tagged, len(ids))
	for part := range slices.Chunk(slices.Compact(slices.Sorted(slices.Values(ids))), store.Batch) {
		var rows []desktopRow
		q := t.NewSelect().Model(&rows).Column("id", "name").Where("d.project_id = ? AND d.id IN (?)", projectID, bun.List(part)).Order("d.id")
		if lock {
			q = t.ForUpdate(q, "d")
		}
		if err := q.Scan(ctx); err != nil {
			return nil, err
		}
		if len(rows) == 0 {
			continue
		}
		// Not in one statement with the lock: that would not see what the last holder of the lock wrote.
		desktops := store.Convert(rows, func(r desktopRow) Desktop { return Desktop(r.desktop) })
		if err := readTags(ctx, t, desktops); err != nil {
			return nil, err
		}
		for _, d := range desktops {
			tagged := Tagged{ID: d.ID, Name: d.Name, Tags: d.Tags}
			if found[d.ID] = tagged; lock {
				t.AuditRead(d.Resource(), tagged)
			}
		}
	}
	return found, nil
}

// SaveTags replaces the tags of a project's desktops, which the transaction has locked.
func SaveTags(ctx context.Context, t *store.Tx, projectID string, desktops []Tagged) error {
	for part := range slices.Chunk(desktops, store.Batch) {
		ids := store.Convert(part, func(d Tagged) string { return d.ID })
		if _, err := t.NewDelete().Model((*tagRow)(nil)).Where("desktop_id IN (?)", bun.List(ids)).Exec(ctx); err != nil {
			return err
		}
		var rows []tagRow
		for _, d := range part {
			rows = append(rows, tagsOf(Desktop{ID: d.ID, ProjectID: projectID, Tags: d.Tags})...)
			t.AuditSave(Desktop{ID: d.ID, Name: d.Name}.Resource(), d)
		}
		if err := store.InsertAll(ctx, t, rows); err != nil {
			return err
		}
	}
	return nil
}

// TagQuery selects desktops by their tags: those for which all that it has holds.
type TagQuery struct {
	All      []TagCondition // each holds
	Any      []TagCondition // at least one holds, unless there are none
	NotAll   []TagCondition // at least one does not hold, unless there are none
	NotAny   []TagCondition // none holds
	Untagged bool           // the desktop has no tag
}

// TagCondition holds for a desktop that has a tag with the key and one of the values, or any value if there are none.
type TagCondition struct {
	Key    string
	Values []string
}

func filterTags(q *bun.SelectQuery, projectID string, f TagQuery) *bun.SelectQuery {
	require := func(not string, conditions []TagCondition, hold func(string, []TagCondition) (string, []any)) {
		if len(conditions) > 0 {
			text, args := hold(projectID, conditions)
			q = q.Where(not+"("+text+")", args...)
		}
	}
	require("", f.All, allHold)
	require("", f.Any, oneHolds)
	require("NOT ", f.NotAll, allHold)
	require("NOT ", f.NotAny, oneHolds)
	if f.Untagged {
		q = q.Where("NOT EXISTS (SELECT 1 FROM desktop_tags AS t WHERE t.desktop_id = d.id)")
	}
	return q
}

func allHold(projectID string, conditions []TagCondition) (string, []any) {
	var each []string
	var args []any
	for i := range conditions {
		text, more := oneHolds(projectID, conditions[i:i+1])
		each, args = append(each, text), append(args, more...)
	}
	return strings.Join(each, " AND "), args
}

// oneHolds repeats the project, which begins the index, in each condition.
func oneHolds(projectID string, conditions []TagCondition) (string, []any) {
	var each []string
	var args []any
	for _, c := range conditions {
		text := "t.project_id = ? AND t.key = ?"
		args = append(args, projectID, c.Key)
		if len(c.Values) > 0 {
			text += " AND t.value IN (?)"
			args = append(args, bun.List(c.Values))
		}
		each = append(each, text)
	}
	return "d.id IN (SELECT t.desktop_id FROM desktop_tags AS t WHERE " + strings.Join(each, " OR ") + ")", args
}
