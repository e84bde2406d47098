package progress_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"carrel/internal/rollout/progress"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// rolling is a rebuild under way: the state that survives a crash, and what happens to it.
type rolling struct {
	state progress.State
	now   time.Time
	why   string // it stopped
}

func (r *rolling) apply(actions []progress.Action) {
	for _, a := range actions {
		for i := range r.state.Items {
			item := &r.state.Items[i]
			switch {
			case a.Kind == progress.Stop:
				r.why = a.Reason
				if item.State == progress.ItemWaiting {
					item.State = progress.ItemStopped
				}
			case item.DesktopID != a.DesktopID:
			case a.Kind == progress.Warn:
				item.State, item.Deadline = progress.ItemWarned, a.Deadline
			case a.Kind == progress.Rebuild:
				item.State, item.Session, item.Left = progress.ItemRebuilding, false, false
			case a.Kind == progress.Skip:
				item.State = progress.ItemSkipped
			case a.Kind == progress.Recall:
				item.State = progress.ItemStopped
			}
		}
	}
}

func (r *rolling) count(states ...progress.ItemState) int {
	n := 0
	for _, i := range r.state.Items {
		if slices.Contains(states, i.State) {
			n++
		}
	}
	return n
}

func (r *rolling) item(t *rapid.T) *progress.Item {
	return &r.state.Items[rapid.IntRange(0, len(r.state.Items)-1).Draw(t, "item")]
}

func (r *rolling) parallel() int {
	if r.state.Limits.Parallel == 0 {
		return progress.DefaultParallel
	}
	return r.state.Limits.Parallel
}

func (r *rolling) Check(t *rapid.T) {
	if n := r.count(progress.ItemRebuilding); n > r.parallel() {
		t.Fatalf("%d are rebuilt at a time, %d may", n, r.parallel())
	}
	if begun := r.count(progress.ItemRebuilding, progress.ItemWarned); r.count(progress.ItemDone) == 0 && begun > 1 {
		t.Fatalf("%d are warned or rebuilt before the first has succeeded", begun)
	}
	if r.why != "" && r.count(progress.ItemWaiting, progress.ItemWarned) > 0 {
		t.Fatal("the rollout has stopped, but some wait for ever")
	}
}

func (r *rolling) Decide(t *rapid.T) {
	before := slices.Clone(r.state.Items)
	actions := progress.Next(r.state, r.now)
	shuffled := r.state
	shuffled.Items = rapid.Permutation(r.state.Items).Draw(t, "order")
	mixed := slices.Clone(shuffled.Items)
	if other := progress.Next(shuffled, r.now); !reflect.DeepEqual(actions, other) {
		t.Fatalf("the order changes %+v to %+v", actions, other)
	}
	if !reflect.DeepEqual(mixed, shuffled.Items) {
		t.Fatal("the input has changed")
	}
	failed, done := r.count(progress.ItemFailed), r.count(progress.ItemDone)
	for _, a := range actions {
		if a.Reason == "" || strings.Contains(a.Reason, "%!") {
			t.Fatalf("%+v has no reason", a)
		}
		if a.Kind != progress.Rebuild && a.Kind != progress.Warn {
			continue
		}
		i := before[slices.IndexFunc(before, func(i progress.Item) bool { return i.DesktopID == a.DesktopID })]
		promised := i.Session && !i.Left && r.state.Delay > 0
		switch {
		case failed > r.state.Limits.MaxFailures || failed > 0 && done == 0:
			t.Fatalf("begins %+v after %d failures and %d successes", i, failed, done)
		case i.Gone || i.Busy || r.state.OnlyIdle && i.Bound || i.State != progress.ItemWaiting && i.State != progress.ItemWarned:
			t.Fatalf("%s %+v", a.Kind, i)
		case a.Kind == progress.Rebuild && promised && (i.State != progress.ItemWarned || r.now.Before(i.Deadline)):
			t.Fatalf("takes %+v before its time at %v", i, r.now)
		case a.Kind == progress.Warn && (!promised || a.Deadline != r.now.Add(r.state.Delay)):
			t.Fatalf("warns %+v with %+v at %v", i, a, r.now)
		}
	}
	r.apply(actions)
	if again := progress.Next(r.state, r.now); len(again) > 0 {
		t.Fatalf("after %+v comes %+v", actions, again)
	}
}

func (r *rolling) Succeed(t *rapid.T) {
	if i := r.item(t); i.State == progress.ItemRebuilding {
		i.State = progress.ItemDone
	}
}

func (r *rolling) Fail(t *rapid.T) {
	if i := r.item(t); i.State == progress.ItemRebuilding {
		i.State = progress.ItemFailed
	}
}

func (r *rolling) Pass(t *rapid.T) {
	r.now = r.now.Add(time.Duration(rapid.IntRange(1, 20).Draw(t, "minutes")) * time.Minute)
}

func (r *rolling) PersonComes(t *rapid.T) {
	if i := r.item(t); i.State == progress.ItemWaiting || i.State == progress.ItemWarned {
		i.Bound, i.Session = true, true
	}
}

func (r *rolling) PersonIsReady(t *rapid.T) {
	if i := r.item(t); i.State == progress.ItemWarned {
		i.Left = rapid.Bool().Draw(t, "says so")
		i.Session = i.Left
	}
}

func (r *rolling) OtherWork(t *rapid.T) {
	i := r.item(t)
	i.Busy = i.State != progress.ItemRebuilding && !i.Busy
}

func (r *rolling) Deletion(t *rapid.T) {
	if i := r.item(t); i.State == progress.ItemWaiting || i.State == progress.ItemWarned {
		i.Gone = true
	}
}

// finish lets all go well from now on, and wants an end.
func (r *rolling) finish(t *rapid.T) {
	for round := 0; !r.state.Ended(); round++ {
		if round > 200 {
			t.Fatalf("does not end: %+v", r.state)
		}
		r.Decide(t)
		r.Check(t)
		for i := range r.state.Items {
			item := &r.state.Items[i]
			item.Busy = false
			if item.State == progress.ItemRebuilding {
				item.State = progress.ItemDone
			}
		}
		r.now = r.now.Add(5 * time.Minute)
	}
}

func TestNext(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := &rolling{now: noon, state: progress.State{
			Delay:    time.Duration(rapid.SampledFrom([]int{0, 1, 15}).Draw(t, "delay")) * time.Minute,
			OnlyIdle: rapid.IntRange(0, 3).Draw(t, "only idle") == 0,
			Limits:   progress.Limits{Parallel: rapid.IntRange(0, 4).Draw(t, "parallel"), MaxFailures: rapid.IntRange(0, 3).Draw(t, "failures")},
		}}
		for i := range rapid.IntRange(1, 12).Draw(t, "desktops") {
			session := rapid.Bool().Draw(t, "session")
			r.state.Items = append(r.state.Items, progress.Item{
				DesktopID: fmt.Sprintf("d%02d", i), State: progress.ItemWaiting, Session: session, Bound: session || rapid.Bool().Draw(t, "bound"),
			})
		}
		t.Repeat(rapid.StateMachineActions(r))
		r.finish(t)
	})
}

func rolloutOf(n int) *rolling {
	r := &rolling{now: noon, state: progress.State{Delay: 15 * time.Minute, Limits: progress.Limits{Parallel: 3, MaxFailures: 1}}}
	for i := range n {
		r.state.Items = append(r.state.Items, progress.Item{DesktopID: fmt.Sprintf("d%02d", i), State: progress.ItemWaiting})
	}
	return r
}

func (r *rolling) decide() string {
	actions := progress.Next(r.state, r.now)
	r.apply(actions)
	said := []string{}
	for _, a := range actions {
		said = append(said, strings.TrimSpace(string(a.Kind)+" "+a.DesktopID))
	}
	return strings.Join(said, ", ")
}

func (r *rolling) finished(state progress.ItemState) {
	for i := range r.state.Items {
		if r.state.Items[i].State == progress.ItemRebuilding {
			r.state.Items[i].State = state
		}
	}
}

func TestRolloutStory(t *testing.T) {
	step := func(t *testing.T, r *rolling, want string) {
		t.Helper()
		if got := r.decide(); got != want {
			t.Fatalf("decides %q, want %q", got, want)
		}
	}
	work := func(i *progress.Item) { i.Bound, i.Session = true, true }

	t.Run("TheCanaryIsADesktopInWhichNobodyWorks", func(t *testing.T) {
		r := rolloutOf(6)
		work(&r.state.Items[0])
		work(&r.state.Items[1])
		step(t, r, "REBUILD d02")
		step(t, r, "")
		r.finished(progress.ItemDone)
		step(t, r, "REBUILD d03, REBUILD d04, REBUILD d05, WARN d00, WARN d01")
		r.finished(progress.ItemDone)
		r.state.Items[1].Left = true
		step(t, r, "REBUILD d01")
		r.now = noon.Add(14 * time.Minute)
		step(t, r, "")
		r.now = noon.Add(15 * time.Minute)
		step(t, r, "REBUILD d00")
		r.finished(progress.ItemDone)
		step(t, r, "")
		if !r.state.Ended() {
			t.Error("has not ended")
		}
	})
	t.Run("TheCanaryIsRatherSomebodysRestingDesktopThanOneAtWork", func(t *testing.T) {
		r := rolloutOf(2)
		work(&r.state.Items[0])
		r.state.Items[1].Bound = true
		step(t, r, "REBUILD d01")
	})
	t.Run("AWarnedCanaryThatIsBusyIsWaitedFor", func(t *testing.T) {
		r := rolloutOf(2)
		work(&r.state.Items[0])
		work(&r.state.Items[1])
		step(t, r, "WARN d00")
		r.state.Items[0].Busy = true
		r.now = noon.Add(time.Hour)
		step(t, r, "")
		r.state.Items[0].Busy = false
		step(t, r, "REBUILD d00")
	})
	t.Run("AfterARetryTheCanaryIsNotRepeated", func(t *testing.T) {
		r := rolloutOf(3)
		step(t, r, "REBUILD d00")
		r.finished(progress.ItemDone)
		step(t, r, "REBUILD d01, REBUILD d02")
		r.finished(progress.ItemFailed)
		r.state.Items[1].State, r.state.Items[2].State = progress.ItemWaiting, progress.ItemWaiting
		step(t, r, "REBUILD d01, REBUILD d02")
	})
	t.Run("AFailedCanaryStopsEverything", func(t *testing.T) {
		r := rolloutOf(3)
		step(t, r, "REBUILD d00")
		r.finished(progress.ItemFailed)
		step(t, r, "STOP")
		if !r.state.Ended() || !strings.Contains(r.why, "the first desktop failed") {
			t.Errorf("stopped since %q: %+v", r.why, r.state)
		}
	})
	t.Run("TooManyFailuresStopTheRestAndTakeCountdownsBack", func(t *testing.T) {
		r := rolloutOf(7)
		work(&r.state.Items[6])
		step(t, r, "REBUILD d00")
		r.finished(progress.ItemDone)
		step(t, r, "REBUILD d01, REBUILD d02, REBUILD d03, WARN d06")
		r.state.Items[1].State, r.state.Items[2].State = progress.ItemFailed, progress.ItemFailed
		step(t, r, "RECALL d06, STOP")
		if !strings.Contains(r.why, "2 desktops failed, at most 1 may") || r.state.Ended() {
			t.Errorf("stopped since %q", r.why)
		}
		r.finished(progress.ItemDone)
		if !r.state.Ended() {
			t.Error("does not end with the last that was under way")
		}
	})
	t.Run("AFailureWithinTheLimitStopsNothing", func(t *testing.T) {
		r := rolloutOf(5)
		step(t, r, "REBUILD d00")
		r.finished(progress.ItemDone)
		step(t, r, "REBUILD d01, REBUILD d02, REBUILD d03")
		r.state.Items[1].State = progress.ItemFailed
		step(t, r, "REBUILD d04")
	})
	t.Run("OnlyIdleDesktopsLeaveThoseAloneThatSomebodyGotMeanwhile", func(t *testing.T) {
		r := rolloutOf(2)
		r.state.OnlyIdle, r.state.Items[0].Bound = true, true
		step(t, r, "SKIP d00, REBUILD d01")
	})
}
