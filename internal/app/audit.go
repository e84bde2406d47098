package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"carrel/internal/job"
	"carrel/internal/store"
)

// databaseFile is the name of the SQLite database in the data directory.
const databaseFile = "carrel.db"

func (c *Config) databaseURL() string { return cmp.Or(c.Database, filepath.Join(c.Data, databaseFile)) }

// Audit says how long machines without a desktop are kept.
type Audit struct {
	KeepDays int `yaml:"keep_days"` // days after carrel audit --heal set a machine aside until it deletes it; 1 to 365
}

func (a Audit) keep() time.Duration { return time.Duration(a.KeepDays) * 24 * time.Hour }

// AuditSession compares desktops with machines: through the control plane that uses the data directory if there is one, otherwise
// itself. In the second case no control plane can start on the directory until Close.
type AuditSession struct {
	through *controlClient // nil: no control plane is running
	auditor *job.Auditor
	closes  []func() error
}

// OpenAudit opens what an audit needs. It neither creates nor changes a database: it returns an error if there is none, or if it
// is of another version of Carrel.
func OpenAudit(ctx context.Context, c Config, log *slog.Logger) (_ *AuditSession, err error) {
	a := &AuditSession{}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	unlock, err := lockUsedDir(c.Data)
	switch {
	case errors.Is(err, errLocked):
		a.through = newControlClient(c.Data)
		return a, nil
	case err != nil:
		return nil, err
	}
	a.closes = append(a.closes, func() error { unlock(); return nil })
	s, err := openExisting(ctx, c, store.WithLog(log))
	if err != nil {
		return nil, err
	}
	a.closes = append(a.closes, s.Close)
	e, err := OpenEngine(ctx, c)
	if err != nil {
		return nil, err
	}
	a.closes = append(a.closes, e.Close)
	a.auditor = &job.Auditor{Store: s, Engine: e, Keep: c.Audit.keep()}
	return a, nil
}

// Close ends the session.
func (a *AuditSession) Close() error {
	var errs []error
	for _, close := range slices.Backward(a.closes) {
		errs = append(errs, close())
	}
	a.closes = nil
	return errors.Join(errs...)
}

// Running reports whether a control plane uses the data directory and answers.
func (a *AuditSession) Running() bool { return a.through != nil }

// Audit compares and changes nothing.
func (a *AuditSession) Audit(ctx context.Context) (r job.Report, err error) {
	if a.through == nil {
		return a.auditor.Audit(ctx)
	}
	err = a.through.call(ctx, http.MethodGet, auditPath, nil, &r)
	return r, err
}

// Heal heals the findings of these desktops; see job.Auditor.
func (a *AuditSession) Heal(ctx context.Context, ids []string) (r job.Report, err error) {
	if a.through == nil {
		return a.auditor.Heal(ctx, ids)
	}
	err = a.through.call(ctx, http.MethodPost, healPath, healOrder{IDs: ids}, &r)
	return r, err
}

// Restore starts a machine that is set aside; see job.Auditor.
func (a *AuditSession) Restore(ctx context.Context, id string) (name string, err error) {
	if a.through == nil {
		return a.auditor.Restore(ctx, id)
	}
	err = a.through.call(ctx, http.MethodPost, restorePath, healOrder{IDs: []string{id}}, &name)
	return name, err
}

// lockUsedDir locks a data directory that a control plane has used, and creates nothing in one that none has used.
func lockUsedDir(dir string) (unlock func(), err error) {
	if _, err := os.Stat(filepath.Join(dir, lockFile)); errors.Is(err, fs.ErrNotExist) {
		return func() {}, nil
	}
	return lockDir(dir)
}

// mostNamed is the maximum number of machines that a text names.
const mostNamed = 3

// UnknownMachines returns texts about the engine's machines that are not desktops of this installation, and what to do about
// them; none if there are none. project is the Incus project, or empty for the simulated engine.
func UnknownMachines(r job.Report, project string) []string {
	var told []string
	say := func(whose job.Belonging, one, many, remedy string) {
		var names []string
		for _, f := range r.Findings {
			if !f.Missing && f.Snapshot == "" && f.Belonging == whose {
				names = append(names, f.Name)
			}
		}
		if len(names) == 0 {
			return
		}
		noun := many
		if len(names) == 1 {
			noun = one
		}
		list := strings.Join(names[:min(len(names), mostNamed)], ", ")
		if more := len(names) - mostNamed; more > 0 {
			list += fmt.Sprintf(" and %d more", more)
		}
		told = append(told, fmt.Sprintf("%d %s (%s). %s", len(names), noun, list, remedy))
	}
	look := "look at them with carrel audit"
	if project != "" {
		look = fmt.Sprintf("to remove one: incus --project %s delete --force NAME", project)
	}
	say(job.Foreign, "machine of another installation", "machines of another installation",
		"They are left alone and their addresses are not given out. If a former data directory made them, go on with that one; "+look+".")
	say(job.Unmarked, "machine that no desktop has and that does not say which installation made it",
		"machines that no desktop has and that do not say which installation made them",
		"They are left alone and their addresses are not given out; "+look+".")
	say(job.Orphan, "machine of this installation that no desktop has", "machines of this installation that no desktop has",
		"carrel audit lists them; with --heal it sets them aside, and removes them days later.")
	say(job.Disputed, "desktop's machine that carries another installation's id", "desktops' machines that carry another installation's id",
		"Is a copy of this database in use elsewhere? Stop one of the two.")
	return told
}
