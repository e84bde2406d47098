package desktop_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/desktop/desktoptest"
	"carrel/internal/directory"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

// fullDesktop has something in every field.
func (e *env) fullDesktop() desktop.Desktop {
	now := e.Clock.Now()
	e.AddUsers(directory.User{ID: "0-second", ProjectID: storetest.Project, Name: "second"})
	e.AddPool("pool")
	return desktop.Desktop{
		ID: "full", ProjectID: storetest.Project, PoolID: "pool", AutoCreated: true, Type: workspace.Shared, Name: "销售-PC", HostName: "sales-pc", OUID: e.AddUnit("ou"), OUName: "ou",
		ProductID: "product", ImageID: "image", Zone: "az", SubnetID: desktoptest.SubnetOf(storetest.Project), Address: "10.0.200.100",
		SecurityGroups: []string{desktoptest.SecurityGroupOf(storetest.Project)}, EnterpriseID: "0", Tags: []workspace.Tag{{Key: "team", Value: "销售"}, {Key: "a", Value: ""}},
		Root: desktop.Volume{ID: "v0", Type: "SSD", GB: 80, Device: "/dev/sda", Name: "system", Created: now},
		Data: []desktop.Volume{
			{ID: "v2", Type: "SAS", GB: 10, Device: "/dev/sdb", Name: "data-1", Created: now},
			{ID: "v1", Type: "SSD", GB: 20, Device: "/dev/sdc", Name: "data-2", Created: now},
		},
		Status: desktop.StatusActive, Task: workspace.TaskRebooting, TaskOwner: "sub-job", Login: desktop.LoginConnected,
		Fault: `it's "broken" \ ?`, InMaintenance: true,
		Assignments: []desktop.Assignment{
			{DesktopID: "full", UserID: storetest.UserOf(storetest.Project), UserName: "person", Account: "person", Group: workspace.GroupSudo, Created: now},
			{DesktopID: "full", UserID: "0-second", UserName: "second", Account: "second", Group: workspace.GroupDefault, Created: now},
		},
		Created: now, Updated: now.Add(time.Microsecond),
	}
}

var desktops = map[string]func(*env){
	"a desktop is read whole, as it was inserted": func(e *env) {
		want := e.fullDesktop()
		e.Update(func(tx *store.Tx) error { return desktop.InsertDesktops(e.Context(), tx, []desktop.Desktop{want}) })
		e.Same(e.Desktop(want.ID), want)
		lock := func(ctx context.Context, tx *store.Tx) ([]desktop.Desktop, error) {
			return desktop.LockDesktops(ctx, tx, storetest.Project, []string{want.ID})
		}
		e.Same(storetest.Do(e, lock), []desktop.Desktop{want})
		e.View(func(tx *store.Tx) error {
			got, _, err := desktop.Desktops(e.Context(), tx, desktop.DesktopQuery{ProjectID: storetest.Project, Page: storetest.Everything})
			e.Same(got, []desktop.Desktop{want})
			return err
		})
	},
	"saving writes the desktop's own fields, tags and groups, and leaves volumes and assignments": func(e *env) {
		d := e.fullDesktop()
		e.Update(func(tx *store.Tx) error { return desktop.InsertDesktops(e.Context(), tx, []desktop.Desktop{d}) })
		saved := desktop.Desktop{ID: d.ID, ProjectID: storetest.Project, Name: "renamed", SubnetID: d.SubnetID, Status: desktop.StatusShutoff,
			Tags: []workspace.Tag{{Key: "team", Value: "support"}}, Created: d.Created}
		e.Clock.Advance(time.Hour)
		e.Update(func(tx *store.Tx) error { return desktop.SaveDesktop(e.Context(), tx, saved) })
		want := saved
		want.Updated, want.AutoCreated, want.Root, want.Data, want.Assignments = e.Clock.Now(), true, d.Root, d.Data, d.Assignments
		e.Same(e.Desktop(d.ID), want)
		e.Refuses(workspace.CodeDesktopNotFound, func(tx *store.Tx) error {
			return desktop.SaveDesktop(e.Context(), tx, desktoptest.NewDesktop("missing"))
		})
	},
	"a desktop of another project is not found": func(e *env) {
		d := e.AddDesktop("pc")
		e.Refuses(workspace.CodeDesktopNotFound, func(tx *store.Tx) error {
			_, err := desktop.ReadDesktop(e.Context(), tx, storetest.OtherProject, d.ID)
			return err
		})
		e.View(func(tx *store.Tx) error { _, err := desktop.ReadDesktop(e.Context(), tx, "", d.ID); return err })
		locked := storetest.Do(e, func(ctx context.Context, tx *store.Tx) ([]desktop.Desktop, error) {
			return desktop.LockDesktops(ctx, tx, storetest.OtherProject, []string{d.ID})
		})
		e.Same(len(locked), 0)
	},
	"locking leaves out what is missing or named twice": func(e *env) {
		d := e.AddDesktop("pc")
		locked := storetest.Do(e, func(ctx context.Context, tx *store.Tx) ([]desktop.Desktop, error) {
			return desktop.LockDesktops(ctx, tx, storetest.Project, []string{d.ID, "missing", d.ID})
		})
		e.Same(len(locked), 1)
	},
	"a computer name is taken whatever its case, but not in another project": func(e *env) {
		e.AddDesktop("Sales-PC1")
		message := e.Refuses(workspace.CodeNameTaken, func(tx *store.Tx) error {
			return desktop.InsertDesktops(e.Context(), tx, []desktop.Desktop{desktoptest.NewDesktop("pc"), desktoptest.NewDesktop("SALES-pc1")})
		})
		if !strings.Contains(message, "SALES-pc1") {
			e.Errorf("the message %q does not name the name", message)
		}
		e.AddDesktop("sales-pc1", func(d *desktop.Desktop) {
			d.ProjectID, d.SubnetID = storetest.OtherProject, desktoptest.SubnetOf(storetest.OtherProject)
		})
	},
	"an address is taken in its subnet only": func(e *env) {
		at := func(d *desktop.Desktop) { d.Address = "10.0.0.9" }
		e.AddDesktop("pc1", at)
		message := e.Refuses(workspace.CodeAddressTaken, func(tx *store.Tx) error {
			d := desktoptest.NewDesktop("pc2")
			at(&d)
			return desktop.InsertDesktops(e.Context(), tx, []desktop.Desktop{d})
		})
		if !strings.Contains(message, "10.0.0.9") {
			e.Errorf("the message %q does not name the address", message)
		}
		e.AddDesktop("pc3", at, func(d *desktop.Desktop) { d.SubnetID = desktoptest.SubnetOf(storetest.OtherProject) })
		e.AddDesktop("pc4")
		e.AddDesktop("pc5") // no address is no conflict
	},
	"a desktop cannot be saved with a name or an address that is taken": func(e *env) {
		e.AddDesktop("taken", func(d *desktop.Desktop) { d.Address = "10.0.0.9" })
		d := e.AddDesktop("pc", func(d *desktop.Desktop) { d.Address = "10.0.0.10" })
		e.Refuses(workspace.CodeNameTaken, func(tx *store.Tx) error {
			renamed := d
			renamed.Name = "TAKEN"
			return desktop.SaveDesktop(e.Context(), tx, renamed)
		})
		e.Refuses(workspace.CodeAddressTaken, func(tx *store.Tx) error {
			moved := d
			moved.Address = "10.0.0.9"
			return desktop.SaveDesktop(e.Context(), tx, moved)
		})
	},
	"of 20 callers at once one gets a computer name": func(e *env) {
		e.One(storetest.Together(20, func(i int) error {
			return e.Store.Update(e.Context(), func(tx *store.Tx) error {
				return desktop.InsertDesktops(e.Context(), tx, []desktop.Desktop{desktoptest.NewDesktop(fmt.Sprint("pc", i)), desktoptest.NewDesktop("wanted")})
			})
		}), workspace.CodeNameTaken)
		e.View(func(tx *store.Tx) error {
			_, total, err := desktop.Desktops(e.Context(), tx, desktop.DesktopQuery{ProjectID: storetest.Project})
			e.Same(total, 2) // those of the others went with their refusal
			return err
		})
	},
	"of 20 callers at once one gets an address": func(e *env) {
		e.One(storetest.Together(20, func(i int) error {
			return e.Store.Update(e.Context(), func(tx *store.Tx) error {
				d := desktoptest.NewDesktop(fmt.Sprint("pc", i))
				d.Address = "10.0.0.9"
				return desktop.InsertDesktops(e.Context(), tx, []desktop.Desktop{d})
			})
		}), workspace.CodeAddressTaken)
	},
	"a desktop for a user or in a subnet that is gone is a conflict": func(e *env) {
		for _, change := range []func(*desktop.Desktop){
			desktoptest.AssignedTo("gone"),
			func(d *desktop.Desktop) { d.SubnetID = "gone" },
			func(d *desktop.Desktop) { d.SecurityGroups = []string{"gone"} },
		} {
			d := desktoptest.NewDesktop("pc")
			change(&d)
			e.Refuses(workspace.CodeConflict, func(tx *store.Tx) error { return desktop.InsertDesktops(e.Context(), tx, []desktop.Desktop{d}) })
		}
	},
	"a deleted desktop takes along volumes, assignments, tickets and connections": func(e *env) {
		d := e.fullDesktop()
		e.Update(func(tx *store.Tx) error { return desktop.InsertDesktops(e.Context(), tx, []desktop.Desktop{d}) })
		e.AddSessions(d.ID)
		for range 2 {
			e.Update(func(tx *store.Tx) error { return desktop.DeleteDesktop(e.Context(), tx, d.ID) })
		}
		e.Same(e.ReadUser().Desktops, 0)
		e.Same(len(e.Connections(d.ID)), 0)
		e.Refuses(workspace.CodeForbidden, func(tx *store.Tx) error { _, err := signin.TakeTicket(e.Context(), tx, "ticket"); return err })
		// All of it can be there again, the ids of the volumes too.
		e.Update(func(tx *store.Tx) error { return desktop.InsertDesktops(e.Context(), tx, []desktop.Desktop{d}) })
	},
	"states of all projects are read page by page": func(e *env) {
		var want []string
		for i := range 5 {
			d := e.AddDesktop(fmt.Sprintf("state-%d", i), func(d *desktop.Desktop) {
				if i == 4 {
					d.ProjectID = storetest.OtherProject
				}
			})
			want = append(want, d.ID)
		}
		slices.Sort(want)
		var got []string
		for after := ""; ; after = got[len(got)-1] {
			page := storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]desktop.DesktopState, error) {
				return desktop.DesktopStates(ctx, tx, after, 2)
			})
			for _, s := range page {
				got = append(got, s.ID)
			}
			if len(page) < 2 {
				break
			}
		}
		e.Same(got, want)
	},
	"two desktops of a project have not the same host name, whatever its case": func(e *env) {
		host := func(name string) func(*desktop.Desktop) {
			return func(d *desktop.Desktop) { d.HostName = name }
		}
		e.AddDesktop("lab_1", host("lab-1"))
		e.AddDesktop("elsewhere", host("lab-1"), func(d *desktop.Desktop) { d.ProjectID = storetest.OtherProject })
		e.AddDesktop("nameless-1", host(""))
		e.AddDesktop("nameless-2", host(""))
		second := desktoptest.NewDesktop("lab-1")
		second.HostName = "LAB-1"
		e.Refuses(workspace.CodeNameTaken, func(tx *store.Tx) error {
			return desktop.InsertDesktops(e.Context(), tx, []desktop.Desktop{second})
		})
		e.Same(storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]string, error) {
			return desktop.TakenHostNames(ctx, tx, storetest.Project, []string{"Lab-1", "lab-2", ""})
		}), []string{"lab-1"})
	},
	"names that are taken are found whatever their case": func(e *env) {
		e.AddDesktop("Sales01")
		e.AddDesktop("销售PC")
		e.AddDesktop("sales-other")
		e.AddDesktop("sales03", func(d *desktop.Desktop) { d.ProjectID = storetest.OtherProject })
		taken := func(ctx context.Context, tx *store.Tx) ([]string, error) {
			return desktop.TakenNames(ctx, tx, storetest.Project, []string{"SALES01", "sales02", "sales03", "销售pc"})
		}
		e.Same(storetest.Get(e, taken), []string{"sales01", "销售pc"})
		starting := func(prefixes ...string) []string {
			return storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]string, error) {
				return desktop.NamesWithPrefix(ctx, tx, storetest.Project, prefixes...)
			})
		}
		e.Same(starting("SALES"), []string{"sales-other", "Sales01"})
		e.Same(starting("销售"), []string{"销售PC"})
		e.Same(starting("%"), []string(nil))
		e.Same(starting("销售", "sales0", "sales"), []string{"sales-other", "Sales01", "销售PC"})
		e.Same(starting(), []string(nil))
		many := make([]string, 1200)
		for i := range many {
			many[i] = fmt.Sprintf("%04d", i)
		}
		e.Same(starting(append(many, "sales0")...), []string{"Sales01"})
	},
}
