package desktop_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/desktop/desktoptest"
	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

// addVaried adds desktops that differ in everything that lists select by.
func (e *env) addVaried() {
	e.AddPool("pool")
	e.AddUsers(directory.User{ID: "ann", ProjectID: storetest.Project, Name: "Ann_A"}, directory.User{ID: "bob", ProjectID: storetest.Project, Name: "bob"})
	now := e.Clock.Now()
	e.AddDesktop("Alpha-1", desktoptest.AssignedTo("ann"), func(d *desktop.Desktop) {
		d.ID, d.Address, d.PoolID, d.EnterpriseID, d.ImageID = "1", "10.0.0.11", "pool", "e", "i1"
		d.Status, d.Created = desktop.StatusActive, now
		d.Tags = []workspace.Tag{{Key: "team", Value: "a"}, {Key: "floor", Value: "1"}}
	})
	e.AddDesktop("beta-1", desktoptest.AssignedTo("bob", "ann"), func(d *desktop.Desktop) {
		d.ID, d.Address, d.Type, d.ImageID = "2", "10.0.0.12", workspace.Shared, "i2"
		d.Status, d.InMaintenance, d.Created = desktop.StatusShutoff, true, now.Add(-time.Second)
		d.Tags = []workspace.Tag{{Key: "team", Value: "a"}, {Key: "floor", Value: "2"}}
	})
	e.AddDesktop("销售-2", func(d *desktop.Desktop) {
		d.ID, d.Status, d.Created = "3", desktop.StatusActive, now.Add(time.Second)
		d.Tags = []workspace.Tag{{Key: "team", Value: "b"}}
	})
	e.AddDesktop("elsewhere", func(d *desktop.Desktop) {
		d.ID, d.ProjectID, d.SubnetID = "4", storetest.OtherProject, desktoptest.SubnetOf(storetest.OtherProject)
	})
}

var desktopLists = map[string]func(*env){
	"counts are of the desktops that a query selects, by pool and state": func(e *env) {
		e.addVaried()
		yes := true
		counts := func(q desktop.DesktopQuery) []desktop.Count {
			q.ProjectID = storetest.Project
			return storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]desktop.Count, error) {
				return desktop.ReadCounts(ctx, tx, q)
			})
		}
		first := desktop.Count{PoolID: "pool", Status: desktop.StatusActive, Assigned: true, Desktops: 1}
		second := desktop.Count{Status: desktop.StatusShutoff, InMaintenance: true, Assigned: true, Desktops: 1}
		third := desktop.Count{Status: desktop.StatusActive, Desktops: 1}
		e.AddDesktop("like-3", func(d *desktop.Desktop) { d.ID, d.Status = "5", desktop.StatusActive })
		third.Desktops++
		for i, c := range []struct {
			query desktop.DesktopQuery
			want  []desktop.Count
		}{
			{desktop.DesktopQuery{}, []desktop.Count{third, second, first}},
			{desktop.DesktopQuery{PoolIDs: []string{"pool", "none"}}, []desktop.Count{first}},
			{desktop.DesktopQuery{Types: []workspace.DesktopType{workspace.Shared}}, []desktop.Count{second}},
			{desktop.DesktopQuery{Assigned: &yes}, []desktop.Count{second, first}},
			{desktop.DesktopQuery{IDs: []string{"none"}}, nil},
		} {
			got := counts(c.query)
			for i := range got {
				got[i].Login, got[i].Task = "", ""
			}
			if !slices.Equal(got, c.want) {
				e.Errorf("%d: %+v, want %+v", i, got, c.want)
			}
		}
	},
	"desktops are selected by each field, and by several at once": func(e *env) {
		e.addVaried()
		yes, no := true, false
		for _, c := range []struct {
			query desktop.DesktopQuery
			want  []string
		}{
			{desktop.DesktopQuery{}, []string{"2", "1", "3"}},
			{desktop.DesktopQuery{Descending: true}, []string{"3", "1", "2"}},
			{desktop.DesktopQuery{SortBy: desktop.ByName}, []string{"1", "2", "3"}},
			{desktop.DesktopQuery{SortBy: desktop.ByName, Descending: true}, []string{"3", "2", "1"}},
			{desktop.DesktopQuery{IDs: []string{"3", "1", "4", "missing"}}, []string{"1", "3"}},
			{desktop.DesktopQuery{Name: "-1"}, []string{"2", "1"}},
			{desktop.DesktopQuery{Name: "ALPHA"}, []string{"1"}},
			{desktop.DesktopQuery{Name: "售"}, []string{"3"}},
			{desktop.DesktopQuery{Name: "_"}, nil},
			{desktop.DesktopQuery{Name: "%"}, nil},
			{desktop.DesktopQuery{Name: `\`}, nil},
			{desktop.DesktopQuery{Name: `'`}, nil},
			{desktop.DesktopQuery{Names: []string{"ALPHA-1", "beta"}}, []string{"1"}},
			{desktop.DesktopQuery{UserName: "n_a"}, []string{"2", "1"}},
			{desktop.DesktopQuery{UserName: "nxa"}, nil},
			{desktop.DesktopQuery{UserNames: []string{"BOB"}}, []string{"2"}},
			{desktop.DesktopQuery{UserNames: []string{"bo"}}, nil},
			{desktop.DesktopQuery{UserID: "ann"}, []string{"2", "1"}},
			{desktop.DesktopQuery{Address: "10.0.0.12"}, []string{"2"}},
			{desktop.DesktopQuery{PoolIDs: []string{"pool"}}, []string{"1"}},
			{desktop.DesktopQuery{PoolIDs: []string{"other", "pool"}}, []string{"1"}},
			{desktop.DesktopQuery{EnterpriseID: "e"}, []string{"1"}},
			{desktop.DesktopQuery{SubnetID: desktoptest.SubnetOf(storetest.OtherProject)}, nil},
			{desktop.DesktopQuery{ImageID: "i2"}, []string{"2"}},
			{desktop.DesktopQuery{Types: []workspace.DesktopType{workspace.Shared, workspace.Pooled}}, []string{"2"}},
			{desktop.DesktopQuery{Statuses: []desktop.DesktopStatus{desktop.StatusActive, desktop.StatusError}}, []string{"1", "3"}},
			{desktop.DesktopQuery{Tags: desktop.TagQuery{All: []desktop.TagCondition{{Key: "team", Values: []string{"a"}}}}}, []string{"2", "1"}},
			{desktop.DesktopQuery{Tags: desktop.TagQuery{All: []desktop.TagCondition{{Key: "team", Values: []string{"a"}}, {Key: "floor", Values: []string{"1"}}}}}, []string{"1"}},
			{desktop.DesktopQuery{Tags: desktop.TagQuery{All: []desktop.TagCondition{{Key: "team", Values: []string{"1"}}}}}, nil},
			{desktop.DesktopQuery{InMaintenance: &yes}, []string{"2"}},
			{desktop.DesktopQuery{InMaintenance: &no}, []string{"1", "3"}},
			{desktop.DesktopQuery{Assigned: &yes}, []string{"2", "1"}},
			{desktop.DesktopQuery{Assigned: &no}, []string{"3"}},
			{desktop.DesktopQuery{Assigned: &yes, Statuses: []desktop.DesktopStatus{desktop.StatusActive}, UserName: "ANN"}, []string{"1"}},
		} {
			c.query.ProjectID, c.query.Page = storetest.Project, storetest.Everything
			e.View(func(tx *store.Tx) error {
				got, total, err := desktop.Desktops(e.Context(), tx, c.query)
				if names := storetest.IDs(got, func(d desktop.Desktop) string { return d.ID }); !slices.Equal(names, c.want) || total != len(c.want) {
					e.Errorf("%+v selects %v of %d, want %v", c.query, names, total, c.want)
				}
				return err
			})
		}
	},
	"pages do not overlap and leave nothing out, however many desktops are of one time": func(e *env) {
		var made []desktop.Desktop
		for i := range 25 {
			d := desktoptest.NewDesktop(fmt.Sprintf("pc-%02d", i))
			d.Created = e.Clock.Now()
			made = append(made, d)
		}
		e.Update(func(tx *store.Tx) error { return desktop.InsertDesktops(e.Context(), tx, made) })
		for _, descending := range []bool{false, true} {
			var seen []string
			for offset := 0; offset < 30; offset += 10 {
				e.View(func(tx *store.Tx) error {
					got, total, err := desktop.Desktops(e.Context(), tx, desktop.DesktopQuery{ProjectID: storetest.Project, Descending: descending,
						Page: workspace.Page{Offset: offset, Limit: 10}})
					e.Same(total, 25)
					seen = append(seen, storetest.IDs(got, func(d desktop.Desktop) string { return d.ID })...)
					return err
				})
			}
			e.Same(len(seen), 25)
			sorted := slices.Sorted(slices.Values(seen))
			e.Same(len(slices.Compact(slices.Clone(sorted))), 25)
			if descending {
				slices.Reverse(sorted)
			}
			e.Same(seen, sorted)
		}
	},
	"a limit of 0 counts only, and an offset behind the end is an empty page": func(e *env) {
		e.addVaried()
		for _, p := range []workspace.Page{{}, {Offset: 3, Limit: 10}, {Offset: 1000, Limit: 10}} {
			e.View(func(tx *store.Tx) error {
				got, total, err := desktop.Desktops(e.Context(), tx, desktop.DesktopQuery{ProjectID: storetest.Project, Page: p})
				e.Same(len(got), 0)
				e.Same(total, 3)
				return err
			})
		}
	},
	"a brief list leaves out volumes and security groups only": func(e *env) {
		want := e.fullDesktop()
		e.Update(func(tx *store.Tx) error { return desktop.InsertDesktops(e.Context(), tx, []desktop.Desktop{want}) })
		want.Root, want.Data, want.SecurityGroups = desktop.Volume{}, nil, nil
		e.View(func(tx *store.Tx) error {
			got, total, err := desktop.Desktops(e.Context(), tx, desktop.DesktopQuery{ProjectID: storetest.Project, Brief: true, Page: storetest.Everything})
			e.Same(got, []desktop.Desktop{want})
			e.Same(total, 1)
			return err
		})
	},
	"a long list of ids is taken": func(e *env) {
		e.addVaried()
		many := []string{"1", "2"}
		for range 2000 {
			many = append(many, workspace.NewID())
		}
		e.View(func(tx *store.Tx) error {
			_, total, err := desktop.Desktops(e.Context(), tx, desktop.DesktopQuery{ProjectID: storetest.Project, IDs: many})
			e.Same(total, 2)
			return err
		})
		e.Update(func(tx *store.Tx) error {
			locked, err := desktop.LockDesktops(e.Context(), tx, storetest.Project, many)
			e.Same(len(locked), 2)
			return err
		})
	},
}
