package script_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"carrel/internal/script"
)

func TestDecide(t *testing.T) {
	type batch = script.Batch
	for _, c := range []struct {
		name    string
		in      script.Progress
		release bool
		skip    string
		status  script.Status
	}{
		{"NothingHasBegun", script.Progress{First: batch{Waiting: 2}, Rest: batch{Waiting: 3}, Batches: true}, false, "", script.TaskInit},
		{"TheRestWaitsForTheFirst", script.Progress{First: batch{Running: 1, Succeeded: 1}, Rest: batch{Waiting: 3}, Batches: true}, false, "", script.TaskRunning},
		{"TheRestFollowsTheFirst", script.Progress{First: batch{Succeeded: 2}, Rest: batch{Waiting: 3}, Batches: true}, true, "", script.TaskRunning},
		{"OneFailureIsTooManyUnlessOneSaysSo", script.Progress{First: batch{Succeeded: 4, Failed: 1}, Rest: batch{Waiting: 3}, Batches: true}, false, "threshold 1", script.TaskFailed},
		{"FailuresBelowTheThresholdDoNotMatter", script.Progress{First: batch{Succeeded: 4, Failed: 1}, Rest: batch{Waiting: 3}, Batches: true, Threshold: 2}, true, "", script.TaskRunning},
		{"FailuresAtTheThresholdEndIt", script.Progress{First: batch{Succeeded: 3, Failed: 2}, Rest: batch{Waiting: 3}, Batches: true, Threshold: 2}, false, "2 of the first", script.TaskFailed},
		{"TheThresholdIsNotWaitedFor", script.Progress{First: batch{Running: 3, Failed: 2}, Rest: batch{Waiting: 3}, Batches: true, Threshold: 2}, false, "2 of the first", script.TaskRunning},
		{"AFirstBatchThatWasOffShowsNothing", script.Progress{First: batch{Skipped: 2}, Rest: batch{Waiting: 3}, Batches: true}, false, "no desktop of the first", script.TaskFinished},
		{"WhatRunsIsNotHeldUp", script.Progress{First: batch{Failed: 2}, Rest: batch{Waiting: 1, Running: 1}, Batches: true, Released: true}, false, "", script.TaskRunning},
		{"WithoutBatchesAllRun", script.Progress{Rest: batch{Waiting: 3}}, true, "", script.TaskInit},
		{"ItEndsWell", script.Progress{Rest: batch{Succeeded: 3, Skipped: 1}, Released: true}, false, "", script.TaskFinished},
		{"ItFails", script.Progress{Rest: batch{Succeeded: 3, Failed: 1}, Released: true}, false, "", script.TaskFailed},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := script.Decide(c.in)
			if d.Release != c.release || d.Status != c.status || (d.Skip == "") != (c.skip == "") || !strings.Contains(d.Skip, c.skip) {
				t.Errorf("%+v", d)
			}
		})
	}
}

// TestTasksEndWhateverHappens plays tasks to their end, desktop by desktop.
func TestTasksEndWhateverHappens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first, rest := rapid.IntRange(0, 6).Draw(t, "first"), rapid.IntRange(0, 8).Draw(t, "rest")
		p := script.Progress{
			First: script.Batch{Waiting: first}, Rest: script.Batch{Waiting: rest}, Batches: first > 0, Released: first == 0,
			Threshold: rapid.IntRange(0, first).Draw(t, "threshold"),
		}
		if first+rest == 0 {
			return
		}
		failedFirst := func() int { return p.First.Failed }
		for range 4 * (first + rest + 1) {
			d := script.Decide(p)
			if again := script.Decide(p); again != d {
				t.Fatalf("it decides %+v, and then %+v", d, again)
			}
			if d.Release && (p.First.Waiting+p.First.Running > 0 || failedFirst() >= max(p.Threshold, 1)) {
				t.Fatalf("%+v releases the rest", p)
			}
			if d.Release && d.Skip != "" {
				t.Fatalf("%+v both releases and skips", p)
			}
			if d.Skip != "" {
				p.Rest.Skipped, p.Rest.Waiting = p.Rest.Skipped+p.Rest.Waiting, 0
			}
			p.Released = p.Released || d.Release
			if d.Status == script.TaskFinished || d.Status == script.TaskFailed {
				all := p.First.Plus(p.Rest)
				if all.Succeeded+all.Failed+all.Skipped != first+rest || (all.Failed > 0) != (d.Status == script.TaskFailed) {
					t.Fatalf("%+v has ended as %s", p, d.Status)
				}
				return
			}
			b := &p.First
			if p.First.Waiting+p.First.Running == 0 || p.Released && p.Rest.Waiting+p.Rest.Running > 0 {
				if b = &p.Rest; !p.Released {
					t.Fatalf("%+v waits for ever", p)
				}
			}
			switch {
			case b.Waiting > 0:
				b.Waiting--
				b.Running++
			case b.Running > 0:
				b.Running--
				switch rapid.IntRange(0, 3).Draw(t, "result") {
				case 0:
					b.Failed++
				case 1:
					b.Skipped++
				default:
					b.Succeeded++
				}
			}
		}
		t.Fatalf("it does not end: %+v", p)
	})
}
