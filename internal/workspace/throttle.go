package workspace

import (
	"context"
	"time"

	"carrel/internal/backoff"
)

// Attempt is an attempt to sign in with something that can be guessed: a password or a code.
type Attempt struct {
	Subject string // who signs in, such as "user:ID"; an unknown name has one, too
	Network string // from where; empty: unknown
	Code    bool   // a code of six digits, after the password was correct
	Lockout Lockout
}

// Lockout refuses a subject for a time after a number of failures in a row. The zero value stands for the usual pauses, which grow with each
// failure.
type Lockout struct {
	Attempts int
	Time     time.Duration
}

// Tally counts the failed attempts of one kind.
type Tally struct {
	Failures int
	Until    time.Time // the next attempt has to wait until then; at least the time of the last attempt
}

// Tallies are the input of the decision about an Attempt.
type Tallies struct {
	Known   bool  // the subject has signed in from this network before
	Pair    Tally // of the subject from the network
	Network Tally // of all subjects from the network, except from known places
	Subject Tally // of the subject from all networks, except from known places
}

// AttemptDecision is the decision about an Attempt: it is checked after Wait or, if Until is set, refused until then.
type AttemptDecision struct {
	Wait  time.Duration
	Until time.Time
}

// FreeSignIns is the number of failures of a subject from one network without a delay.
const FreeSignIns = 5

// The limits of attempts. Attempts from unknown places can be refused for failures of the same name; those of others from the same network
// only delay them, since a network may be a whole school. A user who signs in from a known place is never refused
// because of failures elsewhere and, with the right password, not because of failures of others at the same place either, unless
// more wrong attempts come from there at once than can be checked within longestWait.
const (
	longestWait = 10 * time.Second // maximum delay of an attempt

	knownPause     = 2 * time.Second
	freeOfNetwork  = 50
	networkPause   = 100 * time.Millisecond
	longestOfCrowd = 2 * time.Second // maximum delay for what others of the network do
	freeOfSubject  = 50
	subjectPause   = 5 * time.Second
	forgivePair    = 15 * time.Minute // one failure after each of these
	forgiveAtLarge = time.Minute
)

// pairPause is how long a subject is refused from one network after more than the free failures.
var pairPause = backoff.Doubling{First: 15 * time.Second, Limit: 15 * time.Minute}

// rule is a limit of one tally.
type rule struct {
	pause   func(failures int) time.Duration // after this number
	most    time.Duration                    // maximum delay of an attempt; beyond it, the attempt is refused, unless the rule is soft
	soft    bool                             // refuse none
	forgive time.Duration                    // after which one failure is forgotten
	full    int                              // so many failures are forgotten together when their pause is over; 0: none are
}

// doubling refuses after FreeSignIns failures, longer after each.
var doubling = rule{pause: SignInPause, forgive: forgivePair}

// rule refuses from the last of the attempts on.
func (l Lockout) rule() rule {
	return rule{pause: func(failures int) time.Duration {
		if failures < l.Attempts {
			return 0
		}
		return l.Time
	}, forgive: forgivePair, full: l.Attempts}
}

// paced lets attempts beyond a number through one after the other, so that guessing is slow and nobody is locked out.
func paced(free int, pause, forgive time.Duration) rule {
	return rule{pause: func(failures int) time.Duration {
		if failures <= free {
			return 0
		}
		return pause
	}, most: longestWait, forgive: forgive}
}

// delayed is paced for what must refuse nobody: the delay has a maximum, however many there are.
func delayed(free int, pause, most, forgive time.Duration) rule {
	r := paced(free, pause, forgive)
	r.most, r.soft = most, true
	return r
}

var (
	atKnownPlace = paced(FreeSignIns, knownPause, forgivePair)
	ofNetwork    = delayed(freeOfNetwork, networkPause, longestOfCrowd, forgiveAtLarge)
	ofSubject    = paced(freeOfSubject, subjectPause, forgiveAtLarge)
)

// SignInPause returns how long a subject waits after its n-th failure in a row from one network.
func SignInPause(n int) time.Duration {
	if n <= FreeSignIns {
		return 0
	}
	return pairPause.Wait(n - FreeSignIns - 1)
}

// Decide decides about an attempt, and counts it as failed unless it is refused; Succeeded withdraws that. It returns the new
// tallies and changes nothing else. A lockout holds for the subject from all networks, except from known places, each of which has its own.
func (t Tallies) Decide(code bool, lockout Lockout, now time.Time) (Tallies, AttemptDecision) {
	after := t
	var v AttemptDecision
	apply := func(tally *Tally, r rule) {
		counted, wait := tally.charge(r, now)
		if latest := now.Add(r.most); r.soft && counted.Until.After(latest) {
			counted.Until, wait = latest, min(wait, r.most)
		}
		*tally = counted
		if wait > r.most {
			if until := now.Add(wait - r.most); until.After(v.Until) {
				v.Until = until
			}
		}
		v.Wait = max(v.Wait, wait)
	}
	switch {
	case lockout.Attempts > 0:
		apply(&after.Pair, lockout.rule())
		if !t.Known {
			apply(&after.Subject, lockout.rule())
		}
		if !t.Known && !code {
			apply(&after.Network, ofNetwork)
		}
	case code: // six digits can be guessed: stop it at a known place, too
		apply(&after.Pair, doubling)
		if !t.Known {
			apply(&after.Subject, doubling)
		}
	case t.Known:
		apply(&after.Pair, atKnownPlace)
	default:
		apply(&after.Pair, doubling)
		apply(&after.Network, ofNetwork)
		apply(&after.Subject, ofSubject)
	}
	if !v.Until.IsZero() {
		return t, AttemptDecision{Until: v.Until}
	}
	return after, v
}

// charge counts a failure, and returns the delay until the attempt's turn.
func (t Tally) charge(r rule, now time.Time) (Tally, time.Duration) {
	turn := now
	if t.Until.After(now) {
		turn = t.Until
	} else if r.full > 0 && t.Failures >= r.full {
		t.Failures = 0
	} else if !t.Until.IsZero() {
		t.Failures = max(0, t.Failures-int(now.Sub(t.Until)/r.forgive))
	}
	t.Failures++
	t.Until = turn.Add(r.pause(t.Failures))
	return t, turn.Sub(now)
}

// Succeeded withdraws what Decide counted: the subject starts anew, and this failure no longer counts for the network and in
// total.
func (t Tallies) Succeeded() Tallies {
	t.Pair = Tally{}
	for _, tally := range []*Tally{&t.Network, &t.Subject} {
		if !t.Known {
			tally.Failures = max(0, tally.Failures-1)
		}
	}
	return t
}

// AttemptRows is the part of the store that throttling uses.
type AttemptRows interface {
	// LockTallies reads the input of the decision about an attempt and locks it until the transaction ends.
	LockTallies(ctx context.Context, subject, network string) (Tallies, error)
	// SaveTallies writes locked tallies.
	SaveTallies(ctx context.Context, subject, network string, t Tallies) error
	// ForgetTallies deletes all failures of a subject, from all networks.
	ForgetTallies(ctx context.Context, subject string) error
	// NotePlace makes a network a known place of a subject, for PlaceLife from now; if there are more than MaxPlaces, it deletes
	// the oldest.
	NotePlace(ctx context.Context, subject, network string) error
}

// How long known places are remembered.
const (
	PlaceLife  = 90 * 24 * time.Hour
	MaxPlaces  = 20
	PlaceGrain = 24 * time.Hour // accuracy of the last use, so that signing in rarely writes
)

// TallyLife is how long after its Until a tally is kept.
const TallyLife = freeOfNetwork * forgiveAtLarge

// ChargeAttempt counts an attempt as failed before it is checked, so that many concurrent guesses cannot slip through, and
// returns how long it has to be delayed: call WaitTurn once the transaction is committed. *PauseError if it is refused.
func ChargeAttempt(ctx context.Context, rows AttemptRows, a Attempt, now time.Time) (time.Duration, error) {
	before, err := rows.LockTallies(ctx, a.Subject, a.Network)
	if err != nil {
		return 0, err
	}
	after, v := before.Decide(a.Code, a.Lockout, now)
	if !v.Until.IsZero() {
		return 0, &PauseError{Until: v.Until}
	}
	return v.Wait, rows.SaveTallies(ctx, a.Subject, a.Network, after)
}

// WaitTurn waits, or returns the context's error.
func WaitTurn(ctx context.Context, wait time.Duration) error {
	if wait <= 0 {
		return nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// NoteSuccess withdraws what ChargeAttempt counted, and makes the network a known place.
func NoteSuccess(ctx context.Context, rows AttemptRows, a Attempt) error {
	before, err := rows.LockTallies(ctx, a.Subject, a.Network)
	if err != nil {
		return err
	}
	if err := rows.SaveTallies(ctx, a.Subject, a.Network, before.Succeeded()); err != nil {
		return err
	}
	return rows.NotePlace(ctx, a.Subject, a.Network)
}

// Origin is where a request comes from, for the methods that count and record attempts.
type Origin struct {
	Network   string // whose attempts are counted together; empty: unknown
	Address   string // of the client
	RequestID string
}

type originKey struct{}

// WithOrigin returns a context with the origin of a request.
func WithOrigin(ctx context.Context, o Origin) context.Context {
	return context.WithValue(ctx, originKey{}, o)
}

// WithNetwork is WithOrigin for a request of which no more is known.
func WithNetwork(ctx context.Context, network string) context.Context {
	return WithOrigin(ctx, Origin{Network: network})
}

// OriginOf returns the origin of a request, empty if it is not known.
func OriginOf(ctx context.Context) Origin {
	o, _ := ctx.Value(originKey{}).(Origin)
	return o
}

// UserSubject returns the subject of a user's passwords.
func UserSubject(userID string) string { return "user:" + userID }

// UnknownSubject returns the subject of an unknown name; its length is independent of the name.
func UnknownSubject(name string) string { return "name:" + HashToken(name) }

// CodesSubject returns the subject of the codes of an authenticator.
func CodesSubject(deviceID string) string { return "codes:" + deviceID }

// PauseError means that an attempt came too soon. It is a CodeRateLimited.
type PauseError struct{ Until time.Time }

func (e *PauseError) Error() string { return e.Unwrap().Error() }

// Unwrap returns the Error that callers see.
func (e *PauseError) Unwrap() error {
	return &Error{Code: CodeRateLimited, Message: "too many attempts to sign in, wait as long as Retry-After says and try again"}
}
