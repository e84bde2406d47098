package desktop

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/catalog"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

type desktop struct {
	ID        string `bun:",pk"`
	ProjectID string
	PoolID    string
	Type      workspace.DesktopType

	Name     string
	HostName string
	OUID     string `bun:"ou_id,nullzero"`
	OUName   string `bun:"ou_name,scanonly"`

	ProductID      string
	ImageID        string
	Zone           string
	SubnetID       string
	Address        string
	SecurityGroups []string `bun:"-"`
	EnterpriseID   string
	OrderID        string
	Tags           []workspace.Tag `bun:"-"`

	Root Volume   `bun:"-"`
	Data []Volume `bun:"-"`

	Status        DesktopStatus
	Task          workspace.Task
	TaskOwner     string
	Login         LoginStatus
	Fault         string
	InMaintenance bool
	AutoCreated   bool
	Isolated      bool

	Assignments      []Assignment      `bun:"-"`
	GroupAssignments []GroupAssignment `bun:"-"`

	Created time.Time
	Updated time.Time
}

type desktopRow struct {
	bun.BaseModel `bun:"table:desktops,alias:d"`
	desktop
	NameFolded    string
	AddressNumber int64

	// Whether there are such rows to read; most desktops have neither.
	Tagged  bool `bun:",scanonly"`
	Grouped bool `bun:",scanonly"`
}

// unitName is the name of a desktop's organisational unit.
const unitName = "COALESCE((SELECT o.name FROM ous AS o WHERE o.id = d.ou_id), '') AS ou_name"

// desktops selects desktops.
func desktops(t *store.Tx, rows *[]desktopRow) *bun.SelectQuery {
	return t.NewSelect().Model(rows).ColumnExpr("?TableColumns").
		ColumnExpr(unitName).
		ColumnExpr("EXISTS (SELECT 1 FROM desktop_tags AS l WHERE l.desktop_id = d.id) AS tagged").
		ColumnExpr("EXISTS (SELECT 1 FROM group_assignments AS g WHERE g.desktop_id = d.id) AS grouped")
}

func newDesktopRow(d Desktop) (desktopRow, error) {
	number, err := catalog.AddressNumber(d.Address)
	if err != nil {
		return desktopRow{}, fmt.Errorf("desktop %s: %w", d.ID, err)
	}
	return desktopRow{desktop: desktop(d), NameFolded: store.Fold(d.Name), AddressNumber: number}, nil
}

// InsertDesktops inserts desktops with their volumes and assignments. CodeNameTaken (with the name) or CodeAddressTaken; unique
// constraints decide between concurrent callers. Desktops of a pool are its members immediately, and the pool's row is locked
// until the transaction ends; CodeConflict if the pool is gone, or if a user, subnet, security group or unit was deleted in the
// meantime.
func InsertDesktops(ctx context.Context, t *store.Tx, desktops []Desktop) error {
	rows := make([]desktopRow, len(desktops))
	for i, d := range desktops {
		row, err := newDesktopRow(d)
		if err != nil {
			return err
		}
		rows[i] = row
	}
	if err := holdPools(ctx, t, rows); err != nil {
		return err
	}
	// The same order for all callers, so that two of them cannot deadlock.
	slices.SortFunc(rows, func(a, b desktopRow) int { return cmp.Compare(a.NameFolded, b.NameFolded) })
	for part := range slices.Chunk(rows, store.Batch) {
		n, err := store.Affected(t.Inserting(&part).On("CONFLICT DO NOTHING").Exec(ctx))
		if err != nil {
			return t.Dangling(err)
		}
		if n < len(part) {
			return t.Refuse(whyNotDesktops(ctx, t, part))
		}
	}
	return t.Dangling(insertDesktopParts(ctx, t, desktops))
}

// whyNotDesktops determines which of the rows could not be inserted. The others exist, as do those that another transaction has
// committed meanwhile.
func whyNotDesktops(ctx context.Context, t *store.Tx, rows []desktopRow) error {
	for _, r := range rows {
		named := t.NewSelect().Model((*desktopRow)(nil)).
			Where("project_id = ? AND name_folded = ? AND id <> ?", r.ProjectID, r.NameFolded, r.ID)
		if held, err := named.Exists(ctx); err != nil || held {
			return cmp.Or(err, computerNameTaken(r.Name))
		}
		hosting := t.NewSelect().Model((*desktopRow)(nil)).
			Where("project_id = ? AND LOWER(host_name) = ? AND host_name <> '' AND id <> ?", r.ProjectID, strings.ToLower(r.HostName), r.ID)
		if held, err := hosting.Exists(ctx); err != nil || held {
			return cmp.Or(err, hostNameTaken(r.HostName))
		}
		addressed := t.NewSelect().Model((*desktopRow)(nil)).
			Where("subnet_id = ? AND address_number = ? AND address_number > 0 AND id <> ?", r.SubnetID, r.AddressNumber, r.ID)
		if held, err := addressed.Exists(ctx); err != nil || held {
			return cmp.Or(err, addressTaken(r.Address))
		}
	}
	return errors.New("inserting desktops: an id is in use")
}

func computerNameTaken(name string) error {
	return workspace.Errorf(workspace.CodeNameTaken, "computer name %q is in use", name)
}

func hostNameTaken(name string) error {
	return workspace.Errorf(workspace.CodeNameTaken, "host name %q is in use", name)
}

func addressTaken(address string) error {
	return workspace.Errorf(workspace.CodeAddressTaken, "address %s is in use", address)
}

// NotFound is the error for a desktop that does not exist.
func NotFound(id string) error {
	return workspace.Errorf(workspace.CodeDesktopNotFound, "desktop %q does not exist", id)
}

// ReadDesktop reads a desktop of the project, or of any project if projectID is empty. CodeDesktopNotFound.
func ReadDesktop(ctx context.Context, t *store.Tx, projectID, id string) (Desktop, error) {
	var rows []desktopRow
	if err := store.Equal(desktops(t, &rows), "d.project_id", projectID).Where("d.id = ?", id).Scan(ctx); err != nil {
		return Desktop{}, err
	}
	if len(rows) == 0 {
		return Desktop{}, NotFound(id)
	}
	desktops, err := wholeDesktops(ctx, t, rows)
	if err != nil {
		return Desktop{}, err
	}
	return desktops[0], nil
}

// LockDesktops reads the desktops with these ids, of the project or of any if projectID is empty, and locks them until the
// transaction ends. Ids that do not exist are ignored. It locks and returns rows in the order of their ids, so that two callers
// cannot deadlock.
func LockDesktops(ctx context.Context, t *store.Tx, projectID string, ids []string) ([]Desktop, error) {
	var locked []desktopRow
	for part := range slices.Chunk(slices.Compact(slices.Sorted(slices.Values(ids))), store.Batch) {
		var rows []desktopRow
		q := t.NewSelect().Model(&rows).ColumnExpr("?TableColumns").ColumnExpr(unitName).Order("d.id")
		q = store.Equal(store.Among(q, "d.id", part), "d.project_id", projectID)
		if err := t.ForUpdate(q, "d").Scan(ctx); err != nil {
			return nil, err
		}
		locked = append(locked, rows...)
	}
	// Not in one statement with the lock: that would not see what the last holder of the lock wrote.
	if err := markParts(ctx, t, locked); err != nil {
		return nil, err
	}
	desktops, err := wholeDesktops(ctx, t, locked)
	holdLabels(t, desktops)
	return desktops, err
}

// Desktops reads a page of desktops and counts all that match.
func Desktops(ctx context.Context, t *store.Tx, f DesktopQuery) ([]Desktop, int, error) {
	var rows []desktopRow
	q := filterDesktops(desktops(t, &rows), f)
	column := "created"
	if f.SortBy == ByName {
		column = "name_folded"
	}
	total, err := store.ReadPage(ctx, q, f.Page, f.Descending, column, "id")
	if err != nil {
		return nil, 0, err
	}
	if f.Brief {
		desktops, err := briefDesktops(ctx, t, rows)
		return desktops, total, err
	}
	desktops, err := wholeDesktops(ctx, t, rows)
	return desktops, total, err
}

func filterDesktops(q *bun.SelectQuery, f DesktopQuery) *bun.SelectQuery {
	q = store.Equal(q, "d.project_id", f.ProjectID)
	q = Selected(q, f.Visible)
	q = store.Among(q, "d.id", f.IDs)
	q = store.Containing(q, "d.name_folded", f.Name)
	q = store.Among(q, "d.name_folded", store.FoldAll(f.Names))
	q = store.Among(q, "d.pool_id", f.PoolIDs)
	q = store.Equal(q, "d.enterprise_id", f.EnterpriseID)
	q = store.Equal(q, "d.subnet_id", f.SubnetID)
	q = store.Equal(q, "d.image_id", f.ImageID)
	q = store.Equal(q, "d.zone", f.Zone)
	q = store.Equal(q, "d.ou_id", f.OUID)
	q = store.Equal(q, "d.address", f.Address)
	q = store.Among(q, "d.type", f.Types)
	q = store.Among(q, "d.status", f.Statuses)
	q = store.Is(q, "d.in_maintenance", f.InMaintenance)
	q = store.Is(q, "d.isolated", f.Isolated)
	if f.Unlike != nil {
		condition, args := difference(f.Unlike.Pattern, f.Unlike.In)
		q = q.Where("d.pool_id = ?", f.Unlike.PoolID).Where(condition, args...)
	}
	if !f.UnusedUntil.IsZero() {
		q = q.Where("d.created < ? AND NOT EXISTS (SELECT 1 FROM usage_sessions AS s WHERE s.desktop_id = d.id AND s.begun < ? AND (s.ended IS NULL OR s.ended > ?))",
			f.UnusedUntil, f.UnusedUntil, f.UnusedFrom)
	}
	if f.UserID != "" {
		q = q.Where("d.id IN (SELECT h.desktop_id FROM holdings AS h WHERE h.user_id = ?)", f.UserID)
	}
	if f.UserName != "" {
		q = q.Where("d.id IN (SELECT h.desktop_id FROM holdings AS h WHERE h.user_id IN (SELECT u.id FROM users AS u "+
			`WHERE u.name_folded LIKE ? ESCAPE '\'))`, store.LikePart(f.UserName))
	}
	if len(f.UserNames) > 0 {
		q = q.Where("d.id IN (SELECT h.desktop_id FROM holdings AS h WHERE h.user_id IN (SELECT u.id FROM users AS u "+
			"WHERE u.name_folded IN (?)))", bun.List(store.FoldAll(f.UserNames)))
	}
	q = filterTags(q, f.ProjectID, f.Tags)
	if f.Assigned != nil {
		q = q.Where(assigned+" = ?", *f.Assigned)
	}
	return q
}

// SaveDesktop writes every field of the desktop's own row but its identity, with tags and security groups, and sets Updated to
// the transaction's time; volumes, assignments, AutoCreated, Isolated and what only Member has stay. CodeDesktopNotFound if the
// row is missing; CodeNameTaken and CodeAddressTaken.
func SaveDesktop(ctx context.Context, t *store.Tx, d Desktop) error {
	d.Updated = t.Now()
	row, err := newDesktopRow(d)
	if err != nil {
		return err
	}
	n, err := store.Affected(t.NewUpdate().Model(&row).ExcludeColumn("project_id", "auto_created", "isolated").WherePK().Exec(ctx))
	if err != nil {
		switch t.Violated(err) {
		case "desktops_name_folded":
			return t.Refuse(computerNameTaken(d.Name))
		case "desktops_address_number":
			return t.Refuse(addressTaken(d.Address))
		}
		return t.Dangling(err)
	}
	if n == 0 {
		return NotFound(d.ID)
	}
	if err := PoolsChanged(ctx, t, d.PoolID); err != nil {
		return err
	}
	return t.Dangling(saveLabels(ctx, t, d))
}

// DeleteDesktop deletes the row; its volumes, assignments, tickets and connections go with it by foreign keys. A missing row is a
// success.
func DeleteDesktop(ctx context.Context, t *store.Tx, id string) error {
	var pools []string
	if err := t.NewRaw("DELETE FROM desktops WHERE id = ? RETURNING pool_id", id).Scan(ctx, &pools); err != nil {
		return err
	}
	return PoolsChanged(ctx, t, pools...)
}

// DesktopStates reads the states of all projects' desktops in the order of their ids: at most limit after the given id, in one
// statement that reads only their own rows.
func DesktopStates(ctx context.Context, t *store.Tx, after string, limit int) ([]DesktopState, error) {
	var states []DesktopState
	err := t.NewSelect().Model((*desktopRow)(nil)).
		Column("id", "project_id", "name", "product_id", "status", "task", "fault", "updated").
		Where("id > ?", after).Order("id").Limit(int64(limit)).Scan(ctx, &states)
	return states, err
}

// TakenNames returns which of the names are computer names in the project, ignoring case, in lower case.
func TakenNames(ctx context.Context, t *store.Tx, projectID string, names []string) ([]string, error) {
	return t.Present(ctx, "SELECT name_folded FROM desktops WHERE project_id = ? AND name_folded = v.column1", projectID, store.FoldAll(names))
}

// TakenHostNames returns which of the names are host names in the project, ignoring case, in lower case. Host names are ASCII,
// for which LOWER is the same on both databases.
func TakenHostNames(ctx context.Context, t *store.Tx, projectID string, names []string) ([]string, error) {
	return t.Present(ctx, "SELECT LOWER(host_name) FROM desktops WHERE project_id = ? AND LOWER(host_name) = v.column1 AND host_name <> ''",
		projectID, store.FoldAll(names))
}

// NamesWithPrefix returns all computer names in the project that start with one of the prefixes, ignoring case, in one statement
// for hundreds of prefixes.
func NamesWithPrefix(ctx context.Context, t *store.Tx, projectID string, prefixes ...string) ([]string, error) {
	var names []string
	for part := range slices.Chunk(store.FoldAll(prefixes), store.Batch) {
		q := t.NewSelect().Model((*desktopRow)(nil)).Column("name").Order("name_folded")
		for _, prefix := range part {
			starts, args := store.StartingWith("name_folded", prefix)
			q.WhereOr("project_id = ? AND "+starts, append([]any{projectID}, args...)...)
		}
		var some []string
		if err := q.Scan(ctx, &some); err != nil {
			return nil, err
		}
		names = append(names, some...)
	}
	return names, nil
}
