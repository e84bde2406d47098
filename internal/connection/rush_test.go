package connection_test

import (
	"context"
	"fmt"
	"time"

	"carrel/internal/connection"
	"carrel/internal/core"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/pool"
	"carrel/internal/pool/pooltest"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

var rushes = map[string]func(*env){
	"200 people who open a pool of 100 desktops at once share none": func(e *env) { e.rush(200, 100) },
}

// rush has people open a pool of idle desktops all at once, while its desktops are made ready, and checks who got what.
func (e *env) rush(people, desktops int) {
	e.AddPool("p", func(p *pool.Pool) { p.RetentionMinutes = pool.DefaultRetention })
	for i := range desktops {
		e.AddDesktop(fmt.Sprint("p-", i), pooltest.In("p"), func(d *desktop.Desktop) { d.Status, d.Login = desktop.StatusActive, desktop.LoginRegistered })
	}
	visitors := make([]signin.Visitor, people)
	for i := range visitors {
		id := fmt.Sprint("visitor-", i)
		u := directory.User{ID: id, ProjectID: storetest.Project, Name: id}
		e.AddUsers(u)
		visitors[i] = signin.Visitor{User: u, SignInHash: id}
		e.Grant("p", pooltest.ToUser(id, workspace.GroupDefault))
		e.Update(func(tx *store.Tx) error {
			return signin.InsertSignIn(e.Context(), tx, signin.SignIn{TokenHash: id, UserID: id, Created: tx.Now(), Expires: tx.Now().Add(time.Hour)})
		})
	}
	ctx, stop := context.WithCancel(e.Context())
	working := make(chan error)
	go func() { working <- e.attachAll(ctx) }()
	service := core.NewServices(core.Config{Store: e.Store})
	opened, calls := make([]connection.OpenedPool, people), make([]int, people)
	for i, err := range storetest.Together(people, func(i int) (err error) {
		calls[i]++
		opened[i], err = service.Connections.OpenPool(e.Context(), visitors[i], "p")
		return err
	}) {
		if err != nil {
			e.Errorf("visitor %d: %v", i, err)
		}
	}
	stop()
	if err := <-working; err != nil {
		e.Error(err)
	}
	outcomes, owners := map[pool.Outcome]int{}, map[string]int{}
	for i, o := range opened {
		if calls[i] > 1 && o.Outcome == pool.OutcomeSame { // a call gave it to them and failed to say so
			o.Outcome = pool.OutcomeNew
		}
		if outcomes[o.Outcome]++; o.DesktopID == "" {
			continue
		}
		owners[o.DesktopID]++
		m := e.Member(desktop.Member{DesktopID: o.DesktopID, PoolID: "p"})
		if m.UserID != visitors[i].ID || e.Assigned(o.DesktopID) != visitors[i].Name+" default" {
			e.Errorf("%s was told %+v, but %s has the desktop", visitors[i].Name, o.BindDecision, m.UserID)
		}
	}
	e.Same(outcomes, map[pool.Outcome]int{pool.OutcomeNew: desktops, pool.OutcomeFull: people - desktops})
	e.Same(len(owners), desktops)
}

// attachAll ends the sub-jobs that bring people's accounts into desktops, until the context ends.
func (e *env) attachAll(ctx context.Context) error {
	work := e.Store.Work(ctx)
	for {
		err := e.Store.Update(ctx, func(tx *store.Tx) error {
			subs, err := tx.ClaimSubJobs(ctx, "worker", map[workspace.JobType]int{workspace.JobAttachPool: 50}, time.Hour)
			if err != nil {
				return err
			}
			for _, s := range subs {
				s.State = workspace.SubJobSuccess
				d, err := desktop.ReadDesktop(ctx, tx, storetest.Project, s.DesktopID)
				if err != nil {
					return err
				}
				d.Task, d.TaskOwner = workspace.NoTask, ""
				if err := desktop.SaveDesktop(ctx, tx, d); err != nil {
					return err
				}
				if _, err := tx.SaveSubJob(ctx, s); err != nil {
					return err
				}
			}
			return nil
		})
		if ctx.Err() != nil {
			return nil
		}
		if workspace.CodeOf(err) == workspace.CodeNoDatabase {
			continue // the visitors have all connections; a runner goes on as well
		}
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-work:
		}
	}
}
