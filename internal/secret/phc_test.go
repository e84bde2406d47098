package secret

import (
	"strings"
	"testing"
)

// Whatever is stored, reading it must not panic, must keep the cost within the limits and must lose nothing.
func FuzzParsePHC(f *testing.F) {
	good := phc{cost: DefaultCost, salt: make([]byte, saltBytes), sum: make([]byte, sumBytes)}.String()
	f.Add(good)
	f.Add(good + "\n")
	f.Add(strings.Replace(good, "m=", "m=+", 1))
	f.Add(strings.Replace(good, "p=1", "p=256", 1))
	f.Add("$argon2id$v=19$m=8,t=1,p=1$$")
	f.Add("$$$$$")
	f.Fuzz(func(t *testing.T, s string) {
		h, err := parsePHC(s)
		if err != nil {
			return
		}
		if !h.withinLimits() {
			t.Errorf("%q is beyond the limits", s)
		}
		if h.String() != s {
			t.Errorf("%q reads as %q", s, h.String())
		}
	})
}
