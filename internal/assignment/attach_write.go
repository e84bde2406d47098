package assignment

import (
	"context"
	"fmt"
	"strings"

	"carrel/internal/assignment/plan"
	"carrel/internal/desktop"
	"carrel/internal/namepolicy"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// carryOut writes the plan and the job that applies it inside the desktops, and returns the job's id. If there is nothing to do,
// the job has already ended.
func (a *attachment) carryOut(ctx context.Context, tx *store.Tx) (string, error) {
	taken, err := a.rename(ctx, tx)
	if err != nil {
		return "", err
	}
	if err := a.cast.reach(ctx, tx); err != nil {
		return "", err
	}
	job := workspace.Job{ID: workspace.NewID(), ProjectID: a.r.ProjectID, Type: workspace.JobAttachDesktops, RequestID: a.r.RequestID, Created: tx.Now()}
	if len(taken) == 0 {
		desktop.NothingToDo(&job, a.desktops)
		return job.ID, tx.InsertJob(ctx, job)
	}
	if err := a.cast.add(ctx, tx, a.allowance); err != nil {
		return "", err
	}
	ids := make([]string, len(taken))
	for n, i := range taken {
		ids[n] = a.desktops[i].ID
	}
	change, err := changing(ctx, tx, ids, nil, func() error { return Assign(ctx, tx, a.plan.Pairs) })
	if err != nil {
		return "", err
	}
	if err := Regroup(ctx, tx, a.plan.Regroups); err != nil {
		return "", err
	}
	if err := checkCrowd(ctx, tx, ids); err != nil { // groups may have grown since the plan was made
		return "", err
	}
	if err := a.clear(ctx, tx, ids, change.gained); err != nil {
		return "", err
	}
	gained := HoldingsByDesktop(change.gained)
	busy := make([]desktop.Desktop, len(taken))
	for n, i := range taken {
		d := a.desktops[i]
		people := gained[d.ID]
		sub := desktop.NewSubJob(&job, d, desktop.AccountParams{Gained: a.cast.recipients(people, a.r.Desktops[i]), Remark: a.remarks[i]})
		if len(people) > 0 {
			sub.UserName = people[0].UserName
		}
		d.Task, d.TaskOwner = workspace.TaskAttaching, sub.ID
		busy[n] = d
		job.SubJobs = append(job.SubJobs, sub)
	}
	if err := TakeDesktops(ctx, tx, busy); err != nil {
		return "", err
	}
	return job.ID, tx.InsertJob(ctx, job)
}

// rename sets the new names of desktops: those of the request and, for desktops that are assigned to somebody, those of the name
// policy. Left over desktops keep their names. It returns the places of the desktops that change in any way.
func (a *attachment) rename(ctx context.Context, tx *store.Tx) (taken []int, err error) {
	gets := a.getters()
	regrouped := make(map[string]bool, len(a.plan.Regroups))
	for _, p := range a.plan.Regroups {
		regrouped[p.DesktopID] = true
	}
	var fresh []string // new names, which must be free
	var open []int     // places of desktops that the policy names
	for i := range a.desktops {
		d, before, asked := &a.desktops[i], a.before[i], a.r.Desktops[i].ComputerName
		_, got := gets[d.ID]
		if !got && a.r.Model.Resolve().Strategy.Chooses() {
			d.Name = before.Name
		}
		switch why := closed(before); {
		case !got && d.Name == before.Name && !regrouped[d.ID]:
			continue
		case why != "":
			return nil, workspace.Errorf(workspace.CodeConflict, "desktops[%d].computer_name: desktop %s %s", i, before.Name, why)
		case asked == "" && got:
			open = append(open, i)
		case !strings.EqualFold(d.Name, before.Name):
			fresh = append(fresh, d.Name)
		}
		taken = append(taken, i)
	}
	if err := desktop.RefuseTaken(ctx, tx, a.r.ProjectID, "computer_name", fresh); err != nil {
		return nil, err
	}
	if err := a.nameByPolicy(ctx, tx, open, fresh, gets); err != nil {
		return nil, err
	}
	for _, i := range taken {
		if d := &a.desktops[i]; d.Name != a.before[i].Name {
			d.HostName = workspace.HostNameFor(d.Name, d.ID)
			if !strings.EqualFold(d.HostName, a.before[i].HostName) {
				one := []desktop.Desktop{*d}
				if err := desktop.SettleHostNames(ctx, tx, a.r.ProjectID, one, func(int) bool { return false }); err != nil {
					return nil, err
				}
				d.HostName = one[0].HostName
			}
			if err := checkNamesakes(fmt.Sprintf("desktops[%d].computer_name", i), *d, gets[d.ID]); err != nil {
				return nil, err
			}
		}
	}
	return taken, nil
}

// getters returns, by desktop, the names of the users who get it; a group has an empty name.
func (a *attachment) getters() map[string][]string {
	gets := map[string][]string{}
	for _, p := range a.plan.Pairs {
		name := "" // a group gives no name
		if p.Type == plan.HolderUser {
			name = a.cast.users[p.HolderID].Name
		}
		gets[p.DesktopID] = append(gets[p.DesktopID], name)
	}
	return gets
}

// nameByPolicy sets the names of the desktops in the places in open by the request's policy, if it has one. asked are names that
// the request itself gives.
func (a *attachment) nameByPolicy(ctx context.Context, tx *store.Tx, open []int, asked []string, gets map[string][]string) error {
	id := a.r.Model.NamePolicyID
	if id == "" {
		return nil
	}
	var policy namepolicy.Policy
	var err error
	if a.hold {
		policy, err = namepolicy.Lock(ctx, tx, a.r.ProjectID, id)
	} else {
		policy, err = namepolicy.Get(ctx, tx, a.r.ProjectID, id)
	}
	if err != nil {
		return workspace.InField("desktop_name_policy_id", err)
	}
	if len(open) == 0 {
		return nil
	}
	names := make([]string, len(open), len(open)+len(asked))
	users := make([]string, len(open))
	places := make([]int, len(open))
	for n, i := range open {
		places[n], users[n] = n, gets[a.desktops[i].ID][0]
	}
	names = append(names, asked...)
	next, err := desktop.FillNames(ctx, tx, policy, a.r.ProjectID, names, users, places)
	if err != nil {
		return err
	}
	for n, i := range open {
		a.desktops[i].Name = names[n]
	}
	if !a.hold {
		return nil
	}
	return namepolicy.KeepCount(ctx, tx, policy, next)
}

// checkNamesakes returns an error for a desktop with the name of one of its users.
func checkNamesakes(field string, d desktop.Desktop, fresh []string) error {
	for _, a := range d.Assignments {
		fresh = append(fresh, a.UserName)
	}
	for _, name := range fresh {
		if strings.EqualFold(name, d.Name) {
			return workspace.Invalid(field, "%q is the name of a user of the desktop; the two must differ", d.Name)
		}
	}
	return nil
}

// clear marks old data inside desktops for erasing: if the request says so, that of earlier assignments of the users in gained,
// and on a desktop for one user that of all others.
func (a *attachment) clear(ctx context.Context, tx *store.Tx, ids []string, gained []desktop.Assignment) error {
	former, err := FormerAccounts(ctx, tx, ids)
	if err != nil || len(former) == 0 {
		return err
	}
	again := map[holdingKey]bool{}
	given := map[string]bool{}
	for _, g := range gained {
		again[holdingKey{g.DesktopID, g.UserID}] = true
		given[g.DesktopID] = true
	}
	type terms struct{ clear, dedicated bool }
	of := map[string]terms{}
	for i, d := range a.desktops {
		of[d.ID] = terms{a.r.Desktops[i].ClearData, d.Type == workspace.Dedicated}
	}
	var doomed []FormerAccount
	for _, f := range former {
		theirs := again[holdingKey{f.DesktopID, f.UserID}]
		if given[f.DesktopID] && (theirs && of[f.DesktopID].clear || !theirs && of[f.DesktopID].dedicated) {
			f.Erase, f.Changed = true, tx.Now()
			doomed = append(doomed, f)
		}
	}
	return PutFormerAccounts(ctx, tx, doomed)
}
