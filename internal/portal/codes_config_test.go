package portal_test

import (
	"sync"
	"testing"
	"time"

	"carrel/internal/directory"
	"carrel/internal/signin"
	"carrel/internal/workspace"
)

// configure changes the project's config as an administrator does.
func (e *env) configure(change signin.OTPConfigChange) {
	e.t.Helper()
	e.must(e.service.SignIn.UpdateOTPConfig(e.t.Context(), workspace.Caller{ProjectID: project}, change))
}

// oblige has users, or all if none is named, use codes.
func (e *env) oblige(names ...string) {
	e.t.Helper()
	objects := []signin.OTPObject{{Type: signin.OTPAll}}
	if len(names) > 0 {
		objects = nil
	}
	for _, name := range names {
		objects = append(objects, signin.OTPObject{Type: signin.OTPUser, ID: e.user(name).ID})
	}
	e.must(e.service.SignIn.ChangeOTPObjects(e.t.Context(), workspace.Caller{ProjectID: project}, objects, nil))
}

// group adds a group with members and returns its id.
func (e *env) group(name string, members ...string) string {
	e.t.Helper()
	c := workspace.Caller{ProjectID: project}
	id, err := e.service.Directory.CreateGroup(e.t.Context(), c, name, "")
	e.must(err)
	var ids []string
	for _, m := range members {
		ids = append(ids, e.user(m).ID)
	}
	e.must(e.service.Assignments.ChangeMembers(e.t.Context(), c, id, directory.AddToGroup, ids))
	return id
}

func TestCodesThatAProjectRequires(t *testing.T) {
	t.Run("AreSetUpAtTheNextSignInBeforeAnythingElse", func(t *testing.T) {
		e := codesEnv(t, signin.SecondFactorOptional)
		before := e.signedIn("ada")
		e.oblige("ada")
		before.call("GET", "desktops", "").is(200, "running") // who is signed in goes on
		before.call("GET", "me", "").is(200, `"codes":{"policy":"required","on":false,"recovery_codes_left":0}`)

		c := e.browser()
		c.call("POST", "sign-in", `{"user_name":"ada","password":"`+password+`"}`).is(200, `"must_set_up":true`)
		c.call("GET", "me", "").is(200, `"must_set_up":true`)
		for method, path := range map[string]string{"GET": "desktops", "POST": "desktops/" + e.desktop["running"] + "/ticket"} {
			c.call(method, path, "").is(403, "authenticator app first")
		}
		c.call("GET", "pools", "").is(403, "authenticator app first")
		c.call("GET", "desktops/events", "").is(403, "authenticator app first")
		app, _ := c.enrol()
		c.call("GET", "me", "").is(200, `"policy":"required","on":true,"recovery_codes_left":10}`)
		c.call("GET", "desktops", "").is(200, "running")
		before.call("GET", "me", "").is(401, "") // was signed in with the password alone
		e.browser().second(e.browser().half("ada"), app.next()).is(200, `"user_name":"ada"`)
		e.signedIn("bob").call("GET", "me", "").is(200, `"policy":"optional","on":false,"recovery_codes_left":0}`)
	})
	t.Run("OfAGroupHoldForItsMembersUntilItIsDeleted", func(t *testing.T) {
		e := codesEnv(t, signin.SecondFactorOptional)
		c, staff := workspace.Caller{ProjectID: project}, e.group("Staff", "ada")
		e.must(e.service.SignIn.ChangeOTPObjects(t.Context(), c, []signin.OTPObject{{Type: signin.OTPGroup, ID: staff, Name: "staff"}}, nil))
		ada := e.signedIn("ada")
		ada.call("GET", "desktops", "").is(403, "authenticator app first")
		e.signedIn("bob").call("GET", "desktops", "").is(200, "")
		e.must(e.service.Assignments.DeleteGroups(t.Context(), c, []string{staff}))
		ada.call("GET", "me", "").is(200, `"policy":"optional","on":false,"recovery_codes_left":0}`)
		ada.call("GET", "desktops", "").is(200, "running") // the requirement has ended, for this sign-in, too
		objects, total, err := e.service.SignIn.OTPObjects(t.Context(), signin.OTPObjectQuery{ProjectID: project, Page: workspace.Page{Limit: 10}})
		if err != nil || total != 0 || len(objects) != 0 {
			t.Errorf("the group's object is left: %v, %v", objects, err)
		}
	})
	t.Run("OfAllHoldForEverybody", func(t *testing.T) {
		e := codesEnv(t, signin.SecondFactorOptional)
		e.oblige()
		for _, name := range []string{"ada", "bob"} {
			e.signedIn(name).call("GET", "desktops", "").is(403, "authenticator app first")
		}
		e.must(e.service.SignIn.ChangeOTPObjects(t.Context(), workspace.Caller{ProjectID: project}, nil, []signin.OTPObject{{Type: signin.OTPAll}}))
		e.signedIn("ada").call("GET", "desktops", "").is(200, "running")
	})
	t.Run("AreSetUpAnewByWhoRemovesTheApp", func(t *testing.T) {
		e := codesEnv(t, signin.SecondFactorOptional)
		e.oblige("ada")
		c := e.signedIn("ada")
		app, _ := c.enrol()
		c.call("POST", "me/codes/remove", codeOf(app.next())).is(204, "")
		c.call("GET", "desktops", "").is(403, "authenticator app first")
		c.call("GET", "me", "").is(200, `"must_set_up":true`)
		c.enrol()
		c.call("GET", "desktops", "").is(200, "running")
	})
	t.Run("AreAskedForBehindALinkToo", func(t *testing.T) {
		e := codesEnv(t, signin.SecondFactorOptional)
		e.oblige("ada")
		link, err := e.service.SignIn.NewEntry(t.Context(), e.user("ada").ID)
		e.must(err)
		e.browser().call("POST", "enter", `{"token":"`+link+`"}`).is(200, `"must_set_up":true`)
	})
	t.Run("AreNotOverlookedWhenAllHappensAtOnce", func(t *testing.T) {
		e := codesEnv(t, signin.SecondFactorOptional)
		staff := e.group("Staff", "ada")
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				add := []signin.OTPObject{{Type: signin.OTPUser, ID: e.user("bob").ID}, {Type: signin.OTPGroup, ID: staff}}
				if i%2 == 0 {
					add[0], add[1] = add[1], add[0]
				}
				if err := e.service.SignIn.ChangeOTPObjects(t.Context(), workspace.Caller{ProjectID: project}, add, nil); err != nil {
					t.Error(err)
				}
				e.configure(signin.OTPConfigChange{Enabled: new(true)})
			})
		}
		all.Wait()
		for _, name := range []string{"ada", "bob"} {
			e.signedIn(name).call("GET", "desktops", "").is(403, "authenticator app first")
		}
	})
}

func TestCodesThatAProjectTurnsOff(t *testing.T) {
	e := codesEnv(t, signin.SecondFactorOptional)
	app, _ := e.signedIn("ada").enrol()
	e.oblige()
	waiting := e.signedIn("bob")
	waiting.call("GET", "desktops", "").is(403, "authenticator app first")
	e.configure(signin.OTPConfigChange{Enabled: new(false)})
	waiting.call("GET", "desktops", "").is(200, "") // cannot set up an app any more, and need not
	waiting.call("POST", "me/codes", "").is(403, "not used here")
	c := e.signedIn("ada")
	c.call("GET", "me", "").is(200, `"codes":{"policy":"off","on":false,"recovery_codes_left":0}`)
	e.configure(signin.OTPConfigChange{Enabled: new(true)}) // apps and objects were kept
	e.browser().second(e.browser().half("ada"), app.next()).is(200, "ada")
	e.signedIn("bob").call("GET", "desktops", "").is(403, "authenticator app first")
}

// The tests' browsers come from a loopback address.
func TestCodesThatOnlySomeAddressesNeed(t *testing.T) {
	e := codesEnv(t, signin.SecondFactorOptional)
	e.oblige()
	app, _ := e.signedIn("ada").enrol()
	e.configure(signin.OTPConfigChange{Origin: new(signin.FromInternet)})
	e.signedIn("ada").call("GET", "desktops", "").is(200, "running")
	e.signedIn("bob").call("GET", "desktops", "").is(200, "")
	e.configure(signin.OTPConfigChange{Origin: new(signin.FromPrivate)})
	e.browser().second(e.browser().half("ada"), app.next()).is(200, "ada")
	e.signedIn("bob").call("GET", "desktops", "").is(403, "authenticator app first")
}

func TestTheOperatorsChoiceHoldsForAllProjects(t *testing.T) {
	for operator, refused := range map[signin.SecondFactor]bool{signin.SecondFactorOff: true, signin.SecondFactorRequired: false} {
		t.Run(string(operator), func(t *testing.T) {
			e := codesEnv(t, signin.SecondFactorOptional)
			e.oblige("ada")
			e.configure(signin.OTPConfigChange{Enabled: new(!refused), Origin: new(signin.FromInternet)})
			e.service.SignIn.SecondFactor, e.service.Connections.SecondFactor = operator, operator
			want := 200
			if operator == signin.SecondFactorRequired {
				want = 403
			}
			for _, name := range []string{"ada", "bob"} {
				e.signedIn(name).call("GET", "desktops", "").is(want, "")
			}
			c := workspace.Caller{ProjectID: project}
			for _, change := range []signin.OTPConfigChange{{Enabled: new(refused)}, {Origin: new(signin.FromPrivate)}} {
				if err := e.service.SignIn.UpdateOTPConfig(t.Context(), c, change); workspace.CodeOf(err) != workspace.CodeUnsupported {
					t.Errorf("a change without effect: %v", err)
				}
			}
			err := e.service.SignIn.ChangeOTPObjects(t.Context(), c, []signin.OTPObject{{Type: signin.OTPAll}}, nil)
			if workspace.CodeOf(err) != workspace.CodeUnsupported {
				t.Errorf("an object without effect: %v", err)
			}
			config, err := e.service.SignIn.OTPConfig(t.Context(), project)
			if err != nil || config.Enabled == refused || config.Origin != signin.FromAnywhere {
				t.Errorf("the config is said to be %+v, %v", config, err)
			}
		})
	}
}

// A session of before the requirement ends at its usual time, and then the requirement holds.
func TestARequirementHoldsAtTheLatestWhenTheSessionEnds(t *testing.T) {
	e := codesEnv(t, signin.SecondFactorOptional)
	c := e.signedIn("ada")
	e.oblige("ada")
	e.later(signin.SignInLife - time.Minute)
	c.call("GET", "desktops", "").is(200, "running")
	e.later(time.Minute)
	c.call("GET", "desktops", "").is(401, "")
	e.signedIn("ada").call("GET", "desktops", "").is(403, "authenticator app first")
}
