package storetest

import (
	"context"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/pool"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

func (w *world) addOUs(units ...directory.OU) {
	w.Helper()
	for _, o := range units {
		w.update(func(tx *store.Tx) error { return directory.InsertOU(w.Context(), tx, o) })
	}
}

func (w *world) ous(q directory.OUQuery) []directory.OU {
	w.Helper()
	return get(w, func(ctx context.Context, tx *store.Tx) ([]directory.OU, error) {
		q.ProjectID, q.Page = project, everything
		got, total, err := directory.OUs(ctx, tx, q)
		w.same(total, len(got))
		return got, err
	})
}

func ouID(o directory.OU) string { return o.ID }

var ous = []behaviour{
	{"an organisational unit is read as inserted and as saved", func(w *world) {
		o := directory.OU{ID: "o", ProjectID: project, Name: "Ä/b", Description: "x", Created: w.clock.Now(), Updated: w.clock.Now()}
		w.addOUs(o)
		w.same(w.ous(directory.OUQuery{}), []directory.OU{o})
		o.Name, o.Description, o.Updated = "c", "", w.clock.Now().Add(time.Second)
		w.update(func(tx *store.Tx) error { return directory.SaveOU(w.Context(), tx, o) })
		for _, lock := range []func(context.Context, *store.Tx, string) (directory.OU, error){
			func(ctx context.Context, tx *store.Tx, project string) (directory.OU, error) {
				return directory.LockOU(ctx, tx, project, "o")
			},
			func(ctx context.Context, tx *store.Tx, project string) (directory.OU, error) {
				return directory.LockOUByName(ctx, tx, project, "C")
			},
		} {
			w.same(do(w, func(ctx context.Context, tx *store.Tx) (directory.OU, error) { return lock(ctx, tx, project) }), o)
			w.refuses(workspace.CodeOUNotFound, func(tx *store.Tx) error { _, err := lock(w.Context(), tx, otherProject); return err })
		}
		w.refuses(workspace.CodeOUNotFound, func(tx *store.Tx) error {
			return directory.SaveOU(w.Context(), tx, directory.OU{ID: "missing", ProjectID: project})
		})
		for range 2 {
			w.update(func(tx *store.Tx) error { return directory.DeleteOU(w.Context(), tx, "o") })
		}
		w.same(len(w.ous(directory.OUQuery{})), 0)
	}},
	{"an organisational unit's name is taken whatever its case", func(w *world) {
		w.addOUs(
			directory.OU{ID: "a", ProjectID: project, Name: "Ä"}, directory.OU{ID: "b", ProjectID: otherProject, Name: "Ä"},
			directory.OU{ID: "c", ProjectID: project, Name: "c"},
		)
		taken := directory.OU{ID: "d", ProjectID: project, Name: "ä"}
		w.refuses(workspace.CodeNameTaken, func(tx *store.Tx) error { return directory.InsertOU(w.Context(), tx, taken) })
		taken.ID = "c"
		w.refuses(workspace.CodeNameTaken, func(tx *store.Tx) error { return directory.SaveOU(w.Context(), tx, taken) })
	}},
	{"organisational units are filtered", func(w *world) {
		w.addOUs(directory.OU{ID: "1", ProjectID: project, Name: "b_1"}, directory.OU{ID: "2", ProjectID: project, Name: "A"}, directory.OU{ID: "3", ProjectID: otherProject, Name: "a"})
		w.same(ids(w.ous(directory.OUQuery{}), ouID), []string{"2", "1"})
		w.same(ids(w.ous(directory.OUQuery{Name: "B_"}), ouID), []string{"1"})
	}},
	{"desktops and pools follow the name of their organisational unit", func(w *world) {
		unit := directory.OU{ID: "o", ProjectID: project, Name: "old"}
		w.addOUs(unit, directory.OU{ID: "p", ProjectID: project, Name: "other"})
		in := map[string]string{"pc1": "old", "pc2": "other", "pc3": ""}
		for name, ou := range in {
			d := w.addDesktop(name)
			d.OUName = ou
			w.update(func(tx *store.Tx) error { return desktop.SaveDesktop(w.Context(), tx, d) })
		}
		w.addPool("pool", func(p *pool.Pool) { p.OUName = "old" })
		w.addPool("other", func(p *pool.Pool) { p.OUName = "other" })
		unit.Name = "new"
		w.update(func(tx *store.Tx) error { return directory.SaveOU(w.Context(), tx, unit) })
		w.same([]string{w.pool("pool").OUName, w.pool("other").OUName}, []string{"new", "other"})
		for ou, want := range map[string]string{"old": "", "new": "pc1", "other": "pc2"} {
			found := get(w, func(ctx context.Context, tx *store.Tx) (string, error) {
				desktops, _, err := desktop.Desktops(ctx, tx, desktop.DesktopQuery{ProjectID: project, OUName: ou, Page: everything})
				if len(desktops) == 0 {
					return "", err
				}
				return desktops[0].Name, err
			})
			w.same(found, want)
		}
	}},
}
