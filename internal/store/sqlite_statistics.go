package store

import (
	"context"
	"database/sql"
	"errors"
	"sync/atomic"

	"github.com/uptrace/bun"
)

// changesBetweenAnalyses is the number of rows that are written before tables are measured again: so many more make no plan slow, and writing
// them takes much longer than measuring, after which the writer plans all its statements anew.
const changesBetweenAnalyses = 2000

// sqliteStatistics says when SQLite's statistics of tables, from which it plans statements, were updated.
type sqliteStatistics struct {
	// Whoever has the writer's connection uses these two.
	looked  bool  // at all tables, since the file was opened
	changes int64 // rows written until then

	written atomic.Uint64 // how often there were new statistics, which a connection reads only when it is opened
}

// analyze updates the statistics of tables that have grown or shrunk tenfold since the last time. Without them SQLite would read all desktops
// of a project to find the two of a user.
func (d sqliteDialect) analyze(ctx context.Context, writer *bun.DB) error {
	c, err := writer.DB.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	var changes int64
	if err := c.QueryRowContext(ctx, "SELECT total_changes()").Scan(&changes); err != nil {
		return err
	}
	if d.statistics.looked && changes-d.statistics.changes < changesBetweenAnalyses {
		return nil
	}
	if err := d.statistics.update(ctx, c); err != nil {
		return err
	}
	d.statistics.looked, d.statistics.changes = true, changes
	return nil
}

// update does what PRAGMA optimize would do, which does not tell whether it did anything.
func (s *sqliteStatistics) update(ctx context.Context, writer *sql.Conn) error {
	tx, err := writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after a commit this does nothing
	steps, err := stepsOfOptimize(ctx, tx)
	if err != nil || len(steps) == 0 {
		return err
	}
	for _, step := range steps {
		if _, err := tx.ExecContext(ctx, step); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	s.written.Add(1)
	return nil
}

// stepsOfOptimize returns an ANALYZE for each table that needs it.
func stepsOfOptimize(ctx context.Context, tx *sql.Tx) (steps []string, err error) {
	rows, err := tx.QueryContext(ctx, "PRAGMA optimize = 0x10003") // of all tables, only say what would be done
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var step string
		if err := rows.Scan(&step); err != nil {
			return nil, err
		}
		steps = append(steps, step)
	}
	return steps, rows.Err()
}
