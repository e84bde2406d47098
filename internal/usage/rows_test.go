package usage_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/desktop/desktoptest"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/usage"
	"carrel/internal/workspace"
)

// env is the fixture of the room's rows.
type env struct {
	*desktoptest.Env
	service *usage.Service
}

func TestRows(t *testing.T) {
	storetest.RunRows(t, func(e *storetest.Env) *env {
		return &env{desktoptest.NewEnv(e), &usage.Service{Store: e.Store}}
	}, map[string]map[string]func(*env){"Uses": uses})
}

// use records that a user was connected to a desktop for a time from now on, which passes.
func (e *env) use(on, by string, d time.Duration) {
	e.Helper()
	id := workspace.NewID()
	e.Update(func(tx *store.Tx) error {
		return usage.Begin(e.Context(), tx, usage.Session{ID: id, ProjectID: storetest.Project, DesktopID: on, UserID: "id of " + by, UserName: by, Begun: tx.Now()})
	})
	e.Clock.Advance(d)
	e.Update(func(tx *store.Tx) error { return usage.End(e.Context(), tx, id) })
}

func (e *env) add(id string, changes ...func(*desktop.Desktop)) {
	e.Helper()
	e.AddDesktop("pc-"+id, append(changes, func(d *desktop.Desktop) { d.ID, d.Created = id, e.Clock.Now() })...)
}

// used tells who used what for how long, and how many there are.
func (e *env) used(q usage.Query) string {
	e.Helper()
	q.ProjectID, q.By = storetest.Project, usage.ByDay
	if q.Limit == 0 {
		q.Limit = 100
	}
	found, total, err := e.service.Used(e.Context(), q)
	if err != nil {
		e.Fatal(err)
	}
	var told []string
	for _, u := range found {
		var all time.Duration
		for _, p := range u.Parts {
			all += p.Used
		}
		told = append(told, fmt.Sprint(u.DesktopID, " ", u.UserName, " ", all))
	}
	return fmt.Sprint(strings.Join(told, ", "), "; ", total)
}

func (e *env) unused(p usage.Period, page workspace.Page) string {
	e.Helper()
	found, total, err := e.service.Unused(e.Context(), storetest.Project, p, nil, page)
	if err != nil {
		e.Fatal(err)
	}
	var told []string
	for _, u := range found {
		last := "never"
		if !u.LastUsed.IsZero() {
			last = fmt.Sprint(p.Until.Sub(u.LastUsed))
		}
		told = append(told, u.ID+" "+last)
	}
	return fmt.Sprint(strings.Join(told, ", "), "; ", total)
}

var uses = map[string]func(*env){
	"uses are told for each desktop and user": func(e *env) {
		e.add("1")
		e.add("2", func(d *desktop.Desktop) { d.EnterpriseID = "e" })
		begin := e.Clock.Now()
		e.use("1", "Ann", time.Hour)
		e.use("1", "ben", 2*time.Hour)
		e.use("2", "Ann", 3*time.Hour)
		e.use("1", "Ann", time.Minute)
		e.use("gone", "Ann", time.Hour) // a desktop that was deleted since
		all := usage.Period{From: begin, Until: e.Clock.Now()}
		for want, q := range map[string]usage.Query{
			"1 Ann 1h1m0s, 1 ben 2h0m0s, 2 Ann 3h0m0s; 3": {Period: all},
			"1 Ann 1h1m0s, 2 Ann 3h0m0s; 2":               {Period: all, UserName: "ANN"},
			"2 Ann 3h0m0s; 1":                             {Period: all, DesktopIDs: []string{"2", "none"}},
			"1 ben 2h0m0s; 3":                             {Period: all, Page: workspace.Page{Offset: 1, Limit: 1}},
			"; 0":                                         {Period: usage.Period{From: begin.Add(-time.Hour), Until: begin}},
			"1 Ann 1h0m0s; 1":                             {Period: usage.Period{From: begin, Until: begin.Add(time.Hour)}},
			"1 ben 1h0m0s, 2 Ann 1h0m0s; 2":               {Period: usage.Period{From: begin.Add(2 * time.Hour), Until: begin.Add(4 * time.Hour)}},
		} {
			e.Same(e.used(q), want)
		}
	},
	"a period must end after it begins, and not be too long": func(e *env) {
		now := e.Clock.Now()
		for _, c := range []struct {
			length  time.Duration
			by      usage.Unit
			refused bool
		}{
			{0, usage.ByDay, true}, {-time.Hour, usage.ByDay, true}, {time.Second, usage.ByDay, false},
			{366 * 24 * time.Hour, usage.ByDay, false}, {366*24*time.Hour + 1, usage.ByDay, true},
			{366 * time.Hour, usage.ByHour, false}, {366*time.Hour + 1, usage.ByHour, true},
		} {
			_, _, err := e.service.Used(e.Context(), usage.Query{ProjectID: storetest.Project, Period: usage.Period{From: now, Until: now.Add(c.length)}, By: c.by})
			e.Same(workspace.CodeOf(err) == workspace.CodeInvalid, c.refused)
		}
		_, _, err := e.service.Unused(e.Context(), storetest.Project, usage.Period{From: now, Until: now}, nil, workspace.Page{})
		e.Same(workspace.CodeOf(err), workspace.CodeInvalid)
	},
	"desktops that nobody used are told with their last use": func(e *env) {
		e.add("1")
		e.add("2")
		e.use("1", "ann", time.Hour)
		e.use("1", "ben", time.Hour)
		e.Clock.Advance(time.Hour)
		begin := e.Clock.Now()
		e.use("2", "ann", time.Hour)
		end := e.Clock.Now()
		e.add("3")
		e.add("later", func(d *desktop.Desktop) {})
		e.Clock.Advance(time.Minute)
		all := workspace.Page{Limit: 10}
		e.Same(e.unused(usage.Period{From: begin, Until: end}, all), "1 2h0m0s; 1")
		e.Same(e.unused(usage.Period{From: end, Until: e.Clock.Now()}, all), "1 2h1m0s, 2 1m0s, 3 never, later never; 4")
		e.Same(e.unused(usage.Period{From: end, Until: e.Clock.Now()}, workspace.Page{Offset: 1, Limit: 1}), "2 1m0s; 4")
	},
	"a session ends once, and with its connection however that ended": func(e *env) {
		e.add("1")
		e.AddSessions("1") // with connection c
		begin := e.Clock.Now()
		e.Update(func(tx *store.Tx) error {
			for _, id := range []string{"c", "lost"} {
				s := usage.Session{ID: id, ProjectID: storetest.Project, DesktopID: "1", UserID: "u", UserName: "of " + id, Begun: tx.Now()}
				if err := usage.Begin(e.Context(), tx, s); err != nil {
					return err
				}
			}
			return nil
		})
		abandoned := func() { e.Update(func(tx *store.Tx) error { return usage.EndAbandoned(e.Context(), tx) }) }
		e.Clock.Advance(time.Minute)
		abandoned()
		e.Clock.Advance(time.Minute)
		abandoned()
		e.Same(e.used(usage.Query{Period: usage.Period{From: begin, Until: e.Clock.Now()}}), "1 of c 2m0s, 1 of lost 1m0s; 2")
		e.Update(func(tx *store.Tx) error { return usage.End(e.Context(), tx, "c") })
		e.Clock.Advance(time.Minute)
		e.Update(func(tx *store.Tx) error { return usage.End(e.Context(), tx, "c") })
		e.Same(e.used(usage.Query{Period: usage.Period{From: begin, Until: e.Clock.Now()}}), "1 of c 2m0s, 1 of lost 1m0s; 2")
	},
}
