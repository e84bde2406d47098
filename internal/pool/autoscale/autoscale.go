// Package autoscale decides how many desktops a pool is to have: a pure function, Decide, from a snapshot and the time to actions
// with reasons. Package pool and pool/reconcile carry the actions out.
package autoscale

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"carrel/internal/backoff"
	"carrel/internal/workspace"
)

// Times that damp autoscaling. The cool-down lies between creating spare desktops and deleting spare ones, in either order. A
// faulty desktop is isolated, or deleted if autoscaling created it, only after a grace period in which it may recover.
const (
	CoolDown       = 5 * time.Minute
	IsolationGrace = 2 * time.Minute
	WreckGrace     = 10 * time.Minute
)

// BreakerFailures is the number of failed batches in a row after which creations pause. After the pause they continue with a
// single desktop.
const BreakerFailures = 3

// breakerPause is the length of the pause, by the number of further failures in a row.
var breakerPause = backoff.Doubling{First: time.Minute, Limit: time.Hour}

// refusedPause is the delay before a refused creation is tried again, unless something changes before.
const refusedPause = 10 * time.Second

// Snapshot is the input of a decision about a pool's size. Decide does not modify it.
type Snapshot struct {
	Enabled       bool
	InMaintenance bool
	Frozen        bool
	Static        bool // bindings do not end
	Policy        Policy
	History       History
	Desktops      []Desktop // in any order
	Waiting       int       // number of users on the waiting list
}

// Desktop is a desktop of the pool.
type Desktop struct {
	ID            string
	AutoCreated   bool // created by autoscaling
	Making        bool // being created
	Idle          bool // ready for any user
	Coming        bool // will be idle without any action
	Bound         bool // has a user
	Connected     bool // its user is connected
	Faulty        bool // broken, and no job works on it
	Isolated      bool // set aside
	Leaving       bool // being deleted
	InMaintenance bool
	Used          bool      // has had a user since its last reset
	IdleSince     time.Time // when it last became ready for any user; zero before the first time
	Updated       time.Time
}

// Limits of a policy.
const (
	MaxOnceCreated     = 100
	DefaultMaxIsolated = 1000
)

// Policy says when Carrel creates and deletes desktops of a pool on its own. The zero value is no policy: it does nothing.
type Policy struct {
	Type           Type
	MaxAutoCreated int  // maximum number of desktops created by autoscaling, in any state
	MinIdle        int  // AUTO_CREATED keeps this many ready
	OnceCreated    int  // desktops per creation; 0 means MaxOnceCreated
	MinRetention   int  // scale-in leaves the pool at least this many desktops
	IdleMinutes    *int // scale-in deletes desktops that are idle for this time; nil: none
	AutoIsolation  bool // isolate broken desktops
	MaxIsolated    int  // maximum number of isolated desktops; 0 means DefaultMaxIsolated
}

// Type says what makes a pool grow.
type Type string

// The types.
const (
	AccessCreated Type = "ACCESS_CREATED" // a user who finds no idle desktop
	AutoCreated   Type = "AUTO_CREATED"   // that, and too few idle desktops
)

// History is what autoscaling remembers about a pool from one decision to the next.
type History struct {
	Created  time.Time // when it last created desktops
	Deleted  time.Time // when it last deleted spare desktops
	Failures int       // failed batches in a row
	Failed   time.Time // time of the last failure that counted
	Refused  time.Time // when a wanted creation was last refused, entirely or in part
	Shortage string    // the reason of the refusal, as text for users
}

// Kind is what an Action does.
type Kind string

// The kinds, in the order in which they are applied.
const (
	Isolate Kind = "ISOLATE"
	Delete  Kind = "DELETE"
	Create  Kind = "CREATE"
)

// The rules of autoscaling: first those of actions, then those by which something is not done.
const (
	RuleIsolate  = "isolation"     // a broken desktop is isolated
	RuleWreck    = "wreck"         // a broken desktop that autoscaling created is deleted
	RuleSpare    = "idle-too-long" // scale-in
	RuleWaiting  = "people-wait"   // users found no idle desktop
	RuleMinIdle  = "min-idle"      // fewer idle desktops than wanted
	RuleOff      = "off"
	RuleCap      = "cap"
	RuleBatch    = "batch"
	RuleBreaker  = "breaker"
	RuleCoolDown = "cool-down"
	RuleKeep     = "min-retention"
	RuleAside    = "isolation-full"
	RuleRefused  = "refused" // wanted desktops could not be created: no capacity, or the pool's image is gone
)

// Action is one thing to do, of one kind and by one rule.
type Action struct {
	Kind     Kind     `json:"kind"`
	Rule     string   `json:"rule"`
	Desktops []string `json:"desktops,omitempty"` // for ISOLATE and DELETE
	Count    int      `json:"count"`              // number of desktops
	Reason   string   `json:"reason"`
}

// Decision is the result of Decide with its inputs. Reasons include what was not done.
type Decision struct {
	Actions []Action
	Reasons []workspace.Reason
	Inputs  Inputs
}

// Inputs are the facts that a decision used, for the decision log.
type Inputs struct {
	Policy   PolicyInputs  `json:"policy"`
	Total    int           `json:"total"`    // desktops in any state
	Auto     int           `json:"auto"`     // of these, created by autoscaling
	Making   int           `json:"making"`   // of Auto, being created
	Idle     int           `json:"idle"`     // ready for any user
	Coming   int           `json:"coming"`   // being created, started or reset for any user
	Bound    int           `json:"bound"`    // with a user
	Faulty   int           `json:"faulty"`   // broken
	Isolated int           `json:"isolated"` // set aside
	Leaving  int           `json:"leaving"`  // being deleted
	Waiting  int           `json:"waiting"`  // users
	History  HistoryInputs `json:"history"`
}

// PolicyInputs is a Policy with the API's field names, HistoryInputs a History. The rows of pools have other names, which cannot
// change.
type (
	PolicyInputs struct {
		Type           Type `json:"autoscale_type"`
		MaxAutoCreated int  `json:"max_auto_created"`
		MinIdle        int  `json:"min_idle"`
		OnceCreated    int  `json:"once_auto_created"`
		MinRetention   int  `json:"min_retention"`
		IdleMinutes    *int `json:"idle_retention_duration,omitempty"`
		AutoIsolation  bool `json:"auto_isolation_enable"`
		MaxIsolated    int  `json:"auto_isolation_max_num"`
	}
	HistoryInputs struct {
		Created  time.Time `json:"created_at,omitzero"`
		Deleted  time.Time `json:"deleted_at,omitzero"`
		Failures int       `json:"failures"`
		Failed   time.Time `json:"failed_at,omitzero"`
		Refused  time.Time `json:"refused_at,omitzero"`
		Shortage string    `json:"shortage,omitempty"`
	}
)

// Decide decides what to do about a pool's size now. It depends only on its arguments, and not on the order of the desktops. The
// caller locks the pool, applies the actions, records the decision with History.After, and calls Decide again when something
// changes: a second call at the same time returns no actions.
//
// Isolations come first, then deletions, then creations. It deletes only desktops that autoscaling created, and none that has a
// user or whose user is connected.
func Decide(s Snapshot, now time.Time) Decision {
	d := Decision{Inputs: inputsOf(s)}
	if why := s.idleReason(); why != "" {
		d.Skip(RuleOff, "%s", why)
		return d
	}
	d.isolate(s, now)
	leaving := d.deleteWrecks(s, now)
	d.deleteSpare(s, now, leaving)
	d.create(s, now)
	return d
}

// idleReason returns why autoscaling does nothing for the pool at all.
func (s Snapshot) idleReason() string {
	switch {
	case !s.Enabled:
		return "autoscaling is off for this pool"
	case s.Policy.Type == "":
		return "the pool has no autoscaling policy"
	case s.InMaintenance:
		return "the pool is under maintenance"
	case s.Frozen:
		return "the pool is frozen"
	}
	return ""
}

func inputsOf(s Snapshot) Inputs {
	in := Inputs{
		Policy: PolicyInputs(s.Policy), Total: len(s.Desktops), Waiting: s.Waiting, History: HistoryInputs(s.History),
	}
	in.Policy.OnceCreated, in.Policy.MaxIsolated = cmp.Or(in.Policy.OnceCreated, MaxOnceCreated), cmp.Or(in.Policy.MaxIsolated, DefaultMaxIsolated)
	for _, m := range s.Desktops {
		in.Auto += count(m.AutoCreated)
		in.Making += count(m.AutoCreated && m.Making)
		in.Idle += count(m.Idle)
		in.Coming += count(m.Coming)
		in.Bound += count(m.Bound)
		in.Faulty += count(m.Faulty)
		in.Isolated += count(m.Isolated)
		in.Leaving += count(m.Leaving)
	}
	return in
}

// count is 1 if b.
func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// isolate isolates broken desktops that worked once: no user gets them until an administrator has repaired them.
func (d *Decision) isolate(s Snapshot, now time.Time) {
	if !s.Policy.AutoIsolation {
		return
	}
	var broken []Desktop
	for _, m := range s.Desktops {
		worked := m.Used || m.Bound || !m.IdleSince.IsZero()
		theirs := m.Bound && s.Static
		if m.Faulty && worked && !theirs && !m.Isolated && !m.InMaintenance && !m.Connected && now.Sub(m.Updated) >= IsolationGrace {
			broken = append(broken, m)
		}
	}
	limit := cmp.Or(s.Policy.MaxIsolated, DefaultMaxIsolated)
	left := max(limit-d.Inputs.Isolated, 0)
	if len(broken) > left {
		d.Skip(RuleAside, "%s broken, but at most %d may be isolated and %d are", workspace.Plural(len(broken), "desktop"), limit, d.Inputs.Isolated)
	}
	d.act(Isolate, RuleIsolate, first(broken, left), "broken for %v or longer, isolated until an administrator takes them back", IsolationGrace)
}

// deleteWrecks deletes broken desktops that autoscaling created, so that they do not count against the limit for ever. It returns
// their number.
func (d *Decision) deleteWrecks(s Snapshot, now time.Time) int {
	var wrecks []Desktop
	for _, m := range s.Desktops {
		ours := m.AutoCreated && !m.Bound && !m.Connected && !m.InMaintenance && !m.Isolated
		if ours && m.Faulty && now.Sub(m.Updated) >= WreckGrace && !d.takes(Isolate, m.ID) {
			wrecks = append(wrecks, m)
		}
	}
	d.act(Delete, RuleWreck, wrecks, "created by autoscaling, broken for %v or longer, without a user", WreckGrace)
	return len(wrecks)
}

// deleteSpare deletes desktops that were idle too long, unless waiting users or min_idle need them or the pool would become too
// small.
func (d *Decision) deleteSpare(s Snapshot, now time.Time, leaving int) {
	policy := s.Policy
	if policy.IdleMinutes == nil {
		return
	}
	retention := time.Duration(*policy.IdleMinutes) * time.Minute
	var spare []Desktop
	for _, m := range s.Desktops {
		if m.AutoCreated && m.Idle && now.Sub(m.IdleSince) >= retention {
			spare = append(spare, m)
		}
	}
	surplus := max(d.Inputs.Idle-d.wanted(), 0)
	above := max(d.Inputs.Total-d.Inputs.Leaving-leaving-policy.MinRetention, 0)
	n := min(len(spare), surplus, above)
	if m := min(len(spare), surplus); m > n {
		d.Skip(RuleKeep, "%s could go, but the pool keeps at least %d", workspace.Plural(m, "idle desktop"), policy.MinRetention)
	}
	if wait := s.History.Created.Add(CoolDown).Sub(now); n > 0 && wait > 0 {
		d.Skip(RuleCoolDown, "%s could go, but desktops were created a moment ago; next attempt in %v", workspace.Plural(n, "idle desktop"), Rounded(wait))
		return
	}
	d.act(Delete, RuleSpare, first(spare, n), "idle for %v or longer, %d idle and %d wanted", retention, d.Inputs.Idle, d.wanted())
}

// wanted returns how many idle desktops there should be.
func (d *Decision) wanted() int {
	if d.Inputs.Policy.Type == AutoCreated {
		return d.Inputs.Waiting + d.Inputs.Policy.MinIdle
	}
	return d.Inputs.Waiting
}

// create creates desktops for waiting users and to have enough idle ones.
func (d *Decision) create(s Snapshot, now time.Time) {
	in := d.Inputs
	missing := max(d.wanted()-in.Idle-in.Coming, 0)
	if missing == 0 {
		return
	}
	people := min(missing, max(in.Waiting-in.Idle-in.Coming, 0))
	n := missing
	if wait := s.History.Deleted.Add(CoolDown).Sub(now); wait > 0 && n > people {
		d.Skip(RuleCoolDown, "%s wanted, but spare ones were deleted a moment ago; next attempt in %v", workspace.Plural(n-people, "more idle desktop"), Rounded(wait))
		n = people
	}
	n = d.within(n, RuleCap, in.Policy.MaxAutoCreated-in.Auto, "max_auto_created is %d and there are %d", in.Policy.MaxAutoCreated, in.Auto)
	if s.History.Failures >= BreakerFailures {
		allowed := 1 - in.Making
		if wait := s.History.PausedUntil().Sub(now); wait > 0 {
			n = d.within(n, RuleBreaker, 0, "creating desktops failed %d times in a row; next attempt in %v", s.History.Failures, Rounded(wait))
		}
		n = d.within(n, RuleBreaker, allowed, "creating desktops failed %d times in a row, one is tried at a time", s.History.Failures)
	}
	if wait := s.History.ShortUntil().Sub(now); wait > 0 {
		n = d.within(n, RuleRefused, 0, "%s; again in %v", s.History.Shortage, Rounded(wait))
	}
	once := cmp.Or(in.Policy.OnceCreated, MaxOnceCreated)
	n = d.within(n, RuleBatch, once-in.Making, "%d are made at a time and %d are being made", once, in.Making)
	switch {
	case n == 0:
	case people > 0:
		d.grow(n, RuleWaiting, "%s for a desktop, %d idle, %d coming", Waits(in.Waiting), in.Idle, in.Coming)
	default:
		besides := ""
		if in.Waiting > 0 { // waiting users get what is idle or coming, so it does not count as ready
			besides = " and " + Waits(in.Waiting)
		}
		d.grow(n, RuleMinIdle, "%d idle, %d coming, min_idle is %d%s", in.Idle, in.Coming, in.Policy.MinIdle, besides)
	}
}

// Waits returns "1 person waits" or the like, for reasons.
func Waits(people int) string {
	if people == 1 {
		return "1 person waits"
	}
	return fmt.Sprintf("%d people wait", people)
}

// within returns the smaller of n and limit, and adds a reason if that is limit.
func (d *Decision) within(n int, rule string, limit int, why string, args ...any) int {
	if limit = max(limit, 0); n <= limit {
		return n
	}
	d.Skip(rule, "%s wanted, %d may be made: "+why, append([]any{workspace.Plural(n, "more desktop"), limit}, args...)...)
	return limit
}

// Skip adds a reason for something that is or is not done.
func (d *Decision) Skip(rule, text string, args ...any) {
	d.Reasons = append(d.Reasons, workspace.Reason{Rule: rule, Text: fmt.Sprintf(text, args...)})
}

func (d *Decision) act(kind Kind, rule string, desktops []Desktop, why string, args ...any) {
	if len(desktops) == 0 {
		return
	}
	a := Action{Kind: kind, Rule: rule, Desktops: make([]string, 0, len(desktops)), Count: len(desktops), Reason: fmt.Sprintf(why, args...)}
	for _, m := range desktops {
		a.Desktops = append(a.Desktops, m.ID)
	}
	slices.Sort(a.Desktops)
	d.add(a)
}

func (d *Decision) grow(n int, rule, why string, args ...any) {
	a := Action{Kind: Create, Rule: rule, Count: n, Reason: fmt.Sprintf(why, args...)}
	d.add(a)
}

func (d *Decision) add(a Action) {
	d.Actions = append(d.Actions, a)
	d.Reasons = append(d.Reasons, workspace.Reason{Rule: a.Rule, Text: a.Reason})
}

// takes reports whether an action of this kind concerns the desktop.
func (d *Decision) takes(kind Kind, desktopID string) bool {
	return slices.ContainsFunc(d.Actions, func(a Action) bool { return a.Kind == kind && slices.Contains(a.Desktops, desktopID) })
}

// first returns the n desktops that have been idle longest. It sorts the caller's slice.
func first(desktops []Desktop, n int) []Desktop {
	slices.SortFunc(desktops, func(a, b Desktop) int {
		return cmp.Or(a.IdleSince.Compare(b.IdleSince), cmp.Compare(a.ID, b.ID))
	})
	return desktops[:min(n, len(desktops))]
}

// Rounded rounds up to full seconds, so that no text says 0 s, and from an hour on to full minutes.
func Rounded(d time.Duration) time.Duration {
	unit := time.Second
	if d >= time.Hour {
		unit = time.Minute
	}
	return (d + unit - 1).Truncate(unit)
}

// Notable reports whether a decision belongs in the log after the former one: if it acts, or does nothing for other rules than
// before.
func (d Decision) Notable(former []workspace.Reason) bool {
	return len(d.Actions) > 0 || !slices.EqualFunc(d.Reasons, former, func(a, b workspace.Reason) bool { return a.Rule == b.Rule })
}

// After returns the history after the actions of a decision were ordered.
func (h History) After(d Decision, now time.Time) History {
	for _, a := range d.Actions {
		switch {
		case a.Kind == Create:
			h.Created = now
		case a.Kind == Delete && a.Rule == RuleSpare:
			h.Deleted = now
		}
	}
	return h
}

// AfterCreation returns the history after a desktop that was ordered at a time is ready or has failed. All failures of a batch
// count once: a desktop that was ordered before the last failure that counted does not count again.
func (h History) AfterCreation(ordered time.Time, made bool, now time.Time) History {
	switch news := h.Failed.IsZero() || ordered.After(h.Failed); {
	case !news:
	case made:
		h.Failures = 0
	default:
		h.Failures, h.Failed = h.Failures+1, now
	}
	return h
}

// ShortUntil returns when a creation that was refused may be tried again; the zero time if none was.
func (h History) ShortUntil() time.Time {
	if h.Refused.IsZero() {
		return time.Time{}
	}
	return h.Refused.Add(refusedPause)
}

// PausedUntil returns when creations may continue after failures in a row; the zero time if they are not paused.
func (h History) PausedUntil() time.Time {
	if h.Failures < BreakerFailures {
		return time.Time{}
	}
	return h.Failed.Add(breakerPause.Wait(h.Failures - BreakerFailures))
}
