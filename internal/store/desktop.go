package store

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/workspace"
)

type desktop struct {
	ID        string `bun:",pk"`
	ProjectID string
	PoolID    string
	Type      workspace.DesktopType

	Name     string
	HostName string
	OUName   string `bun:"ou_name"`

	ProductID      string
	ImageID        string
	Zone           string
	SubnetID       string
	Address        string
	SecurityGroups []string `bun:"-"`
	EnterpriseID   string
	Tags           []workspace.Tag `bun:"-"`

	Root workspace.Volume   `bun:"-"`
	Data []workspace.Volume `bun:"-"`

	Status        workspace.DesktopStatus
	Task          workspace.Task
	TaskOwner     string
	Login         workspace.LoginStatus
	Fault         string
	InMaintenance bool
	AutoCreated   bool
	Isolated      bool

	Assignments      []workspace.Assignment      `bun:"-"`
	GroupAssignments []workspace.GroupAssignment `bun:"-"`

	Created time.Time
	Updated time.Time
}

type desktopRow struct {
	bun.BaseModel `bun:"table:desktops,alias:d"`
	desktop
	NameFolded    string
	AddressNumber int64

	// Whether anything is there to read; most desktops have neither.
	Tagged  bool `bun:",scanonly"`
	Grouped bool `bun:",scanonly"`
}

// desktops selects desktops.
func (t *Tx) desktops(rows *[]desktopRow) *bun.SelectQuery {
	return t.NewSelect().Model(rows).ColumnExpr("?TableColumns").
		ColumnExpr("EXISTS (SELECT 1 FROM desktop_tags AS l WHERE l.desktop_id = d.id) AS tagged").
		ColumnExpr("EXISTS (SELECT 1 FROM group_assignments AS g WHERE g.desktop_id = d.id) AS grouped")
}

func newDesktopRow(d workspace.Desktop) (desktopRow, error) {
	number, err := AddressNumber(d.Address)
	if err != nil {
		return desktopRow{}, fmt.Errorf("desktop %s: %w", d.ID, err)
	}
	return desktopRow{desktop: desktop(d), NameFolded: Fold(d.Name), AddressNumber: number}, nil
}

// AddressNumber makes IPv4 addresses sort and count. It returns 0 for none.
func AddressNumber(address string) (int64, error) {
	if address == "" {
		return 0, nil
	}
	a, err := netip.ParseAddr(address)
	if err != nil {
		return 0, err
	}
	if !a.Is4() {
		return 0, fmt.Errorf("%s is not an IPv4 address", address)
	}
	b := a.As4()
	return int64(binary.BigEndian.Uint32(b[:])), nil
}

// InsertDesktops implements workspace.DesktopRows. A user, subnet or security group that is not there is a CodeConflict:
// it was deleted since the caller looked. So is a pool; those of the desktops are held until the transaction ends.
func (t *Tx) InsertDesktops(ctx context.Context, desktops []workspace.Desktop) error {
	rows := make([]desktopRow, len(desktops))
	for i, d := range desktops {
		row, err := newDesktopRow(d)
		if err != nil {
			return err
		}
		rows[i] = row
	}
	if err := t.holdPools(ctx, rows); err != nil {
		return err
	}
	// In one order for all callers, so that two of them do not wait for each other.
	slices.SortFunc(rows, func(a, b desktopRow) int { return cmp.Compare(a.NameFolded, b.NameFolded) })
	for part := range slices.Chunk(rows, Batch) {
		n, err := Affected(t.Inserting(&part).On("CONFLICT DO NOTHING").Exec(ctx))
		if err != nil {
			return t.Dangling(err)
		}
		if n < len(part) {
			return t.Refuse(t.whyNotDesktops(ctx, part))
		}
	}
	return t.Dangling(t.insertDesktopParts(ctx, desktops))
}

// Dangling tells of rows that refer to one that is not there.
func (t *Tx) Dangling(err error) error {
	if err == nil || !t.Refers(err) {
		return err
	}
	return t.Refuse(workspace.Errorf(workspace.CodeConflict,
		"a user, desktop, subnet or security group of the request was deleted meanwhile, try again"))
}

// whyNotDesktops finds out which of the rows could not be inserted. The others are there, and so are those that another
// transaction has committed meanwhile.
func (t *Tx) whyNotDesktops(ctx context.Context, rows []desktopRow) error {
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

func desktopNotFound(id string) error {
	return workspace.Errorf(workspace.CodeDesktopNotFound, "desktop %q does not exist", id)
}

// ReadDesktop implements workspace.DesktopRows.
func (t *Tx) ReadDesktop(ctx context.Context, projectID, id string) (workspace.Desktop, error) {
	var rows []desktopRow
	if err := Equal(t.desktops(&rows), "d.project_id", projectID).Where("d.id = ?", id).Scan(ctx); err != nil {
		return workspace.Desktop{}, err
	}
	if len(rows) == 0 {
		return workspace.Desktop{}, desktopNotFound(id)
	}
	desktops, err := t.wholeDesktops(ctx, rows)
	if err != nil {
		return workspace.Desktop{}, err
	}
	return desktops[0], nil
}

// LockDesktops implements workspace.DesktopRows. An empty projectID allows those of any project. They come in the order
// of their ids.
func (t *Tx) LockDesktops(ctx context.Context, projectID string, ids []string) ([]workspace.Desktop, error) {
	var locked []desktopRow
	for part := range slices.Chunk(slices.Compact(slices.Sorted(slices.Values(ids))), Batch) {
		var rows []desktopRow
		q := Equal(Among(t.NewSelect().Model(&rows), "d.id", part), "d.project_id", projectID).Order("d.id")
		if err := t.ForUpdate(q, "d").Scan(ctx); err != nil {
			return nil, err
		}
		locked = append(locked, rows...)
	}
	// Not in one statement with the lock: it would not see what somebody wrote who held a row until now.
	if err := t.markParts(ctx, locked); err != nil {
		return nil, err
	}
	desktops, err := t.wholeDesktops(ctx, locked)
	t.holdLabels(desktops)
	return desktops, err
}

// Desktops implements workspace.DesktopRows.
func (t *Tx) Desktops(ctx context.Context, f workspace.DesktopQuery) ([]workspace.Desktop, int, error) {
	var rows []desktopRow
	q := filterDesktops(t.desktops(&rows), f)
	column := "created"
	if f.SortBy == workspace.ByName {
		column = "name_folded"
	}
	total, err := ReadPage(ctx, q, f.Page, f.Descending, column, "id")
	if err != nil {
		return nil, 0, err
	}
	if f.Brief {
		desktops, err := t.briefDesktops(ctx, rows)
		return desktops, total, err
	}
	desktops, err := t.wholeDesktops(ctx, rows)
	return desktops, total, err
}

func filterDesktops(q *bun.SelectQuery, f workspace.DesktopQuery) *bun.SelectQuery {
	q = Equal(q, "d.project_id", f.ProjectID)
	q = Among(q, "d.id", f.IDs)
	q = Containing(q, "d.name_folded", f.Name)
	q = Among(q, "d.name_folded", FoldAll(f.Names))
	q = Among(q, "d.pool_id", f.PoolIDs)
	q = Equal(q, "d.enterprise_id", f.EnterpriseID)
	q = Equal(q, "d.subnet_id", f.SubnetID)
	q = Equal(q, "d.image_id", f.ImageID)
	q = Equal(q, "d.zone", f.Zone)
	q = Equal(q, "d.ou_name", f.OUName)
	q = Equal(q, "d.address", f.Address)
	q = Among(q, "d.type", f.Types)
	q = Among(q, "d.status", f.Statuses)
	q = Is(q, "d.in_maintenance", f.InMaintenance)
	q = Is(q, "d.isolated", f.Isolated)
	if f.Unlike != nil {
		condition, args := difference(f.Unlike.Pattern, f.Unlike.In)
		q = q.Where("d.pool_id = ?", f.Unlike.PoolID).Where(condition, args...)
	}
	if f.UserID != "" {
		q = q.Where("d.id IN (SELECT h.desktop_id FROM holdings AS h WHERE h.user_id = ?)", f.UserID)
	}
	if f.UserName != "" {
		q = q.Where("d.id IN (SELECT h.desktop_id FROM holdings AS h WHERE h.user_id IN (SELECT u.id FROM users AS u "+
			`WHERE u.name_folded LIKE ? ESCAPE '\'))`, LikePart(f.UserName))
	}
	if len(f.UserNames) > 0 {
		q = q.Where("d.id IN (SELECT h.desktop_id FROM holdings AS h WHERE h.user_id IN (SELECT u.id FROM users AS u "+
			"WHERE u.name_folded IN (?)))", bun.List(FoldAll(f.UserNames)))
	}
	for _, tag := range f.Tags {
		q = q.Where("d.id IN (SELECT t.desktop_id FROM desktop_tags AS t WHERE t.key = ? AND t.value = ?)", tag.Key, tag.Value)
	}
	if f.Assigned != nil {
		q = q.Where("(EXISTS (SELECT 1 FROM assignments AS a WHERE a.desktop_id = d.id) OR "+
			"EXISTS (SELECT 1 FROM group_assignments AS a WHERE a.desktop_id = d.id)) = ?", *f.Assigned)
	}
	return q
}

// SaveDesktop implements workspace.DesktopRows: tags and security groups are written too, and what a desktop has only in a pool
// (memberRow) is not. CodeDesktopNotFound when the
// row is missing; CodeNameTaken and CodeAddressTaken.
func (t *Tx) SaveDesktop(ctx context.Context, d workspace.Desktop) error {
	row, err := newDesktopRow(d)
	if err != nil {
		return err
	}
	n, err := Affected(t.NewUpdate().Model(&row).ExcludeColumn("project_id", "auto_created", "isolated").WherePK().Exec(ctx))
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
		return desktopNotFound(d.ID)
	}
	if err := t.PoolsChanged(ctx, d.PoolID); err != nil {
		return err
	}
	return t.Dangling(t.saveLabels(ctx, d))
}

// DeleteDesktop implements workspace.DesktopRows. Foreign keys take the rest along.
func (t *Tx) DeleteDesktop(ctx context.Context, id string) error {
	var pools []string
	if err := t.NewRaw("DELETE FROM desktops WHERE id = ? RETURNING pool_id", id).Scan(ctx, &pools); err != nil {
		return err
	}
	return t.PoolsChanged(ctx, pools...)
}

// DesktopStates implements workspace.DesktopRows.
func (t *Tx) DesktopStates(ctx context.Context, after string, limit int) ([]workspace.DesktopState, error) {
	var states []workspace.DesktopState
	err := t.NewSelect().Model((*desktopRow)(nil)).
		Column("id", "project_id", "name", "product_id", "status", "task", "fault", "updated").
		Where("id > ?", after).Order("id").Limit(int64(limit)).Scan(ctx, &states)
	return states, err
}

// TakenNames implements workspace.DesktopRows.
func (t *Tx) TakenNames(ctx context.Context, projectID string, names []string) ([]string, error) {
	return t.Present(ctx, "SELECT name_folded FROM desktops WHERE project_id = ? AND name_folded = v.column1", projectID, FoldAll(names))
}

// TakenHostNames implements workspace.DesktopRows. Host names are ASCII, which LOWER takes alike on both databases.
func (t *Tx) TakenHostNames(ctx context.Context, projectID string, names []string) ([]string, error) {
	return t.Present(ctx, "SELECT LOWER(host_name) FROM desktops WHERE project_id = ? AND LOWER(host_name) = v.column1 AND host_name <> ''",
		projectID, FoldAll(names))
}

// NamesWithPrefix implements workspace.DesktopRows.
func (t *Tx) NamesWithPrefix(ctx context.Context, projectID string, prefixes ...string) ([]string, error) {
	var names []string
	for part := range slices.Chunk(FoldAll(prefixes), Batch) {
		q := t.NewSelect().Model((*desktopRow)(nil)).Column("name").Order("name_folded")
		for _, prefix := range part {
			starts, args := StartingWith("name_folded", prefix)
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
