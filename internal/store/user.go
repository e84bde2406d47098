package store

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/workspace"
)

type user struct {
	ID                 string `bun:",pk"`
	ProjectID          string
	Name               string
	Account            string
	Email              string
	Phone              string
	Alias              string
	Description        string
	Activation         workspace.Activation
	PasswordHash       string
	Expires            time.Time `bun:",nullzero"`
	Locked             bool
	Disabled           bool
	MayChangePassword  bool
	MustChangePassword bool

	PasswordNeverExpires bool
	EnterpriseID         string
	Language             string
	Created              time.Time
	Updated              time.Time

	Desktops int `bun:",scanonly"`
}

type userRow struct {
	bun.BaseModel `bun:"table:users,alias:u"`
	user
	NameFolded        string
	DescriptionFolded string
}

func newUserRow(u workspace.User) userRow {
	return userRow{user: user(u), NameFolded: Fold(u.Name), DescriptionFolded: Fold(u.Description)}
}

func (r userRow) domain() workspace.User { return workspace.User(r.user) }

// users selects users with the number of their desktops.
func (t *Tx) users(model any) *bun.SelectQuery {
	return t.NewSelect().Model(model).ColumnExpr("u.*").
		ColumnExpr("(SELECT count(*) FROM assignments AS a WHERE a.user_id = u.id) AS desktops")
}

// InsertUsers implements workspace.UserRows.
func (t *Tx) InsertUsers(ctx context.Context, users []workspace.User) error {
	rows := Convert(users, newUserRow)
	// In one order for all callers, so that two of them do not wait for each other.
	slices.SortFunc(rows, func(a, b userRow) int { return cmp.Compare(a.NameFolded, b.NameFolded) })
	for part := range slices.Chunk(rows, Batch) {
		if err := t.insertUsers(ctx, part); err != nil {
			return err
		}
	}
	return nil
}

// insertUsers inserts some rows. One whose login another transaction has just taken gets another login, and is tried again.
func (t *Tx) insertUsers(ctx context.Context, rows []userRow) error {
	const tries = 5
	for range tries {
		left := slices.Clone(rows)
		if err := t.giveAccounts(ctx, left); err != nil {
			return err
		}
		n, err := Affected(t.Inserting(&left).On("CONFLICT DO NOTHING").Exec(ctx))
		if err != nil || n == len(left) {
			return err
		}
		if held, err := t.heldName(ctx, left); err != nil || held != "" {
			return t.Refuse(cmp.Or(err, userNameTaken(held)))
		}
		var there []string
		ids := Convert(left, func(r userRow) string { return r.ID })
		if err := Among(t.NewSelect().Model((*userRow)(nil)).Column("id"), "id", ids).Scan(ctx, &there); err != nil {
			return err
		}
		rows = slices.DeleteFunc(slices.Clone(rows), func(r userRow) bool { return slices.Contains(there, r.ID) })
	}
	return t.Refuse(errors.New("inserting users: an id or a login is in use"))
}

// heldName returns the name of one of the rows that somebody else has, or empty.
func (t *Tx) heldName(ctx context.Context, rows []userRow) (string, error) {
	for _, r := range rows {
		held, err := t.NewSelect().Model((*userRow)(nil)).
			Where("project_id = ? AND name_folded = ? AND id <> ?", r.ProjectID, r.NameFolded, r.ID).Exists(ctx)
		if err != nil || held {
			return r.Name, err
		}
	}
	return "", nil
}

func userNameTaken(name string) error {
	return workspace.Errorf(workspace.CodeNameTaken, "user name %q is in use", name)
}

func userNotFound(id string) error {
	return workspace.Errorf(workspace.CodeUserNotFound, "user %q does not exist", id)
}

// ReadUser implements workspace.UserRows.
func (t *Tx) ReadUser(ctx context.Context, projectID, id string) (workspace.User, error) {
	var row userRow
	err := Read(ctx, Equal(t.users(&row), "u.project_id", projectID).Where("u.id = ?", id), userNotFound(id))
	return row.domain(), err
}

// LockUser implements workspace.UserRows.
func (t *Tx) LockUser(ctx context.Context, projectID, id string) (workspace.User, error) {
	var row userRow
	q := Equal(t.users(&row), "u.project_id", projectID).Where("u.id = ?", id)
	err := Read(ctx, t.ForUpdate(q, "u"), userNotFound(id))
	return row.domain(), err
}

// UserByName implements workspace.UserRows.
func (t *Tx) UserByName(ctx context.Context, projectID, name string) (workspace.User, error) {
	var rows []userRow
	err := Equal(t.users(&rows), "u.project_id", projectID).Where("u.name_folded = ?", Fold(name)).Limit(2).Scan(ctx)
	if err != nil {
		return workspace.User{}, err
	}
	if len(rows) != 1 {
		return workspace.User{}, userNotFound(name)
	}
	return rows[0].domain(), nil
}

// Users implements workspace.UserRows: the oldest first.
func (t *Tx) Users(ctx context.Context, f workspace.UserQuery) ([]workspace.User, int, error) {
	var rows []userRow
	q := t.users(&rows)
	q = Equal(q, "u.project_id", f.ProjectID)
	q = Among(q, "u.id", f.IDs)
	q = Containing(q, "u.name_folded", f.Name)
	q = Among(q, "u.name_folded", FoldAll(f.Names))
	q = Containing(q, "u.description_folded", f.Description)
	q = Equal(q, "u.activation", f.Activation)
	q = Equal(q, "u.enterprise_id", f.EnterpriseID)
	q = Is(q, "u.disabled", f.Disabled)
	if f.GroupID != "" {
		q = q.Where("u.id IN (SELECT m.user_id FROM memberships AS m WHERE m.group_id = ?)", f.GroupID)
	}
	if f.GroupName != "" {
		q = q.Where("u.id IN (SELECT m.user_id FROM memberships AS m JOIN people_groups AS g ON g.id = m.group_id "+
			`WHERE g.name_folded LIKE ? ESCAPE '\')`, LikePart(f.GroupName))
	}
	total, err := ReadPage(ctx, q, f.Page, false, "u.created", "u.id")
	return Convert(rows, userRow.domain), total, err
}

// SaveUser implements workspace.UserRows. CodeUserNotFound when the row is missing.
func (t *Tx) SaveUser(ctx context.Context, u workspace.User) error {
	row := newUserRow(u)
	n, err := Affected(t.NewUpdate().Model(&row).ExcludeColumn("project_id").WherePK().Exec(ctx))
	if err != nil && t.Violated(err) == "users_account" { // somebody was faster
		return t.Refuse(workspace.Errorf(workspace.CodeConflict, "the account %q inside desktops has just been given to somebody else, try again", u.Account))
	}
	return t.Saved(n, err, "users_name_folded", userNameTaken(u.Name), userNotFound(u.ID))
}

// DeleteUser implements workspace.UserRows. Foreign keys take the rest along.
func (t *Tx) DeleteUser(ctx context.Context, id string) error {
	if err := t.ForgetSubject(ctx, workspace.UserSubject(id)); err != nil {
		return err
	}
	_, err := t.NewDelete().Model((*userRow)(nil)).Where("id = ?", id).Exec(ctx)
	return err
}
