package desktop_test

import (
	"fmt"
	"math/rand/v2"

	"carrel/internal/desktop"
	"carrel/internal/desktop/desktoptest"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

var desktopLocks = map[string]func(*env){
	"callers who lock the same desktops in any order all get them": func(e *env) {
		var ids []string
		for i := range 10 {
			ids = append(ids, e.AddDesktop(fmt.Sprint("pc", i)).ID)
		}
		e.All(storetest.Together(16, func(int) error {
			shuffled := append([]string{}, ids...)
			rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
			return e.Store.Update(e.Context(), func(tx *store.Tx) error {
				locked, err := desktop.LockDesktops(e.Context(), tx, storetest.Project, shuffled)
				if err != nil {
					return err
				}
				for _, d := range locked {
					d.Fault += "."
					if err := desktop.SaveDesktop(e.Context(), tx, d); err != nil {
						return err
					}
				}
				return nil
			})
		}))
		for _, id := range ids {
			if d := e.Desktop(id); len(d.Fault) != 16 {
				e.Errorf("%s was changed %d times, want 16", d.Name, len(d.Fault))
			}
		}
	},
	"an update whose desktop was refused cannot be committed by overlooking that": func(e *env) {
		e.AddDesktop("taken")
		e.Refuses(workspace.CodeNameTaken, func(tx *store.Tx) error {
			if err := desktop.InsertDesktops(e.Context(), tx, []desktop.Desktop{desktoptest.NewDesktop("pc"), desktoptest.NewDesktop("Taken")}); err == nil {
				e.Error("a name was given twice")
			}
			return nil
		})
		e.View(func(tx *store.Tx) error {
			_, desktops, err := desktop.Desktops(e.Context(), tx, desktop.DesktopQuery{ProjectID: storetest.Project})
			e.Same(desktops, 1)
			return err
		})
	},
}
