package directory_test

import (
	"strings"
	"testing"
	"time"

	"carrel/internal/directory"
	"carrel/internal/signin"
	"carrel/internal/user"
	"carrel/internal/workspace"
)

func TestUpdateUser(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	past, future, never := now.Add(-time.Hour), now.Add(time.Hour), time.Time{}
	stored := directory.User{
		ID: "u", Name: "ann", Email: "ann@example.org", Phone: "1", Description: "upstairs", Activation: directory.ActivateByUser,
		Expires: past, MayChangePassword: true,
	}
	for _, c := range []struct {
		name    string
		request signin.UpdateUser
		want    func(*directory.User)
	}{
		{"LeavesWhatIsAbsent", signin.UpdateUser{}, func(*directory.User) {}},
		{"KeepsAnExpiryThatIsPast", signin.UpdateUser{Expires: &past}, func(*directory.User) {}},
		{"MovesTheExpiry", signin.UpdateUser{Expires: &future}, func(u *directory.User) { u.Expires = future }},
		{"EndsTheExpiry", signin.UpdateUser{Expires: &never}, func(u *directory.User) { u.Expires = never }},
		{"WritesEveryField", signin.UpdateUser{
			Email: new("a@example.org"), Phone: new(""), Description: new(""), Activation: new(directory.ActivateByAdmin),
			MayChangePassword: new(false), MustChangePassword: new(true), PasswordNeverExpires: new(true), Disabled: new(true),
		}, func(u *directory.User) {
			u.Email, u.Phone, u.Description, u.Activation = "a@example.org", "", "", directory.ActivateByAdmin
			u.MayChangePassword, u.MustChangePassword, u.PasswordNeverExpires, u.Disabled = false, true, true, true
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := stored
			want.Updated = now
			c.want(&want)
			if got, err := c.request.Apply(stored, now); err != nil || got != want {
				t.Errorf("got %+v %v, want %+v", got, err, want)
			}
		})
	}
	yesterday := now.Add(-24 * time.Hour)
	for why, r := range map[string]signin.UpdateUser{
		"description: at most 255":    {Description: new(strings.Repeat("x", 256))},
		"user_phone: at most 32":      {Phone: new(strings.Repeat("1", 33))},
		`user_email: "ann" is not`:    {Email: new("ann")},
		"user_email: must be given":   {Email: new("")},
		`active_type: "SELF"`:         {Activation: new(directory.Activation("SELF"))},
		"account_expires: 2026-02-28": {Expires: &yesterday},
	} {
		if _, err := r.Apply(stored, now); !strings.HasPrefix(workspace.MessageOf(err), why) {
			t.Errorf("got %v, want %q", err, why)
		}
	}
}

func TestSomebodyWithoutAMailAddressCanBeChanged(t *testing.T) {
	stored := directory.User{Name: "ann", Activation: directory.ActivateByUser} // as desktops add people
	r := signin.UpdateUser{Description: new("downstairs"), Email: new("")}
	if _, err := r.Apply(stored, time.Now()); err != nil {
		t.Error(err)
	}
	r.Activation = new(directory.ActivateByAdmin)
	if _, err := r.Apply(stored, time.Now()); err != nil {
		t.Error(err)
	}
}

func TestEveryBadPersonOfABatchIsReported(t *testing.T) {
	person := func(name string) user.CreateUser {
		return user.CreateUser{Name: name, Email: "x@example.org"}
	}
	problems := user.CheckUsers([]user.CreateUser{person("ann"), person("-9"), person("bob"), person("ANN"), {Name: "carl"}}, time.Now())
	for i, want := range []string{"", `user_name: "-9" must start`, "", `user_name: "ANN" is listed twice, also as number 1`, "user_email: must be given"} {
		switch {
		case want == "" && problems[i] != nil:
			t.Errorf("number %d is refused: %v", i, problems[i])
		case want != "" && !strings.HasPrefix(workspace.MessageOf(problems[i]), want):
			t.Errorf("number %d: %v, want %q", i, problems[i], want)
		}
	}
}
