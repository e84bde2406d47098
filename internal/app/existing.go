package app

import (
	"context"
	"errors"
	"fmt"

	"carrel/internal/catalog"
	"carrel/internal/store"
)

// installationOf reads the id of the installation from its database; empty if there is none.
func installationOf(ctx context.Context, c Config) (id string, err error) {
	s, err := openExisting(ctx, c)
	if errors.Is(err, store.ErrNoDatabase) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	err = s.View(ctx, func(tx *store.Tx) (err error) {
		id, err = catalog.Installation(ctx, tx)
		return err
	})
	return id, err
}

// openExisting opens an existing database with the current tables, and otherwise returns an error that says what to do:
// store.ErrNoDatabase, store.ErrOtherVersion.
func openExisting(ctx context.Context, c Config, options ...store.Option) (*store.Store, error) {
	s, err := store.Open(ctx, c.databaseURL(), append(options, store.Existing())...)
	switch {
	case errors.Is(err, store.ErrNoDatabase):
		return nil, fmt.Errorf("%w: give --data and --database as carrel serve has them", err)
	case errors.Is(err, store.ErrOtherVersion):
		return nil, fmt.Errorf("%w: start carrel serve of this version first, it brings them up to date", err)
	}
	return s, err
}
