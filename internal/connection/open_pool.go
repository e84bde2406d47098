package connection

import (
	"context"
	"errors"
	"time"

	"carrel/internal/assignment"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/pool"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// AttachParams are the parameters of an attachDesktopPool sub-job: the binding that it is for.
type AttachParams struct {
	UserID  string    `json:"user_id"`
	BoundAt time.Time `json:"bound_at"`
}

// Timeouts of opening a pool.
const (
	// WaitLife is how long a user keeps the place on a waiting list without a sign of life.
	WaitLife = 45 * time.Second
	// attachPatience is how long OpenPool waits for the account in the desktop; after that the user's page follows the desktop's state.
	attachPatience = 10 * time.Second
	// attachLook is how often OpenPool looks whether the account is there, in case the signal of that was lost.
	attachLook = 500 * time.Millisecond
)

// OpenedPool is the result of OpenPool.
type OpenedPool struct {
	pool.BindDecision
	Ticket string   // opens the display now; empty without a desktop, and while it is being started or worked on
	Pool   UserPool // as it is now; Pool.Reason says in plain English what to do if there is no desktop
}

// OpenPool gives a user a desktop of a pool, or a place on its waiting list. Concurrent calls are serialised by the pool's lock. With a
// running desktop it returns when the user's display answers, with a ticket for it. Opening a pool again gives the same desktop, or keeps
// the place. It returns CodePoolNotFound if the user has no access to the pool, CodeForbidden, and CodeUnavailable if the desktop could not
// be prepared; the user then does not keep it and may open the pool again.
func (s *Service) OpenPool(ctx context.Context, v signin.Visitor, poolID string) (OpenedPool, error) {
	o, err := s.bind(ctx, v, poolID)
	if err != nil {
		return OpenedPool{}, err
	}
	opened := OpenedPool{BindDecision: o.BindDecision}
	if o.attaching != "" {
		if err := s.awaitAttached(ctx, o.attaching); err != nil {
			return OpenedPool{}, err
		}
	}
	if o.DesktopID != "" && o.Outcome != pool.OutcomeShut {
		switch ticket, err := s.OpenDesktop(ctx, v, o.DesktopID); {
		case err == nil:
			opened.Ticket = ticket
		case workspace.CodeOf(err) != workspace.CodeConflict: // it is being started or worked on: its card says so
			return OpenedPool{}, err
		}
	}
	opened.Pool, err = s.UserPool(ctx, v, poolID)
	return opened, err
}

// bind decides and writes the decision; it decides again if another caller was faster.
func (s *Service) bind(ctx context.Context, v signin.Visitor, poolID string) (o bound, err error) {
	const attempts = 5
	c := v.Caller("OpenPool")
	for range attempts {
		o, err = store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (bound, error) { return s.openPool(ctx, tx, v, c, poolID) }))
		if !errors.Is(err, desktop.ErrOvertaken) {
			break
		}
	}
	return o, err
}

// bound is a decision that was written.
type bound struct {
	pool.BindDecision
	attaching string // the sub-job that creates the user's account in the desktop; empty if there is none
}

// poolRequest is a user who opens a pool, with the inputs of the decision. The pool is locked.
type poolRequest struct {
	pool.BindRequest
	user   directory.User
	group  workspace.UserGroup
	place  *pool.Waiting // on the waiting list; nil if the user is not on it
	caller workspace.Caller
}

func (s *Service) openPool(ctx context.Context, tx *store.Tx, v signin.Visitor, c workspace.Caller, poolID string) (bound, error) {
	a, err := s.readPoolRequest(ctx, tx, v, poolID)
	if err != nil {
		return bound{}, err
	}
	a.caller = c
	o := bound{BindDecision: pool.Bind(a.BindRequest, tx.Now())}
	if o.Ended != "" {
		if _, err := desktop.Release(ctx, tx, a.member(o.Ended)); err != nil {
			return bound{}, err
		}
	}
	switch o.Outcome {
	case pool.OutcomeSame:
		o.attaching, err = a.returnToDesktop(ctx, tx, o.BindDecision)
	case pool.OutcomeNew:
		o.attaching, err = a.bindDesktop(ctx, tx, o.BindDecision)
	case pool.OutcomeWait:
		err = a.wait(ctx, tx)
	default:
		err = pool.DropWaiting(ctx, tx, a.Pool.ID, a.UserID)
	}
	if err != nil {
		return bound{}, err
	}
	return o, a.record(ctx, tx, o.BindDecision)
}

// readPoolRequest locks the pool and reads the inputs of the decision, first of all whether the user has access to it.
func (s *Service) readPoolRequest(ctx context.Context, tx *store.Tx, v signin.Visitor, poolID string) (poolRequest, error) {
	u, err := signin.ReadActiveUser(ctx, tx, s.SecondFactor, v)
	if err != nil {
		return poolRequest{}, err
	}
	group, err := poolGroup(ctx, tx, u.ID, poolID)
	if err != nil {
		return poolRequest{}, err
	}
	a := poolRequest{BindRequest: pool.BindRequest{UserID: u.ID}, user: u, group: group}
	if a.Pool, err = pool.LockPool(ctx, tx, u.ProjectID, poolID); err != nil {
		return poolRequest{}, err
	}
	// Read again: it may have changed before the pool was locked. Changes of a pool's grants lock it, too.
	if a.group, err = poolGroup(ctx, tx, u.ID, poolID); err != nil {
		return poolRequest{}, err
	}
	if a.Members, err = desktop.Members(ctx, tx, poolID); err != nil {
		return poolRequest{}, err
	}
	waiting, err := pool.ReadWaiting(ctx, tx, poolID)
	if err != nil {
		return poolRequest{}, err
	}
	for _, w := range waiting {
		if w.UserID == u.ID {
			a.place = &w
			break
		}
		a.Ahead++
	}
	return a, nil
}

// poolGroup returns the privilege of a user in a pool, or CodePoolNotFound if the user has no access to it.
func poolGroup(ctx context.Context, tx *store.Tx, userID, poolID string) (workspace.UserGroup, error) {
	grants, err := pool.GrantsFor(ctx, tx, userID)
	if err != nil {
		return "", err
	}
	if group, ok := groupIn(grants, userID, poolID); ok {
		return group, nil
	}
	return "", &workspace.Error{Code: workspace.CodePoolNotFound, Message: "you have no such pool"}
}

// groupIn is GroupIn for a user's grants (GrantsFor), which may be for several pools.
func groupIn(grants []pool.Grant, userID, poolID string) (workspace.UserGroup, bool) {
	var people []pool.Grant
	var groups []string
	for _, g := range grants {
		if g.PoolID == poolID {
			people, groups = append(people, g), append(groups, g.ObjectID)
		}
	}
	return pool.GroupIn(people, userID, groups)
}

func (a *poolRequest) member(desktopID string) desktop.Member {
	for _, m := range a.Members {
		if m.DesktopID == desktopID {
			return m
		}
	}
	return desktop.Member{}
}

// returnToDesktop records that the user has returned to the desktop, and starts it if it is off. It returns the sub-job that is still creating the
// account in the desktop, if any.
func (a *poolRequest) returnToDesktop(ctx context.Context, tx *store.Tx, s pool.BindDecision) (attaching string, err error) {
	m := a.member(s.DesktopID)
	if err := desktop.PutMember(ctx, tx, m.AfterReturn(tx.Now()), m.Binding, ""); err != nil {
		return "", err
	}
	if err := pool.DropWaiting(ctx, tx, a.Pool.ID, a.UserID); err != nil {
		return "", err
	}
	if s.Start && m.Task == workspace.NoTask {
		return "", a.start(ctx, tx, s.DesktopID)
	}
	if m.Task != workspace.TaskAttaching {
		return "", nil
	}
	d, err := desktop.ReadDesktop(ctx, tx, a.Pool.ProjectID, s.DesktopID)
	return d.TaskOwner, err
}

// bindDesktop binds the user to an idle desktop. A running desktop gets the account by a sub-job, which bindDesktop returns; one that is off gets it when it
// starts.
func (a *poolRequest) bindDesktop(ctx context.Context, tx *store.Tx, s pool.BindDecision) (attaching string, err error) {
	m := a.member(s.DesktopID)
	bound := m.AfterBinding(a.UserID, tx.Now())
	if err := desktop.PutMember(ctx, tx, bound, m.Binding, a.group); err != nil {
		return "", err
	}
	if err := pool.DropWaiting(ctx, tx, a.Pool.ID, a.UserID); err != nil {
		return "", err
	}
	if s.Start {
		return "", a.start(ctx, tx, s.DesktopID)
	}
	found, err := desktop.LockDesktops(ctx, tx, a.Pool.ProjectID, []string{s.DesktopID})
	if err != nil {
		return "", err
	}
	if len(found) == 0 || found[0].Task != workspace.NoTask {
		return "", desktop.ErrOvertaken
	}
	d := found[0]
	job := workspace.Job{ID: workspace.NewID(), ProjectID: d.ProjectID, Type: workspace.JobAttachPool, PoolID: a.Pool.ID, RequestID: a.caller.RequestID, Created: tx.Now()}
	sub := desktop.NewSubJob(&job, d, AttachParams{UserID: a.UserID, BoundAt: bound.BoundAt})
	job.SubJobs = []workspace.SubJob{sub}
	d.Task, d.TaskOwner = workspace.TaskAttaching, sub.ID
	if err := assignment.TakeDesktops(ctx, tx, []desktop.Desktop{d}); err != nil {
		return "", err
	}
	return sub.ID, tx.InsertJob(ctx, job)
}

func (a *poolRequest) start(ctx context.Context, tx *store.Tx, desktopID string) error {
	r, err := desktop.OrderPowerAction(ctx, tx, desktop.RunPowerAction{
		Caller: a.caller, IDs: []string{desktopID}, Action: desktop.PowerStart,
	})
	if err == nil && len(r.Refused) > 0 {
		err = desktop.ErrOvertaken // it changed since the members were read
		if refused := r.Refused[0]; refused.Code == workspace.CodeCapacityExceeded {
			err = &workspace.Error{Code: refused.Code, Message: refused.Message}
		}
	}
	return err
}

// wait adds the user to the waiting list, or renews the place.
func (a *poolRequest) wait(ctx context.Context, tx *store.Tx) error {
	w := pool.Waiting{PoolID: a.Pool.ID, UserID: a.UserID, Since: tx.Now(), Until: tx.Now().Add(WaitLife)}
	if a.place != nil {
		w.Since = a.place.Since
	}
	return pool.PutWaiting(ctx, tx, w)
}

// bindInputs are the inputs of the decision, for the decision log.
type bindInputs struct {
	UserID   string `json:"user_id"`
	UserName string `json:"user_name"`
	Total    int    `json:"total"`
	Idle     int    `json:"idle"`
	Coming   int    `json:"coming"`
	Ahead    int    `json:"ahead"` // number of users who have waited longer
}

// record writes the decision to the pool's decision log, unless it repeats the user's previous one.
func (a *poolRequest) record(ctx context.Context, tx *store.Tx, s pool.BindDecision) error {
	again := s.Outcome == pool.OutcomeWait && a.place != nil || s.Outcome == pool.OutcomeSame && !s.Start
	if again && s.Ended == "" {
		return nil
	}
	in := bindInputs{UserID: a.UserID, UserName: a.user.Name, Total: len(a.Members), Ahead: a.Ahead}
	for _, m := range a.Members {
		switch {
		case m.Idle():
			in.Idle++
		case m.Coming():
			in.Coming++
		}
	}
	d := pool.PoolDecision{
		ID: workspace.NewID(), PoolID: a.Pool.ID, Kind: pool.DecideBind, At: tx.Now(),
		Inputs: pool.AsJSON(in), Reasons: []workspace.Reason{{Rule: string(s.Outcome), Text: s.Reason}}, Actions: pool.AsJSON(s),
	}
	if s.Outcome == pool.OutcomeFull || s.Outcome == pool.OutcomeShut {
		last, _, err := pool.Decisions(ctx, tx, a.Pool.ID, pool.DecideBind, workspace.Page{Limit: 1})
		if err != nil {
			return err
		}
		if len(last) > 0 && string(last[0].Inputs) == string(d.Inputs) && string(last[0].Actions) == string(d.Actions) {
			return nil // so that repeated clicks do not push everything else out of the log
		}
	}
	return pool.InsertDecision(ctx, tx, d, pool.DecisionsKept)
}

// awaitAttached waits up to attachPatience for the end of an attachDesktopPool sub-job. It is no error if the sub-job is still running then.
func (s *Service) awaitAttached(ctx context.Context, subJobID string) error {
	ctx, cancel := context.WithTimeout(ctx, attachPatience)
	defer cancel()
	ended := s.Store.Work(ctx) // before the first look, which may come before the end
	look := time.NewTicker(attachLook)
	defer look.Stop()
	for {
		sub, err := store.View(ctx, s.Store, func(tx *store.Tx) (workspace.SubJob, error) { return tx.SubJob(ctx, subJobID) })
		switch {
		case ctx.Err() != nil:
			return nil // OpenPool continues without it; the request of a caller that is gone fails later
		case err != nil:
			return err
		case sub.State == workspace.SubJobFailed:
			return &workspace.Error{Code: workspace.CodeUnavailable, Message: "the desktop could not be made ready for you; open the pool again to get another"}
		case sub.State == workspace.SubJobSuccess:
			return nil
		}
		select {
		case <-ctx.Done():
		case <-ended:
		case <-look.C:
		}
	}
}

// MarkAttachFailed withdraws a pool desktop that could not be prepared from its user, unless the user has connected to it, or has another
// binding since: opening the pool again gives another desktop. It is called in the transaction that ends the sub-job, with the desktop's row
// locked.
func MarkAttachFailed(ctx context.Context, tx *store.Tx, d desktop.Desktop, p AttachParams) error {
	m, err := desktop.ReadMember(ctx, tx, d.ID)
	if err != nil || m.UserID != p.UserID || !m.BoundAt.Equal(p.BoundAt) || m.Connected() {
		return err
	}
	_, err = desktop.Release(ctx, tx, m)
	return err
}
