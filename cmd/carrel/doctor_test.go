package main

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"carrel/internal/app"
	"carrel/internal/capacity"
	"carrel/internal/host"
)

// A data directory was removed, its machines are still there: doctor says so, before a new one is made and after.
func TestDoctorTellsOfMachinesOfOthers(t *testing.T) {
	config := app.Defaults()
	config.Data, config.Listen, config.Engine = t.TempDir(), "127.0.0.1:0", "sim"
	run := func(use func(*app.App)) {
		t.Helper()
		a, err := app.Start(t.Context(), config, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		defer a.Stop(context.WithoutCancel(t.Context()))
		use(a)
	}
	expect := func(when string, level host.Level, found, remedy string) {
		t.Helper()
		got := checkMachines(t.Context(), config)
		if len(got) != 1 || got[0].Level != level || !strings.HasPrefix(got[0].Found, found) || !strings.Contains(got[0].Remedy, remedy) {
			t.Errorf("%s: %+v", when, got)
		}
	}
	run(func(a *app.App) {
		if _, err := a.EnsureDemo(t.Context(), func(string) {}); err != nil {
			t.Fatal(err)
		}
		expect("beside the control plane that made it", host.OK, "none", "")
	})
	expect("with the data directory that made it", host.OK, "none", "")
	files, err := os.ReadDir(config.Data)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasPrefix(f.Name(), "sim.machines") {
			if err := os.RemoveAll(filepath.Join(config.Data, f.Name())); err != nil {
				t.Fatal(err)
			}
		}
	}
	expect("without a database", host.Warn, "1 machine of another installation (demo01-", "go on with that one")
	run(func(*app.App) {})
	expect("with another database", host.Warn, "1 machine of another installation (demo01-", "go on with that one")
}

func TestDoctorWarnsOfWhatIsNearlyUsedUp(t *testing.T) {
	const gib = 1 << 10
	for _, c := range []struct {
		name           string
		used, promised int64
		want           string // empty: no warning
	}{
		{"half used", 50, 500, ""},
		{"nearly full", 85, 100, "80 % or more are used"},
		{"full", 95, 100, "nothing new is put there"},
		{"nearly promised", 10, 800, "80 % or more of what may be promised are"},
	} {
		f := capacityFindings([]capacity.Capacity{{ID: "pool", Classes: []string{"SAS"}, Size: 100 * gib, Used: c.used * gib, Promised: c.promised * gib, Bound: 1000 * gib}})[0]
		level := host.OK
		if c.want != "" {
			level = host.Warn
		}
		if f.Level != level || !strings.Contains(f.Found, c.want) || (c.want != "") != (f.Remedy != "") || !strings.Contains(f.Name, "pool") {
			t.Errorf("%s: %+v", c.name, f)
		}
	}
}

// Somebody forwards requests to a running control plane that does not know the proxy: doctor names it.
func TestDoctorTellsOfAProxyThatIsNotListed(t *testing.T) {
	config := app.Defaults()
	config.Data, config.Listen, config.Engine = t.TempDir(), "127.0.0.1:0", "sim"
	if got := checkProxies(t.Context(), config); len(got) != 0 {
		t.Errorf("without a control plane: %+v", got)
	}
	a, err := app.Start(t.Context(), config, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Stop(context.WithoutCancel(t.Context()))
	if got := checkProxies(t.Context(), config); len(got) != 1 || got[0].Level != host.OK {
		t.Errorf("before: %+v", got)
	}
	r, err := http.NewRequestWithContext(t.Context(), "GET", a.URL+"/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Forwarded-For", "198.51.100.7")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	got := checkProxies(t.Context(), config)
	if len(got) != 1 || got[0].Level != host.Warn || !strings.HasPrefix(got[0].Found, "127.0.0.1 forwards requests") || !strings.Contains(got[0].Remedy, "add 127.0.0.1/32 to proxies") {
		t.Errorf("afterwards: %+v", got)
	}
}
