package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// newDesktop is a desktop in the project's subnet.
func newDesktop(name string) desktop.Desktop {
	return desktop.Desktop{ID: workspace.NewID(), ProjectID: project, Type: desktop.Dedicated, Name: name, SubnetID: subnetOf(project)}
}

// assignedTo gives a new desktop to people.
func assignedTo(users ...string) func(*desktop.Desktop) {
	return func(d *desktop.Desktop) {
		for _, u := range users {
			d.Assignments = append(d.Assignments, desktop.Assignment{UserID: u, Group: desktop.GroupDefault})
		}
	}
}

func (w *world) addDesktop(name string, changes ...func(*desktop.Desktop)) desktop.Desktop {
	w.Helper()
	d := newDesktop(name)
	d.Created = w.clock.Now()
	for _, change := range changes {
		change(&d)
	}
	w.update(func(tx *store.Tx) error { return desktop.InsertDesktops(w.Context(), tx, []desktop.Desktop{d}) })
	return d
}

func (w *world) desktop(id string) desktop.Desktop {
	w.Helper()
	return get(w, func(ctx context.Context, tx *store.Tx) (desktop.Desktop, error) {
		return desktop.ReadDesktop(ctx, tx, project, id)
	})
}

// fullDesktop has something in every field.
func (w *world) fullDesktop() desktop.Desktop {
	now := w.clock.Now()
	w.addUsers(directory.User{ID: "0-second", ProjectID: project, Name: "second"})
	w.addPool("pool")
	return desktop.Desktop{
		ID: "full", ProjectID: project, PoolID: "pool", AutoCreated: true, Type: desktop.Shared, Name: "销售-PC", HostName: "sales-pc", OUName: "ou",
		ProductID: "product", ImageID: "image", Zone: "az", SubnetID: subnetOf(project), Address: "10.0.200.100",
		SecurityGroups: []string{groupOf(project)}, EnterpriseID: "0", Tags: []workspace.Tag{{Key: "team", Value: "销售"}, {Key: "a", Value: ""}},
		Root: desktop.Volume{ID: "v0", Type: "SSD", GB: 80, Device: "/dev/sda", Name: "system", Created: now},
		Data: []desktop.Volume{
			{ID: "v2", Type: "SAS", GB: 10, Device: "/dev/sdb", Name: "data-1", Created: now},
			{ID: "v1", Type: "SSD", GB: 20, Device: "/dev/sdc", Name: "data-2", Created: now},
		},
		Status: desktop.StatusActive, Task: workspace.TaskRebooting, TaskOwner: "sub-job", Login: desktop.LoginConnected,
		Fault: `it's "broken" \ ?`, InMaintenance: true,
		Assignments: []desktop.Assignment{
			{DesktopID: "full", UserID: personOf(project), UserName: "person", Account: "person", Group: desktop.GroupSudo, Created: now},
			{DesktopID: "full", UserID: "0-second", UserName: "second", Account: "second", Group: desktop.GroupDefault, Created: now},
		},
		Created: now, Updated: now.Add(time.Microsecond),
	}
}

var desktops = []behaviour{
	{"a desktop is read whole, as it was inserted", func(w *world) {
		want := w.fullDesktop()
		w.update(func(tx *store.Tx) error { return desktop.InsertDesktops(w.Context(), tx, []desktop.Desktop{want}) })
		w.same(w.desktop(want.ID), want)
		lock := func(ctx context.Context, tx *store.Tx) ([]desktop.Desktop, error) {
			return desktop.LockDesktops(ctx, tx, project, []string{want.ID})
		}
		w.same(do(w, lock), []desktop.Desktop{want})
		w.view(func(tx *store.Tx) error {
			got, _, err := desktop.Desktops(w.Context(), tx, desktop.DesktopQuery{ProjectID: project, Page: everything})
			w.same(got, []desktop.Desktop{want})
			return err
		})
	}},
	{"saving writes the desktop's own fields, tags and groups, and leaves volumes and assignments", func(w *world) {
		d := w.fullDesktop()
		w.update(func(tx *store.Tx) error { return desktop.InsertDesktops(w.Context(), tx, []desktop.Desktop{d}) })
		saved := desktop.Desktop{ID: d.ID, ProjectID: project, Name: "renamed", SubnetID: d.SubnetID, Status: desktop.StatusShutoff,
			Tags: []workspace.Tag{{Key: "team", Value: "support"}}, Created: d.Created, Updated: w.clock.Now().Add(time.Hour)}
		w.update(func(tx *store.Tx) error { return desktop.SaveDesktop(w.Context(), tx, saved) })
		want := saved
		want.AutoCreated, want.Root, want.Data, want.Assignments = true, d.Root, d.Data, d.Assignments
		w.same(w.desktop(d.ID), want)
		w.refuses(workspace.CodeDesktopNotFound, func(tx *store.Tx) error {
			return desktop.SaveDesktop(w.Context(), tx, newDesktop("missing"))
		})
	}},
	{"a desktop of another project is not found", func(w *world) {
		d := w.addDesktop("pc")
		w.refuses(workspace.CodeDesktopNotFound, func(tx *store.Tx) error {
			_, err := desktop.ReadDesktop(w.Context(), tx, otherProject, d.ID)
			return err
		})
		w.view(func(tx *store.Tx) error { _, err := desktop.ReadDesktop(w.Context(), tx, "", d.ID); return err })
		locked := do(w, func(ctx context.Context, tx *store.Tx) ([]desktop.Desktop, error) {
			return desktop.LockDesktops(ctx, tx, otherProject, []string{d.ID})
		})
		w.same(len(locked), 0)
	}},
	{"locking leaves out what is missing or named twice", func(w *world) {
		d := w.addDesktop("pc")
		locked := do(w, func(ctx context.Context, tx *store.Tx) ([]desktop.Desktop, error) {
			return desktop.LockDesktops(ctx, tx, project, []string{d.ID, "missing", d.ID})
		})
		w.same(len(locked), 1)
	}},
	{"a computer name is taken whatever its case, but not in another project", func(w *world) {
		w.addDesktop("Sales-PC1")
		message := w.refuses(workspace.CodeNameTaken, func(tx *store.Tx) error {
			return desktop.InsertDesktops(w.Context(), tx, []desktop.Desktop{newDesktop("pc"), newDesktop("SALES-pc1")})
		})
		if !strings.Contains(message, "SALES-pc1") {
			w.Errorf("the message %q does not name the name", message)
		}
		w.addDesktop("sales-pc1", func(d *desktop.Desktop) { d.ProjectID, d.SubnetID = otherProject, subnetOf(otherProject) })
	}},
	{"an address is taken in its subnet only", func(w *world) {
		at := func(d *desktop.Desktop) { d.Address = "10.0.0.9" }
		w.addDesktop("pc1", at)
		message := w.refuses(workspace.CodeAddressTaken, func(tx *store.Tx) error {
			d := newDesktop("pc2")
			at(&d)
			return desktop.InsertDesktops(w.Context(), tx, []desktop.Desktop{d})
		})
		if !strings.Contains(message, "10.0.0.9") {
			w.Errorf("the message %q does not name the address", message)
		}
		w.addDesktop("pc3", at, func(d *desktop.Desktop) { d.SubnetID = subnetOf(otherProject) })
		w.addDesktop("pc4")
		w.addDesktop("pc5") // no address is no conflict
	}},
	{"a desktop cannot be saved with a name or an address that is taken", func(w *world) {
		w.addDesktop("taken", func(d *desktop.Desktop) { d.Address = "10.0.0.9" })
		d := w.addDesktop("pc", func(d *desktop.Desktop) { d.Address = "10.0.0.10" })
		w.refuses(workspace.CodeNameTaken, func(tx *store.Tx) error {
			renamed := d
			renamed.Name = "TAKEN"
			return desktop.SaveDesktop(w.Context(), tx, renamed)
		})
		w.refuses(workspace.CodeAddressTaken, func(tx *store.Tx) error {
			moved := d
			moved.Address = "10.0.0.9"
			return desktop.SaveDesktop(w.Context(), tx, moved)
		})
	}},
	{"of 20 callers at once one gets a computer name", func(w *world) {
		w.one(together(20, func(i int) error {
			return w.store.Update(w.Context(), func(tx *store.Tx) error {
				return desktop.InsertDesktops(w.Context(), tx, []desktop.Desktop{newDesktop(fmt.Sprint("pc", i)), newDesktop("wanted")})
			})
		}), workspace.CodeNameTaken)
		w.view(func(tx *store.Tx) error {
			_, total, err := desktop.Desktops(w.Context(), tx, desktop.DesktopQuery{ProjectID: project})
			w.same(total, 2) // those of the others went with their refusal
			return err
		})
	}},
	{"of 20 callers at once one gets an address", func(w *world) {
		w.one(together(20, func(i int) error {
			return w.store.Update(w.Context(), func(tx *store.Tx) error {
				d := newDesktop(fmt.Sprint("pc", i))
				d.Address = "10.0.0.9"
				return desktop.InsertDesktops(w.Context(), tx, []desktop.Desktop{d})
			})
		}), workspace.CodeAddressTaken)
	}},
	{"a desktop for a user or in a subnet that is gone is a conflict", func(w *world) {
		for _, change := range []func(*desktop.Desktop){
			assignedTo("gone"),
			func(d *desktop.Desktop) { d.SubnetID = "gone" },
			func(d *desktop.Desktop) { d.SecurityGroups = []string{"gone"} },
		} {
			d := newDesktop("pc")
			change(&d)
			w.refuses(workspace.CodeConflict, func(tx *store.Tx) error { return desktop.InsertDesktops(w.Context(), tx, []desktop.Desktop{d}) })
		}
	}},
	{"a deleted desktop takes along volumes, assignments, tickets and connections", func(w *world) {
		d := w.fullDesktop()
		w.update(func(tx *store.Tx) error { return desktop.InsertDesktops(w.Context(), tx, []desktop.Desktop{d}) })
		w.addSessions(d.ID)
		for range 2 {
			w.update(func(tx *store.Tx) error { return desktop.DeleteDesktop(w.Context(), tx, d.ID) })
		}
		w.same(w.person().Desktops, 0)
		w.same(len(w.connections(d.ID)), 0)
		w.refuses(workspace.CodeForbidden, func(tx *store.Tx) error { _, err := signin.TakeTicket(w.Context(), tx, "ticket"); return err })
		// All of it can be there again, the ids of the volumes too.
		w.update(func(tx *store.Tx) error { return desktop.InsertDesktops(w.Context(), tx, []desktop.Desktop{d}) })
	}},
	{"states of all projects are read page by page", func(w *world) {
		var want []string
		for i := range 5 {
			d := w.addDesktop(fmt.Sprintf("state-%d", i), func(d *desktop.Desktop) {
				if i == 4 {
					d.ProjectID = otherProject
				}
			})
			want = append(want, d.ID)
		}
		slices.Sort(want)
		var got []string
		for after := ""; ; after = got[len(got)-1] {
			page := get(w, func(ctx context.Context, tx *store.Tx) ([]desktop.DesktopState, error) {
				return desktop.DesktopStates(ctx, tx, after, 2)
			})
			for _, s := range page {
				got = append(got, s.ID)
			}
			if len(page) < 2 {
				break
			}
		}
		w.same(got, want)
	}},
	{"two desktops of a project have not the same host name, whatever its case", func(w *world) {
		host := func(name string) func(*desktop.Desktop) {
			return func(d *desktop.Desktop) { d.HostName = name }
		}
		w.addDesktop("lab_1", host("lab-1"))
		w.addDesktop("elsewhere", host("lab-1"), func(d *desktop.Desktop) { d.ProjectID = otherProject })
		w.addDesktop("nameless-1", host(""))
		w.addDesktop("nameless-2", host(""))
		second := newDesktop("lab-1")
		second.HostName = "LAB-1"
		w.refuses(workspace.CodeNameTaken, func(tx *store.Tx) error {
			return desktop.InsertDesktops(w.Context(), tx, []desktop.Desktop{second})
		})
		w.same(get(w, func(ctx context.Context, tx *store.Tx) ([]string, error) {
			return desktop.TakenHostNames(ctx, tx, project, []string{"Lab-1", "lab-2", ""})
		}), []string{"lab-1"})
	}},
	{"names that are taken are found whatever their case", func(w *world) {
		w.addDesktop("Sales01")
		w.addDesktop("销售PC")
		w.addDesktop("sales-other")
		w.addDesktop("sales03", func(d *desktop.Desktop) { d.ProjectID = otherProject })
		taken := func(ctx context.Context, tx *store.Tx) ([]string, error) {
			return desktop.TakenNames(ctx, tx, project, []string{"SALES01", "sales02", "sales03", "销售pc"})
		}
		w.same(get(w, taken), []string{"sales01", "销售pc"})
		starting := func(prefixes ...string) []string {
			return get(w, func(ctx context.Context, tx *store.Tx) ([]string, error) {
				return desktop.NamesWithPrefix(ctx, tx, project, prefixes...)
			})
		}
		w.same(starting("SALES"), []string{"sales-other", "Sales01"})
		w.same(starting("销售"), []string{"销售PC"})
		w.same(starting("%"), []string(nil))
		w.same(starting("销售", "sales0", "sales"), []string{"sales-other", "Sales01", "销售PC"})
		w.same(starting(), []string(nil))
		many := make([]string, 1200)
		for i := range many {
			many[i] = fmt.Sprintf("%04d", i)
		}
		w.same(starting(append(many, "sales0")...), []string{"Sales01"})
	}},
}
