package storetest

import (
	"context"
	"fmt"
	"time"

	"carrel/internal/connection"
	"carrel/internal/core"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/pool"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

var rushes = []behaviour{
	{"200 people who open a pool of 100 desktops at once share none", func(w *world) { w.rush(200, 100) }},
}

// rush has people open a pool of idle desktops all at once, while its desktops are made ready, and checks who got what.
func (w *world) rush(people, desktops int) {
	w.addPool("p", func(p *pool.Pool) { p.RetentionMinutes = pool.DefaultRetention })
	for i := range desktops {
		w.addDesktop(fmt.Sprint("p-", i), in("p"), func(d *desktop.Desktop) { d.Status, d.Login = desktop.StatusActive, desktop.LoginRegistered })
	}
	visitors := make([]signin.Visitor, people)
	for i := range visitors {
		id := fmt.Sprint("visitor-", i)
		u := directory.User{ID: id, ProjectID: project, Name: id}
		w.addUsers(u)
		visitors[i] = signin.Visitor{User: u, SignInHash: id}
		w.grant("p", toUser(id, desktop.GroupDefault))
		w.update(func(tx *store.Tx) error {
			return signin.InsertSignIn(w.Context(), tx, signin.SignIn{TokenHash: id, UserID: id, Created: tx.Now(), Expires: tx.Now().Add(time.Hour)})
		})
	}
	ctx, stop := context.WithCancel(w.Context())
	working := make(chan error)
	go func() { working <- w.attachAll(ctx) }()
	service := core.NewServices(core.Config{Store: w.store})
	opened, calls := make([]connection.OpenedPool, people), make([]int, people)
	for i, err := range together(people, func(i int) (err error) {
		calls[i]++
		opened[i], err = service.Connections.OpenPool(w.Context(), visitors[i], "p", "")
		return err
	}) {
		if err != nil {
			w.Errorf("visitor %d: %v", i, err)
		}
	}
	stop()
	if err := <-working; err != nil {
		w.Error(err)
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
		m := w.member(desktop.Member{DesktopID: o.DesktopID, PoolID: "p"})
		if m.UserID != visitors[i].ID || w.assigned(o.DesktopID) != visitors[i].Name+" default" {
			w.Errorf("%s was told %+v, but %s has the desktop", visitors[i].Name, o.Assignment, m.UserID)
		}
	}
	w.same(outcomes, map[pool.Outcome]int{pool.OutcomeNew: desktops, pool.OutcomeFull: people - desktops})
	w.same(len(owners), desktops)
}

// attachAll ends the sub-jobs that bring people's accounts into desktops, until the context ends.
func (w *world) attachAll(ctx context.Context) error {
	work := w.store.Work(ctx)
	for {
		err := w.store.Update(ctx, func(tx *store.Tx) error {
			subs, err := tx.ClaimSubJobs(ctx, "worker", map[workspace.JobType]int{workspace.JobAttachPool: 50}, time.Hour)
			if err != nil {
				return err
			}
			for _, s := range subs {
				s.State = workspace.SubJobSuccess
				d, err := desktop.ReadDesktop(ctx, tx, project, s.DesktopID)
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
