package portal_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"carrel/internal/assignment"
	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/pool"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

const poolID = "55555555-5555-4555-8555-555555555555"

func TestPools(t *testing.T) {
	t.Run("GiveADesktopToWhoOpensThem", func(t *testing.T) {
		w := newWorld(t)
		w.addPool(2)
		w.attach()
		ada := w.signedIn("ada")
		events := ada.events()
		ada.call("GET", "pools", "").is(200, `"state":"ready"`)
		opened := ada.call("POST", "pools/"+poolID+"/open", "")
		opened.is(200, `"outcome":"NEW"`)
		var got struct {
			Desktop string `json:"desktop_id"`
			Ticket  string `json:"ticket"`
		}
		w.must(json.Unmarshal([]byte(opened.body), &got))
		if _, err := w.service.Connections.Admit(t.Context(), got.Ticket); err != nil {
			t.Errorf("the ticket is not good: %v", err)
		}
		events.until("pools", `"state":"yours"`)
		mine := ada.call("GET", "pools", "")
		mine.is(200, `"desktop":{"id":"`+got.Desktop+`"`)
		mine.is(200, `"ends":"`)
		ada.call("GET", "desktops", "").is(200, `"pool_id":"`+poolID+`"`)
		ada.call("POST", "pools/"+poolID+"/open", "").is(200, `"outcome":"SAME"`)
		bob := w.signedIn("bob").call("POST", "pools/"+poolID+"/open", "")
		if bob.is(200, `"outcome":"NEW"`); strings.Contains(bob.body, got.Desktop) {
			t.Error("bob got ada's desktop")
		}
	})

	t.Run("TellWhoWaitsHowFarItIs", func(t *testing.T) {
		w := newWorld(t)
		w.addPool(0, func(p *pool.Pool) {
			p.Autoscaling, p.Policy = true, pool.AutoscalePolicy{Type: pool.AccessCreated, MaxAutoCreated: 5}
		})
		ada, bob := w.signedIn("ada"), w.signedIn("bob")
		events := ada.events()
		ada.call("GET", "pools", "").is(200, `"state":"grows"`)
		ada.call("POST", "pools/"+poolID+"/open", "").is(200, `"outcome":"WAIT","sentence":"You are next.`)
		bob.call("POST", "pools/"+poolID+"/open", "").is(200, `"sentence":"One person has waited longer than you.`)
		events.until("pools", `"position":1`)
		w.putDesktops(1)
		events.until("pools", `"ready":true,`)
		ada.call("DELETE", "pools/"+poolID+"/wait", "").is(204, "")
		ada.call("DELETE", "pools/"+poolID+"/wait", "").is(204, "")
		ada.call("GET", "pools", "").is(200, `"state":"grows"`) // it is bob's turn
		bob.call("DELETE", "pools/"+poolID+"/wait", "").is(204, "")
		ada.call("GET", "pools", "").is(200, `"state":"ready"`)
	})

	t.Run("SayWhatToDoWhenThereIsNoDesktop", func(t *testing.T) {
		w := newWorld(t)
		w.addPool(0)
		ada := w.signedIn("ada")
		ada.call("POST", "pools/"+poolID+"/open", "").is(200, `"outcome":"FULL","sentence":"All desktops are in use.`)
		w.changePool(func(p *pool.Pool) { p.InMaintenance = true })
		ada.call("POST", "pools/"+poolID+"/open", "").is(200, `"outcome":"SHUT","sentence":"This pool is under maintenance.`)
		ada.call("GET", "pools", "").is(200, `"state":"maintenance"`)
	})

	t.Run("DoNotExistForThoseWhoMayNotUseThem", func(t *testing.T) {
		w := newWorld(t)
		w.addPool(1)
		w.must(w.store.Update(t.Context(), func(tx *store.Tx) error {
			return pool.DeleteGrants(t.Context(), tx, poolID, []pool.Grant{{Type: pool.GrantUser, ObjectID: w.user("bob").ID}})
		}))
		bob := w.signedIn("bob")
		bob.call("GET", "pools", "").is(200, `{"pools":[]}`)
		for _, call := range []string{"open", "reset", "ready"} {
			bob.call("POST", "pools/"+poolID+"/"+call, "").is(404, "you have no such pool")
		}
		w.browser().call("POST", "pools/"+poolID+"/open", "").is(401, "")
	})

	t.Run("LetPeopleResetTheirDesktopAsOftenAsThePolicySays", func(t *testing.T) {
		w := newWorld(t)
		w.addPool(1)
		w.attach()
		ada := w.signedIn("ada")
		ada.call("POST", "pools/"+poolID+"/reset", "").is(409, "open it first")
		ada.call("POST", "pools/"+poolID+"/open", "").is(200, `"may_reset":false`)
		ada.call("POST", "pools/"+poolID+"/reset", "").is(403, "administrator")
		w.changePool(func(p *pool.Pool) { p.Reset = pool.UserResetPolicy{Enabled: true, PerDay: 1} })
		ada.call("GET", "pools", "").is(200, `"may_reset":true`)
		ada.call("POST", "pools/"+poolID+"/reset", "").is(202, "")
		ada.call("POST", "pools/"+poolID+"/reset", "").is(409, "busy")
		w.must(w.store.Update(t.Context(), func(tx *store.Tx) error {
			found, err := desktop.MembersOf(t.Context(), tx, w.user("ada").ID)
			if err != nil {
				return err
			}
			d, err := desktop.ReadDesktop(t.Context(), tx, project, found[0].DesktopID)
			if err != nil {
				return err
			}
			d.Task, d.TaskOwner = workspace.NoTask, ""
			return desktop.SaveDesktop(t.Context(), tx, d)
		}))
		ada.call("POST", "pools/"+poolID+"/reset", "").is(429, "once in 24 hours")
		ada.call("GET", "pools", "").is(200, `"reset_why_not":"you may reset`)
		w.later(25 * time.Hour)
		ada = w.signedIn("ada")
		ada.call("POST", "pools/"+poolID+"/open", "").is(200, `"outcome"`) // the binding may be over by now, that is no concern here
		ada.call("POST", "pools/"+poolID+"/ready", "").is(409, "")
	})
}

// addPool makes a pool with idle desktops for ada and bob.
func (w *world) addPool(desktops int, changes ...func(*pool.Pool)) {
	w.t.Helper()
	ctx := w.t.Context()
	w.must(w.store.Update(ctx, func(tx *store.Tx) error {
		subnets, err := catalog.Subnets(ctx, tx, project)
		if err != nil {
			return err
		}
		p := pool.Pool{
			ID: poolID, ProjectID: project, Name: "Office", Type: pool.Dynamic, EnterpriseID: "0", SubnetIDs: []string{subnets[0].ID},
			Root: pool.PoolVolume{ID: workspace.NewID(), Type: "SAS", GB: 80}, RetentionMinutes: 30, Created: tx.Now(), Updated: tx.Now(),
		}
		for _, change := range changes {
			change(&p)
		}
		var people []pool.Grant
		for _, name := range []string{"ada", "bob"} {
			people = append(people, pool.Grant{PoolID: poolID, Type: pool.GrantUser, ObjectID: w.user(name).ID, Group: workspace.GroupDefault, Created: tx.Now()})
		}
		return pool.InsertPool(ctx, tx, p, people)
	}))
	w.putDesktops(desktops)
}

// putDesktops adds idle desktops to the pool.
func (w *world) putDesktops(n int) {
	w.t.Helper()
	ctx := w.t.Context()
	w.must(w.store.Update(ctx, func(tx *store.Tx) error {
		subnets, err := catalog.Subnets(ctx, tx, project)
		if err != nil {
			return err
		}
		addresses, err := catalog.FreeAddresses(ctx, tx, subnets[0].ID, n)
		if err != nil {
			return err
		}
		var all []desktop.Desktop
		for _, address := range addresses {
			d := desktop.Desktop{
				ID: workspace.NewID(), ProjectID: project, PoolID: poolID, Type: workspace.Pooled, SubnetID: subnets[0].ID, Address: address,
				Status: desktop.StatusActive, Login: desktop.LoginRegistered, Created: tx.Now(), Updated: tx.Now(),
			}
			d.Name = "office-" + d.ID[:8]
			d.Root = desktop.Volume{ID: workspace.NewID(), Type: "SAS", GB: 80, Created: tx.Now()}
			all = append(all, d)
		}
		return desktop.InsertDesktops(ctx, tx, all)
	}))
}

func (w *world) changePool(change func(*pool.Pool)) {
	w.t.Helper()
	ctx := w.t.Context()
	w.must(w.store.Update(ctx, func(tx *store.Tx) error {
		p, err := pool.LockPool(ctx, tx, project, poolID)
		if err != nil {
			return err
		}
		change(&p)
		return pool.SavePool(ctx, tx, p)
	}))
}

// attach makes desktops ready for those who get them, as the job runner does, until the test ends.
func (w *world) attach() {
	ctx, cancel := context.WithCancel(context.Background())
	work, ended := w.store.Work(ctx), make(chan error, 1)
	go func() {
		for {
			select {
			case <-ctx.Done():
				ended <- nil
				return
			case <-work:
			}
			if err := w.attachOnce(ctx); err != nil && ctx.Err() == nil {
				ended <- err
				return
			}
		}
	}()
	w.t.Cleanup(func() {
		cancel()
		w.must(<-ended)
	})
}

func (w *world) attachOnce(ctx context.Context) error {
	return w.store.Update(ctx, func(tx *store.Tx) error {
		subs, err := tx.ClaimSubJobs(ctx, "runner", map[workspace.JobType]int{workspace.JobAttachPool: 10}, time.Minute)
		for _, s := range subs {
			d, err := desktop.ReadDesktop(ctx, tx, project, s.DesktopID)
			if err != nil {
				return err
			}
			if err := assignment.MarkAccounts(ctx, tx, d, s.ID, d.Status, nil, ""); err != nil {
				return err
			}
			s.State = workspace.SubJobSuccess
			if _, err := tx.SaveSubJob(ctx, s); err != nil {
				return err
			}
		}
		return err
	})
}

// until reads events of a kind until one holds a text.
func (s stream) until(kind, text string) {
	s.t.Helper()
	for {
		if strings.Contains(s.nextOf(kind), text) {
			return
		}
	}
}
