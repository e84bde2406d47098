package assignment

import (
	"context"
	"fmt"
	"slices"

	"carrel/internal/assignment/plan"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// DetachDesktops is a request to detach desktops from users and groups.
type DetachDesktops struct {
	workspace.Caller
	Batch    bool // the job's type is batchDetachDesktops
	Desktops []DetachDesktop
	ShutOff  bool // stop the desktops afterwards
}

// DetachDesktop is a desktop of the request: it is detached from all holders, or from those in People. If it has one holder,
// neither is needed.
type DetachDesktop struct {
	DesktopID string
	All       bool
	People    []AttachPerson
	ClearData bool // erase the data of the users who lose it now; otherwise it stays inside, inaccessible, until the desktop is assigned again
}

// DetachResult is the result of DetachDesktops. JobID is empty if all desktops were refused; if none of the others had such a
// holder, the job has already ended.
type DetachResult struct {
	JobID   string
	Refused []desktop.Refusal
}

// Check validates the request on its own, without the database.
func (r *DetachDesktops) Check(field string) error {
	if len(r.Desktops) == 0 || len(r.Desktops) > plan.MaxAttachedDesktops {
		return workspace.Invalid(field, "%d desktops, give 1 to %d", len(r.Desktops), plan.MaxAttachedDesktops)
	}
	seen := make(map[string]bool, len(r.Desktops))
	for i, d := range r.Desktops {
		at := fmt.Sprintf("%s[%d].", field, i)
		switch {
		case d.DesktopID == "" || len(d.DesktopID) > maxObjectID:
			return workspace.Invalid(at+"desktop_id", "must be an id of 1 to %d characters", maxObjectID)
		case seen[d.DesktopID]:
			return workspace.Invalid(at+"desktop_id", "%s is listed twice", d.DesktopID)
		case d.All && len(d.People) > 0:
			return workspace.Invalid(at+"detach_user_infos", "cannot be used together with is_detach_all_users")
		case len(d.People) > plan.MaxPeoplePerDesktop:
			return workspace.Invalid(at+"detach_user_infos", "%d users and groups, at most %d are allowed", len(d.People), plan.MaxPeoplePerDesktop)
		}
		seen[d.DesktopID] = true
		if err := checkPeople(at+"detach_user_infos", d.People); err != nil {
			return err
		}
	}
	return nil
}

// DetachDesktops detaches desktops from users and groups: access ends with the transaction, open displays within a second, and a
// job ends sessions and removes accounts inside. Desktops whose state does not allow it are refused individually. Users and
// groups who do not have the desktop are ignored: detaching them is a success. The row locks of the desktops decide between
// concurrent callers.
func (s *Service) DetachDesktops(ctx context.Context, r DetachDesktops, field string) (DetachResult, error) {
	if err := r.Check(field); err != nil {
		return DetachResult{}, err
	}
	return store.Update(ctx, s.Store, store.As(r.Caller, func(tx *store.Tx) (DetachResult, error) {
		if err := store.RequireSubscription(ctx, tx, r.ProjectID); err != nil {
			return DetachResult{}, err
		}
		return detachDesktops(ctx, tx, r)
	}))
}

func detachDesktops(ctx context.Context, tx *store.Tx, r DetachDesktops) (DetachResult, error) {
	ids := make([]string, len(r.Desktops))
	for i, d := range r.Desktops {
		ids[i] = d.DesktopID
	}
	found, err := desktop.LockByID(ctx, tx, r.ProjectID, ids)
	if err != nil {
		return DetachResult{}, err
	}
	var result DetachResult
	job := workspace.Job{ID: workspace.NewID(), ProjectID: r.ProjectID, Type: workspace.JobDetachDesktops, RequestID: r.RequestID, Created: tx.Now()}
	if r.Batch {
		job.Type = workspace.JobBatchDetach
	}
	var busy, idle []desktop.Desktop
	var kept, erased detaching
	for _, asked := range r.Desktops {
		d, ok := found[asked.DesktopID]
		if !ok {
			result.Refused = append(result.Refused, desktop.Refusal{DesktopID: asked.DesktopID, Code: workspace.CodeDesktopNotFound, Message: "desktop " + asked.DesktopID + " does not exist"})
			continue
		}
		from, err := asked.from(d)
		if err != nil {
			result.Refused = append(result.Refused, desktop.Refusal{DesktopID: d.ID, DesktopName: d.Name, Code: workspace.CodeOf(err), Message: workspace.MessageOf(err)})
			continue
		}
		if len(from) == 0 && (!r.ShutOff || d.Status == desktop.StatusShutoff) {
			idle = append(idle, d)
			continue
		}
		sub := desktop.NewSubJob(&job, d, desktop.AccountParams{ShutOff: r.ShutOff})
		d.Task, d.TaskOwner = workspace.AccountJobs[job.Type], sub.ID
		busy = append(busy, d)
		job.SubJobs = append(job.SubJobs, sub)
		if asked.ClearData {
			erased.add(d, from)
		} else {
			kept.add(d, from)
		}
	}
	desktop.NothingToDo(&job, idle)
	if len(job.SubJobs) == 0 {
		return result, nil
	}
	if err := kept.carryOut(ctx, tx, r.ProjectID, false); err != nil {
		return result, err
	}
	if err := erased.carryOut(ctx, tx, r.ProjectID, true); err != nil {
		return result, err
	}
	if err := TakeDesktops(ctx, tx, busy); err != nil {
		return result, err
	}
	result.JobID = job.ID
	return result, tx.InsertJob(ctx, job)
}

// from returns the holders that the desktop is detached from.
func (r DetachDesktop) from(d desktop.Desktop) ([]plan.Holder, error) {
	if why := closed(d); why != "" && (d.Task != workspace.NoTask || d.PoolID != "") {
		return nil, workspace.Errorf(workspace.CodeConflict, "desktop %s %s", d.Name, why)
	}
	all := holdersOf(d)
	switch {
	case r.All || len(r.People) == 0 && len(all) <= 1:
		return all, nil
	case len(r.People) == 0:
		return nil, workspace.Invalid("detach_user_infos", "desktop %s has %d users and groups: list those to detach, or set is_detach_all_users", d.Name, len(all))
	}
	var from []plan.Holder
	for _, p := range r.People {
		h, has := holderOf(d, p.Type, p.ID, p.Name)
		if has && !slices.Contains(from, h) {
			from = append(from, h)
		}
	}
	return from, nil
}

// detaching collects the holders and users who lose desktops.
type detaching struct {
	desktops []desktop.Desktop
	pairs    []plan.Pair
	from     map[string][]plan.Holder
}

func (t *detaching) add(d desktop.Desktop, from []plan.Holder) {
	if t.from == nil {
		t.from = map[string][]plan.Holder{}
	}
	t.desktops, t.from[d.ID] = append(t.desktops, d), from
	for _, h := range from {
		t.pairs = append(t.pairs, plan.Pair{DesktopID: d.ID, Type: h.Type, HolderID: h.ID})
	}
}

// carryOut writes the end of the assignments, the detachments, and the messages to users who lose access. There are detachments
// for the users of groups too: later nobody could tell who was in the group.
func (t *detaching) carryOut(ctx context.Context, tx *store.Tx, projectID string, erase bool) error {
	if len(t.pairs) == 0 {
		return nil
	}
	ids := make([]string, len(t.desktops))
	names := make(map[string]string, len(t.desktops))
	var records []Detachment
	for i, d := range t.desktops {
		ids[i], names[d.ID] = d.ID, d.Name
		for _, h := range t.from[d.ID] {
			records = append(records, detached(h, d.ID, tx.Now()))
		}
	}
	change, err := changing(ctx, tx, ids, nil, func() error { return Unassign(ctx, tx, t.pairs) })
	if err != nil {
		return err
	}
	if err := PutDetachments(ctx, tx, records); err != nil {
		return err
	}
	return recordLosses(ctx, tx, projectID, change.lost, names, erase)
}

// recordLosses records that users have lost desktops, and their accounts there, and writes the messages to them. names has the
// desktops' names by id.
func recordLosses(ctx context.Context, tx *store.Tx, projectID string, lost []desktop.Assignment, names map[string]string, erase bool) error {
	if len(lost) == 0 {
		return nil
	}
	if err := NoteLost(ctx, tx, lost, erase); err != nil {
		return err
	}
	users, err := usersByID(ctx, tx, projectID, lost)
	if err != nil {
		return err
	}
	var mails []directory.Mail
	for _, a := range lost {
		if u := users[a.UserID]; u.Email != "" {
			mails = append(mails, desktop.DesktopMail(directory.MailUnassigned, desktop.Desktop{Name: names[a.DesktopID]}, u, tx.Now()))
		}
	}
	return directory.InsertMails(ctx, tx, mails)
}

// usersByID reads the users of holdings.
func usersByID(ctx context.Context, tx *store.Tx, projectID string, holdings []desktop.Assignment) (map[string]directory.User, error) {
	ids := make([]string, len(holdings))
	for i, a := range holdings {
		ids[i] = a.UserID
	}
	users := make(map[string]directory.User, len(ids))
	for part := range slices.Chunk(slices.Compact(slices.Sorted(slices.Values(ids))), readAtOnce) {
		some, _, err := directory.Users(ctx, tx, directory.UserQuery{ProjectID: projectID, IDs: part, Page: workspace.Page{Limit: len(part)}})
		if err != nil {
			return nil, err
		}
		for _, u := range some {
			users[u.ID] = u
		}
	}
	return users, nil
}

// Detachments returns the former holders of a desktop, newest first: users and groups, and the users who lost it through a group.
// CodeDesktopNotFound.
func (s *Service) Detachments(ctx context.Context, projectID, desktopID string) (desktop.Desktop, []Detachment, error) {
	type answer struct {
		desktop desktop.Desktop
		records []Detachment
	}
	a, err := store.View(ctx, s.Store, func(tx *store.Tx) (a answer, err error) {
		if a.desktop, err = desktop.ReadDesktop(ctx, tx, projectID, desktopID); err != nil {
			return a, err
		}
		a.records, err = Detachments(ctx, tx, desktopID)
		return a, err
	})
	return a.desktop, a.records, err
}
