package directory_test

import (
	"context"
	"fmt"
	"strings"

	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/pool"
	"carrel/internal/pool/pooltest"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

func (e *env) addUnit(name string) string {
	e.Helper()
	id, err := e.service.CreateOU(e.Context(), caller, directory.BuiltInDomain, name, "of the house")
	if err != nil {
		e.Fatal(err)
	}
	return id
}

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
		sales := e.addUnit("berlin/Sales_1")
		e.addUnit("Press")
		e.Same(e.units(""), []string{"berlin/Sales_1, of the house", "Press, of the house"})
		e.Same(e.units("S_1"), []string{"berlin/Sales_1, of the house"})
		if err := e.service.UpdateOU(e.Context(), caller, sales, "Bonn", ""); err != nil {
			e.Error(err)
		}
		e.Same(e.units("bONN"), []string{"Bonn, "})
	},
	"what a unit cannot be is refused": func(e *env) {
		ctx, other, press := e.Context(), workspace.Caller{ProjectID: storetest.OtherProject}, e.addUnit("Press")
		e.addUnit("Bonn")
		_, err := e.service.CreateOU(ctx, other, "", "Press", "")
		e.refused(err, workspace.CodeNotSubscribed, `the Workspace service is not open for project "project-2", open it first`)
		_, err = e.service.CreateOU(ctx, caller, "", "PRESS", "")
		e.refused(err, workspace.CodeNameTaken, `ou_name: "PRESS" is in use`)
		_, err = e.service.CreateOU(ctx, caller, "elsewhere", "x", "")
		e.refused(err, workspace.CodeInvalid, `domain: "elsewhere" is unknown, the only directory is carrel.local`)
		_, err = e.service.CreateOU(ctx, caller, "", "x", strings.Repeat("x", 256))
		e.refused(err, workspace.CodeInvalid, "description: at most 255 characters are allowed")
		e.refused(e.service.UpdateOU(ctx, caller, press, "bonn", ""), workspace.CodeNameTaken, `ou_name: "bonn" is in use`)
		e.refused(e.service.UpdateOU(ctx, caller, "nowhere", "x", ""), workspace.CodeOUNotFound, `organisational unit "nowhere" does not exist`)
		e.refused(e.service.UpdateOU(ctx, other, press, "x", ""), workspace.CodeOUNotFound, fmt.Sprintf("organisational unit %q does not exist", press))
	},
	"desktops and pools follow the name of their unit": func(e *env) {
		old := e.addUnit("old")
		e.addUnit("other")
		pools := pooltest.Env{Env: e.Env}
		for i, unit := range []string{"old", "other", ""} {
			e.AddDesktop(fmt.Sprint("pc", i), func(d *desktop.Desktop) { d.OUName = unit })
			pools.AddPool(fmt.Sprint("pool", i), func(p *pool.Pool) { p.OUName = unit })
		}
		if err := e.service.UpdateOU(e.Context(), caller, old, "new", ""); err != nil {
			e.Fatal(err)
		}
		for unit, want := range map[string][]int{"old": {0, 0}, "new": {1, 1}, "other": {1, 1}} {
			e.Same(storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]int, error) {
				_, desktops, err := desktop.Desktops(ctx, tx, desktop.DesktopQuery{ProjectID: storetest.Project, OUName: unit})
				if err != nil {
					return nil, err
				}
				_, pools, err := pool.Pools(ctx, tx, pool.PoolQuery{ProjectID: storetest.Project, OUName: unit})
				return []int{desktops, pools}, err
			}), want)
		}
	},
}
