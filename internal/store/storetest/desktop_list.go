package storetest

import (
	"fmt"
	"slices"
	"time"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// office adds desktops that differ in everything that lists select by.
func (w *world) office() {
	w.addPool("pool")
	w.addUsers(workspace.User{ID: "ann", ProjectID: project, Name: "Ann_A"}, workspace.User{ID: "bob", ProjectID: project, Name: "bob"})
	now := w.clock.Now()
	w.addDesktop("Alpha-1", assignedTo("ann"), func(d *workspace.Desktop) {
		d.ID, d.Address, d.PoolID, d.EnterpriseID, d.ImageID = "1", "10.0.0.11", "pool", "e", "i1"
		d.Status, d.Created = workspace.StatusActive, now
		d.Tags = []workspace.Tag{{Key: "team", Value: "a"}, {Key: "floor", Value: "1"}}
	})
	w.addDesktop("beta-1", assignedTo("bob", "ann"), func(d *workspace.Desktop) {
		d.ID, d.Address, d.Type, d.ImageID = "2", "10.0.0.12", workspace.Shared, "i2"
		d.Status, d.InMaintenance, d.Created = workspace.StatusShutoff, true, now.Add(-time.Second)
		d.Tags = []workspace.Tag{{Key: "team", Value: "a"}, {Key: "floor", Value: "2"}}
	})
	w.addDesktop("销售-2", func(d *workspace.Desktop) {
		d.ID, d.Status, d.Created = "3", workspace.StatusActive, now.Add(time.Second)
		d.Tags = []workspace.Tag{{Key: "team", Value: "b"}}
	})
	w.addDesktop("elsewhere", func(d *workspace.Desktop) {
		d.ID, d.ProjectID, d.SubnetID = "4", otherProject, subnetOf(otherProject)
	})
}

var desktopLists = []behaviour{
	{"desktops are selected by each field, and by several at once", func(w *world) {
		w.office()
		yes, no := true, false
		for _, c := range []struct {
			query workspace.DesktopQuery
			want  []string
		}{
			{workspace.DesktopQuery{}, []string{"2", "1", "3"}},
			{workspace.DesktopQuery{Descending: true}, []string{"3", "1", "2"}},
			{workspace.DesktopQuery{SortBy: workspace.ByName}, []string{"1", "2", "3"}},
			{workspace.DesktopQuery{SortBy: workspace.ByName, Descending: true}, []string{"3", "2", "1"}},
			{workspace.DesktopQuery{IDs: []string{"3", "1", "4", "missing"}}, []string{"1", "3"}},
			{workspace.DesktopQuery{Name: "-1"}, []string{"2", "1"}},
			{workspace.DesktopQuery{Name: "ALPHA"}, []string{"1"}},
			{workspace.DesktopQuery{Name: "售"}, []string{"3"}},
			{workspace.DesktopQuery{Name: "_"}, nil},
			{workspace.DesktopQuery{Name: "%"}, nil},
			{workspace.DesktopQuery{Name: `\`}, nil},
			{workspace.DesktopQuery{Name: `'`}, nil},
			{workspace.DesktopQuery{Names: []string{"ALPHA-1", "beta"}}, []string{"1"}},
			{workspace.DesktopQuery{UserName: "n_a"}, []string{"2", "1"}},
			{workspace.DesktopQuery{UserName: "nxa"}, nil},
			{workspace.DesktopQuery{UserNames: []string{"BOB"}}, []string{"2"}},
			{workspace.DesktopQuery{UserNames: []string{"bo"}}, nil},
			{workspace.DesktopQuery{UserID: "ann"}, []string{"2", "1"}},
			{workspace.DesktopQuery{Address: "10.0.0.12"}, []string{"2"}},
			{workspace.DesktopQuery{PoolIDs: []string{"pool"}}, []string{"1"}},
			{workspace.DesktopQuery{PoolIDs: []string{"other", "pool"}}, []string{"1"}},
			{workspace.DesktopQuery{EnterpriseID: "e"}, []string{"1"}},
			{workspace.DesktopQuery{SubnetID: subnetOf(otherProject)}, nil},
			{workspace.DesktopQuery{ImageID: "i2"}, []string{"2"}},
			{workspace.DesktopQuery{Types: []workspace.DesktopType{workspace.Shared, workspace.Pooled}}, []string{"2"}},
			{workspace.DesktopQuery{Statuses: []workspace.DesktopStatus{workspace.StatusActive, workspace.StatusError}}, []string{"1", "3"}},
			{workspace.DesktopQuery{Tags: []workspace.Tag{{Key: "team", Value: "a"}}}, []string{"2", "1"}},
			{workspace.DesktopQuery{Tags: []workspace.Tag{{Key: "team", Value: "a"}, {Key: "floor", Value: "1"}}}, []string{"1"}},
			{workspace.DesktopQuery{Tags: []workspace.Tag{{Key: "team", Value: "1"}}}, nil},
			{workspace.DesktopQuery{InMaintenance: &yes}, []string{"2"}},
			{workspace.DesktopQuery{InMaintenance: &no}, []string{"1", "3"}},
			{workspace.DesktopQuery{Assigned: &yes}, []string{"2", "1"}},
			{workspace.DesktopQuery{Assigned: &no}, []string{"3"}},
			{workspace.DesktopQuery{Assigned: &yes, Statuses: []workspace.DesktopStatus{workspace.StatusActive}, UserName: "ANN"}, []string{"1"}},
		} {
			c.query.ProjectID, c.query.Page = project, everything
			w.view(func(tx *store.Tx) error {
				got, total, err := tx.Desktops(w.Context(), c.query)
				if names := ids(got, func(d workspace.Desktop) string { return d.ID }); !slices.Equal(names, c.want) || total != len(c.want) {
					w.Errorf("%+v selects %v of %d, want %v", c.query, names, total, c.want)
				}
				return err
			})
		}
	}},
	{"pages do not overlap and leave nothing out, however many desktops are of one time", func(w *world) {
		var made []workspace.Desktop
		for i := range 25 {
			d := newDesktop(fmt.Sprintf("pc-%02d", i))
			d.Created = w.clock.Now()
			made = append(made, d)
		}
		w.update(func(tx *store.Tx) error { return tx.InsertDesktops(w.Context(), made) })
		for _, descending := range []bool{false, true} {
			var seen []string
			for offset := 0; offset < 30; offset += 10 {
				w.view(func(tx *store.Tx) error {
					got, total, err := tx.Desktops(w.Context(), workspace.DesktopQuery{ProjectID: project, Descending: descending,
						Page: workspace.Page{Offset: offset, Limit: 10}})
					w.same(total, 25)
					seen = append(seen, ids(got, func(d workspace.Desktop) string { return d.ID })...)
					return err
				})
			}
			w.same(len(seen), 25)
			sorted := slices.Sorted(slices.Values(seen))
			w.same(len(slices.Compact(slices.Clone(sorted))), 25)
			if descending {
				slices.Reverse(sorted)
			}
			w.same(seen, sorted)
		}
	}},
	{"a limit of 0 counts only, and an offset behind the end is an empty page", func(w *world) {
		w.office()
		for _, p := range []workspace.Page{{}, {Offset: 3, Limit: 10}, {Offset: 1000, Limit: 10}} {
			w.view(func(tx *store.Tx) error {
				got, total, err := tx.Desktops(w.Context(), workspace.DesktopQuery{ProjectID: project, Page: p})
				w.same(len(got), 0)
				w.same(total, 3)
				return err
			})
		}
	}},
	{"a brief list leaves out volumes and security groups only", func(w *world) {
		want := w.fullDesktop()
		w.update(func(tx *store.Tx) error { return tx.InsertDesktops(w.Context(), []workspace.Desktop{want}) })
		want.Root, want.Data, want.SecurityGroups = workspace.Volume{}, nil, nil
		w.view(func(tx *store.Tx) error {
			got, total, err := tx.Desktops(w.Context(), workspace.DesktopQuery{ProjectID: project, Brief: true, Page: everything})
			w.same(got, []workspace.Desktop{want})
			w.same(total, 1)
			return err
		})
	}},
	{"a long list of ids is taken", func(w *world) {
		w.office()
		many := []string{"1", "2"}
		for range 2000 {
			many = append(many, workspace.NewID())
		}
		w.view(func(tx *store.Tx) error {
			_, total, err := tx.Desktops(w.Context(), workspace.DesktopQuery{ProjectID: project, IDs: many})
			w.same(total, 2)
			return err
		})
		w.update(func(tx *store.Tx) error {
			locked, err := tx.LockDesktops(w.Context(), project, many)
			w.same(len(locked), 2)
			return err
		})
	}},
}
