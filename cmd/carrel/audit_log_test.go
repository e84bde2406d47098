package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"carrel/internal/app"
	"carrel/internal/audit"
)

func TestTheReportOfVerifyingSaysWhatToNote(t *testing.T) {
	var out strings.Builder
	if err := tellTrail(&out, audit.Report{Records: 3, First: 1, Last: 3, Head: "h"}); err != nil || !strings.Contains(out.String(), "3:h") {
		t.Errorf("%q, %v", out.String(), err)
	}
	out.Reset()
	if err := tellTrail(&out, audit.Report{First: 1}); err != nil || !strings.Contains(out.String(), "no records") {
		t.Errorf("%q, %v", out.String(), err)
	}
	out.Reset()
	r := audit.Report{First: 1, Last: 2, Unlinked: 4, More: 2, Findings: []audit.Finding{{Fault: audit.Changed, First: 2, Last: 2, ID: "i", Detail: "is not what was linked"}}}
	err := tellTrail(&out, r)
	if !errors.Is(err, app.ErrChain) || !strings.Contains(err.Error(), "3 faults") {
		t.Error(err)
	}
	for _, want := range []string{"changed: record 2 (i): is not what was linked\n", "and 2 more\n", "4 records are older"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q lacks %q", out.String(), want)
		}
	}
	for _, text := range []string{"3", "x:h", "0:h", "3:"} {
		if _, _, err := parseHead(text); err == nil {
			t.Errorf("--head %q is accepted", text)
		}
	}
}

// An export into a file is continued, and the database is compared with it.
func TestExportsAreContinuedAndCompared(t *testing.T) {
	config := app.Defaults()
	config.Data, config.Listen, config.Engine = t.TempDir(), "127.0.0.1:0", "sim"
	s := settings{Data: config.Data, Listen: config.Listen, Engine: "sim", LogLevel: "error"}
	out := filepath.Join(t.TempDir(), "trail.jsonl")
	sizes := []int64{0}
	for range 2 {
		a, err := app.Start(t.Context(), config, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if _, err := a.Services.SignIn.SignIn(t.Context(), "nobody", "Wrong-one-1"); err == nil {
				t.Fatal("nobody signed in")
			}
		}
		a.Stop(context.WithoutCancel(t.Context()))
		export := auditExportCmd{settings: s, Out: out}
		if err := export.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(out)
		if err != nil || info.Size() <= sizes[len(sizes)-1] {
			t.Fatalf("%+v, %v", info, err)
		}
		sizes = append(sizes, info.Size())
		verify := auditVerifyCmd{settings: s, Against: out}
		if err := verify.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	other := auditVerifyCmd{settings: s, Head: "1:other"}
	if err := other.Run(t.Context()); !errors.Is(err, app.ErrChain) {
		t.Errorf("with a head of another chain: %v", err)
	}
}
