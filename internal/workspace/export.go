package workspace

import (
	"context"
	"slices"
	"time"
)

// ExportLife is how long a list can be fetched that was asked for as a file; ExportMemory how long it is shown after that.
const (
	ExportLife   = 7 * 24 * time.Hour
	ExportMemory = 7 * 24 * time.Hour
)

// Export is a list that was asked for as a file.
type Export struct {
	ID         string
	ProjectID  string
	Name       string     // of the file, without what tells its format
	Rows       [][]string // read by Export only
	Downloaded bool
	Created    time.Time
	Expires    time.Time
}

// ExportQuery selects exports of one project.
type ExportQuery struct {
	ProjectID  string
	ID         string
	Name       string // part of the name, whatever its case
	Expired    *bool
	Downloaded *bool
	Descending bool // the latest first
	Page
}

// ExportRows is what the domain asks of the store about exports. They end with DeleteExpired.
type ExportRows interface {
	InsertExport(ctx context.Context, e Export) error
	// ReadExport reads an export with its rows; CodeExportNotFound.
	ReadExport(ctx context.Context, projectID, id string) (Export, error)
	// Exports are in the order in which they were made, without their rows.
	Exports(ctx context.Context, q ExportQuery) ([]Export, int, error)
	// NoteDownload marks an export as fetched.
	NoteDownload(ctx context.Context, id string) error
	// DeleteExports removes exports of a project and returns how many there were.
	DeleteExports(ctx context.Context, projectID string, ids []string) (int, error)
}

// maxExported is how many rows an export has at most.
const maxExported = 100_000

// ExportUsers makes a table of the people that match, in a language ("zh_CN" or English), and returns the export's id. The query's
// page is left aside. With a GroupID the group must exist: CodeGroupNotFound.
func (s *AssignmentService) ExportUsers(ctx context.Context, q UserQuery, language string) (string, error) {
	q.Page = Page{Limit: maxExported}
	return update(ctx, s.Store, func(tx Tx) (string, error) {
		if q.GroupID != "" {
			there, err := GroupsAmong(ctx, tx, q.ProjectID, []string{q.GroupID})
			if err != nil {
				return "", err
			}
			if !there[q.GroupID] {
				return "", Errorf(CodeGroupNotFound, "group %q does not exist", q.GroupID)
			}
		}
		users, _, err := tx.Users(ctx, q)
		if err != nil {
			return "", err
		}
		details, err := WithGroups(ctx, tx, users)
		if err != nil {
			return "", err
		}
		e := Export{
			ID: NewID(), ProjectID: q.ProjectID, Name: "users-" + tx.Now().Format("20060102-150405"),
			Rows: UserTable(details, language, tx.Now()), Created: tx.Now(), Expires: tx.Now().Add(ExportLife),
		}
		return e.ID, tx.InsertExport(ctx, e)
	})
}

// ListExports reads a page of exports, without their rows, and counts all that match.
func (s *AssignmentService) ListExports(ctx context.Context, q ExportQuery) ([]Export, int, error) {
	return list(ctx, s.Store, func(tx Tx) ([]Export, int, error) { return tx.Exports(ctx, q) })
}

// FetchExport reads an export with its rows and notes that it was fetched. CodeExportNotFound, also when it has expired.
func (s *AssignmentService) FetchExport(ctx context.Context, projectID, id string) (Export, error) {
	return update(ctx, s.Store, func(tx Tx) (Export, error) {
		e, err := tx.ReadExport(ctx, projectID, id)
		if err != nil {
			return e, err
		}
		if !tx.Now().Before(e.Expires) {
			return Export{}, Errorf(CodeExportNotFound, "export %s has expired, make a new one", id)
		}
		return e, tx.NoteDownload(ctx, e.ID)
	})
}

// DeleteExports removes 1 to 100 exports. Ids of none are left out, since their deletion is a success already; if none is left it
// fails with CodeExportNotFound.
func (s *AssignmentService) DeleteExports(ctx context.Context, c Caller, ids []string) error {
	if err := CheckIDs("task_ids", ids); err != nil {
		return err
	}
	return s.Store.Update(ctx, func(tx Tx) error {
		n, err := tx.DeleteExports(ctx, c.ProjectID, slices.Sorted(slices.Values(ids)))
		if err == nil && n == 0 {
			err = Errorf(CodeExportNotFound, "task_ids: %q does not exist", ids[0])
		}
		return err
	})
}
