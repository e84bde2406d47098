package incus

import (
	"slices"
	"testing"
)

func TestSubvolumesWithinDisksAreFound(t *testing.T) {
	got := nestedIn(`ID 256 gen 12 top level 5 path images/3ad8490f
ID 258 gen 47 top level 5 path containers/carrel_d-1
ID 259 gen 48 top level 258 path containers/carrel_d-1/home/anna/my path here
ID 260 gen 48 top level 5 path containers-snapshots/carrel_d-1/first
ID 261 gen 49 top level 5 path custom/carrel_data-1
ID 262 gen 49 top level 261 path custom/carrel_data-1/more
`)
	want := []string{"containers/carrel_d-1/home/anna/my path here", "custom/carrel_data-1/more"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
