package app_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"carrel/internal/app"
	"carrel/internal/directory"
	"carrel/internal/user"
	"carrel/internal/workspace"
)

// simulated starts a control plane over simulated desktops, which ends with the test or when stop is called.
func simulated(t *testing.T) (a *app.App, config app.Config, stop func()) {
	t.Helper()
	config = app.Defaults()
	config.Data, config.Listen, config.Engine = t.TempDir(), "127.0.0.1:0", "sim"
	a, err := app.Start(t.Context(), config, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	stop = func() { a.Stop(context.WithoutCancel(t.Context())) }
	t.Cleanup(stop)
	return a, config, stop
}

func TestTheDemoUserGetsAnotherPasswordWhenTheFirstIsLost(t *testing.T) {
	a, config, _ := simulated(t)
	ctx := t.Context()
	var told []string
	ensure := func() app.Demo {
		t.Helper()
		d, err := a.EnsureDemo(ctx, func(sentence string) { told = append(told, sentence) })
		if err != nil {
			t.Fatal(err)
		}
		if in, err := a.Services.SignIn.SignIn(ctx, d.UserName, d.Password); err != nil || in.User.MustChangePassword {
			t.Errorf("signing in as %+v gave %+v, %v", d, in, err)
		}
		return d
	}
	first := ensure()
	if again := ensure(); again.Password != first.Password {
		t.Error("the password changed though it was known")
	}
	if err := os.Remove(filepath.Join(config.Data, "demo.json")); err != nil {
		t.Fatal(err)
	}
	second := ensure()
	if second.Password == first.Password || second.DesktopID != first.DesktopID || !strings.Contains(strings.Join(told, "\n"), "making another") {
		t.Errorf("it was %+v and is %+v; told: %q", first, second, told)
	}
	if again := ensure(); again.Password != second.Password {
		t.Error("the new password was not kept")
	}
}

func TestAUserCalledDemoOfSomebodyElseKeepsTheirPassword(t *testing.T) {
	a, _, _ := simulated(t)
	ctx := t.Context()
	const password = "Quiet-Carrel-7"
	if _, err := a.Services.Users.CreateUser(ctx, user.CreateUser{
		Caller: workspace.Caller{ProjectID: a.Bootstrap.ProjectID}, Name: "demo", Password: password, Activation: directory.ActivateByAdmin,
	}); err != nil {
		t.Fatal(err)
	}
	d, err := a.EnsureDemo(ctx, func(string) {})
	if err != nil || d.UserName != "demo" || d.Password == "" {
		t.Fatalf("got %+v, %v", d, err)
	}
	if _, err := a.Services.SignIn.SignIn(ctx, "demo", password); err != nil {
		t.Errorf("the password was changed: %v", err)
	}
}

func TestIncusIsNotTakenFromUnderARunningControlPlane(t *testing.T) {
	_, config, stop := simulated(t)
	config.Incus.Socket = filepath.Join(config.Data, "no-such.socket")
	say := func(string) {}
	if err := app.RemoveIncus(t.Context(), config, false, say); err == nil || !strings.Contains(err.Error(), "stop it first") {
		t.Errorf("beside a running one: %v", err)
	}
	stop()
	if err := app.RemoveIncus(t.Context(), config, false, say); err == nil || strings.Contains(err.Error(), "stop it first") {
		t.Errorf("after it has stopped: %v; want that Incus does not answer", err)
	}
}
