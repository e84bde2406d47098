package job

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"carrel/internal/engine"
	"carrel/internal/workspace"
)

// Finding is a desktop without a machine or a machine without a desktop.
type Finding struct {
	DesktopID string
	Name      string // of the desktop, or the engine's name for the machine
	Orphan    bool   // a machine without a desktop; otherwise a desktop without a machine
	Healed    string // what was done about it, now or at an earlier look; empty when nothing was
}

// Audit compares the rows with the machines. With heal it removes machines without a desktop, and marks desktops without a
// machine as ERROR; otherwise it changes nothing. Machines are read before rows, and rows are written before their machines
// are made, so a machine without a row is no creation under way.
func Audit(ctx context.Context, s workspace.Store, e engine.Engine, heal bool) ([]Finding, error) {
	machines, err := e.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing machines: %w", err)
	}
	rows, err := allDesktops(ctx, s)
	if err != nil {
		return nil, err
	}
	findings := compare(rows, machines)
	if !heal {
		return findings, nil
	}
	for i := range findings {
		if findings[i].Healed != "" {
			continue
		}
		if err := mend(ctx, s, e, &findings[i]); err != nil {
			return findings, fmt.Errorf("mending %s: %w", findings[i].Name, err)
		}
	}
	return findings, nil
}

// compare lists machines without a row, and desktops at rest without a machine, by name.
func compare(rows []workspace.DesktopState, machines []engine.Machine) []Finding {
	known := make(map[string]bool, len(rows))
	for _, d := range rows {
		known[d.ID] = true
	}
	exists := make(map[string]bool, len(machines))
	var findings []Finding
	for _, m := range machines {
		exists[m.ID] = true
		if !known[m.ID] {
			findings = append(findings, Finding{DesktopID: m.ID, Name: m.Name, Orphan: true})
		}
	}
	for _, d := range rows {
		if d.Task != workspace.NoTask || exists[d.ID] {
			continue
		}
		f := Finding{DesktopID: d.ID, Name: d.Name}
		if d.Status == workspace.StatusError {
			f.Healed = "marked as ERROR already; delete the desktop"
		}
		findings = append(findings, f)
	}
	slices.SortFunc(findings, func(a, b Finding) int { return strings.Compare(a.Name, b.Name) })
	return findings
}

func mend(ctx context.Context, s workspace.Store, e engine.Engine, f *Finding) error {
	if f.Orphan {
		f.Healed = "machine removed"
		return e.Delete(ctx, f.DesktopID)
	}
	f.Healed = "marked as ERROR; delete the desktop"
	return s.Update(ctx, func(tx workspace.Tx) error {
		found, err := tx.LockDesktops(ctx, "", []string{f.DesktopID})
		if err != nil || len(found) == 0 || found[0].Task != workspace.NoTask {
			return err
		}
		return workspace.MarkObserved(ctx, tx, found[0], workspace.StatusError, "its machine is missing in the engine; delete the desktop")
	})
}
