package storetest

import (
	"context"
	"time"

	"carrel/internal/pool"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

func (w *world) addOUs(units ...workspace.OU) {
	w.Helper()
	for _, o := range units {
		w.update(func(tx *store.Tx) error { return tx.InsertOU(w.Context(), o) })
	}
}

func (w *world) ous(q workspace.OUQuery) []workspace.OU {
	w.Helper()
	return get(w, func(ctx context.Context, tx *store.Tx) ([]workspace.OU, error) {
		q.ProjectID, q.Page = project, everything
		got, total, err := tx.OUs(ctx, q)
		w.same(total, len(got))
		return got, err
	})
}

func ouID(o workspace.OU) string { return o.ID }

var ous = []behaviour{
	{"an organisational unit is read as inserted and as saved", func(w *world) {
		o := workspace.OU{ID: "o", ProjectID: project, Name: "Ä/b", Description: "x", Created: w.clock.Now(), Updated: w.clock.Now()}
		w.addOUs(o)
		w.same(w.ous(workspace.OUQuery{}), []workspace.OU{o})
		o.Name, o.Description, o.Updated = "c", "", w.clock.Now().Add(time.Second)
		w.update(func(tx *store.Tx) error { return tx.SaveOU(w.Context(), o) })
		for _, lock := range []func(context.Context, *store.Tx, string) (workspace.OU, error){
			func(ctx context.Context, tx *store.Tx, project string) (workspace.OU, error) {
				return tx.LockOU(ctx, project, "o")
			},
			func(ctx context.Context, tx *store.Tx, project string) (workspace.OU, error) {
				return tx.LockOUByName(ctx, project, "C")
			},
		} {
			w.same(do(w, func(ctx context.Context, tx *store.Tx) (workspace.OU, error) { return lock(ctx, tx, project) }), o)
			w.refuses(workspace.CodeOUNotFound, func(tx *store.Tx) error { _, err := lock(w.Context(), tx, otherProject); return err })
		}
		w.refuses(workspace.CodeOUNotFound, func(tx *store.Tx) error {
			return tx.SaveOU(w.Context(), workspace.OU{ID: "missing", ProjectID: project})
		})
		for range 2 {
			w.update(func(tx *store.Tx) error { return tx.DeleteOU(w.Context(), "o") })
		}
		w.same(len(w.ous(workspace.OUQuery{})), 0)
	}},
	{"an organisational unit's name is taken whatever its case", func(w *world) {
		w.addOUs(
			workspace.OU{ID: "a", ProjectID: project, Name: "Ä"}, workspace.OU{ID: "b", ProjectID: otherProject, Name: "Ä"},
			workspace.OU{ID: "c", ProjectID: project, Name: "c"},
		)
		taken := workspace.OU{ID: "d", ProjectID: project, Name: "ä"}
		w.refuses(workspace.CodeNameTaken, func(tx *store.Tx) error { return tx.InsertOU(w.Context(), taken) })
		taken.ID = "c"
		w.refuses(workspace.CodeNameTaken, func(tx *store.Tx) error { return tx.SaveOU(w.Context(), taken) })
	}},
	{"organisational units are filtered", func(w *world) {
		w.addOUs(workspace.OU{ID: "1", ProjectID: project, Name: "b_1"}, workspace.OU{ID: "2", ProjectID: project, Name: "A"}, workspace.OU{ID: "3", ProjectID: otherProject, Name: "a"})
		w.same(ids(w.ous(workspace.OUQuery{}), ouID), []string{"2", "1"})
		w.same(ids(w.ous(workspace.OUQuery{Name: "B_"}), ouID), []string{"1"})
	}},
	{"desktops and pools follow the name of their organisational unit", func(w *world) {
		unit := workspace.OU{ID: "o", ProjectID: project, Name: "old"}
		w.addOUs(unit, workspace.OU{ID: "p", ProjectID: project, Name: "other"})
		in := map[string]string{"pc1": "old", "pc2": "other", "pc3": ""}
		for name, ou := range in {
			d := w.addDesktop(name)
			d.OUName = ou
			w.update(func(tx *store.Tx) error { return tx.SaveDesktop(w.Context(), d) })
		}
		w.addPool("pool", func(p *pool.Pool) { p.OUName = "old" })
		w.addPool("other", func(p *pool.Pool) { p.OUName = "other" })
		unit.Name = "new"
		w.update(func(tx *store.Tx) error { return tx.SaveOU(w.Context(), unit) })
		w.same([]string{w.pool("pool").OUName, w.pool("other").OUName}, []string{"new", "other"})
		for ou, want := range map[string]string{"old": "", "new": "pc1", "other": "pc2"} {
			found := get(w, func(ctx context.Context, tx *store.Tx) (string, error) {
				desktops, _, err := tx.Desktops(ctx, workspace.DesktopQuery{ProjectID: project, OUName: ou, Page: everything})
				if len(desktops) == 0 {
					return "", err
				}
				return desktops[0].Name, err
			})
			w.same(found, want)
		}
	}},
}
