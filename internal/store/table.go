package store

import (
	"context"
	"strings"

	"github.com/uptrace/bun"

	"carrel/internal/workspace"
)

// BaseModel names the table of a struct that is its row: store.BaseModel `bun:"table:ous,alias:ous"`.
type BaseModel = bun.BaseModel

// Table is a table of resources that a project knows by id and by name, in rows that embed workspace.Meta. Its alias is its name,
// and a unique index on project_id and name_folded is called <Name>_name_folded. Anything else is separate SQL. What is inserted, saved
// or deleted on a caller's behalf (By) leaves an audit record; its resource type is Noun with underscores.
type Table struct {
	Name    string         // "ous"
	Noun    string         // "organisational unit", for messages
	Field   string         // "ou_name": the request's field for the name
	Missing workspace.Code // the code if there is no such row
}

func (t Table) missing(id string) error {
	return workspace.Errorf(t.Missing, "%s %q does not exist", t.Noun, id)
}

func (t Table) taken(name string) error {
	return workspace.Errorf(workspace.CodeNameTaken, "%s: %q is in use", t.Field, name)
}

// Resource returns what an audit record calls a row. Without a name it has that of the row that the transaction locked, if it did.
func (t Table) Resource(id, name string) workspace.Resource {
	return workspace.Resource{Type: workspace.ResourceType(strings.ReplaceAll(t.Noun, " ", "_")), ID: id, Name: name}
}

func (t Table) resource(m *workspace.Meta) workspace.Resource { return t.Resource(m.ID, m.Name) }

// Insert inserts a row, with the current time. CodeNameTaken.
func (t Table) Insert(ctx context.Context, tx *Tx, row workspace.Named) error {
	m := row.Head()
	m.NameFolded, m.Created, m.Updated = Fold(m.Name), tx.now, tx.now
	n, err := Affected(tx.Inserting(row).On("CONFLICT (project_id, name_folded) DO NOTHING").Exec(ctx))
	if err == nil && n == 0 {
		return tx.Refuse(t.taken(m.Name))
	}
	if err == nil {
		tx.AuditInsert(t.resource(m), row)
	}
	return err
}

// CheckLimit returns CodeConflict if the project has the most rows that it may have, which the message calls things ("scripts"). It locks
// the project's subscription, so that callers at once do not exceed the limit. CodeNotSubscribed.
func (t Table) CheckLimit(ctx context.Context, tx *Tx, projectID string, most int, things string) error {
	if _, err := tx.LockSubscription(ctx, projectID); err != nil {
		return err
	}
	n, err := tx.NewSelect().Table(t.Name).Where("project_id = ?", projectID).Count(ctx)
	if err == nil && int(n) >= most {
		err = workspace.Errorf(workspace.CodeConflict, "there are %d %s, which is the limit: delete one first", n, things)
	}
	return err
}

// Select begins a query of a project's rows. Filters (Equal, Among, Is, Containing) add conditions, ReadPage reads a page.
func (t Table) Select(tx *Tx, projectID string, rows any) *bun.SelectQuery {
	return tx.NewSelect().Model(rows).Where("?TableAlias.project_id = ?", projectID)
}

// Get reads a row into row. t.Missing.
func (t Table) Get(ctx context.Context, tx *Tx, projectID, id string, row workspace.Named) error {
	return Read(ctx, t.Select(tx, projectID, row).Where("?TableAlias.id = ?", id), t.missing(id))
}

// Lock reads a row into row and locks it until the transaction ends. t.Missing.
func (t Table) Lock(ctx context.Context, tx *Tx, projectID, id string, row workspace.Named) error {
	q := t.Select(tx, projectID, row).Where("?TableAlias.id = ?", id)
	return t.locked(ctx, tx, q, row, t.missing(id))
}

// GetNamed is Get for the row with a name, ignoring case. t.Missing.
func (t Table) GetNamed(ctx context.Context, tx *Tx, projectID, name string, row workspace.Named) error {
	return Read(ctx, t.Select(tx, projectID, row).Where("?TableAlias.name_folded = ?", Fold(name)), t.missing(name))
}

func (t Table) locked(ctx context.Context, tx *Tx, q *bun.SelectQuery, row workspace.Named, missing error) error {
	err := Read(ctx, tx.ForUpdate(q, t.Name), missing)
	if err == nil {
		tx.AuditRead(t.resource(row.Head()), row)
	}
	return err
}

// Save writes a locked row, with the current time. CodeNameTaken; t.Missing if it is gone.
func (t Table) Save(ctx context.Context, tx *Tx, row workspace.Named) error {
	m := row.Head()
	m.NameFolded, m.Updated = Fold(m.Name), tx.now
	n, err := Affected(tx.NewUpdate().Model(row).ExcludeColumn("project_id", "created").WherePK().Exec(ctx))
	if err = tx.Saved(n, err, t.Name+"_name_folded", t.taken(m.Name), t.missing(m.ID)); err == nil {
		tx.AuditSave(t.resource(m), row)
	}
	return err
}

// Delete deletes a row. A missing row is a success.
func (t Table) Delete(ctx context.Context, tx *Tx, row workspace.Named) error {
	n, err := Affected(tx.NewDelete().Model(row).WherePK().Exec(ctx))
	if err == nil && n > 0 {
		tx.AuditDelete(t.resource(row.Head()))
	}
	return err
}
