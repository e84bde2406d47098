package backoff_test

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"carrel/internal/backoff"
)

func TestWaitsOfADoubling(t *testing.T) {
	const longest = time.Duration(math.MaxInt64)
	for _, c := range []struct {
		name string
		of   backoff.Doubling
		n    int
		want time.Duration
	}{
		{"the first failure", backoff.Doubling{First: time.Second, Limit: time.Minute}, 0, time.Second},
		{"the second", backoff.Doubling{First: time.Second, Limit: time.Minute}, 1, 2 * time.Second},
		{"the last below the limit", backoff.Doubling{First: time.Second, Limit: time.Minute}, 5, 32 * time.Second},
		{"the first at the limit", backoff.Doubling{First: time.Second, Limit: time.Minute}, 6, time.Minute},
		{"a limit that is met exactly", backoff.Doubling{First: time.Second, Limit: 8 * time.Second}, 3, 8 * time.Second},
		{"a limit that is no whole number of halves", backoff.Doubling{First: 2, Limit: 7}, 2, 7},
		{"a limit below the first wait", backoff.Doubling{First: time.Minute, Limit: time.Second}, 0, time.Second},
		{"a number that was counted from too high", backoff.Doubling{First: time.Second, Limit: time.Minute}, -3, time.Second},
		{"failures without end", backoff.Doubling{First: time.Second, Limit: time.Minute}, math.MaxInt, time.Minute},
		{"the longest limit", backoff.Doubling{First: time.Second, Limit: longest}, math.MaxInt, longest},
	} {
		if got := c.of.Wait(c.n); got != c.want {
			t.Errorf("%s: %v waits %v, want %v", c.name, c.of, got, c.want)
		}
	}
}

// Whatever the figures, each wait is twice the one before or the limit.
func TestADoublingDoublesUpToItsLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := backoff.Doubling{
			First: time.Duration(rapid.Int64Min(1).Draw(t, "first")),
			Limit: time.Duration(rapid.Int64Min(1).Draw(t, "limit")),
		}
		n := rapid.IntRange(0, 100).Draw(t, "n")
		now, next := d.Wait(n), d.Wait(n+1)
		if next != d.Limit && next != 2*now {
			t.Fatalf("%v waits %v, then %v", d, now, next)
		}
		if now > d.Limit || next > d.Limit || next < now {
			t.Fatalf("%v waits %v, then %v, with the limit %v", d, now, next, d.Limit)
		}
	})
}
