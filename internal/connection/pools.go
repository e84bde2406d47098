package connection

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/pool"
	"carrel/internal/pool/autoscale"
	"carrel/internal/rollout"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// UserPool is a pool as a user with access sees it.
type UserPool struct {
	ID          string
	Name        string
	Description string
	Type        pool.PoolType
	State       PoolState
	Reason      string // the state in a plain English sentence; empty when it needs none

	Desktop *UserDesktop // the user's desktop; its access says what the user can do with it
	Ends    time.Time    // when the user loses it without connecting; zero while they are connected, in a STATIC pool, and without a desktop

	Wait *PoolWait // while the user waits for a desktop

	MayReset    bool   // whether the user may reset their desktop now
	ResetWhyNot string // why not now, if the pool allows resets at all

	Rebuild *pool.PoolCountdown // of the user's desktop
}

// PoolState is what opening a pool would do for a user.
type PoolState string

// The states.
const (
	PoolYours       PoolState = "yours"       // the user has a desktop in it
	PoolWaiting     PoolState = "waiting"     // the user is on the waiting list
	PoolReady       PoolState = "ready"       // one is idle
	PoolGrows       PoolState = "grows"       // none is idle; one will be, or is created for the user, who waits for it
	PoolFull        PoolState = "full"        // none is idle, and none will be created
	PoolMaintenance PoolState = "maintenance" // an administrator works on it
)

// PoolStates lists every PoolState, so that tests can check that each has a message in every language.
var PoolStates = []PoolState{PoolYours, PoolWaiting, PoolReady, PoolGrows, PoolFull, PoolMaintenance}

// Sentence returns the state, and what to do, in English.
func (s PoolState) Sentence() string {
	switch s {
	case PoolReady:
		return "A desktop is ready for you."
	case PoolGrows:
		return "No desktop is free at the moment. One is created when you open the pool; this takes a moment."
	case PoolFull:
		return "All desktops are in use. Try again later, or ask your administrator for more."
	case PoolMaintenance:
		return "This pool is under maintenance. Your administrator will make it available again."
	case PoolWaiting, PoolYours:
	}
	return ""
}

// PoolWait is the progress for a waiting user.
type PoolWait struct {
	Since    time.Time
	Position int       // 1 is the next
	Ready    bool      // a desktop is ready: the user may open the pool
	Coming   int       // desktops that are being created, started or reset for users who wait
	Percent  int       // progress of the desktop that the user will probably get
	Step     string    // its current step, in the words of the job; empty before it begins
	Paused   time.Time // when creating desktops is tried again after repeated failures; zero if it is not paused
	Short    bool      // there is no capacity for another desktop
	Reason   string    // a plain English sentence
}

// UserPools returns the pools that a user has access to, by name. CodeForbidden while the user must choose a new password.
func (s *Service) UserPools(ctx context.Context, v signin.Visitor) ([]UserPool, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) ([]UserPool, error) {
		u, err := signin.ReadActiveUser(ctx, tx, s.SecondFactor, v)
		if err != nil {
			return nil, err
		}
		all, err := poolsOf(ctx, tx, []directory.User{u})
		return all[u.ID], err
	})
}

// UserPool returns one of them, or CodePoolNotFound.
func (s *Service) UserPool(ctx context.Context, v signin.Visitor, poolID string) (UserPool, error) {
	pools, err := s.UserPools(ctx, v)
	if err != nil {
		return UserPool{}, err
	}
	for _, p := range pools {
		if p.ID == poolID {
			return p, nil
		}
	}
	return UserPool{}, &workspace.Error{Code: workspace.CodePoolNotFound, Message: "you have no such pool"}
}

// PoolsOf returns the result of UserPools for each of several users, by their ids, in a fixed number of statements. It is for event streams; users
// without pools have an empty list.
func (s *Service) PoolsOf(ctx context.Context, people []directory.User) (map[string][]UserPool, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) (map[string][]UserPool, error) { return poolsOf(ctx, tx, people) })
}

// KeepWaiting renews the places on waiting lists of users with an open page. A place that was lost is not renewed.
func (s *Service) KeepWaiting(ctx context.Context, userIDs []string) error {
	if len(userIDs) == 0 {
		return nil
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error { return pool.RenewWaiting(ctx, tx, userIDs, tx.Now().Add(WaitLife)) })
}

// StopWaiting removes a user from a pool's waiting list. It succeeds if the user has no place.
func (s *Service) StopWaiting(ctx context.Context, v signin.Visitor, poolID string) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error { return pool.DropWaiting(ctx, tx, poolID, v.ID) })
}

// ReadyForRebuild records that the rebuild of the user's desktop in a pool may begin before its countdown ends. It is idempotent. Errors:
// CodePoolNotFound, CodeForbidden, and CodeConflict if the user has no desktop or no countdown is running.
func (s *Service) ReadyForRebuild(ctx context.Context, v signin.Visitor, poolID string) error {
	p, err := s.UserPool(ctx, v, poolID)
	if err != nil {
		return err
	}
	if p.Desktop == nil {
		return workspace.Errorf(workspace.CodeConflict, "you have no desktop in pool %s", p.Name)
	}
	return s.MarkReady(ctx, v, p.Desktop.ID)
}

// poolViews has the data for the pool cards of several users.
type poolViews struct {
	now      time.Time
	grants   map[string][]pool.Grant              // by user
	pools    map[string]pool.Pool                 // by id
	own      map[string]map[string]desktop.Member // by user and pool
	desktops map[string]UserDesktop               // by desktop
	counts   map[string]pool.Availability         // by pool
	waiting  map[string][]pool.Waiting            // by pool, longest first
	coming   map[string][]workspace.SubJob        // by pool with waiting users: sub-jobs in progress, the most advanced first
	resets   map[string]map[string][]time.Time    // by user and pool
	leaving  map[string]pool.PoolCountdown        // by desktop: countdowns of rebuilds
}

func poolsOf(ctx context.Context, tx *store.Tx, people []directory.User) (map[string][]UserPool, error) {
	l, err := readPoolViews(ctx, tx, people)
	if err != nil {
		return nil, err
	}
	all := make(map[string][]UserPool, len(people))
	for _, u := range people {
		all[u.ID] = l.cards(u)
	}
	return all, nil
}

func readPoolViews(ctx context.Context, tx *store.Tx, people []directory.User) (l poolViews, err error) {
	l = poolViews{now: tx.Now(), pools: map[string]pool.Pool{}, own: map[string]map[string]desktop.Member{}, desktops: map[string]UserDesktop{}}
	users := make([]string, len(people))
	for i, u := range people {
		users[i] = u.ID
	}
	if l.grants, err = pool.GrantsOf(ctx, tx, users); err != nil {
		return l, err
	}
	var ids []string
	for _, grants := range l.grants {
		for _, g := range grants {
			ids = append(ids, g.PoolID)
		}
	}
	if len(ids) == 0 {
		return l, nil
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	pools, _, err := pool.Pools(ctx, tx, pool.PoolQuery{IDs: ids, Page: workspace.Page{Limit: len(ids)}})
	if err != nil {
		return l, err
	}
	for _, p := range pools {
		l.pools[p.ID] = p
	}
	if err := l.readOwn(ctx, tx, users); err != nil {
		return l, err
	}
	if l.counts, err = countDesktops(ctx, tx, ids); err != nil {
		return l, err
	}
	if l.resets, err = pool.PoolResets(ctx, tx, users, l.now.Add(-pool.ResetWindow)); err != nil {
		return l, err
	}
	return l, l.readWaiting(ctx, tx, ids)
}

// readOwn reads the users' pool desktops.
func (l *poolViews) readOwn(ctx context.Context, tx *store.Tx, users []string) error {
	members, err := desktop.MembersOf(ctx, tx, users...)
	if err != nil || len(members) == 0 {
		return err
	}
	for _, m := range members {
		if l.own[m.UserID] == nil {
			l.own[m.UserID] = map[string]desktop.Member{}
		}
		l.own[m.UserID][m.PoolID] = m
	}
	ids := desktop.IdsOf(members)
	desktops, _, err := desktop.Desktops(ctx, tx, desktop.DesktopQuery{IDs: ids, Page: workspace.Page{Limit: len(ids)}})
	if err != nil {
		return err
	}
	described, err := describe(ctx, tx, desktops)
	for _, m := range described {
		l.desktops[m.ID] = m
	}
	if err != nil {
		return err
	}
	l.leaving, err = rollout.Countdowns(ctx, tx, ids)
	return err
}

// countDesktops counts the desktops of pools by availability; the database groups equal rows, the domain classifies them.
func countDesktops(ctx context.Context, tx *store.Tx, poolIDs []string) (map[string]pool.Availability, error) {
	kinds, err := pool.MemberKinds(ctx, tx, poolIDs...)
	if err != nil {
		return nil, err
	}
	counts := make(map[string]pool.Availability, len(poolIDs))
	for _, k := range kinds {
		c := counts[k.PoolID]
		c.Add(k.Member, k.Count)
		counts[k.PoolID] = c
	}
	return counts, nil
}

func (l *poolViews) readWaiting(ctx context.Context, tx *store.Tx, poolIDs []string) error {
	waiting, err := pool.ReadWaiting(ctx, tx, poolIDs...)
	if err != nil || len(waiting) == 0 {
		return err
	}
	l.waiting, l.coming = map[string][]pool.Waiting{}, map[string][]workspace.SubJob{}
	for _, w := range waiting {
		l.waiting[w.PoolID] = append(l.waiting[w.PoolID], w)
	}
	for poolID, queue := range l.waiting {
		subs, _, err := tx.SubJobs(ctx, workspace.SubJobQuery{ProjectID: l.pools[poolID].ProjectID, PoolID: poolID, State: workspace.SubJobRunning, Page: workspace.Page{Limit: len(queue) + maxUserDesktops}})
		if err != nil {
			return err
		}
		subs = slices.DeleteFunc(subs, func(s workspace.SubJob) bool {
			return s.Type == workspace.JobAttachPool || s.Type == workspace.JobDeleteDesktops || s.UserName != ""
		})
		slices.SortStableFunc(subs, func(a, b workspace.SubJob) int { return cmp.Compare(b.Progress, a.Progress) })
		l.coming[poolID] = subs
	}
	return nil
}

func (l *poolViews) cards(u directory.User) []UserPool {
	cards := []UserPool{}
	for id, p := range l.pools {
		if _, ok := groupIn(l.grants[u.ID], u.ID, id); ok && p.ProjectID == u.ProjectID {
			cards = append(cards, l.card(u, p))
		}
	}
	slices.SortFunc(cards, func(a, b UserPool) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.ID, b.ID))
	})
	return cards
}

func (l *poolViews) card(u directory.User, p pool.Pool) UserPool {
	c := UserPool{ID: p.ID, Name: p.Name, Description: p.Description, Type: p.Type}
	m, has := l.own[u.ID][p.ID]
	if own, read := l.desktops[m.DesktopID]; has && read && p.BindingOver(m, l.now) == "" {
		c.State, c.Desktop, c.Ends = PoolYours, &own, p.BindingEnd(m)
		c.MayReset, c.ResetWhyNot = l.mayReset(p, m, u)
		if countdown, runs := l.leaving[m.DesktopID]; runs {
			c.Rebuild = &countdown
		}
	}
	switch {
	case p.InMaintenance || p.Frozen:
		c.State = PoolMaintenance
	case c.Desktop != nil:
	default:
		l.queue(u, p, &c)
	}
	switch {
	case c.Wait != nil:
		c.Reason = c.Wait.Reason
	case c.State == PoolYours && m.Isolated:
		c.Reason = "Your desktop has an error and was isolated. Your administrator will repair it."
	default:
		c.Reason = c.State.Sentence()
	}
	return c
}

func (l *poolViews) mayReset(p pool.Pool, m desktop.Member, u directory.User) (bool, string) {
	err := pool.MayReset(p, m, u.ID, l.resets[u.ID][p.ID], l.now)
	if err == nil || !p.Reset.Enabled {
		return err == nil, ""
	}
	return false, workspace.MessageOf(err)
}

// queue sets what a user without a desktop can expect, and the place on the waiting list.
func (l *poolViews) queue(u directory.User, p pool.Pool, c *UserPool) {
	queue := l.waiting[p.ID]
	place := slices.IndexFunc(queue, func(w pool.Waiting) bool { return w.UserID == u.ID })
	ahead := len(queue)
	if place >= 0 {
		ahead = place
	}
	counts := l.counts[p.ID]
	prospect := p.Prospect(counts, ahead, l.now)
	if place < 0 || prospect.Outcome == pool.OutcomeFull {
		c.State = map[pool.Outcome]PoolState{pool.OutcomeNew: PoolReady, pool.OutcomeWait: PoolGrows, pool.OutcomeFull: PoolFull}[prospect.Outcome]
		return
	}
	c.State = PoolWaiting
	w := &PoolWait{Since: queue[place].Since, Position: place + 1, Ready: prospect.Outcome == pool.OutcomeNew, Coming: counts.Coming}
	if nth := place - counts.Idle; nth >= 0 && nth < len(l.coming[p.ID]) {
		w.Percent, w.Step = l.coming[p.ID][nth].Progress, l.coming[p.ID][nth].Step
	}
	if until := p.Scale.PausedUntil(); w.Step == "" && w.Coming < w.Position && until.After(l.now) {
		w.Paused = until
	}
	w.Short = p.Scale.ShortUntil().After(l.now)
	w.Reason = w.sentence(l.now)
	c.Wait = w
}

func (w *PoolWait) sentence(now time.Time) string {
	var text string
	switch {
	case w.Ready:
		return "Your desktop is ready."
	case w.Position == 1:
		text = "You are next."
	case w.Position == 2:
		text = "One person has waited longer than you."
	default:
		text = fmt.Sprintf("%d people have waited longer than you.", w.Position-1)
	}
	switch {
	case w.Step != "":
		return text + " A desktop is being prepared for you."
	case w.Coming >= w.Position:
		return text + " A desktop will be prepared for you in a moment."
	case w.Short:
		return text + " There is no capacity for another desktop now. Carrel keeps trying. Your administrator can see the reason."
	case !w.Paused.IsZero():
		return text + fmt.Sprintf(" Creating desktops failed several times; next attempt in %v. Your administrator can see the reason.", autoscale.Rounded(w.Paused.Sub(now)))
	default:
		return text + " A desktop will be created for you."
	}
}
