package pool_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"carrel/internal/desktop"
	"carrel/internal/pool"
	"carrel/internal/pool/autoscale"
	"carrel/internal/workspace"
)

// carriedOut returns the snapshot as it is once a decision's actions have been ordered.
func carriedOut(s pool.PoolSnapshot, d autoscale.Decision, now time.Time) pool.PoolSnapshot {
	s.Members = slices.Clone(s.Members)
	for _, a := range d.Actions {
		for i := range s.Members {
			if slices.Contains(a.Desktops, s.Members[i].DesktopID) {
				if a.Kind == autoscale.Isolate {
					s.Members[i].Isolated = true
				} else {
					s.Members[i].Task = workspace.TaskDeleting
				}
			}
		}
		if a.Kind == autoscale.Create {
			for i := range a.Count {
				s.Members = append(s.Members, desktop.Member{
					DesktopID: fmt.Sprintf("new-%s-%d-%d", now.Format("02T150405"), len(s.Members), i), PoolID: s.Pool.ID, ImageID: s.Pool.ImageID,
					Status: desktop.StatusCreating, Task: workspace.TaskCreating, Created: now, Updated: now, AutoCreated: true,
				})
			}
		}
	}
	s.Pool.Scale = s.Pool.Scale.After(d, now)
	return s
}

func created(d autoscale.Decision) int {
	n := 0
	for _, a := range d.Actions {
		if a.Kind == autoscale.Create {
			n += a.Count
		}
	}
	return n
}

// taken lists the desktops of a decision's actions of a kind, by a rule or by any.
func taken(d autoscale.Decision, kind autoscale.Kind, rule string) []string {
	var ids []string
	for _, a := range d.Actions {
		if a.Kind == kind && (rule == "" || a.Rule == rule) {
			ids = append(ids, a.Desktops...)
		}
	}
	return ids
}

func autoCreated(members []desktop.Member) int {
	n := 0
	for _, m := range members {
		if m.AutoCreated {
			n++
		}
	}
	return n
}

func idle(members []desktop.Member) int {
	n := 0
	for _, m := range members {
		if m.Idle() {
			n++
		}
	}
	return n
}

func TestAutoscale(t *testing.T) {
	property := func(name string, holds func(t *rapid.T, s pool.PoolSnapshot, d autoscale.Decision)) {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			s := drawScaled(t)
			holds(t, s, pool.Autoscale(s, noon))
		}))
	}

	property("TheCapCountsEveryDesktopInEveryState", func(t *rapid.T, s pool.PoolSnapshot, d autoscale.Decision) {
		before, after := autoCreated(s.Members), autoCreated(carriedOut(s, d, noon).Members)
		if after > max(before, s.Pool.Policy.MaxAutoCreated) {
			t.Fatalf("%d become %d, the cap is %d", before, after, s.Pool.Policy.MaxAutoCreated)
		}
	})
	property("DeletesOnlyWhatItMadeAndNobodyHas", func(t *rapid.T, s pool.PoolSnapshot, d autoscale.Decision) {
		for _, m := range s.Members {
			if !slices.Contains(taken(d, autoscale.Delete, ""), m.DesktopID) {
				continue
			}
			if m.Bound() || m.Connected() || m.InMaintenance || m.Isolated || !m.AutoCreated || m.Task != workspace.NoTask {
				t.Fatalf("deletes %+v", m)
			}
			spare := slices.Contains(taken(d, autoscale.Delete, autoscale.RuleSpare), m.DesktopID)
			if spare && (!m.Idle() || noon.Sub(m.IdleSince) < time.Duration(*s.Pool.Policy.IdleMinutes)*time.Minute) {
				t.Fatalf("deletes %+v before its time", m)
			}
			if !spare && m.Status != desktop.StatusError {
				t.Fatalf("takes %+v for a wreck", m)
			}
		}
	})
	property("PutsAsideOnlyBrokenDesktopsAndOnlySoMany", func(t *rapid.T, s pool.PoolSnapshot, d autoscale.Decision) {
		aside := 0
		for _, m := range s.Members {
			if m.Isolated {
				aside++
			}
			if slices.Contains(taken(d, autoscale.Isolate, ""), m.DesktopID) {
				if aside++; !m.Faulty() || m.Connected() || m.Isolated || m.Bound() && s.Pool.Type == pool.Static {
					t.Fatalf("puts aside %+v", m)
				}
			}
		}
		limit := s.Pool.Policy.MaxIsolated
		if limit == 0 {
			limit = autoscale.DefaultMaxIsolated
		}
		if n := len(taken(d, autoscale.Isolate, "")); n > 0 && (aside > limit || !s.Pool.Policy.AutoIsolation) {
			t.Fatalf("%d are aside, %d may be", aside, limit)
		}
	})
	property("DecidingAgainAfterApplyingYieldsNothing", func(t *rapid.T, s pool.PoolSnapshot, d autoscale.Decision) {
		again := pool.Autoscale(carriedOut(s, d, noon), noon)
		if len(again.Actions) > 0 {
			t.Fatalf("after %+v comes %+v", d.Actions, again.Actions)
		}
	})
	property("TheOrderOfTheInputChangesNothingAndTheInputIsUnchanged", func(t *rapid.T, s pool.PoolSnapshot, d autoscale.Decision) {
		shuffled := s
		shuffled.Members = rapid.Permutation(s.Members).Draw(t, "order")
		before := slices.Clone(shuffled.Members)
		if other := pool.Autoscale(shuffled, noon); !reflect.DeepEqual(d, other) {
			t.Fatalf("got  %+v\nthen %+v", d, other)
		}
		if !reflect.DeepEqual(before, shuffled.Members) {
			t.Fatal("the input was sorted in place")
		}
	})
	property("FailuresDelayCreationsAndNeverDeletions", func(t *rapid.T, s pool.PoolSnapshot, d autoscale.Decision) {
		sound := s
		sound.Pool.Scale.Failures, sound.Pool.Scale.Failed = 0, time.Time{}
		healthy := pool.Autoscale(sound, noon)
		for _, kind := range []autoscale.Kind{autoscale.Delete, autoscale.Isolate} {
			if !slices.Equal(taken(d, kind, ""), taken(healthy, kind, "")) {
				t.Fatalf("with failures %v, without %v", taken(d, kind, ""), taken(healthy, kind, ""))
			}
		}
		h := s.Pool.Scale
		switch {
		case h.Failures < autoscale.BreakerFailures && created(d) != created(healthy):
			t.Fatalf("%d failures are not enough to hold back, but %d of %d are made", h.Failures, created(d), created(healthy))
		case h.PausedUntil().After(noon) && created(d) > 0:
			t.Fatalf("makes desktops in the pause until %v", h.PausedUntil())
		case h.Failures >= autoscale.BreakerFailures && created(d) > 1:
			t.Fatalf("makes %d at once after %d failures", created(d), h.Failures)
		}
	})
	property("RaisingAMinimumDeletesNothingMore", func(t *rapid.T, s pool.PoolSnapshot, d autoscale.Decision) {
		raised := s
		raised.Pool.Policy.MinIdle += rapid.IntRange(0, 5).Draw(t, "more idle")
		raised.Pool.Policy.MinRetention += rapid.IntRange(0, 5).Draw(t, "more kept")
		for _, id := range taken(pool.Autoscale(raised, noon), autoscale.Delete, "") {
			if !slices.Contains(taken(d, autoscale.Delete, ""), id) {
				t.Fatalf("deletes %s only since a minimum was raised", id)
			}
		}
	})
	property("EveryActionHasARuleAReasonAndADesktop", func(t *rapid.T, s pool.PoolSnapshot, d autoscale.Decision) {
		for _, a := range d.Actions {
			if a.Rule == "" || a.Reason == "" || a.Count < 1 || a.Kind != autoscale.Create && a.Count != len(a.Desktops) || strings.Contains(a.Reason, "%!") {
				t.Fatalf("%+v", a)
			}
			if !slices.ContainsFunc(d.Reasons, func(r workspace.Reason) bool { return r.Rule == a.Rule && r.Text == a.Reason }) {
				t.Fatalf("%+v is not among the reasons %+v", a, d.Reasons)
			}
		}
		for _, r := range d.Reasons {
			if strings.Contains(r.Text, "%!") || r.Text == "" {
				t.Fatalf("%+v", r)
			}
		}
	})
	property("EachActionIsOfOneKindAndDeletionsComeBeforeCreations", func(t *rapid.T, s pool.PoolSnapshot, d autoscale.Decision) {
		order := []autoscale.Kind{autoscale.Isolate, autoscale.Delete, autoscale.Create}
		seen := map[string]bool{}
		for i, a := range d.Actions {
			if i > 0 && slices.Index(order, a.Kind) < slices.Index(order, d.Actions[i-1].Kind) {
				t.Fatalf("%s after %s", a.Kind, d.Actions[i-1].Kind)
			}
			for _, id := range a.Desktops {
				if seen[id] {
					t.Fatalf("%s is in two actions", id)
				}
				seen[id] = true
			}
		}
	})
	property("BetweenMakingAndDeletingSpareDesktopsLiesTheCoolDown", func(t *rapid.T, s pool.PoolSnapshot, d autoscale.Decision) {
		h := s.Pool.Scale
		spare := len(taken(d, autoscale.Delete, autoscale.RuleSpare)) > 0
		if spare && noon.Sub(h.Created) < autoscale.CoolDown {
			t.Fatalf("deletes %v after making", noon.Sub(h.Created))
		}
		if created(d) > max(s.Waiting-idle(s.Members), 0) && noon.Sub(h.Deleted) < autoscale.CoolDown {
			t.Fatalf("makes spare ones %v after deleting", noon.Sub(h.Deleted))
		}
		if spare && created(d) > 0 {
			t.Fatal("deletes and makes at the same time")
		}
	})
	property("ScaleInLeavesEnough", func(t *rapid.T, s pool.PoolSnapshot, d autoscale.Decision) {
		gone := len(taken(d, autoscale.Delete, autoscale.RuleSpare))
		if gone == 0 {
			return
		}
		wanted := s.Waiting
		if s.Pool.Policy.Type == autoscale.AutoCreated {
			wanted += s.Pool.Policy.MinIdle
		}
		if left := idle(s.Members) - gone; left < wanted {
			t.Fatalf("leaves %d idle of %d wanted", left, wanted)
		}
		left := 0
		for _, m := range carriedOut(s, d, noon).Members {
			if !m.Leaving() {
				left++
			}
		}
		if left < s.Pool.Policy.MinRetention {
			t.Fatalf("leaves %d desktops, at least %d are to stay", left, s.Pool.Policy.MinRetention)
		}
	})
	property("MakesNoMoreThanAreMissingNorThanABatch", func(t *rapid.T, s pool.PoolSnapshot, d autoscale.Decision) {
		making, coming := 0, 0
		for _, m := range s.Members {
			if m.AutoCreated && m.Task == workspace.TaskCreating {
				making++
			}
			if m.Coming() {
				coming++
			}
		}
		wanted := s.Waiting
		if s.Pool.Policy.Type == autoscale.AutoCreated {
			wanted += s.Pool.Policy.MinIdle
		}
		n := created(d)
		if n > max(wanted-idle(s.Members)-coming, 0) {
			t.Fatalf("makes %d: %d wanted, %d idle, %d coming", n, wanted, idle(s.Members), coming)
		}
		if once := s.Pool.Policy.OnceCreated; n > 0 && once > 0 && n+making > once {
			t.Fatalf("makes %d with %d under way, %d at a time", n, making, once)
		}
	})
	property("DoesNothingWhenOffOrUnderMaintenance", func(t *rapid.T, s pool.PoolSnapshot, d autoscale.Decision) {
		if (!s.Pool.Autoscaling || s.Pool.InMaintenance) && (len(d.Actions) > 0 || len(d.Reasons) != 1 || d.Reasons[0].Rule != autoscale.RuleOff) {
			t.Fatalf("%+v", d)
		}
	})
}

func TestAutoscaleConverges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScaled(t)
		now, quiet := noon, 0
		for round := 0; quiet < 60; round++ {
			if round > 3000 {
				t.Fatal("has not come to rest in 3000 rounds")
			}
			d := pool.Autoscale(s, now)
			s = carriedOut(s, d, now)
			now = now.Add(5 * time.Minute)
			s.Members = settled(s.Members, now)
			s.Pool.Scale.Failures = 0
			if quiet++; len(d.Actions) > 0 {
				quiet = 0
			}
		}
		if !s.Pool.Autoscaling || s.Pool.InMaintenance {
			return
		}
		wanted := s.Waiting
		if s.Pool.Policy.Type == autoscale.AutoCreated {
			wanted += s.Pool.Policy.MinIdle
		}
		coming := 0
		for _, m := range s.Members {
			if m.Coming() {
				coming++
			}
		}
		if n := idle(s.Members) + coming; n < wanted && autoCreated(s.Members) < s.Pool.Policy.MaxAutoCreated {
			t.Fatalf("came to rest with %d of %d wanted, and %d of %d made", n, wanted, autoCreated(s.Members), s.Pool.Policy.MaxAutoCreated)
		}
	})
}

// settled finishes what jobs do: desktops that were ordered run, those to be deleted are gone.
func settled(members []desktop.Member, now time.Time) []desktop.Member {
	members = slices.DeleteFunc(slices.Clone(members), desktop.Member.Leaving)
	for i, m := range members {
		if m.Task == workspace.TaskCreating {
			members[i].Status, members[i].Task, members[i].Login = desktop.StatusActive, workspace.NoTask, desktop.LoginRegistered
			members[i].IdleSince, members[i].Updated = now, now
		}
	}
	return members
}

func scaled(change func(*pool.PoolSnapshot)) pool.PoolSnapshot {
	s := pool.PoolSnapshot{Pool: pool.Pool{
		ID: "p", Type: pool.Dynamic, Autoscaling: true, Policy: autoscale.Policy{Type: autoscale.AutoCreated, MaxAutoCreated: 10, MinIdle: 2},
	}}
	change(&s)
	return s
}

func readyMembers(n int, change func(*desktop.Member)) []desktop.Member {
	members := make([]desktop.Member, n)
	for i := range members {
		members[i] = desktop.Member{
			DesktopID: fmt.Sprintf("d%02d", i), Status: desktop.StatusActive, Login: desktop.LoginRegistered, AutoCreated: true,
			IdleSince: noon.Add(-time.Hour), Updated: noon.Add(-time.Hour),
		}
		if change != nil {
			change(&members[i])
		}
	}
	return members
}

func TestAutoscaleSays(t *testing.T) {
	broken := func(m *desktop.Member) { m.Status = desktop.StatusError }
	for _, c := range []struct {
		name     string
		snapshot pool.PoolSnapshot
		actions  string
		reason   string
	}{
		{"makes what is missing to min_idle", scaled(func(s *pool.PoolSnapshot) {}), "CREATE 2 min-idle", "0 idle, 0 coming, min_idle is 2"},
		{"says that what is idle is for people who wait", scaled(func(s *pool.PoolSnapshot) { s.Members, s.Waiting = readyMembers(1, nil), 1 }),
			"CREATE 2 min-idle", "1 idle, 0 coming, min_idle is 2 and 1 person waits"},
		{"counts what people who wait need on top", scaled(func(s *pool.PoolSnapshot) { s.Waiting = 3 }), "CREATE 5 people-wait", "3 people wait for a desktop, 0 idle"},
		{"makes desktops on access only for people who wait", scaled(func(s *pool.PoolSnapshot) { s.Pool.Policy.Type, s.Waiting = autoscale.AccessCreated, 1 }),
			"CREATE 1 people-wait", "1 person waits"},
		{"makes nothing on access while nobody waits", scaled(func(s *pool.PoolSnapshot) { s.Pool.Policy.Type = autoscale.AccessCreated }), "", ""},
		{"makes no more than the cap allows, whatever state they are in", scaled(func(s *pool.PoolSnapshot) {
			s.Members = readyMembers(9, broken)
			for i := range s.Members {
				s.Members[i].Updated = noon
			}
		}), "CREATE 1 min-idle", "max_auto_created is 10 and there are 9"},
		{"makes only a batch at a time", scaled(func(s *pool.PoolSnapshot) { s.Waiting, s.Pool.Policy.OnceCreated = 8, 3 }), "CREATE 3 people-wait", "3 are made at a time"},
		{"goes on as before after two failures in a row", scaled(func(s *pool.PoolSnapshot) {
			s.Pool.Scale = autoscale.History{Failures: 2, Failed: noon}
		}), "CREATE 2 min-idle", "0 idle, 0 coming, min_idle is 2"},
		{"pauses after the third", scaled(func(s *pool.PoolSnapshot) {
			s.Pool.Scale = autoscale.History{Failures: 3, Failed: noon.Add(-time.Minute + time.Second)}
		}), "", "creating desktops failed 3 times in a row; next attempt in 1s"},
		{"tries a single one a minute after the third", scaled(func(s *pool.PoolSnapshot) {
			s.Pool.Scale = autoscale.History{Failures: 3, Failed: noon.Add(-time.Minute)}
		}), "CREATE 1 min-idle", "creating desktops failed 3 times in a row, one is tried at a time"},
		{"pauses after repeated failures and says until when", scaled(func(s *pool.PoolSnapshot) {
			s.Pool.Scale = autoscale.History{Failures: 5, Failed: noon.Add(-time.Minute)}
		}), "", "creating desktops failed 5 times in a row; next attempt in 3m0s"},
		{"tries a single one after the pause", scaled(func(s *pool.PoolSnapshot) {
			s.Pool.Scale = autoscale.History{Failures: 5, Failed: noon.Add(-4 * time.Minute)}
		}), "CREATE 1 min-idle", "one is tried at a time"},
		{"deletes what was idle too long", scaled(func(s *pool.PoolSnapshot) {
			s.Members, s.Pool.Policy.IdleMinutes = readyMembers(4, nil), new(60)
		}), "DELETE d00,d01 idle-too-long", "4 idle and 2 wanted"},
		{"deletes those first that were idle longest", scaled(func(s *pool.PoolSnapshot) {
			s.Members, s.Pool.Policy.IdleMinutes = readyMembers(4, nil), new(10)
			s.Members[2].IdleSince, s.Members[3].IdleSince = noon.Add(-3*time.Hour), noon.Add(-2*time.Hour)
		}), "DELETE d02,d03 idle-too-long", "4 idle and 2 wanted"},
		{"does not count desktops that go already among those that stay", scaled(func(s *pool.PoolSnapshot) {
			s.Members, s.Pool.Policy.IdleMinutes, s.Pool.Policy.MinRetention = readyMembers(6, nil), new(60), 3
			s.Members[0].Task, s.Members[1].Status = workspace.TaskDeleting, desktop.StatusError
		}), "DELETE d01 wreck; DELETE d02 idle-too-long", "the pool keeps at least 3"},
		{"leaves alone what broke and is somebody's", scaled(func(s *pool.PoolSnapshot) {
			s.Members = readyMembers(3, nil)
			s.Members[0] = s.Members[0].AfterBinding("ann", noon)
			s.Members[0].Status = desktop.StatusError
		}), "", ""},
		{"puts aside nothing that never worked: its own wrecks go", scaled(func(s *pool.PoolSnapshot) {
			s.Members, s.Pool.Policy.AutoIsolation = readyMembers(3, nil), true
			s.Members[0].Status, s.Members[0].IdleSince = desktop.StatusError, time.Time{}
		}), "DELETE d00 wreck", "without a user"},
		{"puts aside a dynamic desktop that broke under its person", scaled(func(s *pool.PoolSnapshot) {
			s.Members, s.Pool.Policy.AutoIsolation = readyMembers(3, nil), true
			s.Members[0] = s.Members[0].AfterBinding("ann", noon)
			s.Members[0].Status = desktop.StatusError
		}), "ISOLATE d00 isolation", "isolated"},
		{"leaves a static desktop to its person", scaled(func(s *pool.PoolSnapshot) {
			s.Members, s.Pool.Policy.AutoIsolation, s.Pool.Type = readyMembers(3, nil), true, pool.Static
			s.Members[0] = s.Members[0].AfterBinding("ann", noon)
			s.Members[0].Status = desktop.StatusError
		}), "", ""},
		{"keeps idle desktops when no retention is given", scaled(func(s *pool.PoolSnapshot) { s.Members = readyMembers(4, nil) }), "", ""},
		{"keeps the pool at min_retention", scaled(func(s *pool.PoolSnapshot) {
			s.Members, s.Pool.Policy.IdleMinutes, s.Pool.Policy.MinRetention = readyMembers(4, nil), new(60), 3
		}), "DELETE d00 idle-too-long", "the pool keeps at least 3"},
		{"deletes nothing that an administrator made", scaled(func(s *pool.PoolSnapshot) {
			s.Members, s.Pool.Policy.IdleMinutes = readyMembers(4, func(m *desktop.Member) { m.AutoCreated = false }), new(0)
		}), "", ""},
		{"removes its own wrecks and replaces them", scaled(func(s *pool.PoolSnapshot) { s.Members = readyMembers(1, broken) }),
			"DELETE d00 wreck; CREATE 2 min-idle", "broken for 10m0s or longer, without a user"},
		{"puts broken desktops aside instead, if told to", scaled(func(s *pool.PoolSnapshot) {
			s.Members, s.Pool.Policy.AutoIsolation = readyMembers(1, broken), true
		}), "ISOLATE d00 isolation; CREATE 2 min-idle", "isolated until an administrator"},
		{"puts no more aside than allowed", scaled(func(s *pool.PoolSnapshot) {
			s.Members = append(readyMembers(2, nil), desktop.Member{DesktopID: "x", Isolated: true}, desktop.Member{DesktopID: "y", Status: desktop.StatusError, Used: true})
			s.Pool.Policy.AutoIsolation, s.Pool.Policy.MaxIsolated = true, 1
		}), "", "1 desktop broken, but at most 1 may be isolated and 1 are"},
		{"waits after making before it deletes", scaled(func(s *pool.PoolSnapshot) {
			s.Members, s.Pool.Policy.IdleMinutes, s.Pool.Scale.Created = readyMembers(4, nil), new(60), noon.Add(-time.Minute)
		}), "", "desktops were created a moment ago; next attempt in 4m0s"},
		{"waits after deleting before it makes spare ones, but lets nobody wait", scaled(func(s *pool.PoolSnapshot) {
			s.Pool.Scale.Deleted, s.Waiting = noon.Add(-time.Minute), 1
		}), "CREATE 1 people-wait", "2 more idle desktops wanted, but spare ones were deleted a moment ago"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := pool.Autoscale(c.snapshot, noon)
			var actions []string
			for _, a := range d.Actions {
				what := strings.Join(a.Desktops, ",")
				if a.Kind == autoscale.Create {
					what = fmt.Sprint(a.Count)
				}
				actions = append(actions, fmt.Sprintf("%s %s %s", a.Kind, what, a.Rule))
			}
			if got := strings.Join(actions, "; "); got != c.actions {
				t.Errorf("actions %q, want %q", got, c.actions)
			}
			if said := fmt.Sprint(d.Reasons); !strings.Contains(said, c.reason) {
				t.Errorf("reasons %s do not say %q", said, c.reason)
			}
		})
	}
}

func TestScaleHistory(t *testing.T) {
	h := autoscale.History{}
	at := func(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }
	h = h.AfterCreation(at(0), false, at(60))
	h = h.AfterCreation(at(0), false, at(61))
	h = h.AfterCreation(at(0), true, at(62))
	if h.Failures != 1 {
		t.Errorf("a batch of which two failed counts %d", h.Failures)
	}
	h = h.AfterCreation(at(70), false, at(80))
	if h.PausedUntil() != (time.Time{}) {
		t.Error("two failures make a pause")
	}
	h = h.AfterCreation(at(90), false, at(100))
	if h.PausedUntil() != at(160) {
		t.Errorf("three failures make a pause until %v", h.PausedUntil())
	}
	pause := time.Duration(0)
	for i := range 200 {
		h = h.AfterCreation(h.Failed.Add(time.Second), false, h.Failed.Add(time.Minute))
		if next := h.PausedUntil().Sub(h.Failed); next < pause || next > time.Hour {
			t.Fatalf("failure %d: after a pause of %v comes one of %v", i, pause, next)
		} else {
			pause = next
		}
	}
	if pause != time.Hour {
		t.Errorf("the longest pause is %v", pause)
	}
	if h = h.AfterCreation(h.Failed.Add(time.Second), true, h.Failed.Add(time.Minute)); h.PausedUntil() != (time.Time{}) {
		t.Error("a success does not end the pause")
	}
}

func TestDecisionIsLoggedWhenItSaysSomethingNew(t *testing.T) {
	s := scaled(func(s *pool.PoolSnapshot) {})
	d := pool.Autoscale(s, noon)
	if !d.Notable(d.Reasons) {
		t.Error("a decision that acts is not logged")
	}
	s.Pool.InMaintenance = true
	d = pool.Autoscale(s, noon)
	if !d.Notable(nil) || d.Notable(d.Reasons) {
		t.Error("a decision that does nothing is not logged exactly once")
	}
	if e := pool.ScaleEntry(d, "p", noon); e.PoolID != "p" || e.Kind != pool.DecideScale || !strings.Contains(string(e.Inputs), `"total":0`) || e.ID == "" {
		t.Errorf("entry %+v", e)
	}
}

func TestADecisionThatOrdersNothingHasAnEmptyListOfActions(t *testing.T) {
	d := pool.Autoscale(scaled(func(s *pool.PoolSnapshot) { s.Pool.InMaintenance = true }), noon)
	if e := pool.ScaleEntry(d, "p", noon); string(e.Actions) != "[]" {
		t.Errorf("actions %s, want an empty list", e.Actions)
	}
}

func BenchmarkAutoscaleTenThousandDesktopsInAHundredPools(b *testing.B) {
	pools := make([]pool.PoolSnapshot, 100)
	for i := range pools {
		pools[i] = scaled(func(s *pool.PoolSnapshot) {
			s.Pool.Policy.IdleMinutes, s.Pool.Policy.AutoIsolation, s.Waiting = new(30), true, 2
			s.Members = readyMembers(100, nil)
			for j := range s.Members {
				m := &s.Members[j]
				switch j % 5 {
				case 0:
					m.Binding, m.Login, m.Used = desktop.Binding{UserID: m.DesktopID}, desktop.LoginConnected, true
				case 1:
					m.Status, m.Task = desktop.StatusCreating, workspace.TaskCreating
				case 2:
					m.Status = desktop.StatusError
				}
			}
		})
	}
	b.ResetTimer()
	b.ReportAllocs()
	for b.Loop() {
		for _, s := range pools {
			pool.Autoscale(s, noon)
		}
	}
}
