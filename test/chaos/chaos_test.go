package chaos

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"carrel/internal/store/storetest"
)

// TestChaos plays many small runs, each from its own seed: administrators and people call what they like, machines and processes
// fail, and in the end everything must have come to rest as the rules of the domain say.
//
//	go test ./test/chaos                                         500 seeds; a tenth with -short, 10 with -race
//	go test ./test/chaos -run TestChaos/seed=17$                 one of them again
//	CARREL_TEST_CHAOS=500-4999 go test ./test/chaos              others, also 17 alone
//
// What a seed draws, ids and faults included, is always the same; what two goroutines do at the same instant may change places.
func TestChaos(t *testing.T) {
	first, last := seeds(t)
	for seed := first; seed <= last; seed++ {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) { play(t, seed) })
	}
}

// TestChaosOnPostgreSQL plays some of them on PostgreSQL, where transactions run beside one another, and one seed need not play the
// same twice:
//
//	scripts/with-postgres go test ./test/chaos -run PostgreSQL
func TestChaosOnPostgreSQL(t *testing.T) {
	for seed := range uint64(onPostgres) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			database := storetest.PostgresURL(t)
			cryptotest.SetGlobalRandom(t, seed)
			playOn(t, seed, database)
		})
	}
}

// seeds are those that the environment asks for, or as many as fit into an ordinary run.
func seeds(t *testing.T) (first, last uint64) {
	t.Helper()
	asked, set := os.LookupEnv("CARREL_TEST_CHAOS")
	if !set {
		if testing.Short() {
			return 0, ordinarily/10 - 1
		}
		return 0, ordinarily - 1
	}
	from, to, ranged := strings.Cut(asked, "-")
	first, err := strconv.ParseUint(from, 10, 64)
	if last = first; ranged && err == nil {
		last, err = strconv.ParseUint(to, 10, 64)
	}
	if err != nil || last < first {
		t.Fatalf("CARREL_TEST_CHAOS is %q; use a seed, or two with a dash between them", asked)
	}
	return first, last
}

// play carries one run from its beginning to its rest.
func play(t *testing.T, seed uint64) {
	cryptotest.SetGlobalRandom(t, seed)
	playOn(t, seed, storetest.SQLitePath(t))
}

func playOn(t *testing.T, seed uint64, database string) {
	synctest.Test(t, func(t *testing.T) {
		e := newEnv(t, seed, database)
		defer e.end()
		for range 30 + e.draw.IntN(31) {
			e.step()
			e.checkAlways()
		}
		e.calm()
		e.checkRest()
	})
}

// step makes a few calls at once, now and then with a fault beside them, and lets some time pass.
func (e *env) step() {
	for range 1 + e.draw.IntN(3) {
		e.call()
	}
	if e.draw.IntN(4) == 0 {
		e.trouble()
	}
	e.pass(e.someTime())
}

// someTime is mostly short, so that calls meet what is under way: one step in twelve takes minutes.
func (e *env) someTime() time.Duration {
	unit := []time.Duration{
		time.Millisecond, time.Millisecond, 100 * time.Millisecond, 100 * time.Millisecond,
		time.Second, time.Second, time.Second, time.Second, 10 * time.Second, 10 * time.Second, 10 * time.Second, time.Minute,
	}
	d := time.Duration(1+e.draw.IntN(9)) * unit[e.draw.IntN(len(unit))]
	return d + time.Duration(e.draw.IntN(1000))*time.Microsecond
}

// calm ends all faults, has everybody leave, and waits until nothing is left to do.
func (e *env) calm() {
	e.note("calm")
	e.endTrouble()
	e.leaveAll()
	e.callers.Wait()
	e.leaveAll() // who was just being let in
	const patience, quiet = 2 * time.Hour, (mostIdleMinutes + 2) * time.Minute
	rested := time.Duration(0)
	for passed := time.Duration(0); passed < patience; passed += time.Minute {
		if rested += time.Minute; len(e.unrest()) > 0 {
			rested = 0
		}
		if rested > quiet {
			return
		}
		e.pass(time.Minute)
	}
	for _, what := range e.unrest() {
		e.violation("does not come to rest: %s", what)
	}
}
