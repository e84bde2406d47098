package directory

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/store"
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
	Activation         Activation
	PasswordHash       string
	Expires            time.Time `bun:",nullzero"`
	Locked             bool
	Disabled           bool
	MayChangePassword  bool
	MustChangePassword bool

	PasswordNeverExpires bool
	PasswordSet          time.Time `bun:",nullzero" audit:"-"`
	EnterpriseID         string
	Language             string
	Created              time.Time
	Updated              time.Time

	Desktops    int    `bun:",scanonly"`
	SignInRules string `bun:",scanonly"`
}

type userRow struct {
	bun.BaseModel `bun:"table:users,alias:u"`
	user
	NameFolded        string
	DescriptionFolded string
}

func newUserRow(u User) userRow {
	return userRow{user: user(u), NameFolded: store.Fold(u.Name), DescriptionFolded: store.Fold(u.Description)}
}

func (r userRow) domain() User { return User(r.user) }

// users selects users with the number of their desktops.
func users(t *store.Tx, model any) *bun.SelectQuery {
	return t.NewSelect().Model(model).ColumnExpr("u.*").
		ColumnExpr("(SELECT count(*) FROM assignments AS a WHERE a.user_id = u.id) AS desktops")
}

const rulesOfProject = "(SELECT s.sign_in_rules FROM subscriptions AS s WHERE s.project_id = u.project_id)"

// oneUser selects a user with the sign-in rules of the project.
func oneUser(t *store.Tx, model any) *bun.SelectQuery {
	return users(t, model).ColumnExpr(rulesOfProject + " AS sign_in_rules")
}

// InsertUsers inserts users. CodeNameTaken, with the name.
func InsertUsers(ctx context.Context, t *store.Tx, users []User) error {
	rows := store.Convert(users, newUserRow)
	// The same order for all callers, so that two of them cannot deadlock.
	slices.SortFunc(rows, func(a, b userRow) int { return cmp.Compare(a.NameFolded, b.NameFolded) })
	for part := range slices.Chunk(rows, store.Batch) {
		if err := insertUsers(ctx, t, part); err != nil {
			return err
		}
	}
	for i := range rows {
		t.AuditInsert(userResource(rows[i].ID, rows[i].Name), &rows[i])
	}
	return nil
}

func userResource(id, name string) workspace.Resource {
	return workspace.Resource{Type: workspace.ResourceUser, ID: id, Name: name}
}

// insertUsers inserts rows. If another transaction has just taken the login of one, it chooses another and tries again.
func insertUsers(ctx context.Context, t *store.Tx, rows []userRow) error {
	const tries = 5
	for range tries {
		left := slices.Clone(rows)
		if err := giveAccounts(ctx, t, left); err != nil {
			return err
		}
		n, err := store.Affected(t.Inserting(&left).On("CONFLICT DO NOTHING").Exec(ctx))
		if err != nil || n == len(left) {
			return err
		}
		if held, err := heldName(ctx, t, left); err != nil || held != "" {
			return t.Refuse(cmp.Or(err, userNameTaken(held)))
		}
		var there []string
		ids := store.Convert(left, func(r userRow) string { return r.ID })
		if err := store.Among(t.NewSelect().Model((*userRow)(nil)).Column("id"), "id", ids).Scan(ctx, &there); err != nil {
			return err
		}
		rows = slices.DeleteFunc(slices.Clone(rows), func(r userRow) bool { return slices.Contains(there, r.ID) })
	}
	return t.Refuse(errors.New("inserting users: an id or a login is in use"))
}

// heldName returns the name of one of the rows that another user has, or "".
func heldName(ctx context.Context, t *store.Tx, rows []userRow) (string, error) {
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

// ReadUser reads a user. CodeUserNotFound.
func ReadUser(ctx context.Context, t *store.Tx, projectID, id string) (User, error) {
	var row userRow
	err := store.Read(ctx, store.Equal(oneUser(t, &row), "u.project_id", projectID).Where("u.id = ?", id), userNotFound(id))
	return row.domain(), err
}

// LockUser is ReadUser and locks the row until the transaction ends.
func LockUser(ctx context.Context, t *store.Tx, projectID, id string) (User, error) {
	var row userRow
	q := store.Equal(oneUser(t, &row), "u.project_id", projectID).Where("u.id = ?", id)
	err := store.Read(ctx, t.ForUpdate(q, "u"), userNotFound(id))
	if err == nil {
		t.AuditRead(userResource(row.ID, row.Name), &row)
	}
	return row.domain(), err
}

// UserByName reads a user by name, ignoring case, in a project or, if projectID is empty, in all. CodeUserNotFound if there is
// none or, in all projects, more than one.
func UserByName(ctx context.Context, t *store.Tx, projectID, name string) (User, error) {
	var rows []userRow
	err := store.Equal(users(t, &rows), "u.project_id", projectID).Where("u.name_folded = ?", store.Fold(name)).Limit(2).Scan(ctx)
	if err != nil {
		return User{}, err
	}
	if len(rows) != 1 {
		return User{}, userNotFound(name)
	}
	return rows[0].domain(), nil
}

// UserSigningIn is UserByName for who tries to sign in, in all projects if projectID is empty. For an unknown name it returns an empty user and the
// sign-in rules of the project, or of some project, of the same one each time, so that attempts are counted as those of its users. It takes one
// statement in any case.
func UserSigningIn(ctx context.Context, t *store.Tx, projectID, name string) (User, error) {
	folded := store.Fold(name)
	var rows []userRow
	err := t.NewRaw(`
		SELECT u.*, (SELECT count(*) FROM assignments AS a WHERE a.user_id = u.id) AS desktops,
			CASE WHEN u.id IS NOT NULL THEN `+rulesOfProject+`
				ELSE (SELECT s.sign_in_rules FROM subscriptions AS s
					ORDER BY CASE WHEN s.project_id = ?2 THEN 0 WHEN s.project_id < ?1 THEN 2 ELSE 1 END, s.project_id LIMIT 1)
			END AS sign_in_rules
		FROM (SELECT 1 AS one) AS attempt LEFT JOIN users AS u ON u.name_folded = ?0 AND (?2 = '' OR u.project_id = ?2)
		ORDER BY u.id LIMIT 2`, folded, workspace.HashToken(folded), projectID).Scan(ctx, &rows)
	if err != nil {
		return User{}, err
	}
	if len(rows) != 1 {
		return User{SignInRules: rows[0].SignInRules}, nil
	}
	return rows[0].domain(), nil
}

// Users reads a page of people, the oldest first, and counts all that match.
func Users(ctx context.Context, t *store.Tx, f UserQuery) ([]User, int, error) {
	var rows []userRow
	q := users(t, &rows)
	q = store.Equal(q, "u.project_id", f.ProjectID)
	q = store.Selected(q, f.Visible, selectionColumns)
	q = store.Among(q, "u.id", f.IDs)
	q = store.Containing(q, "u.name_folded", f.Name)
	q = store.Among(q, "u.name_folded", store.FoldAll(f.Names))
	q = store.Containing(q, "u.description_folded", f.Description)
	q = store.Equal(q, "u.activation", f.Activation)
	q = store.Equal(q, "u.enterprise_id", f.EnterpriseID)
	q = store.Is(q, "u.disabled", f.Disabled)
	if f.GroupID != "" {
		q = q.Where("u.id IN (SELECT m.user_id FROM memberships AS m WHERE m.group_id = ?)", f.GroupID)
	}
	if f.GroupName != "" {
		q = q.Where("u.id IN (SELECT m.user_id FROM memberships AS m JOIN people_groups AS g ON g.id = m.group_id "+
			`WHERE g.name_folded LIKE ? ESCAPE '\')`, store.LikePart(f.GroupName))
	}
	total, err := store.ReadPage(ctx, q, f.Page, false, "u.created", "u.id")
	return store.Convert(rows, userRow.domain), total, err
}

// SaveUser writes every field but the identity. CodeNameTaken; CodeConflict if another user got the account meanwhile;
// CodeUserNotFound if the row is missing.
func SaveUser(ctx context.Context, t *store.Tx, u User) error {
	row := newUserRow(u)
	n, err := store.Affected(t.NewUpdate().Model(&row).ExcludeColumn("project_id").WherePK().Exec(ctx))
	if err != nil && t.Violated(err) == "users_account" { // another transaction was first
		return t.Refuse(workspace.Errorf(workspace.CodeConflict, "the account %q inside desktops was just assigned to another user, try again", u.Account))
	}
	if err = t.Saved(n, err, "users_name_folded", userNameTaken(u.Name), userNotFound(u.ID)); err == nil {
		t.AuditSave(userResource(u.ID, u.Name), &row)
	}
	return err
}

// DeleteUser deletes the user; assignments, sign-ins, tickets, tokens, grants and places on waiting lists go with it by foreign
// keys. Call EndBindings before. A missing row is a success.
func DeleteUser(ctx context.Context, t *store.Tx, id string) error {
	if err := t.ForgetSubject(ctx, workspace.UserSubject(id)); err != nil {
		return err
	}
	n, err := store.Affected(t.NewDelete().Model((*userRow)(nil)).Where("id = ?", id).Exec(ctx))
	if err == nil && n > 0 {
		t.AuditDelete(userResource(id, ""))
	}
	return err
}
