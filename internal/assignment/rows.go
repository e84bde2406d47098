package assignment

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/assignment/plan"
	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// ownAssignment and groupShare are the rows of assignments to users and to groups.
type ownAssignment struct {
	bun.BaseModel `bun:"table:assignments"`
	DesktopID     string
	UserID        string
	Group         workspace.UserGroup `bun:"user_group"`
	Created       time.Time
	Position      int
}

type groupShare struct {
	bun.BaseModel `bun:"table:group_assignments"`
	DesktopID     string
	GroupID       string
	Group         workspace.UserGroup `bun:"user_group"`
	Created       time.Time
	Position      int
}

// held is a user with access to a desktop, by their own assignment or through a group.
type held struct {
	DesktopID string
	UserID    string
	UserName  string
	Account   string
	Group     workspace.UserGroup `bun:"user_group"`
	Created   time.Time
}

type formerAccount struct {
	DesktopID string `bun:",pk"`
	UserID    string `bun:",pk"`
	Name      string
	Erase     bool
	Changed   time.Time
}

type formerAccountRow struct {
	bun.BaseModel `bun:"table:former_accounts"`
	formerAccount
}

type detachment struct {
	DesktopID  string          `bun:",pk"`
	Type       plan.HolderType `bun:"holder_type,pk"`
	HolderID   string          `bun:",pk"`
	HolderName string
	Group      workspace.UserGroup `bun:"user_group"`
	Detached   time.Time
}

type detachmentRow struct {
	bun.BaseModel `bun:"table:detachments"`
	detachment
}

// ordered sorts pairs, in the same order for all callers so that two of them cannot deadlock, and separates those of users from
// those of groups.
func ordered(pairs []plan.Pair) (people, groups []plan.Pair) {
	for _, p := range slices.SortedFunc(slices.Values(pairs), func(a, b plan.Pair) int {
		return cmp.Or(strings.Compare(a.DesktopID, b.DesktopID), strings.Compare(a.HolderID, b.HolderID))
	}) {
		if p.Type == plan.HolderGroup {
			groups = append(groups, p)
		} else {
			people = append(people, p)
		}
	}
	return people, groups
}

// Assign assigns desktops to users and groups. CodeConflict if one of them was deleted. Existing pairs are unchanged.
func Assign(ctx context.Context, t *store.Tx, pairs []plan.Pair) error {
	place := make(map[plan.Pair]int, len(pairs)) // users of a desktop are listed in the order of the request
	for i, p := range pairs {
		place[p] = i
	}
	people, groups := ordered(pairs)
	own := store.Convert(people, func(p plan.Pair) ownAssignment {
		return ownAssignment{Position: place[p], DesktopID: p.DesktopID, UserID: p.HolderID, Group: p.Group, Created: t.Now()}
	})
	for part := range slices.Chunk(own, store.Batch) {
		if _, err := t.Inserting(&part).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
			return t.Dangling(err)
		}
	}
	shared := store.Convert(groups, func(p plan.Pair) groupShare {
		return groupShare{Position: place[p], DesktopID: p.DesktopID, GroupID: p.HolderID, Group: p.Group, Created: t.Now()}
	})
	for part := range slices.Chunk(shared, store.Batch) {
		if _, err := t.Inserting(&part).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
			return t.Dangling(err)
		}
	}
	auditHolders(t, pairs, func(holders string) workspace.FieldChange {
		return workspace.FieldChange{Field: "holders", New: holders}
	})
	return nil
}

// auditHolders records, for each desktop, a change of the holders that pairs have.
func auditHolders(t *store.Tx, pairs []plan.Pair, change func(holders string) workspace.FieldChange) {
	if !t.Audited() {
		return
	}
	holders := map[string][]string{}
	for _, p := range pairs {
		holders[p.DesktopID] = append(holders[p.DesktopID], strings.TrimSpace(fmt.Sprintf("%s %s %s", p.Type, p.HolderID, p.Group)))
	}
	for _, id := range slices.Sorted(maps.Keys(holders)) {
		t.Audit(workspace.Resource{Type: workspace.ResourceDesktop, ID: id}, "", change(workspace.ClipList(holders[id], workspace.MaxAuditValue)))
	}
}

// Unassign deletes assignments. Missing pairs are a success.
func Unassign(ctx context.Context, t *store.Tx, pairs []plan.Pair) error {
	people, groups := ordered(pairs)
	for part := range slices.Chunk(people, store.Batch) {
		keys, args := values(keysOf(part))
		if _, err := t.NewRaw("DELETE FROM assignments WHERE (desktop_id, user_id) IN ("+keys+")", args...).Exec(ctx); err != nil {
			return err
		}
	}
	for part := range slices.Chunk(groups, store.Batch) {
		keys, args := values(keysOf(part))
		if _, err := t.NewRaw("DELETE FROM group_assignments WHERE (desktop_id, group_id) IN ("+keys+")", args...).Exec(ctx); err != nil {
			return err
		}
	}
	auditHolders(t, pairs, func(holders string) workspace.FieldChange {
		return workspace.FieldChange{Field: "holders", Old: holders}
	})
	return nil
}

// Regroup sets the privilege of existing pairs, with one statement for users and one for groups.
func Regroup(ctx context.Context, t *store.Tx, pairs []plan.Pair) error {
	auditHolders(t, pairs, func(holders string) workspace.FieldChange {
		return workspace.FieldChange{Field: "holders", New: holders}
	})
	people, groups := ordered(pairs)
	if err := regroup(ctx, t, people, "UPDATE assignments SET user_group = v.user_group FROM v WHERE desktop_id = v.desktop AND user_id = v.holder"); err != nil {
		return err
	}
	return regroup(ctx, t, groups, "UPDATE group_assignments SET user_group = v.user_group FROM v WHERE desktop_id = v.desktop AND group_id = v.holder")
}

func regroup(ctx context.Context, t *store.Tx, pairs []plan.Pair, update string) error {
	for part := range slices.Chunk(pairs, store.Batch) {
		rows, args := values(store.Convert(part, func(p plan.Pair) []string { return []string{p.DesktopID, p.HolderID, string(p.Group)} }))
		if _, err := t.NewRaw("WITH v (desktop, holder, user_group) AS ("+rows+") "+update, args...).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// values returns rows of texts as a table for a statement, "VALUES (?),(?)", with the arguments.
func values(rows [][]string) (string, []any) {
	args := make([]any, len(rows))
	for i, r := range rows {
		args[i] = bun.List(r)
	}
	return "VALUES " + strings.TrimSuffix(strings.Repeat("(?),", len(rows)), ","), args
}

func keysOf(pairs []plan.Pair) [][]string {
	return store.Convert(pairs, func(p plan.Pair) []string { return []string{p.DesktopID, p.HolderID} })
}

// Holdings reads who has access to desktops, by their own assignment or through a group; if userIDs is not empty, only these
// users. A user is listed once per desktop: their own assignment has precedence, and among groups one for administrators. The
// order is by desktop, then own assignments by time, then those through groups by name.
func Holdings(ctx context.Context, t *store.Tx, desktopIDs, userIDs []string) ([]desktop.Assignment, error) {
	var all []desktop.Assignment
	for part := range slices.Chunk(slices.Compact(slices.Sorted(slices.Values(desktopIDs))), store.Batch) {
		own, err := ownHoldings(ctx, t, part, userIDs)
		if err != nil {
			return nil, err
		}
		shared, err := groupHoldings(ctx, t, part, userIDs)
		if err != nil {
			return nil, err
		}
		all = append(all, merge(own, shared)...)
	}
	return all, nil
}

func ownHoldings(ctx context.Context, t *store.Tx, desktopIDs, userIDs []string) ([]desktop.Assignment, error) {
	var rows []held
	q := t.NewSelect().TableExpr("assignments AS a").Join("JOIN users AS u ON u.id = a.user_id").
		ColumnExpr("a.desktop_id, a.user_id, u.name AS user_name, u.account, a.user_group, a.created").
		Where("a.desktop_id IN (?)", bun.List(desktopIDs))
	err := store.Among(q, "a.user_id", userIDs).OrderExpr("a.desktop_id, a.created, a.position").Scan(ctx, &rows)
	return store.Convert(rows, func(r held) desktop.Assignment { return desktop.Assignment(r) }), err
}

func groupHoldings(ctx context.Context, t *store.Tx, desktopIDs, userIDs []string) ([]desktop.Assignment, error) {
	var rows []held
	q := t.NewSelect().TableExpr("group_assignments AS g").Join("JOIN memberships AS m ON m.group_id = g.group_id").
		Join("JOIN users AS u ON u.id = m.user_id").
		ColumnExpr("g.desktop_id, m.user_id, u.name AS user_name, u.account, g.user_group, g.created").
		Where("g.desktop_id IN (?)", bun.List(desktopIDs))
	err := store.Among(q, "m.user_id", userIDs).OrderExpr("g.desktop_id, u.name_folded, g.created, g.position").Scan(ctx, &rows)
	return store.Convert(rows, func(r held) desktop.Assignment { return desktop.Assignment(r) }), err
}

// merge joins, by desktop, own assignments and those through groups, with each user once.
func merge(own, shared []desktop.Assignment) []desktop.Assignment {
	type key struct{ desktop, user string }
	theirs := make(map[key]bool, len(own))
	for _, a := range own {
		theirs[key{a.DesktopID, a.UserID}] = true
	}
	all := own
	at := map[key]int{}
	for _, a := range shared {
		k := key{a.DesktopID, a.UserID}
		i, there := at[k]
		switch {
		case theirs[k]:
		case !there:
			at[k] = len(all)
			all = append(all, a)
		case a.Group.Admin() && !all[i].Group.Admin():
			all[i].Group = a.Group
		}
	}
	slices.SortStableFunc(all, func(a, b desktop.Assignment) int { return strings.Compare(a.DesktopID, b.DesktopID) })
	return all
}

// GroupDesktops reads the ids of the desktops that are assigned to groups.
func GroupDesktops(ctx context.Context, t *store.Tx, groupIDs []string) ([]string, error) {
	var ids []string
	for part := range slices.Chunk(groupIDs, store.Batch) {
		var some []string
		err := t.NewRaw("SELECT DISTINCT desktop_id FROM group_assignments WHERE group_id IN (?) ORDER BY desktop_id", bun.List(part)).Scan(ctx, &some)
		if err != nil {
			return nil, err
		}
		ids = append(ids, some...)
	}
	return slices.Compact(slices.Sorted(slices.Values(ids))), nil
}

// OwnedDesktops counts, by user, the desktops that are assigned to users themselves. It locks the users' rows until the
// transaction ends: of two transactions that count at once, the second counts what the first has assigned.
func OwnedDesktops(ctx context.Context, t *store.Tx, userIDs []string) (map[string]int, error) {
	owned := make(map[string]int, len(userIDs))
	for part := range slices.Chunk(slices.Compact(slices.Sorted(slices.Values(userIDs))), store.Batch) {
		var held []string
		q := t.NewSelect().TableExpr("users AS u").Column("u.id").Where("u.id IN (?)", bun.List(part)).Order("u.id")
		if err := t.ForUpdate(q, "u").Scan(ctx, &held); err != nil {
			return nil, err
		}
		var counts []struct {
			UserID string
			Count  int
		}
		err := t.NewRaw("SELECT user_id, count(*) AS count FROM assignments WHERE user_id IN (?) GROUP BY user_id", bun.List(part)).Scan(ctx, &counts)
		if err != nil {
			return nil, err
		}
		for _, c := range counts {
			owned[c.UserID] = c.Count
		}
	}
	return owned, nil
}

// CrowdedDesktop returns the name of one of these desktops that more than limit users have access to, or "".
func CrowdedDesktop(ctx context.Context, t *store.Tx, desktopIDs []string, limit int) (string, error) {
	for part := range slices.Chunk(desktopIDs, store.Batch) {
		var names []string
		err := t.NewRaw("WITH crowded AS MATERIALIZED (SELECT h.desktop_id FROM holdings AS h WHERE h.desktop_id IN (?) "+
			"GROUP BY h.desktop_id HAVING count(DISTINCT h.user_id) > ?) "+
			"SELECT d.name FROM desktops AS d WHERE d.id IN (SELECT c.desktop_id FROM crowded AS c) ORDER BY d.id LIMIT 1",
			bun.List(part), limit).Scan(ctx, &names)
		if err != nil || len(names) > 0 {
			return strings.Join(names, ""), err
		}
	}
	return "", nil
}

// PutFormerAccounts records former accounts. One that is recorded already keeps its name, and Erase if it is set.
func PutFormerAccounts(ctx context.Context, t *store.Tx, accounts []FormerAccount) error {
	rows := store.Convert(accounts, func(a FormerAccount) formerAccountRow {
		return formerAccountRow{formerAccount: formerAccount(a)}
	})
	slices.SortFunc(rows, func(a, b formerAccountRow) int {
		return cmp.Or(strings.Compare(a.DesktopID, b.DesktopID), strings.Compare(a.UserID, b.UserID))
	})
	for part := range slices.Chunk(rows, store.Batch) {
		_, err := t.Inserting(&part).On("CONFLICT (desktop_id, user_id) DO UPDATE").
			Set("erase = (former_account_row.erase OR EXCLUDED.erase)").Set("changed = EXCLUDED.changed").Exec(ctx)
		if err != nil {
			return t.Dangling(err)
		}
	}
	return nil
}

// FormerAccounts reads the former accounts of desktops.
func FormerAccounts(ctx context.Context, t *store.Tx, desktopIDs []string) ([]FormerAccount, error) {
	var all []FormerAccount
	for part := range slices.Chunk(desktopIDs, store.Batch) {
		var rows []formerAccountRow
		err := t.NewSelect().Model(&rows).Where("desktop_id IN (?)", bun.List(part)).Order("desktop_id", "user_id").Scan(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, store.Convert(rows, func(r formerAccountRow) FormerAccount { return FormerAccount(r.formerAccount) })...)
	}
	return all, nil
}

// DropFormerAccounts deletes former accounts, each only if it has not changed since it was read.
func DropFormerAccounts(ctx context.Context, t *store.Tx, accounts []FormerAccount) error {
	for _, a := range accounts {
		_, err := t.NewDelete().Model((*formerAccountRow)(nil)).
			Where("desktop_id = ? AND user_id = ? AND changed = ?", a.DesktopID, a.UserID, a.Changed).Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}

// PutDetachments inserts detachments.
func PutDetachments(ctx context.Context, t *store.Tx, d []Detachment) error {
	rows := store.Convert(d, func(d Detachment) detachmentRow { return detachmentRow{detachment: detachment(d)} })
	slices.SortFunc(rows, func(a, b detachmentRow) int {
		return cmp.Or(strings.Compare(a.DesktopID, b.DesktopID), strings.Compare(a.HolderID, b.HolderID))
	})
	for part := range slices.Chunk(rows, store.Batch) {
		_, err := t.Inserting(&part).On("CONFLICT (desktop_id, holder_type, holder_id) DO UPDATE").
			Set("holder_name = EXCLUDED.holder_name").Set("user_group = EXCLUDED.user_group").Set("detached = EXCLUDED.detached").Exec(ctx)
		if err != nil {
			return t.Dangling(err)
		}
	}
	return nil
}

// Detachments reads the last MaxDetachments of a desktop, newest first.
func Detachments(ctx context.Context, t *store.Tx, desktopID string) ([]Detachment, error) {
	var rows []detachmentRow
	err := t.NewSelect().Model(&rows).Where("desktop_id = ?", desktopID).Order("detached DESC", "holder_id").
		Limit(MaxDetachments).Scan(ctx)
	return store.Convert(rows, func(r detachmentRow) Detachment { return Detachment(r.detachment) }), err
}

// TakeDesktops writes name, host name, task and owner of desktops whose rows are locked, and sets Updated, in batches.
// CodeNameTaken.
func TakeDesktops(ctx context.Context, t *store.Tx, desktops []desktop.Desktop) error {
	for part := range slices.Chunk(desktops, store.Batch) {
		rows, args := values(store.Convert(part, func(d desktop.Desktop) []string {
			return []string{d.ID, d.Name, store.Fold(d.Name), d.HostName, string(d.Task), d.TaskOwner}
		}))
		n, err := store.Affected(t.NewRaw("WITH v (id, name, name_folded, host_name, task, task_owner) AS ("+rows+") "+
			"UPDATE desktops SET name = v.name, name_folded = v.name_folded, host_name = v.host_name, task = v.task, "+
			"task_owner = v.task_owner, updated = ? FROM v WHERE desktops.id = v.id", append(args, t.Now())...).Exec(ctx))
		switch {
		case err != nil && t.Violated(err) == "desktops_name_folded":
			return t.Refuse(workspace.Errorf(workspace.CodeNameTaken, "computer_name: one of the names is in use"))
		case err != nil && strings.Contains(t.Violated(err), "desktops_host_name"):
			return t.Refuse(workspace.Errorf(workspace.CodeNameTaken, "computer_name: one of the host names is in use"))
		case err != nil:
			return err
		case n < len(part):
			return t.Refuse(workspace.Errorf(workspace.CodeConflict, "a desktop of the request was deleted in the meantime, try again"))
		}
	}
	return nil
}
