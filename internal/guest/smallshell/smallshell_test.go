package smallshell_test

import (
	"slices"
	"testing"
	"time"

	"carrel/internal/guest/smallshell"
)

func TestParse(t *testing.T) {
	steps, exit := smallshell.Parse("#!/bin/sh\n  echo 'one two'; sleep 1.5 \nwhoami\nrm -rf nothing\nexit 7\necho never", "ann")
	want := []smallshell.Step{{Print: "one two\n"}, {Sleep: 1500 * time.Millisecond}, {Print: "ann\n"}}
	if exit != 7 || !slices.Equal(steps, want) {
		t.Errorf("%+v, %d; want %+v, 7", steps, exit, want)
	}
	if steps, exit := smallshell.Parse("true", "ann"); len(steps) != 0 || exit != 0 {
		t.Errorf("%+v, %d", steps, exit)
	}
}
