package portal_test

import (
	"encoding/json"
	"io"
	"strings"
	"sync"
	"testing"

	"carrel/internal/assignment"
	"carrel/internal/assignment/plan"
	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

func TestDesktops(t *testing.T) {
	e := newEnv(t)
	ada, bob := e.signedIn("ada"), e.signedIn("bob")

	t.Run("AreThoseOfThePerson", func(t *testing.T) {
		var body struct {
			Desktops []struct{ Name, Access, Why, Sentence, OS string }
		}
		e.must(json.Unmarshal([]byte(ada.call("GET", "desktops", "").body), &body))
		var got []string
		for _, d := range body.Desktops {
			got = append(got, d.Name+" "+d.Access+" "+d.Why)
			if d.OS != "Debian GNU/Linux 12" || (d.Access == "wait") != (d.Sentence != "") {
				t.Errorf("card: %+v", d)
			}
		}
		want := "asleep start ,busy wait restarting,off start ,running open "
		if strings.Join(got, ",") != want {
			t.Errorf("cards: %q", got)
		}
		bob.call("GET", "desktops", "").is(200, `{"desktops":[]}`)
	})
	t.Run("OfOthersDoNotExist", func(t *testing.T) {
		for _, call := range []string{"ticket", "start", "stop", "restart"} {
			bob.call("POST", "desktops/"+e.desktop["running"]+"/"+call, "").is(404, "")
			bob.call("POST", "desktops/nonsense/"+call, "").is(404, "")
		}
	})
	t.Run("OpenWithATicketOnlyWhileTheyRun", func(t *testing.T) {
		ada.call("POST", "desktops/"+e.desktop["running"]+"/ticket", "").is(200, `{"ticket":"`)
		ada.call("POST", "desktops/"+e.desktop["off"]+"/ticket", "").is(409, "start it first")
		ada.call("POST", "desktops/"+e.desktop["busy"]+"/ticket", "").is(409, "restarting")
	})
	t.Run("StartOnceHoweverOftenAsked", func(t *testing.T) {
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() { ada.call("POST", "desktops/"+e.desktop["off"]+"/start", "").is(202, "") })
		}
		all.Wait()
		ada.call("GET", "desktops", "").is(200, `"why":"starting"`)
		ada.call("POST", "desktops/"+e.desktop["asleep"]+"/start", "").is(202, "")
		ada.call("POST", "desktops/"+e.desktop["running"]+"/start", "").is(202, "")
		ada.call("POST", "desktops/"+e.desktop["busy"]+"/start", "").is(409, "restarting")
		if n := e.subJobs(); n != 2 {
			t.Errorf("%d sub-jobs, want one for each desktop that was off", n)
		}
	})
}

func TestPeopleShutDownAndRestartTheirOwnDesktops(t *testing.T) {
	for call, state := range map[string]string{"stop": "stopping", "restart": "restarting"} {
		t.Run(call+"OnceHoweverOftenAsked", func(t *testing.T) {
			e := newEnv(t)
			ada := e.signedIn("ada")
			var all sync.WaitGroup
			for range 5 {
				all.Go(func() { ada.call("POST", "desktops/"+e.desktop["running"]+"/"+call, "").is(202, "") })
			}
			all.Wait()
			ada.call("GET", "desktops", "").is(200, `"why":"`+state+`"`)
			if n := e.subJobs(); n != 1 {
				t.Errorf("%d sub-jobs, want one", n)
			}
		})
	}
	t.Run("NotWhatIsOffAlready", func(t *testing.T) {
		e := newEnv(t)
		ada := e.signedIn("ada")
		ada.call("POST", "desktops/"+e.desktop["off"]+"/stop", "").is(202, "")
		ada.call("POST", "desktops/"+e.desktop["off"]+"/restart", "").is(409, "start it first")
		ada.call("POST", "desktops/"+e.desktop["asleep"]+"/restart", "").is(409, "start it first")
		ada.call("POST", "desktops/"+e.desktop["busy"]+"/stop", "").is(409, "restarting")
		ada.call("POST", "desktops/"+e.desktop["busy"]+"/restart", "").is(202, "")
		if n := e.subJobs(); n != 0 {
			t.Errorf("%d sub-jobs, want none", n)
		}
	})
	t.Run("NotOneThatOthersHaveToo", func(t *testing.T) {
		e := newEnv(t)
		bob := e.user("bob").ID
		e.must(e.store.Update(t.Context(), func(tx *store.Tx) error {
			return assignment.Assign(t.Context(), tx, []plan.Pair{{
				DesktopID: e.desktop["running"], Type: plan.HolderUser, HolderID: bob, Group: workspace.GroupDefault,
			}})
		}))
		for _, name := range []string{"ada", "bob"} {
			person := e.signedIn(name)
			person.call("POST", "desktops/"+e.desktop["running"]+"/stop", "").is(403, "others use this desktop")
			person.call("POST", "desktops/"+e.desktop["running"]+"/restart", "").is(403, "others use this desktop")
			person.call("POST", "desktops/"+e.desktop["running"]+"/start", "").is(202, "")
		}
	})
}

func TestEvents(t *testing.T) {
	t.Run("TellOfChanges", func(t *testing.T) {
		e := newEnv(t)
		events := e.signedIn("ada").events()
		if first := events.next(); !strings.Contains(first, `"name":"running"`) {
			t.Fatalf("the first event: %s", first)
		}
		e.setStatus("running", desktop.StatusShutoff)
		if next := events.next(); strings.Contains(next, `"access":"open"`) {
			t.Errorf("the next event: %s", next)
		}
	})
	t.Run("TellOnlyWhoseDesktopsTheyAre", func(t *testing.T) {
		e := newEnv(t)
		if first := e.signedIn("bob").events().next(); first != `{"desktops":[]}` {
			t.Errorf("bob is told: %s", first)
		}
	})
	t.Run("EndWhenTheServerStops", func(t *testing.T) {
		e := newEnv(t)
		c := e.signedIn("ada")
		events := c.events()
		events.next()
		e.stop()
		if rest, err := io.ReadAll(events.lines); err != nil {
			t.Errorf("the stream ended with %v after %s", err, rest)
		}
		c.call("GET", "desktops/events", "").is(503, "")
	})
}
