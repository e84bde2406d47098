package signin_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"carrel/internal/directory"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

var rules = map[string]func(*env){
	"rules are read as they were changed, in their project only, and users have them": func(e *env) {
		s := e.otpService()
		usual := signin.Rules{Password: signin.PasswordRules{MinLength: 8, MinKinds: 3}}
		read := func(project string) signin.Rules {
			r, err := s.Rules(e.Context(), project)
			if err != nil {
				e.Fatal(err)
			}
			return r
		}
		e.Same(read(storetest.Project), usual)
		after, err := s.UpdateRules(e.Context(), administrator, signin.RulesChange{MinLength: new(12), History: new(3), MaxAgeDays: new(90), LockoutAttempts: new(4), LockoutMinutes: new(15)})
		want := signin.Rules{
			Password: signin.PasswordRules{MinLength: 12, MinKinds: 3, MaxAgeDays: 90, History: 3, AgeFrom: e.Clock.Now()},
			Lockout:  signin.LockoutRules{Attempts: 4, Minutes: 15},
		}
		e.Same(err, nil)
		e.Same(after, want)
		e.Same(read(storetest.Project), want)
		e.Same(read(storetest.OtherProject), usual)
		of, err := signin.RulesOf(e.ReadUser().SignInRules)
		e.Same(err, nil)
		e.Same(of, want)
		e.Clock.Advance(time.Hour) // a longer age does not begin anew
		after, err = s.UpdateRules(e.Context(), administrator, signin.RulesChange{MaxAgeDays: new(100)})
		e.Same(err, nil)
		e.Same(after.Password.AgeFrom, want.Password.AgeFrom)
		_, err = s.Rules(e.Context(), "closed")
		e.Same(workspace.CodeOf(err), workspace.CodeNotSubscribed)
		_, err = s.UpdateRules(e.Context(), workspace.Caller{ProjectID: "closed"}, signin.RulesChange{})
		e.Same(workspace.CodeOf(err), workspace.CodeNotSubscribed)
	},
	"of twenty changes of rules at once none is lost": func(e *env) {
		s := e.otpService()
		e.All(storetest.Together(20, func(i int) error {
			change := signin.RulesChange{MinLength: new(20)}
			if i%2 == 0 {
				change = signin.RulesChange{LockoutAttempts: new(9), LockoutMinutes: new(9)}
			}
			_, err := s.UpdateRules(e.Context(), administrator, change)
			return err
		}))
		r, err := s.Rules(e.Context(), storetest.Project)
		e.Same([]any{r.Password.MinLength, r.Lockout, err}, []any{20, signin.LockoutRules{Attempts: 9, Minutes: 9}, nil})
	},
	"rules that are weaker than the usual, or too strict, are refused by name": func(e *env) {
		s := e.otpService()
		for want, c := range map[string]signin.RulesChange{
			"password.min_length: 7 is out of range, use 8 to 64":      {MinLength: new(7)},
			"password.min_length: 65 is":                               {MinLength: new(65)},
			"password.min_kinds: 2 is out of range, use 3 to 4":        {MinKinds: new(2)},
			"password.min_kinds: 5 is":                                 {MinKinds: new(5)},
			"password.max_age_days: -1 is out of range, use 0 to 3650": {MaxAgeDays: new(-1)},
			"password.max_age_days: 3651 is":                           {MaxAgeDays: new(3651)},
			"password.history: 25 is out of range, use 0 to 24":        {History: new(25)},
			"lockout.attempts: 2 is out of range, use 3 to 50":         {LockoutAttempts: new(2), LockoutMinutes: new(1)},
			"lockout.attempts: 51 is":                                  {LockoutAttempts: new(51), LockoutMinutes: new(1)},
			"lockout.attempts: 0 is out of range, use 3 to 50":         {LockoutMinutes: new(1)},
			"lockout.minutes: 0 is out of range, use 1 to 1440":        {LockoutAttempts: new(3)},
			"lockout.minutes: 1441 is out of range, use 1 to 1440":     {LockoutAttempts: new(3), LockoutMinutes: new(1441)},
		} {
			_, err := s.UpdateRules(e.Context(), administrator, c)
			if workspace.CodeOf(err) != workspace.CodeInvalid || !strings.HasPrefix(workspace.MessageOf(err), want) {
				e.Errorf("got %v, want %s", err, want)
			}
		}
	},
	"who signs in is found with the rules, and an unknown name has those of some project": func(e *env) {
		s := e.otpService()
		_, err := s.UpdateRules(e.Context(), administrator, signin.RulesChange{MinLength: new(20)})
		e.Same(err, nil)
		e.AddUsers(directory.User{ID: "ann", ProjectID: storetest.Project, Name: "Ann"}, directory.User{ID: "bob", ProjectID: storetest.OtherProject, Name: "bob"})
		find := func(name string) directory.User {
			return storetest.Get(e, func(ctx context.Context, tx *store.Tx) (directory.User, error) {
				return directory.UserSigningIn(ctx, tx, "", name)
			})
		}
		e.Same([]any{find("ANN").ID, find("bob").ID, find("person").ID, find("nobody").ID}, []any{"ann", "bob", "", ""}) // two are called person
		e.Same(find("bob").SignInRules, "")
		strict := find("ann").SignInRules
		if strict == "" {
			e.Error("the rules are missing")
		}
		seen := map[string]int{}
		for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t"} {
			first := find(name).SignInRules
			e.Same(find(name).SignInRules, first)
			seen[first]++
		}
		if len(seen) != 1 && len(seen) != 2 {
			e.Errorf("unknown names have %v", seen)
		}
	},
}

func TestPasswordRules(t *testing.T) {
	strict := signin.PasswordRules{MinLength: 12, MinKinds: 4}
	for password, want := range map[string]string{
		"Abcdefg1!xyz": "", "Abcdefg1!xy": "use 12 to 64", "Abcdefg1xyzw": "use all of", strings.Repeat("Ab1!", 17): "use 12 to 64",
	} {
		err := strict.Check("password", password, "demo")
		if (err == nil) != (want == "") || err != nil && !strings.Contains(workspace.MessageOf(err), want) {
			t.Errorf("%s: %v, want %q", password, err, want)
		}
	}
	if err := (signin.PasswordRules{MinLength: 1, MinKinds: 1}).Check("password", "abc", ""); err == nil {
		t.Error("rules can be weaker than the usual")
	}
}
