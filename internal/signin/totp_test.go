package signin_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"carrel/internal/signin"
)

// The secret of the test vectors of RFC 6238, appendix B, whose codes have 8 digits: apps show the last 6.
var rfcSecret = []byte("12345678901234567890")

func TestCodesAreThoseOfTheStandard(t *testing.T) {
	for at, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		if got := signin.TOTPCode(rfcSecret, signin.TOTPStep(time.Unix(at, 0))); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
	}
}

func TestCodesHoldForOneStepMoreEitherWayAndOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(rapid.Int64Range(100, 4e9).Draw(t, "now"), 0)
		skew := rapid.Int64Range(-4, 4).Draw(t, "skew")
		at := signin.TOTPStep(now) + skew
		last := at + rapid.Int64Range(-3, 3).Draw(t, "last")
		step, ok := signin.MatchTOTP(rfcSecret, signin.TOTPCode(rfcSecret, at), now, last)
		want := skew >= -1 && skew <= 1 && last < at
		switch {
		case ok && !want && step != at: // another step in reach that has the same code by chance
		case ok != want:
			t.Fatalf("%d steps off, last used %d: %v", skew, last-at, ok)
		case ok && step < at:
			t.Fatalf("counted as step %d, not %d: it could be used again", step, at)
		}
	})
}

func TestNothingElseIsACode(t *testing.T) {
	now := time.Unix(1234567890, 0)
	for _, code := range []string{"", "5924", "0005924", "00592", "005925", "abcdef", "005924 "} {
		if _, ok := signin.MatchTOTP(rfcSecret, code, now, 0); ok {
			t.Errorf("%q is taken", code)
		}
	}
}
