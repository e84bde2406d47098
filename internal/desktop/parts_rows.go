package desktop

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/catalog"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// volume, securityGroupOf and assignment are the rows that belong to a desktop, as is tagRow.
type volume struct {
	ID      string `bun:",pk"`
	Type    string
	GB      int `bun:"gb"`
	Device  string
	Name    string
	Created time.Time

	PoolVolumeID string
	catalog.Speed
}

type volumeRow struct {
	bun.BaseModel `bun:"table:volumes"`
	volume
	DesktopID string
	Position  int // 0 is the system disk
}

type desktopGroupRow struct {
	bun.BaseModel `bun:"table:desktop_security_groups"`
	DesktopID     string `bun:",pk"`
	Position      int    `bun:",pk"`
	GroupID       string
}

type assignment struct {
	DesktopID string              `bun:",pk"`
	UserID    string              `bun:",pk"`
	UserName  string              `bun:",scanonly"`
	Account   string              `bun:",scanonly"`
	Group     workspace.UserGroup `bun:"user_group"`
	Created   time.Time
}

type assignmentRow struct {
	bun.BaseModel `bun:"table:assignments,alias:a"`
	assignment
	Position int
}

type groupAssignment struct {
	DesktopID string              `bun:",pk"`
	GroupID   string              `bun:",pk"`
	GroupName string              `bun:",scanonly"`
	People    int                 `bun:",scanonly"`
	Group     workspace.UserGroup `bun:"user_group"`
	Created   time.Time
}

type groupAssignmentRow struct {
	bun.BaseModel `bun:"table:group_assignments,alias:a"`
	groupAssignment
	Position int
}

// insertDesktopParts inserts the rows that belong to desktops whose own rows exist.
func insertDesktopParts(ctx context.Context, t *store.Tx, desktops []Desktop) error {
	var volumes []volumeRow
	var tags []tagRow
	var groups []desktopGroupRow
	var assignments []assignmentRow
	for _, d := range desktops {
		volumes = append(volumes, volumesOf(d)...)
		tags = append(tags, tagsOf(d)...)
		groups = append(groups, groupsOf(d)...)
		for i, a := range d.Assignments {
			a.DesktopID = d.ID
			assignments = append(assignments, assignmentRow{assignment: assignment(a), Position: i})
		}
	}
	if err := store.InsertAll(ctx, t, volumes); err != nil {
		return err
	}
	if err := store.InsertAll(ctx, t, tags); err != nil {
		return err
	}
	if err := store.InsertAll(ctx, t, groups); err != nil {
		return err
	}
	return store.InsertAll(ctx, t, assignments)
}

func volumesOf(d Desktop) (rows []volumeRow) {
	for i, v := range append([]Volume{d.Root}, d.Data...) {
		if v.ID != "" {
			rows = append(rows, volumeRow{volume: volume(v), DesktopID: d.ID, Position: i})
		}
	}
	return rows
}

// SaveVolumes sets the disks of a desktop to those of d, in order. CodeConflict if the desktop is missing.
func SaveVolumes(ctx context.Context, t *store.Tx, d Desktop) error {
	return t.Dangling(replace(ctx, t, d.ID, volumesOf(d)))
}

func groupsOf(d Desktop) (rows []desktopGroupRow) {
	for i, id := range d.SecurityGroups {
		rows = append(rows, desktopGroupRow{DesktopID: d.ID, Position: i, GroupID: id})
	}
	return rows
}

// labels are the tags and security groups of a desktop.
type labels struct {
	tags   []workspace.Tag
	groups []string
}

// heldLabels are the labels of desktops that a transaction has locked, by id.
type heldLabels map[string]labels

// holdLabels remembers the labels of desktops that the transaction has locked: no other can change them until it ends.
func holdLabels(t *store.Tx, desktops []Desktop) {
	held := store.Kept[heldLabels](t)
	if *held == nil {
		*held = heldLabels{}
	}
	for _, d := range desktops {
		(*held)[d.ID] = labels{slices.Clone(d.Tags), slices.Clone(d.SecurityGroups)}
	}
}

// saveLabels writes the tags and security groups of a desktop if they have changed. Most saves change only its state.
func saveLabels(ctx context.Context, t *store.Tx, d Desktop) error {
	former, held := (*store.Kept[heldLabels](t))[d.ID]
	if !held {
		read := []Desktop{{ID: d.ID}}
		if err := readTags(ctx, t, read); err != nil {
			return err
		}
		if err := readGroups(ctx, t, read); err != nil {
			return err
		}
		former = labels{read[0].Tags, read[0].SecurityGroups}
	}
	if !slices.Equal(former.tags, d.Tags) {
		if err := replace(ctx, t, d.ID, tagsOf(d)); err != nil {
			return err
		}
	}
	if !slices.Equal(former.groups, d.SecurityGroups) {
		if err := replace(ctx, t, d.ID, groupsOf(d)); err != nil {
			return err
		}
	}
	if held {
		holdLabels(t, []Desktop{d})
	}
	return nil
}

func replace[Row any](ctx context.Context, t *store.Tx, desktopID string, rows []Row) error {
	if _, err := t.NewDelete().Model((*Row)(nil)).Where("desktop_id = ?", desktopID).Exec(ctx); err != nil {
		return err
	}
	return store.InsertAll(ctx, t, rows)
}

// partReader reads into each of the desktops its rows of one kind, with one statement.
type partReader func(context.Context, *store.Tx, []Desktop) error

// wholeDesktops returns desktops with all their parts.
func wholeDesktops(ctx context.Context, t *store.Tx, rows []desktopRow) ([]Desktop, error) {
	return withParts(ctx, t, rows, readVolumes, tagsIfAny(rows), readGroups, readAssignments, groupsIfAny(rows))
}

// briefDesktops is wholeDesktops without what DesktopQuery.Brief omits.
func briefDesktops(ctx context.Context, t *store.Tx, rows []desktopRow) ([]Desktop, error) {
	return withParts(ctx, t, rows, tagsIfAny(rows), readAssignments, groupsIfAny(rows))
}

// markParts marks on each row which of the parts that most desktops do not have must be read.
func markParts(ctx context.Context, t *store.Tx, rows []desktopRow) error {
	for part := range slices.Chunk(rows, store.Batch) {
		byID := make(map[string]*desktopRow, len(part))
		for i := range part {
			byID[part[i].ID] = &part[i]
		}
		ids := bun.List(slices.Sorted(maps.Keys(byID)))
		var has []struct {
			DesktopID string
			Tag       bool
		}
		err := t.NewRaw("SELECT DISTINCT desktop_id, TRUE AS tag FROM desktop_tags WHERE desktop_id IN (?) "+
			"UNION ALL SELECT DISTINCT desktop_id, FALSE FROM group_assignments WHERE desktop_id IN (?)", ids, ids).Scan(ctx, &has)
		if err != nil {
			return err
		}
		for _, h := range has {
			if h.Tag {
				byID[h.DesktopID].Tagged = true
			} else {
				byID[h.DesktopID].Grouped = true
			}
		}
	}
	return nil
}

func tagsIfAny(rows []desktopRow) partReader {
	return readIf(slices.ContainsFunc(rows, func(r desktopRow) bool { return r.Tagged }), readTags)
}

func groupsIfAny(rows []desktopRow) partReader {
	return readIf(slices.ContainsFunc(rows, func(r desktopRow) bool { return r.Grouped }), readGroupAssignments)
}

// readIf returns read, or a reader that does nothing if there is nothing to read.
func readIf(any bool, read partReader) partReader {
	if any {
		return read
	}
	return func(context.Context, *store.Tx, []Desktop) error { return nil }
}

func withParts(ctx context.Context, t *store.Tx, rows []desktopRow, parts ...partReader) ([]Desktop, error) {
	desktops := store.Convert(rows, func(r desktopRow) Desktop { return Desktop(r.desktop) })
	for some := range slices.Chunk(desktops, store.Batch) {
		for _, read := range parts {
			if err := read(ctx, t, some); err != nil {
				return nil, err
			}
		}
	}
	return desktops, nil
}

// ownedBy selects the rows that belong to desktops. The function that it returns finds the desktop by id.
func ownedBy(t *store.Tx, desktops []Desktop, rows any) (*bun.SelectQuery, func(id string) *Desktop) {
	ids := make([]string, len(desktops))
	byID := make(map[string]*Desktop, len(desktops))
	for i := range desktops {
		ids[i] = desktops[i].ID
		byID[ids[i]] = &desktops[i]
	}
	q := t.NewSelect().Model(rows).Where("desktop_id IN (?)", bun.List(ids))
	return q, func(id string) *Desktop { return byID[id] }
}

func readVolumes(ctx context.Context, t *store.Tx, desktops []Desktop) error {
	rows := make([]volumeRow, 0, 2*len(desktops))
	q, desktop := ownedBy(t, desktops, &rows)
	if err := q.Order("desktop_id", "position").Scan(ctx); err != nil {
		return err
	}
	for _, r := range rows {
		d := desktop(r.DesktopID)
		if r.Position == 0 {
			d.Root = Volume(r.volume)
		} else {
			d.Data = append(d.Data, Volume(r.volume))
		}
	}
	return nil
}

func readGroups(ctx context.Context, t *store.Tx, desktops []Desktop) error {
	rows := make([]desktopGroupRow, 0, len(desktops))
	q, desktop := ownedBy(t, desktops, &rows)
	if err := q.Order("desktop_id", "position").Scan(ctx); err != nil {
		return err
	}
	for _, r := range rows {
		d := desktop(r.DesktopID)
		d.SecurityGroups = append(d.SecurityGroups, r.GroupID)
	}
	return nil
}

func readAssignments(ctx context.Context, t *store.Tx, desktops []Desktop) error {
	rows := make([]assignmentRow, 0, len(desktops))
	q, desktop := ownedBy(t, desktops, &rows)
	q = q.ColumnExpr("a.*").ColumnExpr("u.name AS user_name, u.account").Join("JOIN users AS u ON u.id = a.user_id")
	if err := q.Order("a.desktop_id", "a.created", "a.position").Scan(ctx); err != nil {
		return err
	}
	for _, r := range rows {
		d := desktop(r.DesktopID)
		d.Assignments = append(d.Assignments, Assignment(r.assignment))
	}
	return nil
}

func readGroupAssignments(ctx context.Context, t *store.Tx, desktops []Desktop) error {
	var rows []groupAssignmentRow
	q, desktop := ownedBy(t, desktops, &rows)
	q = q.ColumnExpr("a.*").ColumnExpr("g.name AS group_name").Join("JOIN people_groups AS g ON g.id = a.group_id").
		ColumnExpr("(SELECT count(*) FROM memberships AS m WHERE m.group_id = g.id) AS people")
	if err := q.Order("a.desktop_id", "a.created", "a.position").Scan(ctx); err != nil {
		return err
	}
	for _, r := range rows {
		d := desktop(r.DesktopID)
		d.GroupAssignments = append(d.GroupAssignments, GroupAssignment(r.groupAssignment))
	}
	return nil
}
