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
		e.Update(func(tx *store.Tx) error { return export.Insert(e.Context(), tx, one) })
	}
}

func (e *env) exports(q export.Query) []export.Export {
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
				return export.Read(ctx, tx, project, "e")
			}
		}
		e.Same(storetest.Get(e, read(storetest.Project)), made)
		e.Refuses(workspace.CodeExportNotFound, func(tx *store.Tx) error { _, err := read(storetest.OtherProject)(e.Context(), tx); return err })
		made.Rows, made.Downloaded = nil, true
		for range 2 {
			e.Update(func(tx *store.Tx) error { return export.NoteDownload(e.Context(), tx, "e") })
		}
		e.Same(e.exports(export.Query{}), []export.Export{made})
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
			query export.Query
			want  []string
		}{
			{export.Query{}, []string{"1", "2"}}, {export.Query{Descending: true}, []string{"2", "1"}},
			{export.Query{ID: "2"}, []string{"2"}}, {export.Query{ID: "3"}, nil}, {export.Query{Name: "uSERS_"}, []string{"1"}},
			{export.Query{Expired: &yes}, []string{"1"}}, {export.Query{Expired: &no}, []string{"2"}},
			{export.Query{Downloaded: &yes}, []string{"1"}}, {export.Query{Downloaded: &no}, []string{"2"}},
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
			return export.Delete(ctx, tx, storetest.Project, []string{"1", "4", "missing"})
		}), 1)
		e.Clock.Advance(export.Memory)
		for _, want := range [][]string{{"3"}, {"3"}} {
			e.Update(func(tx *store.Tx) error {
				_, err := work.DeleteExpired(e.Context(), tx, work.DefaultRetention, 1)
				return err
			})
			e.Same(storetest.IDs(e.exports(export.Query{}), exportID), want)
		}
	},
}

// env is the fixture of the room's rows.
type env struct{ *storetest.Env }

func TestRows(t *testing.T) {
	storetest.RunRows(t, func(e *storetest.Env) *env { return &env{e} }, map[string]map[string]func(*env){"Exports": exports})
}
