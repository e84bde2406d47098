package assignment

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"carrel/internal/assignment/plan"
	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/quota"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Service assigns desktops to users and groups and detaches them. Each method is one transaction; the job runner does the work on
// machines. It is safe for concurrent use, also by several processes on one database.
type Service struct{ Store store.Transactions }

// AttachDesktops assigns desktops as plan.Make decides, renames those that are given a name, and writes a job that updates the
// accounts inside them. It returns the job's id; if nothing is to be done, that of a job that has ended.
//
// The rows of the desktops are locked from the decision to the end of the transaction, so that a concurrent caller finds the
// desktops busy. Strategies that count a user's desktops lock the rows of the users as well. CodeDesktopNotFound,
// CodeUserNotFound, CodeGroupNotFound, CodeNameTaken, CodeInvalid, and CodeConflict as in docs/assignment.md.
func (s *Service) AttachDesktops(ctx context.Context, r AttachDesktops) (string, error) {
	if err := r.Check(); err != nil {
		return "", err
	}
	return store.Update(ctx, s.Store, store.As(r.Caller, func(tx *store.Tx) (string, error) {
		a, err := planAttach(ctx, tx, r, true)
		if err != nil {
			return "", err
		}
		return a.carryOut(ctx, tx)
	}))
}

// AttachPreview is what AttachDesktops would do in the same state. The desktops have their new names, also those that a policy
// would make; nothing is reserved for them.
type AttachPreview struct {
	plan.Plan
	Renames   []plan.Pair       // for desktops that would only be renamed: the holders among the users and groups of the request, with their privilege
	Desktops  []desktop.Desktop // of the request, in its order
	Holders   []plan.Holder     // all users and groups of the request, in its order
	Newcomers []string          // those of them who would be added; their ids mean nothing outside this preview
}

// PreviewAttach returns what AttachDesktops would do, without doing it. Errors as for AttachDesktops.
func (s *Service) PreviewAttach(ctx context.Context, r AttachDesktops) (AttachPreview, error) {
	if err := r.Check(); err != nil {
		return AttachPreview{}, err
	}
	return store.View(ctx, s.Store, func(tx *store.Tx) (AttachPreview, error) {
		a, err := planAttach(ctx, tx, r, false)
		if err != nil {
			return AttachPreview{}, err
		}
		taken, err := a.rename(ctx, tx)
		if err != nil {
			return AttachPreview{}, err
		}
		p := AttachPreview{Plan: a.plan, Renames: a.renames(taken), Desktops: a.desktops, Holders: a.named}
		for _, u := range a.cast.added {
			p.Newcomers = append(p.Newcomers, u.ID)
		}
		return p, nil
	})
}

// attachment is a request to attach desktops, with what it refers to and the decision.
type attachment struct {
	r         AttachDesktops
	hold      bool // lock the rows that the plan depends on, to carry it out
	service   workspace.Subscription
	allowance *quota.Allowance  // with hold
	before    []desktop.Desktop // in the order of the request
	desktops  []desktop.Desktop // the same with the names that the request gives
	cast      parties
	named     []plan.Holder   // all users and groups of the request, in its order
	wanted    [][]plan.Holder // who is to have each desktop, unless the strategy chooses
	remarks   []string        // one for each desktop
	plan      plan.Plan
}

// planAttach reads what a request refers to and plans it. With hold it locks the rows that the plan depends on.
func planAttach(ctx context.Context, tx *store.Tx, r AttachDesktops, hold bool) (*attachment, error) {
	a := &attachment{r: r, hold: hold, remarks: make([]string, len(r.Desktops))}
	if err := a.enter(ctx, tx); err != nil {
		return nil, err
	}
	if err := a.readDesktops(ctx, tx, hold); err != nil {
		return nil, err
	}
	var err error
	if a.cast, err = findParties(ctx, tx, r); err != nil {
		return nil, err
	}
	for _, u := range a.cast.added {
		if err := a.service.MayCreateUser("user_name", u.Name); err != nil {
			return nil, err
		}
	}
	if err := a.checkWindows(ctx, tx); err != nil {
		return nil, err
	}
	snapshot, err := a.snapshot()
	if err != nil {
		return nil, err
	}
	if hold && r.Model.Resolve().Strategy.Chooses() {
		if err := a.holdPeople(ctx, tx, snapshot); err != nil {
			return nil, err
		}
	}
	a.wanted = snapshot.Wanted()
	a.plan, err = plan.Make(snapshot)
	return a, err
}

// enter checks that the service is open. With hold it also begins to count the users that are added.
func (a *attachment) enter(ctx context.Context, tx *store.Tx) (err error) {
	if !a.hold {
		a.service, err = store.UsableSubscription(ctx, tx, a.r.ProjectID)
		return err
	}
	if a.allowance, err = quota.Hold(ctx, tx, a.r.ProjectID); err == nil {
		a.service = a.allowance.Subscription
	}
	return err
}

// renames returns, for the taken desktops that are only renamed, their holders among the users and groups of the request.
func (a *attachment) renames(taken []int) []plan.Pair {
	changed := map[string]bool{}
	for _, p := range slices.Concat(a.plan.Pairs, a.plan.Regroups) {
		changed[p.DesktopID] = true
	}
	var pairs []plan.Pair
	for _, i := range taken {
		d := a.before[i]
		for _, w := range a.wanted[i] {
			if h, has := holderOf(d, w.Type, w.ID, ""); has && !changed[d.ID] {
				pairs = append(pairs, plan.Pair{DesktopID: d.ID, Type: h.Type, HolderID: h.ID, Group: h.Group})
			}
		}
	}
	return pairs
}

// readDesktops reads the desktops of the request.
func (a *attachment) readDesktops(ctx context.Context, tx *store.Tx, hold bool) error {
	ids := make([]string, len(a.r.Desktops))
	for i, d := range a.r.Desktops {
		ids[i] = d.DesktopID
	}
	found, err := desktopsByID(ctx, tx, a.r.ProjectID, ids, hold)
	if err != nil {
		return err
	}
	for i, asked := range a.r.Desktops {
		d, ok := found[asked.DesktopID]
		if !ok {
			return workspace.Errorf(workspace.CodeDesktopNotFound, "desktops[%d].desktop_id: desktop %s does not exist", i, asked.DesktopID)
		}
		a.before = append(a.before, d)
		d.Name = cmp.Or(asked.ComputerName, d.Name)
		a.desktops = append(a.desktops, d)
	}
	return nil
}

// readAtOnce is the maximum number of rows that one statement reads by id or name.
const readAtOnce = 500

// desktopsByID reads desktops by id; with hold it locks their rows.
func desktopsByID(ctx context.Context, tx *store.Tx, projectID string, ids []string, hold bool) (map[string]desktop.Desktop, error) {
	if hold {
		return desktop.LockByID(ctx, tx, projectID, ids)
	}
	found := make(map[string]desktop.Desktop, len(ids))
	for part := range slices.Chunk(ids, readAtOnce) {
		desktops, _, err := desktop.Desktops(ctx, tx, desktop.DesktopQuery{ProjectID: projectID, IDs: part, Page: workspace.Page{Limit: len(part)}})
		if err != nil {
			return nil, err
		}
		for _, d := range desktops {
			found[d.ID] = d
		}
	}
	return found, nil
}

// checkWindows returns an error for user names that Windows does not allow for accounts.
func (a *attachment) checkWindows(ctx context.Context, tx *store.Tx) error {
	windows := map[string]bool{} // by image
	for i, d := range a.desktops {
		is, known := windows[d.ImageID]
		if !known {
			image, err := catalog.ReadImage(ctx, tx, "", d.ImageID)
			if err != nil && workspace.CodeOf(err) != workspace.CodeImageNotFound {
				return err
			}
			is = image.OSType == "Windows"
			windows[d.ImageID] = is
		}
		if !is {
			continue
		}
		for _, p := range slices.Concat(a.r.Desktops[i].Named(), a.r.Users) {
			name := a.cast.nameOf(p)
			if p.Type != plan.HolderGroup && len(name) > workspace.MaxWindowsUserName {
				return workspace.Invalid("user_name", "%q has %d characters, at most %d are allowed on desktop %s, which is a Windows desktop",
					name, len(name), workspace.MaxWindowsUserName, d.Name)
			}
		}
	}
	return nil
}

// snapshot returns the input of the plan.
func (a *attachment) snapshot() (plan.Snapshot, error) {
	s := plan.Snapshot{Model: a.r.Model}
	seen := map[plan.HolderID]bool{}
	meet := func(h plan.Holder) {
		if !seen[h.Key()] {
			seen[h.Key()] = true
			a.named = append(a.named, h)
		}
	}
	for i, d := range a.desktops {
		asked := a.r.Desktops[i]
		one := plan.Desktop{ID: d.ID, Name: d.Name, Called: a.before[i].Name, Type: d.Type, Closed: closed(d), Holders: holdersOf(d)}
		if asked.Group != "" {
			group, remark, err := desktop.GroupFor(fmt.Sprintf("desktops[%d].user_group", i), asked.Group)
			if err != nil {
				return s, err
			}
			one.Group, a.remarks[i] = group, remark
		}
		for _, p := range asked.Named() {
			h, remark, err := a.cast.holder(p)
			if err != nil {
				return s, err
			}
			meet(h)
			one.Wanted, a.remarks[i] = append(one.Wanted, h), cmp.Or(remark, a.remarks[i])
		}
		s.Desktops = append(s.Desktops, one)
	}
	for _, p := range a.r.Users {
		h, remark, err := a.cast.holder(p)
		if err != nil {
			return s, err
		}
		meet(h)
		for i := range a.remarks {
			a.remarks[i] = cmp.Or(a.remarks[i], remark)
		}
		s.People = append(s.People, plan.Candidate{Holder: h, Desktops: a.cast.users[h.ID].Desktops})
	}
	return s, nil
}

// holdPeople locks the rows of the users whose desktops are counted, and counts again: another transaction may have assigned them
// some.
func (a *attachment) holdPeople(ctx context.Context, tx *store.Tx, s plan.Snapshot) error {
	ids := make([]string, len(s.People))
	for i, p := range s.People {
		ids[i] = p.ID
	}
	owned, err := OwnedDesktops(ctx, tx, ids)
	if err != nil {
		return err
	}
	for i := range s.People {
		s.People[i].Desktops = owned[s.People[i].ID]
	}
	return nil
}

// closed returns why a desktop cannot be assigned or detached now, or "". The text continues a sentence that begins with its
// name.
func closed(d desktop.Desktop) string {
	switch {
	case d.PoolID != "":
		return "is a pool's desktop: change the pool's people instead"
	case d.Task == workspace.TaskDeleting:
		return "is being deleted"
	case d.Task != workspace.NoTask:
		return fmt.Sprintf("is busy (%s), try again when it is done", d.Task)
	case d.Status == desktop.StatusError:
		return "is in state ERROR: start or delete it"
	default:
		return ""
	}
}
