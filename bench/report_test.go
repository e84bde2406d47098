package main

import (
	"strings"
	"testing"
)

func TestANewTableLeavesWhatIsWrittenByHand(t *testing.T) {
	first := report{rows: []row{{what: "old"}}}
	page := "# Benchmarks\n\nBy hand.\n\n" + tableBegins + first.markdown() + tableEnds + "\nMore by hand.\n"
	second := report{rows: []row{{what: "new"}}}
	got := second.into(page)
	for _, want := range []string{"By hand.", "More by hand.", "| new |"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	if strings.Contains(got, "| old |") {
		t.Errorf("the former table is still there:\n%s", got)
	}
}

func TestAPageWithoutAPlaceBecomesTheTable(t *testing.T) {
	got := report{rows: []row{{what: "new"}}}.into("")
	if !strings.HasPrefix(got, "# Benchmarks") || !strings.Contains(got, "| new |") {
		t.Errorf("the page is\n%s", got)
	}
}
