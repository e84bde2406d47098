package export

import (
	"context"
	"slices"
	"time"

	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Service creates, lists, returns and deletes exports. Each method is one transaction.
type Service struct {
	Store store.Transactions
}

// Life is how long an export can be downloaded; Memory is how long it is listed after that.
const (
	Life   = 7 * 24 * time.Hour
	Memory = 7 * 24 * time.Hour
)

// Export is a list that was requested as a file. It is also the row.
type Export struct {
	store.BaseModel `bun:"table:exports,alias:e"`
	ID              string `bun:",pk"`
	ProjectID       string
	Name            string     // of the file, without extension
	Rows            [][]string // JSON: an array of rows of texts; omitted in lists
	Downloaded      bool
	Created         time.Time
	Expires         time.Time
}

func (e Export) resource() workspace.Resource {
	return workspace.Resource{Type: workspace.ResourceExport, ID: e.ID, Name: e.Name}
}

// Query selects exports of one project.
type Query struct {
	ProjectID  string
	ID         string
	Name       string // part of the name, ignoring case
	Expired    *bool
	Downloaded *bool
	Descending bool // newest first
	workspace.Page
}

// MaxRows is the maximum number of rows of an export.
const MaxRows = 100_000

// ExportUsers creates an export of the users that match, with headings in a language ("zh_CN" or English), and returns its id. It
// ignores the query's page. CodeGroupNotFound if the group with GroupID does not exist.
func (s *Service) ExportUsers(ctx context.Context, c workspace.Caller, q directory.UserQuery, language string) (string, error) {
	q.Page = workspace.Page{Limit: MaxRows}
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (string, error) {
		if q.GroupID != "" {
			there, err := directory.GroupsAmong(ctx, tx, q.ProjectID, []string{q.GroupID})
			if err != nil {
				return "", err
			}
			if !there[q.GroupID] {
				return "", workspace.Errorf(workspace.CodeGroupNotFound, "group %q does not exist", q.GroupID)
			}
		}
		users, _, err := directory.Users(ctx, tx, q)
		if err != nil {
			return "", err
		}
		details, err := directory.WithGroups(ctx, tx, users)
		if err != nil {
			return "", err
		}
		return Keep(ctx, tx, q.ProjectID, "users", directory.UserTable(details, language, tx.Now()))
	}))
}

// Keep creates an export of a table, and returns its id. of names what the table has; it is part of the file's name.
func Keep(ctx context.Context, tx *store.Tx, projectID, of string, rows [][]string) (string, error) {
	e := Export{
		ID: workspace.NewID(), ProjectID: projectID, Name: of + "-" + tx.Now().Format("20060102-150405"),
		Rows: rows, Created: tx.Now(), Expires: tx.Now().Add(Life),
	}
	tx.Audit(e.resource(), "")
	return e.ID, Insert(ctx, tx, e)
}

// List reads a page of exports, without their rows, and counts all that match.
func (s *Service) List(ctx context.Context, q Query) ([]Export, int, error) {
	return store.List(ctx, s.Store, func(tx *store.Tx) ([]Export, int, error) { return Exports(ctx, tx, q) })
}

// Fetch reads an export with its rows and marks it as downloaded. CodeExportNotFound, also if it has expired.
func (s *Service) Fetch(ctx context.Context, c workspace.Caller, id string) (Export, error) {
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (Export, error) {
		e, err := Read(ctx, tx, c.ProjectID, id)
		if err != nil {
			return e, err
		}
		if !tx.Now().Before(e.Expires) {
			return Export{}, workspace.Errorf(workspace.CodeExportNotFound, "export %s has expired, make a new one", id)
		}
		tx.Audit(e.resource(), "")
		return e, NoteDownload(ctx, tx, e.ID)
	}))
}

// Delete deletes 1 to 100 exports. Unknown ids are ignored, since deleting them is a success; if all are unknown, it fails with
// CodeExportNotFound.
func (s *Service) Delete(ctx context.Context, c workspace.Caller, ids []string) error {
	if err := workspace.CheckIDs("task_ids", ids); err != nil {
		return err
	}
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		for _, id := range ids {
			tx.Audit(Export{ID: id}.resource(), "")
		}
		n, err := Delete(ctx, tx, c.ProjectID, slices.Sorted(slices.Values(ids)))
		if err == nil && n == 0 {
			err = workspace.Errorf(workspace.CodeExportNotFound, "task_ids: %q does not exist", ids[0])
		}
		return err
	}))
}
