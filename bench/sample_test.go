package main

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestQuantilesAreValuesOfTheSampleWhateverItsOrder(t *testing.T) {
	var s sample
	for n := 100; n >= 1; n-- {
		s = append(s, time.Duration(n))
	}
	for q, want := range map[float64]time.Duration{0: 1, 0.5: 50, 0.9: 90, 0.99: 99, 1: 100} {
		if got := s.quantile(q); got != want {
			t.Errorf("quantile %v of 1..100 is %d, want %d", q, got, want)
		}
	}
	if !slices.Equal(s[:2], sample{100, 99}) {
		t.Error("the sample was sorted in place")
	}
}

func TestTheMedianOfAnEvenNumberIsBetweenTheTwoInTheMiddle(t *testing.T) {
	if got := (sample{40, 10, 20, 30}).median(); got != 25 {
		t.Errorf("median is %d, want 25", got)
	}
	if got := (sample{30, 10, 20}).median(); got != 20 {
		t.Errorf("median is %d, want 20", got)
	}
	if got := (sample{}).median() + (sample{}).quantile(0.99); got != 0 {
		t.Errorf("an empty sample has %d, want 0", got)
	}
}

func TestAMisspeltMeasurementIsRefusedWithTheNamesThereAre(t *testing.T) {
	_, err := chosen("panel,pannel")
	if err == nil || !strings.Contains(err.Error(), "no measurement pannel") || !strings.Contains(err.Error(), "memory") {
		t.Errorf("the error is %v", err)
	}
}

func TestExtraMeasurementsRunOnlyWhenNamed(t *testing.T) {
	all, err := chosen("")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		if m.extra {
			t.Errorf("%s runs without being named", m.name)
		}
	}
	named, err := chosen("parallel")
	if err != nil || len(named) != 1 || named[0].name != "parallel" {
		t.Errorf("asking for parallel gives %v, %v", named, err)
	}
}

func TestThePageHoldsEveryRowAndSaysThatTheMachineWasBusy(t *testing.T) {
	r := report{machine: machine{cpus: 2}, load: 3, rows: []row{
		{what: "one thing", reference: "1 s", carrel: "2 s", ratio: "2.00", target: "3 s", reached: new(true)},
		{what: "another", carrel: "5 s", target: "4 s", reached: new(false)},
	}}
	page := r.markdown()
	for _, want := range []string{"| one thing | 1 s | 2 s | 2.00 | 3 s | yes |", "| another |  | 5 s |  | 4 s | no |", "busy with other work"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	r.load = 0.1
	if strings.Contains(r.markdown(), "busy") {
		t.Error("a quiet machine is called busy")
	}
}
