package app

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"path/filepath"

	"carrel/internal/job"
	"carrel/internal/store"
)

// Audit compares desktops with machines, also while a control plane runs on the same data. See job.Audit.
func Audit(ctx context.Context, c Config, log *slog.Logger, heal bool) (_ []job.Finding, err error) {
	s, err := store.Open(ctx, cmp.Or(c.Database, filepath.Join(c.Data, databaseFile)), store.WithLog(log))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	e, err := OpenEngine(ctx, c)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	return job.Audit(ctx, s, e, heal)
}

// databaseFile is the SQLite database's name in the data directory.
const databaseFile = "carrel.db"
