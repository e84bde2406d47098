package export_test

import (
	"context"
	"testing"
	"time"

	"carrel/internal/export"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/work"
	"carrel/internal/workspace"
)

func (e *env) addExports(exports ...export.Export) {
	e.Helper()
	for _, one := range exports {
		e.Update(func(tx *store.Tx) error { return export.InsertExport(e.Context(), tx, one) })
	}
}

func (e *env) exports(q export.ExportQuery) []export.Export {
	e.Helper()
	return storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]export.Export, error) {
		q.ProjectID, q.Page = storetest.Project, storetest.Everything
		got, total, err := export.Exports(ctx, tx, q)
		e.Same(total, len(got))
		return got, err
	})
}

func exportID(e export.Export) string { return e.ID }

var exports = map[string]func(*env){
	"an export is read as inserted, in lists without its rows": func(e *env) {
		made := export.Export{
			ID: "e", ProjectID: storetest.Project, Name: "Users", Rows: [][]string{{"a", `"'\`}, {"", "桌面"}}, Created: e.Clock.Now(), Expires: e.Clock.Now().Add(time.Hour),
		}
		e.addExports(made)
		read := func(project string) func(context.Context, *store.Tx) (export.Export, error) {
			return func(ctx context.Context, tx *store.Tx) (export.Export, error) {
				return export.ReadExport(ctx, tx, project, "e")
			}
		}
		e.Same(storetest.Get(e, read(storetest.Project)), made)
		e.Refuses(workspace.CodeExportNotFound, func(tx *store.Tx) error { _, err := read(storetest.OtherProject)(e.Context(), tx); return err })
		made.Rows, made.Downloaded = nil, true
		for range 2 {
			e.Update(func(tx *store.Tx) error { return export.NoteDownload(e.Context(), tx, "e") })
		}
		e.Same(e.exports(export.ExportQuery{}), []export.Export{made})
	},
	"exports are filtered and sorted": func(e *env) {
		now := e.Clock.Now()
		e.addExports(
			export.Export{ID: "1", ProjectID: storetest.Project, Name: "Users_1", Created: now, Expires: now, Downloaded: true},
			export.Export{ID: "2", ProjectID: storetest.Project, Name: "groups", Created: now.Add(time.Second), Expires: now.Add(1000)},
			export.Export{ID: "3", ProjectID: storetest.OtherProject, Name: "users", Created: now, Expires: now},
		)
		yes, no := true, false
		for _, c := range []struct {
			query export.ExportQuery
			want  []string
		}{
			{export.ExportQuery{}, []string{"1", "2"}}, {export.ExportQuery{Descending: true}, []string{"2", "1"}},
			{export.ExportQuery{ID: "2"}, []string{"2"}}, {export.ExportQuery{ID: "3"}, nil}, {export.ExportQuery{Name: "uSERS_"}, []string{"1"}},
			{export.ExportQuery{Expired: &yes}, []string{"1"}}, {export.ExportQuery{Expired: &no}, []string{"2"}},
			{export.ExportQuery{Downloaded: &yes}, []string{"1"}}, {export.ExportQuery{Downloaded: &no}, []string{"2"}},
		} {
			e.Same(storetest.IDs(e.exports(c.query), exportID), c.want)
		}
	},
	"exports are deleted, or removed long after they expired": func(e *env) {
		now := e.Clock.Now()
		e.addExports(
			export.Export{ID: "1", ProjectID: storetest.Project, Expires: now}, export.Export{ID: "2", ProjectID: storetest.Project, Expires: now},
			export.Export{ID: "3", ProjectID: storetest.Project, Expires: now.Add(time.Second)}, export.Export{ID: "4", ProjectID: storetest.OtherProject, Expires: now.Add(time.Hour)},
		)
		e.Same(storetest.Do(e, func(ctx context.Context, tx *store.Tx) (int, error) {
			return export.DeleteExports(ctx, tx, storetest.Project, []string{"1", "4", "missing"})
		}), 1)
		e.Clock.Advance(export.ExportMemory)
		for _, want := range [][]string{{"3"}, {"3"}} {
			e.Update(func(tx *store.Tx) error { return work.DeleteExpired(e.Context(), tx, 1) })
			e.Same(storetest.IDs(e.exports(export.ExportQuery{}), exportID), want)
		}
	},
}

// env is the fixture of the room's rows.
type env struct{ *storetest.Env }

func TestRows(t *testing.T) {
	storetest.RunRows(t, func(e *storetest.Env) *env { return &env{e} }, map[string]map[string]func(*env){"Exports": exports})
}
