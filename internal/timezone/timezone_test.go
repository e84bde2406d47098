package timezone

import (
	"slices"
	"testing"
	"time"
)

func TestZonesHaveTheirOffsetWithoutSummerTime(t *testing.T) {
	all, err := Zones(time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSortedFunc(all, func(a, b Offset) int { return int(a.Offset/time.Second) - int(b.Offset/time.Second) }) {
		t.Error("they are not from west to east")
	}
	want := map[string]string{
		"Europe/Berlin": "UTC+01:00", "Asia/Shanghai": "UTC+08:00", "America/New_York": "UTC-05:00", "Australia/Sydney": "UTC+10:00", "Asia/Kolkata": "UTC+05:30", "UTC": "UTC+00:00",
	}
	for _, z := range all {
		if text, asked := want[z.Name]; asked && z.String() != text {
			t.Errorf("%s is %s, want %s", z.Name, z, text)
		}
		delete(want, z.Name)
		if Zone(z.Name) != z.Name {
			t.Errorf("%s is another name of %s", z.Name, Zone(z.Name))
		}
	}
	if len(want) > 0 {
		t.Errorf("missing: %v", want)
	}
}
