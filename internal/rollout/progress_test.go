package rollout_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/pool"
	"carrel/internal/rollout"
	"carrel/internal/workspace"
	"carrel/internal/workspace/workspacetest"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func TestRebuildPoolCheck(t *testing.T) {
	good := rollout.RebuildPool{ImageType: catalog.ImageGold, ImageID: "i", OSType: "Linux", DelayMinutes: 15, Message: "Please save.", OrderID: "o", Fix: true, Handle: pool.NewAndAll, DesktopIDs: []string{"d"}}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		change func(*rollout.RebuildPool)
		code   workspace.Code
		why    string
	}{
		{"no image", func(r *rollout.RebuildPool) { r.ImageID = "" }, workspace.CodeInvalid, "image_id: must not be empty"},
		{"a negative delay", func(r *rollout.RebuildPool) { r.DelayMinutes = -1 }, workspace.CodeInvalid, "delay_time: -1 minutes is out of range, use 0 to 1440"},
		{"a delay of more than a day", func(r *rollout.RebuildPool) { r.DelayMinutes = 1441 }, workspace.CodeInvalid, "delay_time: 1441"},
		{"a long message", func(r *rollout.RebuildPool) { r.Message = strings.Repeat("存", 1025) }, workspace.CodeInvalid, "message: 1025 characters, at most 1024"},
		{"an unknown reach", func(r *rollout.RebuildPool) { r.Handle = "SOME" }, workspace.CodeInvalid, `handle_type: "SOME" is unknown`},
		{"no desktop at all", func(r *rollout.RebuildPool) { r.DesktopIDs = []string{} }, workspace.CodeInvalid, "desktop_ids: is empty"},
		{"a desktop twice", func(r *rollout.RebuildPool) { r.DesktopIDs = []string{"d", "d"} }, workspace.CodeInvalid, "desktop_ids[1]: d is there twice"},
		{"a key service", func(r *rollout.RebuildPool) { r.Unsupported = []string{"kms_id"} }, workspace.CodeUnsupported, "kms_id: disks cannot be encrypted"},
	} {
		t.Run("refuses "+c.name, func(t *testing.T) {
			r := good
			c.change(&r)
			workspacetest.Refused(t, r.Check(), c.code, c.why)
		})
	}
}

func TestRebuildTargets(t *testing.T) {
	members := make([]desktop.Member, 5)
	for i := range members {
		members[i] = desktop.Member{
			DesktopID: fmt.Sprintf("d%02d", i), ImageID: "gold-1", Status: desktop.StatusActive, Login: desktop.LoginRegistered, AutoCreated: true,
			IdleSince: noon.Add(-time.Hour), Updated: noon.Add(-time.Hour),
		}
	}
	members[1] = members[1].AfterBinding("ann", noon)
	members[2].ImageID = "gold-2"
	members[3].Task = workspace.TaskDeleting
	members[4].Login = desktop.LoginConnected
	for _, c := range []struct {
		name    string
		request rollout.RebuildPool
		want    string
	}{
		{"all but those that are being deleted", rollout.RebuildPool{}, "d00 d01 d02 d04"},
		{"all by name", rollout.RebuildPool{Handle: pool.NewAndAll}, "d00 d01 d02 d04"},
		{"none but new ones", rollout.RebuildPool{Handle: pool.OnlyNew}, ""},
		{"those that nobody has or looks at", rollout.RebuildPool{Handle: pool.NewAndIdle}, "d00 d02"},
		{"those whose image differs", rollout.RebuildPool{Fix: true}, "d00 d01 d04"},
		{"only those that are named", rollout.RebuildPool{DesktopIDs: []string{"d02", "d01"}}, "d01 d02"},
		{"of those that are named only idle ones whose image differs", rollout.RebuildPool{Fix: true, Handle: pool.NewAndIdle, DesktopIDs: []string{"d00", "d01", "d02"}}, "d00"},
	} {
		t.Run("are "+c.name, func(t *testing.T) {
			c.request.ImageID = "gold-2"
			chosen, err := c.request.Targets(members)
			var ids []string
			for _, m := range chosen {
				ids = append(ids, m.DesktopID)
			}
			if got := strings.Join(ids, " "); got != c.want || err != nil {
				t.Errorf("got %q, %v, want %q", got, err, c.want)
			}
		})
	}
	_, err := (&rollout.RebuildPool{DesktopIDs: []string{"d00", "strange"}}).Targets(members)
	workspacetest.Refused(t, err, workspace.CodeDesktopNotFound, "desktop_ids[1]: the pool has no desktop strange")
}

// rolling is a rebuild under way: the state that survives a crash, and what happens to it.
type rolling struct {
	state rollout.RolloutState
	now   time.Time
	why   string // it stopped
}

func (r *rolling) apply(actions []rollout.RolloutAction) {
	for _, a := range actions {
		for i := range r.state.Items {
			item := &r.state.Items[i]
			switch {
			case a.Kind == rollout.RolloutStop:
				r.why = a.Reason
				if item.State == rollout.ItemWaiting {
					item.State = rollout.ItemStopped
				}
			case item.DesktopID != a.DesktopID:
			case a.Kind == rollout.RolloutWarn:
				item.State, item.Deadline = rollout.ItemWarned, a.Deadline
			case a.Kind == rollout.RolloutRebuild:
				item.State, item.Session, item.Left = rollout.ItemRebuilding, false, false
			case a.Kind == rollout.RolloutSkip:
				item.State = rollout.ItemSkipped
			case a.Kind == rollout.RolloutRecall:
				item.State = rollout.ItemStopped
			}
		}
	}
}

func (r *rolling) count(states ...rollout.ItemState) int {
	n := 0
	for _, i := range r.state.Items {
		if slices.Contains(states, i.State) {
			n++
		}
	}
	return n
}

func (r *rolling) item(t *rapid.T) *rollout.RolloutItem {
	return &r.state.Items[rapid.IntRange(0, len(r.state.Items)-1).Draw(t, "item")]
}

func (r *rolling) parallel() int {
	if r.state.Limits.Parallel == 0 {
		return rollout.DefaultParallel
	}
	return r.state.Limits.Parallel
}

func (r *rolling) Check(t *rapid.T) {
	if n := r.count(rollout.ItemRebuilding); n > r.parallel() {
		t.Fatalf("%d are rebuilt at a time, %d may", n, r.parallel())
	}
	if begun := r.count(rollout.ItemRebuilding, rollout.ItemWarned); r.count(rollout.ItemDone) == 0 && begun > 1 {
		t.Fatalf("%d are warned or rebuilt before the first has succeeded", begun)
	}
	if r.why != "" && r.count(rollout.ItemWaiting, rollout.ItemWarned) > 0 {
		t.Fatal("the rollout has stopped, but some wait for ever")
	}
}

func (r *rolling) Decide(t *rapid.T) {
	before := slices.Clone(r.state.Items)
	actions := rollout.Rollout(r.state, r.now)
	shuffled := r.state
	shuffled.Items = rapid.Permutation(r.state.Items).Draw(t, "order")
	mixed := slices.Clone(shuffled.Items)
	if other := rollout.Rollout(shuffled, r.now); !reflect.DeepEqual(actions, other) {
		t.Fatalf("the order changes %+v to %+v", actions, other)
	}
	if !reflect.DeepEqual(mixed, shuffled.Items) {
		t.Fatal("the input has changed")
	}
	failed, done := r.count(rollout.ItemFailed), r.count(rollout.ItemDone)
	for _, a := range actions {
		if a.Reason == "" || strings.Contains(a.Reason, "%!") {
			t.Fatalf("%+v has no reason", a)
		}
		if a.Kind != rollout.RolloutRebuild && a.Kind != rollout.RolloutWarn {
			continue
		}
		i := before[slices.IndexFunc(before, func(i rollout.RolloutItem) bool { return i.DesktopID == a.DesktopID })]
		promised := i.Session && !i.Left && r.state.Delay > 0
		switch {
		case failed > r.state.Limits.MaxFailures || failed > 0 && done == 0:
			t.Fatalf("begins %+v after %d failures and %d successes", i, failed, done)
		case i.Gone || i.Busy || r.state.OnlyIdle && i.Bound || i.State != rollout.ItemWaiting && i.State != rollout.ItemWarned:
			t.Fatalf("%s %+v", a.Kind, i)
		case a.Kind == rollout.RolloutRebuild && promised && (i.State != rollout.ItemWarned || r.now.Before(i.Deadline)):
			t.Fatalf("takes %+v before its time at %v", i, r.now)
		case a.Kind == rollout.RolloutWarn && (!promised || a.Deadline != r.now.Add(r.state.Delay)):
			t.Fatalf("warns %+v with %+v at %v", i, a, r.now)
		}
	}
	r.apply(actions)
	if again := rollout.Rollout(r.state, r.now); len(again) > 0 {
		t.Fatalf("after %+v comes %+v", actions, again)
	}
}

func (r *rolling) Succeed(t *rapid.T) {
	if i := r.item(t); i.State == rollout.ItemRebuilding {
		i.State = rollout.ItemDone
	}
}

func (r *rolling) Fail(t *rapid.T) {
	if i := r.item(t); i.State == rollout.ItemRebuilding {
		i.State = rollout.ItemFailed
	}
}

func (r *rolling) Pass(t *rapid.T) {
	r.now = r.now.Add(time.Duration(rapid.IntRange(1, 20).Draw(t, "minutes")) * time.Minute)
}

func (r *rolling) PersonComes(t *rapid.T) {
	if i := r.item(t); i.State == rollout.ItemWaiting || i.State == rollout.ItemWarned {
		i.Bound, i.Session = true, true
	}
}

func (r *rolling) PersonIsReady(t *rapid.T) {
	if i := r.item(t); i.State == rollout.ItemWarned {
		i.Left = rapid.Bool().Draw(t, "says so")
		i.Session = i.Left
	}
}

func (r *rolling) OtherWork(t *rapid.T) {
	i := r.item(t)
	i.Busy = i.State != rollout.ItemRebuilding && !i.Busy
}

func (r *rolling) Deletion(t *rapid.T) {
	if i := r.item(t); i.State == rollout.ItemWaiting || i.State == rollout.ItemWarned {
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
			if item.State == rollout.ItemRebuilding {
				item.State = rollout.ItemDone
			}
		}
		r.now = r.now.Add(5 * time.Minute)
	}
}

func TestRollout(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := &rolling{now: noon, state: rollout.RolloutState{
			Delay:    time.Duration(rapid.SampledFrom([]int{0, 1, 15}).Draw(t, "delay")) * time.Minute,
			OnlyIdle: rapid.IntRange(0, 3).Draw(t, "only idle") == 0,
			Limits:   rollout.RolloutLimits{Parallel: rapid.IntRange(0, 4).Draw(t, "parallel"), MaxFailures: rapid.IntRange(0, 3).Draw(t, "failures")},
		}}
		for i := range rapid.IntRange(1, 12).Draw(t, "desktops") {
			session := rapid.Bool().Draw(t, "session")
			r.state.Items = append(r.state.Items, rollout.RolloutItem{
				DesktopID: fmt.Sprintf("d%02d", i), State: rollout.ItemWaiting, Session: session, Bound: session || rapid.Bool().Draw(t, "bound"),
			})
		}
		t.Repeat(rapid.StateMachineActions(r))
		r.finish(t)
	})
}

func rolloutOf(n int) *rolling {
	r := &rolling{now: noon, state: rollout.RolloutState{Delay: 15 * time.Minute, Limits: rollout.RolloutLimits{Parallel: 3, MaxFailures: 1}}}
	for i := range n {
		r.state.Items = append(r.state.Items, rollout.RolloutItem{DesktopID: fmt.Sprintf("d%02d", i), State: rollout.ItemWaiting})
	}
	return r
}

func (r *rolling) decide() string {
	actions := rollout.Rollout(r.state, r.now)
	r.apply(actions)
	said := []string{}
	for _, a := range actions {
		said = append(said, strings.TrimSpace(string(a.Kind)+" "+a.DesktopID))
	}
	return strings.Join(said, ", ")
}

func (r *rolling) finished(state rollout.ItemState) {
	for i := range r.state.Items {
		if r.state.Items[i].State == rollout.ItemRebuilding {
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
	work := func(i *rollout.RolloutItem) { i.Bound, i.Session = true, true }

	t.Run("TheCanaryIsADesktopInWhichNobodyWorks", func(t *testing.T) {
		r := rolloutOf(6)
		work(&r.state.Items[0])
		work(&r.state.Items[1])
		step(t, r, "REBUILD d02")
		step(t, r, "")
		r.finished(rollout.ItemDone)
		step(t, r, "REBUILD d03, REBUILD d04, REBUILD d05, WARN d00, WARN d01")
		r.finished(rollout.ItemDone)
		r.state.Items[1].Left = true
		step(t, r, "REBUILD d01")
		r.now = noon.Add(14 * time.Minute)
		step(t, r, "")
		r.now = noon.Add(15 * time.Minute)
		step(t, r, "REBUILD d00")
		r.finished(rollout.ItemDone)
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
		r.finished(rollout.ItemDone)
		step(t, r, "REBUILD d01, REBUILD d02")
		r.finished(rollout.ItemFailed)
		r.state.Items[1].State, r.state.Items[2].State = rollout.ItemWaiting, rollout.ItemWaiting
		step(t, r, "REBUILD d01, REBUILD d02")
	})
	t.Run("AFailedCanaryStopsEverything", func(t *testing.T) {
		r := rolloutOf(3)
		step(t, r, "REBUILD d00")
		r.finished(rollout.ItemFailed)
		step(t, r, "STOP")
		if !r.state.Ended() || !strings.Contains(r.why, "the first desktop failed") {
			t.Errorf("stopped since %q: %+v", r.why, r.state)
		}
	})
	t.Run("TooManyFailuresStopTheRestAndTakeCountdownsBack", func(t *testing.T) {
		r := rolloutOf(7)
		work(&r.state.Items[6])
		step(t, r, "REBUILD d00")
		r.finished(rollout.ItemDone)
		step(t, r, "REBUILD d01, REBUILD d02, REBUILD d03, WARN d06")
		r.state.Items[1].State, r.state.Items[2].State = rollout.ItemFailed, rollout.ItemFailed
		step(t, r, "RECALL d06, STOP")
		if !strings.Contains(r.why, "2 desktops failed, at most 1 may") || r.state.Ended() {
			t.Errorf("stopped since %q", r.why)
		}
		r.finished(rollout.ItemDone)
		if !r.state.Ended() {
			t.Error("does not end with the last that was under way")
		}
	})
	t.Run("AFailureWithinTheLimitStopsNothing", func(t *testing.T) {
		r := rolloutOf(5)
		step(t, r, "REBUILD d00")
		r.finished(rollout.ItemDone)
		step(t, r, "REBUILD d01, REBUILD d02, REBUILD d03")
		r.state.Items[1].State = rollout.ItemFailed
		step(t, r, "REBUILD d04")
	})
	t.Run("OnlyIdleDesktopsLeaveThoseAloneThatSomebodyGotMeanwhile", func(t *testing.T) {
		r := rolloutOf(2)
		r.state.OnlyIdle, r.state.Items[0].Bound = true, true
		step(t, r, "SKIP d00, REBUILD d01")
	})
}
