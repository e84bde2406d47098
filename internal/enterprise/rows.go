package enterprise

import (
	"context"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// nameFolded is the unique index of names.
const nameFolded = "enterprise_projects_name_folded"

// selectionColumns are the attributes of enterprise projects that callers' policies select by: each is in itself, and has no tags.
var selectionColumns = store.SelectionColumns{
	ID: "e.id", Enterprise: "e.id",
	Tag: func(string, []workspace.TextPattern) (string, []any) { return "FALSE", nil },
}

func nameTaken(name string) error {
	return workspace.Errorf(workspace.CodeNameTaken, "name: %q is in use", name)
}

func insert(ctx context.Context, t *store.Tx, p *Project) error {
	p.NameFolded, p.Created, p.Updated = store.Fold(p.Name), t.Now(), t.Now()
	n, err := store.Affected(t.Inserting(p).On("CONFLICT (account_id, name_folded) DO NOTHING").Exec(ctx))
	if err == nil && n == 0 {
		return t.Refuse(nameTaken(p.Name))
	}
	if err == nil {
		t.AuditInsert(p.resource(), p)
	}
	return err
}

// read reads a project of an account. CodeEnterpriseNotFound.
func read(ctx context.Context, t *store.Tx, accountID, id string) (p Project, err error) {
	err = store.Read(ctx, t.NewSelect().Model(&p).Where("e.account_id = ? AND e.id = ?", accountID, id), workspace.NoEnterprise(id))
	return p, err
}

// lock is read and locks the row until the transaction ends: it waits for transactions that put something into the project.
func lock(ctx context.Context, t *store.Tx, accountID, id string) (p Project, err error) {
	q := t.NewSelect().Model(&p).Where("e.account_id = ? AND e.id = ?", accountID, id)
	if err = store.Read(ctx, t.ForUpdate(q, "e"), workspace.NoEnterprise(id)); err == nil {
		t.AuditRead(p.resource(), &p)
	}
	return p, err
}

func save(ctx context.Context, t *store.Tx, p *Project) error {
	p.NameFolded, p.Updated = store.Fold(p.Name), t.Now()
	n, err := store.Affected(t.NewUpdate().Model(p).Column("name", "name_folded", "description", "type", "enabled", "updated").WherePK().Exec(ctx))
	if err = t.Saved(n, err, nameFolded, nameTaken(p.Name), workspace.NoEnterprise(p.ID)); err == nil {
		t.AuditSave(p.resource(), p)
	}
	return err
}

// count counts the projects of an account besides the default one.
func count(ctx context.Context, t *store.Tx, accountID string) (int, error) {
	n, err := t.NewSelect().Model((*Project)(nil)).Where("e.account_id = ? AND e.id <> ?", accountID, workspace.DefaultEnterprise).Count(ctx)
	return int(n), err
}

// lockAccount serialises transactions that count what the account has.
func lockAccount(ctx context.Context, t *store.Tx, accountID string) error {
	var id string
	q := t.NewSelect().TableExpr("accounts AS a").Column("a.id").Where("a.id = ?", accountID)
	return store.Read(ctx, t.ForUpdate(q, "a"), workspace.Errorf(workspace.CodeProjectNotFound, "account %q does not exist", accountID), &id)
}

// Query selects enterprise projects of one account. Zero fields select all.
type Query struct {
	AccountID  string
	ID         string
	Name       string // part of the name, ignoring case
	Enabled    *bool
	Type       Type
	ByUpdate   bool // ordered by the time of the last change rather than of the creation
	Descending bool
	Visible    *workspace.Selection // those that the caller may see; nil: all
	workspace.Page
}

func list(ctx context.Context, t *store.Tx, f Query) ([]Project, int, error) {
	var found []Project
	q := t.NewSelect().Model(&found).Where("e.account_id = ?", f.AccountID)
	q = store.Selected(q, f.Visible, selectionColumns)
	q = store.Equal(q, "e.id", f.ID)
	q = store.Containing(q, "e.name_folded", f.Name)
	q = store.Is(q, "e.enabled", f.Enabled)
	q = store.Equal(q, "e.type", f.Type)
	by := "e.created"
	if f.ByUpdate {
		by = "e.updated"
	}
	total, err := store.ReadPage(ctx, q, f.Page, f.Descending, by, "e.id")
	return found, total, err
}
