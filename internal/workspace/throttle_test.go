package workspace_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"carrel/internal/workspace"
)

// attempts are what the store keeps of them, in memory.
type attempts struct {
	now     time.Time
	pair    map[[2]string]workspace.Tally
	network map[string]workspace.Tally
	subject map[string]workspace.Tally
	known   map[[2]string]bool
	lockout workspace.Lockout
}

func newAttempts() *attempts {
	return &attempts{
		now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), pair: map[[2]string]workspace.Tally{}, network: map[string]workspace.Tally{},
		subject: map[string]workspace.Tally{}, known: map[[2]string]bool{},
	}
}

func (w *attempts) tallies(subject, network string) workspace.Tallies {
	key := [2]string{subject, network}
	return workspace.Tallies{Known: w.known[key], Pair: w.pair[key], Network: w.network[network], Subject: w.subject[subject]}
}

func (w *attempts) save(subject, network string, t workspace.Tallies) {
	w.pair[[2]string{subject, network}], w.network[network], w.subject[subject] = t.Pair, t.Network, t.Subject
}

// try makes an attempt; a right one that is not refused makes the place known.
func (w *attempts) try(subject, network string, right, code bool) workspace.AttemptDecision {
	after, v := w.tallies(subject, network).Decide(code, w.lockout, w.now)
	if v.Until.IsZero() && right {
		after = after.Succeeded()
		w.known[[2]string{subject, network}] = true
	}
	w.save(subject, network, after)
	return v
}

const (
	home   = "192.0.2.0/24"
	abroad = "198.51.100.0/24"
)

func TestAttemptsAtTheLimits(t *testing.T) {
	t.Run("AnUnknownPlaceIsRefusedAfterSixFailures", func(t *testing.T) {
		w := newAttempts()
		for i := range workspace.FreeSignIns + 1 {
			if v := w.try("ann", abroad, false, false); !v.Until.IsZero() || v.Wait != 0 {
				t.Fatalf("failure %d: %+v", i+1, v)
			}
		}
		v := w.try("ann", abroad, true, false)
		if v.Until.Sub(w.now) != 15*time.Second {
			t.Errorf("then: %+v", v)
		}
		w.now = v.Until
		if v := w.try("ann", abroad, true, false); !v.Until.IsZero() {
			t.Errorf("when the pause is over: %+v", v)
		}
	})
	t.Run("OthersAtTheSamePlaceAreNot", func(t *testing.T) {
		w := newAttempts()
		for range 40 {
			w.try("ann", abroad, false, false)
		}
		if v := w.try("bob", abroad, true, false); !v.Until.IsZero() || v.Wait != 0 {
			t.Errorf("%+v", v)
		}
	})
	t.Run("NorIsThePersonElsewhere", func(t *testing.T) {
		w := newAttempts()
		for range 40 {
			w.try("ann", abroad, false, false)
		}
		if v := w.try("ann", home, true, false); !v.Until.IsZero() || v.Wait != 0 {
			t.Errorf("%+v", v)
		}
	})
	t.Run("FiftyWrongOnesFromFiftyNetworksHoldANewPlaceForSeconds", func(t *testing.T) {
		w := newAttempts()
		for i := range 52 {
			w.try("ann", string(rune('a'+i)), false, false)
		}
		if v := w.try("ann", home, true, false); !v.Until.IsZero() || v.Wait == 0 || v.Wait > 10*time.Second {
			t.Errorf("%+v", v)
		}
	})
	t.Run("GuessingAtAKnownPlaceIsSlow", func(t *testing.T) {
		w := newAttempts()
		w.try("ann", home, true, false)
		checked := 0
		for end := w.now.Add(time.Hour); w.now.Before(end); w.now = w.now.Add(100 * time.Millisecond) {
			if v := w.try("ann", home, false, false); v.Until.IsZero() {
				checked++
			}
		}
		if checked > 1820 { // one in two seconds, the free ones and those under way
			t.Errorf("%d guesses in an hour", checked)
		}
	})
	t.Run("CodesAreRefusedAtAKnownPlaceToo", func(t *testing.T) {
		w := newAttempts()
		w.try("ann", home, true, true)
		for range workspace.FreeSignIns + 1 {
			w.try("ann", home, false, true)
		}
		if v := w.try("ann", home, true, true); v.Until.IsZero() {
			t.Error("codes can be guessed without end")
		}
	})
}

// Whatever others do at other places, the right password from a known place is checked at once; so is the right code.
func TestOthersLockNobodyOutOfAKnownPlace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newAttempts()
		w.try("ann", home, true, false)
		code := rapid.Bool().Draw(t, "code")
		for range rapid.IntRange(0, 300).Draw(t, "attempts") {
			who := rapid.SampledFrom([]string{"ann", "bob"}).Draw(t, "who")
			from := rapid.SampledFrom([]string{abroad, home, "203.0.113.0/24", "2001:db8::/56", ""}).Draw(t, "from")
			if who == "ann" && from == home {
				who = "carol" // at ann's place, but not as her
			}
			w.try(who, from, rapid.Bool().Draw(t, "right") && who != "ann", code)
			w.now = w.now.Add(time.Duration(rapid.IntRange(0, 5000).Draw(t, "ms")) * time.Millisecond)
		}
		if v := w.try("ann", home, true, code); v != (workspace.AttemptDecision{}) {
			t.Fatalf("ann had to wait: %+v", v)
		}
	})
}

// Five hundred people behind one address sign in for the first time, while one of them guesses names and passwords as fast as the line allows:
// nobody is refused, and each waits for two seconds at most.
func TestACrowdBehindOneAddressSignsInWhileOneGuesses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newAttempts()
		for person := range 500 {
			for range rapid.IntRange(0, 20).Draw(t, "guesses") {
				w.try(fmt.Sprint("name-", rapid.IntRange(0, 10_000).Draw(t, "name")), abroad, false, false)
			}
			if v := w.try(fmt.Sprint("person-", person), abroad, true, false); !v.Until.IsZero() || v.Wait > 2*time.Second {
				t.Fatalf("person %d: %+v", person, v)
			}
			w.now = w.now.Add(time.Duration(rapid.IntRange(0, 200).Draw(t, "ms")) * time.Millisecond)
		}
	})
}

// The guesser gains nothing by the crowd: each name is refused after its own failures.
func TestANameIsRefusedInACrowdToo(t *testing.T) {
	w := newAttempts()
	checked := 0
	for i := range 1000 {
		w.try(fmt.Sprint("person-", i), abroad, true, false)
		if v := w.try("ann", abroad, false, false); v.Until.IsZero() {
			checked++
		}
	}
	if checked != workspace.FreeSignIns+1 {
		t.Errorf("%d guesses were checked at once", checked)
	}
}

// One who guesses there as her, one at a time, holds her for some seconds and does not lock her out.
func TestSomebodyAtTheSamePlaceHoldsTheRightPasswordForSecondsOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newAttempts()
		w.try("ann", home, true, false)
		for range rapid.IntRange(0, 200).Draw(t, "attempts") {
			v := w.try("ann", home, false, false)
			w.now = w.now.Add(v.Wait + time.Duration(rapid.IntRange(0, 3000).Draw(t, "ms"))*time.Millisecond)
		}
		if v := w.try("ann", home, true, false); !v.Until.IsZero() || v.Wait > 10*time.Second {
			t.Fatalf("ann was refused: %+v", v)
		}
	})
}

// The liveness twin of every refusal: it ends by itself, within a quarter of an hour, and the count changes nothing that it returns.
func TestEveryRefusalEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newAttempts()
		code := rapid.Bool().Draw(t, "code")
		for range rapid.IntRange(0, 300).Draw(t, "attempts") {
			w.try("ann", rapid.SampledFrom([]string{abroad, home}).Draw(t, "from"), false, code)
			w.now = w.now.Add(time.Duration(rapid.IntRange(0, 20).Draw(t, "s")) * time.Second)
		}
		before := w.tallies("ann", abroad)
		_, v := before.Decide(code, w.lockout, w.now)
		_, again := before.Decide(code, w.lockout, w.now)
		if v != again {
			t.Fatalf("decided twice: %+v and %+v", v, again)
		}
		if v.Until.IsZero() {
			return
		}
		if v.Until.Sub(w.now) > 15*time.Minute {
			t.Fatalf("refused for %v", v.Until.Sub(w.now))
		}
		w.now = v.Until
		if v := w.try("ann", abroad, true, code); !v.Until.IsZero() {
			t.Fatalf("refused again: %+v", v)
		}
	})
}

func TestLockout(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newAttempts()
		w.lockout = workspace.Lockout{Attempts: rapid.IntRange(3, 50).Draw(t, "attempts"), Time: time.Duration(rapid.IntRange(1, 1440).Draw(t, "minutes")) * time.Minute}
		code, known := rapid.Bool().Draw(t, "code"), rapid.Bool().Draw(t, "known")
		w.known[[2]string{"ann", home}] = known
		for round := range 3 {
			for i := range w.lockout.Attempts {
				if v := w.try("ann", home, false, code); !v.Until.IsZero() || v.Wait > 2*time.Second {
					t.Fatalf("round %d, attempt %d: %+v", round, i, v)
				}
			}
			v := w.try("ann", home, true, code)
			if v.Until != w.now.Add(w.lockout.Time) {
				t.Fatalf("round %d: %+v at %v", round, v, w.now)
			}
			w.now = v.Until.Add(-time.Nanosecond)
			if v := w.try("ann", home, true, code); v.Until.IsZero() {
				t.Fatal("the lock is over too early")
			}
			w.now = w.now.Add(time.Nanosecond)
		}
		if v := w.try("ann", home, true, code); !v.Until.IsZero() {
			t.Fatalf("afterwards: %+v", v)
		}
		if v := w.try("ann", home, false, code); !v.Until.IsZero() {
			t.Fatalf("a success did not begin the count anew: %+v", v)
		}
	})
}

// Failures from before a rule, however many, lock nobody out when the rule comes, beyond the pause that there was.
func TestALockoutThatIsNewCountsWhatWasThere(t *testing.T) {
	w := newAttempts()
	for range 40 {
		w.try("ann", abroad, false, false)
		w.now = w.now.Add(16 * time.Minute)
	}
	w.lockout = workspace.Lockout{Attempts: 3, Time: time.Hour}
	if v := w.try("ann", abroad, true, false); !v.Until.IsZero() {
		t.Errorf("%+v", v)
	}
}
