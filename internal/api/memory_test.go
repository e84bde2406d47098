package api

import "testing"

func TestLargeBodiesCountWithWhatTheyBecome(t *testing.T) {
	for name, c := range map[string]struct {
		length int64
		kind   string
		want   int64
	}{
		"None":             {0, "application/json", 0},
		"NoneInParts":      {0, "multipart/form-data", 0},
		"Small":            {64 << 10, "application/json", 0},
		"Large":            {1 << 20, "application/json", 16 << 20},
		"TheLargest":       {8 << 20, "application/json", 128 << 20},
		"OfUnknownLength":  {-1, "application/json", 16 << 20},
		"ASmallTable":      {60 << 10, "multipart/form-data; boundary=x", 60<<14 + 96<<20},
		"NeverMoreThanAll": {1 << 30, "application/json", bodyMemory},
	} {
		if got := weight(c.length, c.kind); got != c.want {
			t.Errorf("%s weighs %d, want %d", name, got, c.want)
		}
	}
}
