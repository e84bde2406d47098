package app_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"carrel/internal/app"
	"carrel/internal/engine"
	"carrel/internal/engine/sim"
	"carrel/internal/job"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// openAudit opens a session that ends with the test.
func openAudit(t *testing.T, c app.Config) *app.AuditSession {
	t.Helper()
	s, err := app.OpenAudit(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// A forgotten --data or --database finds no database, says so, and makes none.
func TestAnAuditMakesNoDatabase(t *testing.T) {
	empty := t.TempDir()
	hollow := t.TempDir()
	if err := os.WriteFile(filepath.Join(hollow, "carrel.db"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{empty, hollow, filepath.Join(empty, "nowhere")} {
		before := names(t, dir)
		c := app.Defaults()
		c.Data, c.Engine = dir, "sim"
		s, err := app.OpenAudit(t.Context(), c, slog.New(slog.DiscardHandler))
		if err == nil {
			s.Close()
		}
		if !errors.Is(err, store.ErrNoDatabase) || !strings.Contains(err.Error(), "--database") {
			t.Errorf("%v; want ErrNoDatabase and which flags to give", err)
		}
		if after := names(t, dir); len(after) != len(before) {
			t.Errorf("the audit left %v, there was %v", after, before)
		}
	}
}

// orphanAt makes a machine of the installation that no desktop has, in the simulation's file, between two lives of its control plane.
func orphanAt(t *testing.T, c app.Config, installation, address string) string {
	t.Helper()
	e, err := sim.Open(sim.Config{File: filepath.Join(c.Data, "sim.machines")})
	if err != nil {
		t.Fatal(err)
	}
	images, err := e.Images(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	id := workspace.NewID()
	_, err = e.Launch(t.Context(), engine.Spec{
		ID: id, Name: "left", Image: images[0].ID, CPUs: 1, MemoryMiB: 1024, Processes: 512, Root: engine.Disk{Class: "SAS", GiB: 10},
		Network: "carrel0", Address: address, Installation: installation,
	})
	if err := errors.Join(err, e.Close()); err != nil {
		t.Fatal(err)
	}
	return id
}

func TestHealingBesideARunningControlPlaneIsDoneByIt(t *testing.T) {
	a, config, stop := simulated(t)
	if _, err := a.EnsureDemo(t.Context(), func(string) {}); err != nil {
		t.Fatal(err)
	}
	installation := openAudit(t, config)
	report, err := installation.Audit(t.Context())
	if err != nil || report.Installation == "" || len(report.Findings) > 0 {
		t.Fatalf("the audit says %+v, %v; want an id and no finding", report, err)
	}
	stop()
	id := orphanAt(t, config, report.Installation, "10.87.9.9")
	foreign := orphanAt(t, config, "another", "10.87.9.10")

	again, err := app.Start(t.Context(), config, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { again.Stop(context.WithoutCancel(t.Context())) })
	if told := again.UnknownMachines(); len(told) != 2 || !strings.Contains(told[0], "1 machine of another installation") {
		t.Errorf("at the start it tells %q, want both machines", told)
	}
	session := openAudit(t, config)
	if !session.Running() {
		t.Fatal("the session does not see that a control plane runs")
	}
	report, err = session.Audit(t.Context())
	if err != nil || report.Differences() != 1 || len(report.ToMend()) != 1 {
		t.Fatalf("the audit says %+v, %v; want the orphan to mend, and a machine of another installation", report, err)
	}
	report, err = session.Heal(t.Context(), []string{id, foreign})
	if err != nil || len(report.Findings) != 2 {
		t.Fatalf("healing: %+v, %v", report, err)
	}
	for _, f := range report.Findings {
		if healed := f.Healed != ""; healed != (f.DesktopID == id) {
			t.Errorf("%s machine: %q", f.Belonging, f.Healed)
		}
	}
	if _, err := session.Restore(t.Context(), id); err != nil {
		t.Errorf("restoring: %v", err)
	}
	if _, err := session.Restore(t.Context(), foreign); err == nil || !strings.Contains(err.Error(), "not set aside") {
		t.Errorf("restoring what is not set aside: %v", err)
	}
}

// A control plane cannot be started on a directory while an audit works on it.
func TestAnAuditKeepsControlPlanesAway(t *testing.T) {
	_, config, stop := simulated(t)
	stop()
	openAudit(t, config)
	if a, err := app.Start(t.Context(), config, slog.New(slog.DiscardHandler)); err == nil {
		a.Stop(context.WithoutCancel(t.Context()))
		t.Error("a control plane was started beside an audit")
	}
}

// rm -r data; make run: the machines of the former data directory keep their addresses, and people are told.
func TestANewDataDirectoryBesideMachinesOfAnEarlierOne(t *testing.T) {
	a, config, stop := simulated(t)
	if _, err := a.EnsureDemo(t.Context(), func(string) {}); err != nil {
		t.Fatal(err)
	}
	stop()
	for _, name := range names(t, config.Data) {
		if !strings.HasPrefix(name, "sim.machines") {
			if err := os.RemoveAll(filepath.Join(config.Data, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	b, err := app.Start(t.Context(), config, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Stop(context.WithoutCancel(t.Context())) })
	if told := b.UnknownMachines(); len(told) != 1 || !strings.Contains(told[0], "1 machine of another installation (demo01-") {
		t.Errorf("it tells %q", told)
	}
	demo, err := b.EnsureDemo(t.Context(), func(string) {})
	if err != nil {
		t.Fatalf("the first desktop of the new data directory: %v", err)
	}
	report, err := openAudit(t, config).Audit(t.Context())
	if err != nil || report.Machines[job.Known] != 1 || report.Machines[job.Foreign] != 1 || report.Differences() > 0 {
		t.Errorf("the audit says %+v, %v", report, err)
	}
	if demo.DesktopID == "" {
		t.Error("there is no desktop")
	}
}
