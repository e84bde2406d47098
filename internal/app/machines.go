package app

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"carrel/internal/job"
	"carrel/internal/store"
)

// FindUnknownMachines returns a sentence for each installation whose machines the engine has and that is not the configured one. Without a
// database all machines are of another installation. It creates nothing.
func FindUnknownMachines(ctx context.Context, c Config) ([]string, error) {
	session, err := OpenAudit(ctx, c, slog.New(slog.DiscardHandler))
	if errors.Is(err, store.ErrNoDatabase) {
		return withoutDatabase(ctx, c)
	}
	if err != nil {
		return nil, err
	}
	report, err := session.Audit(ctx)
	if err := errors.Join(err, session.Close()); err != nil {
		return nil, err
	}
	return UnknownMachines(report, c.Incus.Project), nil
}

func withoutDatabase(ctx context.Context, c Config) (_ []string, err error) {
	e, err := OpenEngine(ctx, c)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	machines, err := e.List(ctx)
	if err != nil {
		return nil, err
	}
	report := job.Report{}
	for _, m := range machines {
		whose := job.BelongingOf(m, "", false)
		report.Findings = append(report.Findings, job.Finding{DesktopID: m.ID, Name: m.Name, Belonging: whose, Installation: m.Installation})
	}
	slices.SortFunc(report.Findings, job.ByName)
	return UnknownMachines(report, c.Incus.Project), nil
}
