package assignment

import (
	"context"
	"fmt"

	"carrel/internal/assignment/plan"
	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// ChangePrivileges is a request to change the privileges of users and groups in desktops that they have.
type ChangePrivileges struct {
	workspace.Caller
	Desktops []PrivilegeChange
	Group    workspace.UserGroup // for those without one of their own; empty: default
}

// PrivilegeChange is a desktop of the request.
type PrivilegeChange struct {
	DesktopID string
	People    []AttachPerson // none: all holders
}

// Check validates the request on its own, without the database.
func (r *ChangePrivileges) Check() error {
	if len(r.Desktops) == 0 || len(r.Desktops) > plan.MaxAttachedDesktops {
		return workspace.Invalid("desktops", "%d desktops, give 1 to %d", len(r.Desktops), plan.MaxAttachedDesktops)
	}
	if _, _, err := desktop.GroupFor("user_privilege_group", r.Group); err != nil {
		return err
	}
	seen := make(map[string]bool, len(r.Desktops))
	for i, d := range r.Desktops {
		at := fmt.Sprintf("desktops[%d].", i)
		switch {
		case d.DesktopID == "" || len(d.DesktopID) > maxObjectID:
			return workspace.Invalid(at+"desktop_id", "must be an id of 1 to %d characters", maxObjectID)
		case seen[d.DesktopID]:
			return workspace.Invalid(at+"desktop_id", "%s is listed twice", d.DesktopID)
		case len(d.People) > plan.MaxPeoplePerDesktop:
			return workspace.Invalid(at+"attach_user_infos", "%d users and groups, at most %d are allowed", len(d.People), plan.MaxPeoplePerDesktop)
		case len(d.People) == 0 && r.Group == "":
			return workspace.Invalid("user_privilege_group", "must be given for desktops without attach_user_infos")
		}
		seen[d.DesktopID] = true
		for n, p := range d.People {
			if p.Group == "" && r.Group == "" {
				return workspace.Invalid(fmt.Sprintf("%sattach_user_infos[%d].user_privilege_group", at, n), "must be given, here or for all in user_privilege_group")
			}
			if _, _, err := desktop.GroupFor(fmt.Sprintf("%sattach_user_infos[%d].user_privilege_group", at, n), p.Group); err != nil {
				return err
			}
		}
		if err := checkPeople(at+"attach_user_infos", d.People); err != nil {
			return err
		}
	}
	return nil
}

// ChangePrivileges changes the privileges of users and groups in desktops that they have, all or none, and writes a job that
// applies them inside. It returns the job's id; if nothing changes, that of a job that has ended. CodeDesktopNotFound;
// CodeUserNotFound or CodeGroupNotFound for one that does not have the desktop; CodeConflict while a desktop is busy;
// CodeInvalid. The row locks of the desktops decide between concurrent callers.
func (s *Service) ChangePrivileges(ctx context.Context, r ChangePrivileges) (string, error) {
	if err := r.Check(); err != nil {
		return "", err
	}
	return store.Update(ctx, s.Store, store.As(r.Caller, func(tx *store.Tx) (string, error) {
		if err := store.RequireSubscription(ctx, tx, r.ProjectID); err != nil {
			return "", err
		}
		return changePrivileges(ctx, tx, r)
	}))
}

func changePrivileges(ctx context.Context, tx *store.Tx, r ChangePrivileges) (string, error) {
	ids := make([]string, len(r.Desktops))
	for i, d := range r.Desktops {
		ids[i] = d.DesktopID
	}
	found, err := desktop.LockByID(ctx, tx, r.ProjectID, ids)
	if err != nil {
		return "", err
	}
	job := workspace.Job{ID: workspace.NewID(), ProjectID: r.ProjectID, Type: workspace.JobPrivileges, RequestID: r.RequestID, Created: tx.Now()}
	var busy, idle []desktop.Desktop
	var pairs []plan.Pair
	for i, asked := range r.Desktops {
		at := fmt.Sprintf("desktops[%d].", i)
		d, ok := found[asked.DesktopID]
		if !ok {
			return "", workspace.Errorf(workspace.CodeDesktopNotFound, "%sdesktop_id: desktop %s does not exist", at, asked.DesktopID)
		}
		fresh, remark, err := asked.pairs(at, d, r.Group)
		if err != nil {
			return "", err
		}
		if len(fresh) == 0 {
			idle = append(idle, d)
			continue
		}
		if why := closed(d); why != "" {
			return "", workspace.Errorf(workspace.CodeConflict, "%sdesktop_id: desktop %s %s", at, d.Name, why)
		}
		sub := desktop.NewSubJob(&job, d, desktop.AccountParams{Remark: remark})
		d.Task, d.TaskOwner = workspace.TaskPrivileges, sub.ID
		busy, pairs = append(busy, d), append(pairs, fresh...)
		job.SubJobs = append(job.SubJobs, sub)
	}
	desktop.NothingToDo(&job, idle)
	if err := Regroup(ctx, tx, pairs); err != nil {
		return "", err
	}
	if err := TakeDesktops(ctx, tx, busy); err != nil {
		return "", err
	}
	return job.ID, tx.InsertJob(ctx, job)
}

// pairs returns the holders of a desktop whose privilege changes, with the new one.
func (r PrivilegeChange) pairs(at string, d desktop.Desktop, all workspace.UserGroup) (pairs []plan.Pair, remark string, err error) {
	people := r.People
	if len(people) == 0 {
		for _, h := range holdersOf(d) {
			people = append(people, AttachPerson{Type: h.Type, ID: h.ID})
		}
	}
	for n, p := range people {
		h, has := holderOf(d, p.Type, p.ID, p.Name)
		if !has {
			code := workspace.CodeUserNotFound
			if p.Type == plan.HolderGroup {
				code = workspace.CodeGroupNotFound
			}
			return nil, "", workspace.Errorf(code, "%sattach_user_infos[%d].user_name: %q does not have desktop %s", at, n, p.Name, d.Name)
		}
		asked := p.Group
		if asked == "" {
			asked = all
		}
		group, note, err := desktop.GroupFor("user_privilege_group", asked)
		if err != nil {
			return nil, "", err
		}
		if note != "" {
			remark = note
		}
		if group != h.Group {
			pairs = append(pairs, plan.Pair{DesktopID: d.ID, Type: h.Type, HolderID: h.ID, Group: group})
		}
	}
	return pairs, remark, nil
}
