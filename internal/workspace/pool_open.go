package workspace

import (
	"context"
	"errors"
	"time"
)

// JobAttachPool brings the account of somebody who has just got a pool's desktop into it. It is not among PoolJobs, because
// people's comings and goings never end.
const JobAttachPool JobType = "attachDesktopPool"

// AttachParams are the parameters of an attachDesktopPool sub-job: the binding that it is for.
type AttachParams struct {
	UserID  string    `json:"user_id"`
	BoundAt time.Time `json:"bound_at"`
}

// The patience of those who open a pool.
const (
	// WaitLife is how long somebody keeps their place on a waiting list without being there.
	WaitLife = 45 * time.Second
	// attachPatience is how long OpenPool waits for the account to be inside; after that the person's page follows the desktop.
	attachPatience = 10 * time.Second
	// attachLook is how often it looks.
	attachLook = 10 * time.Millisecond
)

// OpenedPool is what became of opening a pool.
type OpenedPool struct {
	Seating
	Ticket string // opens the display now; empty without a desktop, and while it is being started or worked on
	Pool   MyPool // as it is now; Pool.Reason says in plain English what to do if there is no desktop
}

// ErrOvertaken is that what a decision rested on changed before it was written. The decision is made again.
var ErrOvertaken = &Error{Code: CodeConflict, Message: "somebody was faster, try again"}

// OpenPool gives a person a desktop of a pool, or a place on its waiting list. The pool's lock decides between several who open it
// at once. With a desktop that runs it returns when the person's display answers, with a ticket for it. Opening a pool again
// gives the same desktop, or keeps the place. CodePoolNotFound when the person may not use the pool, CodeForbidden, and
// CodeUnavailable when the desktop could not be made ready; the person does not keep it then and may open the pool again.
func (s *ConnectionService) OpenPool(ctx context.Context, v Visitor, poolID, requestID string) (OpenedPool, error) {
	o, err := s.seat(ctx, v, poolID, requestID)
	if err != nil {
		return OpenedPool{}, err
	}
	opened := OpenedPool{Seating: o.Seating}
	if o.attaching != "" {
		if err := s.awaitAttached(ctx, o.attaching); err != nil {
			return OpenedPool{}, err
		}
	}
	if o.DesktopID != "" && o.Outcome != SeatShut {
		switch ticket, err := s.OpenDesktop(ctx, v, o.DesktopID); {
		case err == nil:
			opened.Ticket = ticket
		case CodeOf(err) != CodeConflict: // it is being started or worked on: its card says so
			return OpenedPool{}, err
		}
	}
	opened.Pool, err = s.MyPool(ctx, v.User, poolID)
	return opened, err
}

// seat decides and writes; it decides again when somebody was faster.
func (s *ConnectionService) seat(ctx context.Context, v Visitor, poolID, requestID string) (o seated, err error) {
	const attempts = 5
	for range attempts {
		o, err = update(ctx, s.Store, func(tx Tx) (seated, error) { return s.openPool(ctx, tx, v, poolID, requestID) })
		if !errors.Is(err, ErrOvertaken) {
			break
		}
	}
	return o, err
}

// seated is a decision that has been written.
type seated struct {
	Seating
	attaching string // the sub-job that brings the person's account inside; empty when none is under way
}

// arrival is somebody who opens a pool, with what the decision rests on. The pool is held.
type arrival struct {
	Arrival
	user      User
	group     UserGroup
	place     *Waiting // on the waiting list; nil when they are not on it
	requestID string
}

func (s *ConnectionService) openPool(ctx context.Context, tx Tx, v Visitor, poolID, requestID string) (seated, error) {
	a, err := s.arrive(ctx, tx, v, poolID)
	if err != nil {
		return seated{}, err
	}
	a.requestID = requestID
	o := seated{Seating: Bind(a.Arrival, tx.Now())}
	if o.Ended != "" {
		if _, err := Release(ctx, tx, a.member(o.Ended)); err != nil {
			return seated{}, err
		}
	}
	switch o.Outcome {
	case SeatSame:
		o.attaching, err = a.comeBack(ctx, tx, o.Seating)
	case SeatNew:
		o.attaching, err = a.take(ctx, tx, o.Seating)
	case SeatWait:
		err = a.wait(ctx, tx)
	default:
		err = tx.DropWaiting(ctx, a.Pool.ID, a.UserID)
	}
	if err != nil {
		return seated{}, err
	}
	return o, a.record(ctx, tx, o.Seating)
}

// arrive reads what a decision rests on, once the pool is held: whether the person may use it first of all.
func (s *ConnectionService) arrive(ctx context.Context, tx Tx, v Visitor, poolID string) (arrival, error) {
	u, err := Worker(ctx, tx, s.SecondFactor, v.ID)
	if err != nil {
		return arrival{}, err
	}
	group, err := poolGroup(ctx, tx, u.ID, poolID)
	if err != nil {
		return arrival{}, err
	}
	a := arrival{Arrival: Arrival{UserID: u.ID}, user: u, group: group}
	if a.Pool, err = tx.LockPool(ctx, u.ProjectID, poolID); err != nil {
		return arrival{}, err
	}
	// What was read before the pool was held may have changed: whoever changes a pool's people holds it, too.
	if a.group, err = poolGroup(ctx, tx, u.ID, poolID); err != nil {
		return arrival{}, err
	}
	if a.Members, err = tx.Members(ctx, poolID); err != nil {
		return arrival{}, err
	}
	waiting, err := tx.ReadWaiting(ctx, poolID)
	if err != nil {
		return arrival{}, err
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

// poolGroup is the privilege with which a person may use a pool. CodePoolNotFound when they may not: the pools of others do not
// exist for them.
func poolGroup(ctx context.Context, tx Tx, userID, poolID string) (UserGroup, error) {
	grants, err := tx.GrantsFor(ctx, userID)
	if err != nil {
		return "", err
	}
	if group, ok := groupIn(grants, userID, poolID); ok {
		return group, nil
	}
	return "", &Error{Code: CodePoolNotFound, Message: "you have no such pool"}
}

// groupIn is GroupIn for a person's own grants (GrantsFor), which may be about several pools.
func groupIn(grants []Grant, userID, poolID string) (UserGroup, bool) {
	var people []Grant
	var groups []string
	for _, g := range grants {
		if g.PoolID == poolID {
			people, groups = append(people, g), append(groups, g.ObjectID)
		}
	}
	return GroupIn(people, userID, groups)
}

func (a *arrival) member(desktopID string) Member {
	for _, m := range a.Members {
		if m.DesktopID == desktopID {
			return m
		}
	}
	return Member{}
}

// comeBack writes that the person came back to their desktop, and starts it if it is off. It returns the sub-job that still brings
// their account inside, if one does.
func (a *arrival) comeBack(ctx context.Context, tx Tx, s Seating) (attaching string, err error) {
	m := a.member(s.DesktopID)
	if err := PutMember(ctx, tx, m.AfterReturn(tx.Now()), m.Binding, ""); err != nil {
		return "", err
	}
	if err := tx.DropWaiting(ctx, a.Pool.ID, a.UserID); err != nil {
		return "", err
	}
	if s.Start && m.Task == NoTask {
		return "", a.start(ctx, tx, s.DesktopID)
	}
	if m.Task != TaskAttaching {
		return "", nil
	}
	d, err := tx.ReadDesktop(ctx, a.Pool.ProjectID, s.DesktopID)
	return d.TaskOwner, err
}

// take binds the person to an idle desktop. One that runs gets their account by a sub-job, which it returns; one that is off gets
// it when it starts.
func (a *arrival) take(ctx context.Context, tx Tx, s Seating) (attaching string, err error) {
	m := a.member(s.DesktopID)
	bound := m.AfterBinding(a.UserID, tx.Now())
	if err := PutMember(ctx, tx, bound, m.Binding, a.group); err != nil {
		return "", err
	}
	if err := tx.DropWaiting(ctx, a.Pool.ID, a.UserID); err != nil {
		return "", err
	}
	if s.Start {
		return "", a.start(ctx, tx, s.DesktopID)
	}
	found, err := tx.LockDesktops(ctx, a.Pool.ProjectID, []string{s.DesktopID})
	if err != nil {
		return "", err
	}
	if len(found) == 0 || found[0].Task != NoTask {
		return "", ErrOvertaken
	}
	d := found[0]
	job := Job{ID: NewID(), ProjectID: d.ProjectID, Type: JobAttachPool, PoolID: a.Pool.ID, RequestID: a.requestID, Created: tx.Now()}
	sub := NewSubJob(&job, d, AttachParams{UserID: a.UserID, BoundAt: bound.BoundAt})
	job.SubJobs = []SubJob{sub}
	d.Task, d.TaskOwner = TaskAttaching, sub.ID
	if err := tx.TakeDesktops(ctx, []Desktop{d}); err != nil {
		return "", err
	}
	return sub.ID, tx.InsertJob(ctx, job)
}

func (a *arrival) start(ctx context.Context, tx Tx, desktopID string) error {
	r, err := OrderOperation(ctx, tx, OperateDesktops{
		Caller: Caller{ProjectID: a.Pool.ProjectID, RequestID: a.requestID}, IDs: []string{desktopID}, Op: OpStart,
	})
	if err == nil && len(r.Refused) > 0 {
		err = ErrOvertaken // it changed since the members were read
		if refused := r.Refused[0]; refused.Code == CodeNoRoom {
			err = &Error{Code: refused.Code, Message: refused.Message}
		}
	}
	return err
}

// wait puts the person on the waiting list, or keeps their place.
func (a *arrival) wait(ctx context.Context, tx Tx) error {
	w := Waiting{PoolID: a.Pool.ID, UserID: a.UserID, Since: tx.Now(), Until: tx.Now().Add(WaitLife)}
	if a.place != nil {
		w.Since = a.place.Since
	}
	return tx.PutWaiting(ctx, w)
}

// DecisionsKept is how many entries of a pool's decision log are kept.
const DecisionsKept = 1000

// bindInputs are the facts about an arrival, for the decision log.
type bindInputs struct {
	UserID   string `json:"user_id"`
	UserName string `json:"user_name"`
	Total    int    `json:"total"`
	Idle     int    `json:"idle"`
	Coming   int    `json:"coming"`
	Ahead    int    `json:"ahead"` // people who have waited longer
}

// record writes the decision to the pool's log, unless it only says again what the person was told before.
func (a *arrival) record(ctx context.Context, tx Tx, s Seating) error {
	again := s.Outcome == SeatWait && a.place != nil || s.Outcome == SeatSame && !s.Start
	if again && s.Ended == "" {
		return nil
	}
	in := bindInputs{UserID: a.UserID, UserName: a.user.Name, Total: len(a.Members), Ahead: a.Ahead}
	for _, m := range a.Members {
		in.Idle += Count(m.Idle())
		in.Coming += Count(m.Coming())
	}
	d := PoolDecision{
		ID: NewID(), PoolID: a.Pool.ID, Kind: DecideBind, At: tx.Now(),
		Inputs: AsJSON(in), Reasons: []Reason{{Rule: string(s.Outcome), Text: s.Reason}}, Actions: AsJSON(s),
	}
	if s.Outcome == SeatFull || s.Outcome == SeatShut {
		last, _, err := tx.Decisions(ctx, a.Pool.ID, DecideBind, Page{Limit: 1})
		if err != nil {
			return err
		}
		if len(last) > 0 && string(last[0].Inputs) == string(d.Inputs) && string(last[0].Actions) == string(d.Actions) {
			return nil // somebody who clicks again and again does not push everything else out of the log
		}
	}
	return tx.InsertDecision(ctx, d, DecisionsKept)
}

// PutMember writes a member, or fails with errOvertaken when it is no longer as it was read.
func PutMember(ctx context.Context, tx Tx, m Member, was Binding, group UserGroup) error {
	saved, err := tx.SaveMember(ctx, m, was, group)
	if err == nil && !saved {
		err = ErrOvertaken
	}
	return err
}

// Release ends a member's binding. The person's display closes at once, since its grounds are gone; the desktop stays used until it
// is reset, which also takes their account away.
func Release(ctx context.Context, tx Tx, m Member) (Member, error) {
	released := m.AfterRelease()
	return released, PutMember(ctx, tx, released, m.Binding, "")
}

// awaitAttached waits for the end of an attachDesktopPool sub-job, for as long as a person would. One that goes on is no error.
func (s *ConnectionService) awaitAttached(ctx context.Context, subJobID string) error {
	ctx, cancel := context.WithTimeout(ctx, attachPatience)
	defer cancel()
	look := time.NewTicker(attachLook)
	defer look.Stop()
	for {
		sub, err := view(ctx, s.Store, func(tx Tx) (SubJob, error) { return tx.SubJob(ctx, subJobID) })
		switch {
		case ctx.Err() != nil:
			return nil // OpenPool goes on with what there is; a caller who went away notices by themselves
		case err != nil:
			return err
		case sub.State == SubJobFailed:
			return &Error{Code: CodeUnavailable, Message: "the desktop could not be made ready for you; open the pool again to get another"}
		case sub.State == SubJobSuccess:
			return nil
		}
		select {
		case <-ctx.Done():
		case <-look.C:
		}
	}
}

// MarkAttachFailed takes a pool's desktop back from somebody for whom it could not be made ready, unless they have got into it, or
// have another binding since: they get another when they open the pool again. It is called in the transaction that ends the
// sub-job, with the desktop's row locked.
func MarkAttachFailed(ctx context.Context, tx Tx, d Desktop, p AttachParams) error {
	m, err := tx.ReadMember(ctx, d.ID)
	if err != nil || m.UserID != p.UserID || !m.BoundAt.Equal(p.BoundAt) || m.Connected() {
		return err
	}
	_, err = Release(ctx, tx, m)
	return err
}
