package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/uptrace/bun"
)

// migrations change the tables in the order of their names. One that has been released is never edited.
//
//go:embed migrations/*.sql
var migrations embed.FS

// migration is a row of the table of applied migrations.
type migration struct {
	bun.BaseModel `bun:"table:schema_migrations"`
	Name          string `bun:",pk"`
	Applied       time.Time
}

// migrate applies the migrations that the database lacks, all or none.
func (s *Store) migrate(ctx context.Context) error {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	return s.update(ctx, func(t *Tx) error {
		if err := s.dialect.lockForMigration(ctx, t.Tx); err != nil {
			return err
		}
		if _, err := t.NewCreateTable().Model((*migration)(nil)).IfNotExists().Exec(ctx); err != nil {
			return err
		}
		var applied []string
		if err := t.NewSelect().Model((*migration)(nil)).Column("name").Scan(ctx, &applied); err != nil {
			return err
		}
		for _, name := range applied {
			if !slices.Contains(names, name) {
				return fmt.Errorf("a newer Carrel has used this database (%s): use that version or restore a backup", name)
			}
		}
		for _, name := range names {
			if slices.Contains(applied, name) {
				continue
			}
			if err := t.apply(ctx, name); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		return nil
	})
}

// checkTables returns an error unless the database has the current tables.
func (s *Store) checkTables(ctx context.Context) error {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	there, err := s.dialect.hasTable(ctx, s.reader, "schema_migrations")
	if err != nil {
		return fmt.Errorf("looking for the database's tables: %w", err)
	}
	if !there {
		return fmt.Errorf("%w: it has no tables", ErrNoDatabase)
	}
	var applied []string
	if err := s.reader.NewSelect().Model((*migration)(nil)).Column("name").Order("name").Scan(ctx, &applied); err != nil {
		return fmt.Errorf("reading which tables the database has: %w", err)
	}
	if !slices.Equal(applied, names) {
		return ErrOtherVersion
	}
	return nil
}

func (t *Tx) apply(ctx context.Context, name string) error {
	text, err := migrations.ReadFile(name)
	if err != nil {
		return err
	}
	// The driver's own connection takes the text as it is; bun would look for placeholders in it.
	if _, err := t.Tx.Tx.ExecContext(ctx, t.store.dialect.migration(string(text))); err != nil {
		return err
	}
	if name == composedBy {
		if err := t.composeTexts(ctx); err != nil {
			return err
		}
	}
	_, err = t.Inserting(&migration{Name: name, Applied: t.Now()}).Exec(ctx)
	return err
}
