package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"carrel/internal/secret"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// reserve reserves this process's name, and its role for the engine, among the processes on the database. A process with
// another's name would take over its work; simulated desktops exist in one process only.
func (a *App) reserve(ctx context.Context) (err error) {
	if a.replica, err = replicaName(a.config); err != nil {
		return err
	}
	own := store.Name{Text: "replica " + a.replica}
	engines := store.Name{Text: "engine", Shared: a.config.Engine != "sim"}
	release, err := a.store.Reserve(ctx, func(err error) {
		select {
		case a.served <- fmt.Errorf("while the database was away: %w", a.whyReserved(err)):
		default: // it is ending already
		}
	}, own, engines)
	if err != nil {
		return a.whyReserved(err)
	}
	a.onStop(func(context.Context) { release() })
	return nil
}

// whyReserved returns an error that says what to do about a name that another process has.
func (a *App) whyReserved(err error) error {
	taken, ok := errors.AsType[*store.ReservedError](err)
	switch {
	case !ok:
		return err
	case taken.Name.Text != "engine":
		return fmt.Errorf("another carrel on this database is called %q: stop it, or give each a name of its own (replica in the "+
			"configuration); if its host has died, try again in half a minute", a.replica)
	case a.config.Engine == "sim":
		return errors.New("simulated desktops exist in one process only, and another carrel uses this database: stop it, or use --engine incus")
	default:
		return errors.New("a carrel with --engine sim uses this database: stop it, or choose another --database")
	}
}

// replicaName returns the configured name, or the host's with an id that is stored in the data directory: several hosts may have
// the same name.
func replicaName(c Config) (string, error) {
	if c.Replica != "" {
		return c.Replica, nil
	}
	path := filepath.Join(c.Data, "replica")
	body, err := os.ReadFile(path)
	id := strings.TrimSpace(string(body))
	if errors.Is(err, fs.ErrNotExist) || err == nil && id == "" {
		id = workspace.NewID()
		err = secret.WriteFile(path, []byte(id+"\n"))
	}
	if err != nil {
		return "", fmt.Errorf("reading this process's id: %w", err)
	}
	host, err := os.Hostname()
	if err != nil {
		host = "carrel"
	}
	return host + ":" + id, nil
}
