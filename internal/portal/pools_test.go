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
	"carrel/internal/pool/autoscale"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

const poolID = "55555555-5555-4555-8555-555555555555"

func TestPools(t *testing.T) {
	t.Run("GiveADesktopToWhoOpensThem", func(t *testing.T) {
		e := newEnv(t)
		e.addPool(2)
		e.attach()
		ada := e.signedIn("ada")
		events := ada.events()
		ada.call("GET", "pools", "").is(200, `"state":"ready"`)
		opened := ada.call("POST", "pools/"+poolID+"/open", "")
		opened.is(200, `"outcome":"NEW"`)
		var got struct {
			Desktop string `json:"desktop_id"`
			Ticket  string `json:"ticket"`
		}
		e.must(json.Unmarshal([]byte(opened.body), &got))
		if _, err := e.service.Connections.Admit(t.Context(), got.Ticket); err != nil {
			t.Errorf("the ticket is not good: %v", err)
		}
		events.until("pools", `"state":"yours"`)
		own := ada.call("GET", "pools", "")
		own.is(200, `"desktop":{"id":"`+got.Desktop+`"`)
		own.is(200, `"ends":"`)
		ada.call("GET", "desktops", "").is(200, `"pool_id":"`+poolID+`"`)
		ada.call("POST", "pools/"+poolID+"/open", "").is(200, `"outcome":"SAME"`)
		bob := e.signedIn("bob").call("POST", "pools/"+poolID+"/open", "")
		if bob.is(200, `"outcome":"NEW"`); strings.Contains(bob.body, got.Desktop) {
			t.Error("bob got ada's desktop")
		}
	})

	t.Run("TellWhoWaitsHowFarItIs", func(t *testing.T) {
		e := newEnv(t)
		e.addPool(0, func(p *pool.Pool) {
			p.Autoscaling, p.Policy = true, autoscale.Policy{Type: autoscale.AccessCreated, MaxAutoCreated: 5}
		})
		ada, bob := e.signedIn("ada"), e.signedIn("bob")
		events := ada.events()
		ada.call("GET", "pools", "").is(200, `"state":"grows"`)
		ada.call("POST", "pools/"+poolID+"/open", "").is(200, `"outcome":"WAIT","sentence":"You are next.`)
		bob.call("POST", "pools/"+poolID+"/open", "").is(200, `"sentence":"One person has waited longer than you.`)
		events.until("pools", `"position":1`)
		e.putDesktops(1)
		events.until("pools", `"ready":true,`)
		ada.call("DELETE", "pools/"+poolID+"/wait", "").is(204, "")
		ada.call("DELETE", "pools/"+poolID+"/wait", "").is(204, "")
		ada.call("GET", "pools", "").is(200, `"state":"grows"`) // it is bob's turn
		bob.call("DELETE", "pools/"+poolID+"/wait", "").is(204, "")
		ada.call("GET", "pools", "").is(200, `"state":"ready"`)
	})

	t.Run("SayWhatToDoWhenThereIsNoDesktop", func(t *testing.T) {
		e := newEnv(t)
		e.addPool(0)
		ada := e.signedIn("ada")
		ada.call("POST", "pools/"+poolID+"/open", "").is(200, `"outcome":"FULL","sentence":"All desktops are in use.`)
		e.changePool(func(p *pool.Pool) { p.InMaintenance = true })
		ada.call("POST", "pools/"+poolID+"/open", "").is(200, `"outcome":"SHUT","sentence":"This pool is under maintenance.`)
		ada.call("GET", "pools", "").is(200, `"state":"maintenance"`)
	})

	t.Run("DoNotExistForThoseWhoMayNotUseThem", func(t *testing.T) {
		e := newEnv(t)
		e.addPool(1)
		e.must(e.store.Update(t.Context(), func(tx *store.Tx) error {
			return pool.DeleteGrants(t.Context(), tx, poolID, []pool.Grant{{Type: pool.GrantUser, ObjectID: e.user("bob").ID}})
		}))
		bob := e.signedIn("bob")
		bob.call("GET", "pools", "").is(200, `{"pools":[]}`)
		for _, call := range []string{"open", "reset", "ready"} {
			bob.call("POST", "pools/"+poolID+"/"+call, "").is(404, "you have no such pool")
		}
		e.browser().call("POST", "pools/"+poolID+"/open", "").is(401, "")
	})

	t.Run("LetPeopleResetTheirDesktopAsOftenAsThePolicySays", func(t *testing.T) {
		e := newEnv(t)
		e.addPool(1)
		e.attach()
		ada := e.signedIn("ada")
		ada.call("POST", "pools/"+poolID+"/reset", "").is(409, "open it first")
		ada.call("POST", "pools/"+poolID+"/open", "").is(200, `"may_reset":false`)
		ada.call("POST", "pools/"+poolID+"/reset", "").is(403, "administrator")
		e.changePool(func(p *pool.Pool) { p.Reset = pool.UserResetPolicy{Enabled: true, PerDay: 1} })
		ada.call("GET", "pools", "").is(200, `"may_reset":true`)
		ada.call("POST", "pools/"+poolID+"/reset", "").is(202, "")
		ada.call("POST", "pools/"+poolID+"/reset", "").is(409, "busy")
		e.must(e.store.Update(t.Context(), func(tx *store.Tx) error {
			found, err := desktop.MembersOf(t.Context(), tx, e.user("ada").ID)
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
		e.later(25 * time.Hour)
		ada = e.signedIn("ada")
		ada.call("POST", "pools/"+poolID+"/open", "").is(200, `"outcome"`) // the binding may be over by now, that is no concern here
		ada.call("POST", "pools/"+poolID+"/ready", "").is(409, "")
	})
}

// addPool makes a pool with idle desktops for ada and bob.
func (e *env) addPool(desktops int, changes ...func(*pool.Pool)) {
	e.t.Helper()
	ctx := e.t.Context()
	e.must(e.store.Update(ctx, func(tx *store.Tx) error {
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
			people = append(people, pool.Grant{PoolID: poolID, Type: pool.GrantUser, ObjectID: e.user(name).ID, Group: workspace.GroupDefault, Created: tx.Now()})
		}
		return pool.InsertPool(ctx, tx, p, people)
	}))
	e.putDesktops(desktops)
}

// putDesktops adds idle desktops to the pool.
func (e *env) putDesktops(n int) {
	e.t.Helper()
	ctx := e.t.Context()
	e.must(e.store.Update(ctx, func(tx *store.Tx) error {
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

func (e *env) changePool(change func(*pool.Pool)) {
	e.t.Helper()
	ctx := e.t.Context()
	e.must(e.store.Update(ctx, func(tx *store.Tx) error {
		p, err := pool.LockPool(ctx, tx, project, poolID)
		if err != nil {
			return err
		}
		change(&p)
		return pool.SavePool(ctx, tx, p)
	}))
}

// attach makes desktops ready for those who get them, as the job runner does, until the test ends.
func (e *env) attach() {
	ctx, cancel := context.WithCancel(context.Background())
	work, ended := e.store.Work(ctx), make(chan error, 1)
	go func() {
		for {
			select {
			case <-ctx.Done():
				ended <- nil
				return
			case <-work:
			}
			if err := e.attachOnce(ctx); err != nil && ctx.Err() == nil {
				ended <- err
				return
			}
		}
	}()
	e.t.Cleanup(func() {
		cancel()
		e.must(<-ended)
	})
}

func (e *env) attachOnce(ctx context.Context) error {
	return e.store.Update(ctx, func(tx *store.Tx) error {
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
