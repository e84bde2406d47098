package directory_test

import (
	"fmt"

	"carrel/internal/desktop"
	"carrel/internal/desktop/desktoptest"
	"carrel/internal/directory"
	"carrel/internal/pool"
	"carrel/internal/pool/pooltest"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/work"
	"carrel/internal/workspace"
)

// units lists the units with a part of a name, with their descriptions.
func (e *env) units(part string) []string {
	e.Helper()
	found, total, err := e.service.ListOUs(e.Context(), directory.OUQuery{ProjectID: storetest.Project, Name: part, Page: storetest.Everything})
	if err != nil {
		e.Fatal(err)
	}
	e.Same(total, len(found))
	return storetest.IDs(found, func(o directory.OU) string { return o.Name + ", " + o.Description })
}

var units = map[string]func(*env){
	"units are listed by name, as they were made and changed": func(e *env) {
		sales := e.AddUnit("berlin/Sales_1")
		e.AddUnit("Press")
		e.Same(e.units(""), []string{"berlin/Sales_1, of the house", "Press, of the house"})
		e.Same(e.units("S_1"), []string{"berlin/Sales_1, of the house"})
		if err := e.service.UpdateOU(e.Context(), caller, sales, "Bonn", ""); err != nil {
			e.Error(err)
		}
		e.Same(e.units("bONN"), []string{"Bonn, "})
	},
	"what a unit cannot be is refused": func(e *env) {
		ctx, other, press := e.Context(), workspace.Caller{ProjectID: storetest.OtherProject}, e.AddUnit("Press")
		e.AddUnit("Bonn")
		_, err := e.service.CreateOU(ctx, other, "", "Press", "")
		e.refused(err, workspace.CodeNotSubscribed, `the Workspace service is not open for project "project-2": open it with POST /v2/project-2/workspaces`)
		_, err = e.service.CreateOU(ctx, caller, "", "PRESS", "")
		e.refused(err, workspace.CodeNameTaken, `ou_name: "PRESS" is in use`)
		_, err = e.service.CreateOU(ctx, caller, "elsewhere", "x", "")
		e.refused(err, workspace.CodeInvalid, `domain: "elsewhere" is unknown, the only directory is carrel.local`)
		e.refused(e.service.UpdateOU(ctx, caller, press, "bonn", ""), workspace.CodeNameTaken, `ou_name: "bonn" is in use`)
		e.refused(e.service.UpdateOU(ctx, caller, "nowhere", "x", ""), workspace.CodeOUNotFound, `organisational unit "nowhere" does not exist`)
		e.refused(e.service.UpdateOU(ctx, other, press, "x", ""), workspace.CodeOUNotFound, fmt.Sprintf("organisational unit %q does not exist", press))
	},
	"desktops and pools follow the name of their unit": func(e *env) {
		old, other := e.AddUnit("old"), e.AddUnit("other")
		pools := pooltest.Env{Env: e.Env}
		for i, unit := range []string{old, other, ""} {
			e.AddDesktop(fmt.Sprint("pc", i), func(d *desktop.Desktop) { d.OUID = unit })
			pools.AddPool(fmt.Sprint("pool", i), func(p *pool.Pool) { p.OUID = unit })
		}
		if err := e.service.UpdateOU(e.Context(), caller, old, "new", ""); err != nil {
			e.Fatal(err)
		}
		for unit, name := range map[string]string{old: "new", other: "other"} {
			e.View(func(tx *store.Tx) error {
				desktops, _, err := desktop.Desktops(e.Context(), tx, desktop.DesktopQuery{ProjectID: storetest.Project, OUID: unit, Page: storetest.Everything})
				if err != nil {
					return err
				}
				pools, _, err := pool.Pools(e.Context(), tx, pool.PoolQuery{ProjectID: storetest.Project, OUID: unit, Page: storetest.Everything})
				e.Same(storetest.IDs(desktops, func(d desktop.Desktop) string { return d.OUName }), []string{name})
				e.Same(storetest.IDs(pools, func(p pool.Pool) string { return p.OUName }), []string{name})
				return err
			})
		}
	},
	"a unit is not deleted under what was put into it at the same moment": func(e *env) {
		units := &work.Service{Store: e.Store}
		for i := range 10 {
			unit := e.AddUnit(fmt.Sprint("unit ", i))
			errs := storetest.Together(3, func(n int) error {
				switch n {
				case 0:
					return units.DeleteOU(e.Context(), caller, unit)
				case 1:
					return e.Store.Update(e.Context(), func(tx *store.Tx) error {
						d := desktoptest.NewDesktop(fmt.Sprint("pc", i))
						d.OUID = unit
						return desktop.InsertDesktops(e.Context(), tx, []desktop.Desktop{d})
					})
				default:
					return e.Store.Update(e.Context(), func(tx *store.Tx) error {
						p := pooltest.NewPool(fmt.Sprint("pool", i))
						p.OUID = unit
						return pool.InsertPool(e.Context(), tx, p, nil)
					})
				}
			})
			for _, err := range errs {
				if err != nil && workspace.CodeOf(err) != workspace.CodeConflict {
					e.Error(err)
				}
			}
			if deleted := errs[0] == nil; deleted != (errs[1] != nil && errs[2] != nil) {
				e.Errorf("deleted: %v, desktop: %v, pool: %v", errs[0], errs[1], errs[2])
			}
		}
	},
}
