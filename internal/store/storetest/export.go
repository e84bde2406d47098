package storetest

import (
	"context"
	"time"

	"carrel/internal/assignment"
	"carrel/internal/store"
	"carrel/internal/work"
	"carrel/internal/workspace"
)

func (w *world) addExports(exports ...assignment.Export) {
	w.Helper()
	for _, e := range exports {
		w.update(func(tx *store.Tx) error { return assignment.InsertExport(w.Context(), tx, e) })
	}
}

func (w *world) exports(q assignment.ExportQuery) []assignment.Export {
	w.Helper()
	return get(w, func(ctx context.Context, tx *store.Tx) ([]assignment.Export, error) {
		q.ProjectID, q.Page = project, everything
		got, total, err := assignment.Exports(ctx, tx, q)
		w.same(total, len(got))
		return got, err
	})
}

func exportID(e assignment.Export) string { return e.ID }

var exports = []behaviour{
	{"an export is read as inserted, in lists without its rows", func(w *world) {
		e := assignment.Export{
			ID: "e", ProjectID: project, Name: "Users", Rows: [][]string{{"a", `"'\`}, {"", "桌面"}}, Created: w.clock.Now(), Expires: w.clock.Now().Add(time.Hour),
		}
		w.addExports(e)
		read := func(project string) func(context.Context, *store.Tx) (assignment.Export, error) {
			return func(ctx context.Context, tx *store.Tx) (assignment.Export, error) {
				return assignment.ReadExport(ctx, tx, project, "e")
			}
		}
		w.same(get(w, read(project)), e)
		w.refuses(workspace.CodeExportNotFound, func(tx *store.Tx) error { _, err := read(otherProject)(w.Context(), tx); return err })
		e.Rows, e.Downloaded = nil, true
		for range 2 {
			w.update(func(tx *store.Tx) error { return assignment.NoteDownload(w.Context(), tx, "e") })
		}
		w.same(w.exports(assignment.ExportQuery{}), []assignment.Export{e})
	}},
	{"exports are filtered and sorted", func(w *world) {
		now := w.clock.Now()
		w.addExports(
			assignment.Export{ID: "1", ProjectID: project, Name: "Users_1", Created: now, Expires: now, Downloaded: true},
			assignment.Export{ID: "2", ProjectID: project, Name: "groups", Created: now.Add(time.Second), Expires: now.Add(1000)},
			assignment.Export{ID: "3", ProjectID: otherProject, Name: "users", Created: now, Expires: now},
		)
		yes, no := true, false
		for _, c := range []struct {
			query assignment.ExportQuery
			want  []string
		}{
			{assignment.ExportQuery{}, []string{"1", "2"}}, {assignment.ExportQuery{Descending: true}, []string{"2", "1"}},
			{assignment.ExportQuery{ID: "2"}, []string{"2"}}, {assignment.ExportQuery{ID: "3"}, nil}, {assignment.ExportQuery{Name: "uSERS_"}, []string{"1"}},
			{assignment.ExportQuery{Expired: &yes}, []string{"1"}}, {assignment.ExportQuery{Expired: &no}, []string{"2"}},
			{assignment.ExportQuery{Downloaded: &yes}, []string{"1"}}, {assignment.ExportQuery{Downloaded: &no}, []string{"2"}},
		} {
			w.same(ids(w.exports(c.query), exportID), c.want)
		}
	}},
	{"exports are deleted, or removed long after they expired", func(w *world) {
		now := w.clock.Now()
		w.addExports(
			assignment.Export{ID: "1", ProjectID: project, Expires: now}, assignment.Export{ID: "2", ProjectID: project, Expires: now},
			assignment.Export{ID: "3", ProjectID: project, Expires: now.Add(time.Second)}, assignment.Export{ID: "4", ProjectID: otherProject, Expires: now.Add(time.Hour)},
		)
		w.same(do(w, func(ctx context.Context, tx *store.Tx) (int, error) {
			return assignment.DeleteExports(ctx, tx, project, []string{"1", "4", "missing"})
		}), 1)
		w.clock.Advance(assignment.ExportMemory)
		for _, want := range [][]string{{"3"}, {"3"}} {
			w.update(func(tx *store.Tx) error { return work.DeleteExpired(w.Context(), tx, 1) })
			w.same(ids(w.exports(assignment.ExportQuery{}), exportID), want)
		}
	}},
}
