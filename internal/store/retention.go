package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// DeleteOld deletes the rows of a table whose time is not after before, oldest first, at most limit of them, and returns how many it
// deleted. key is the primary key's columns, when the column of the time, also a further condition or empty: all three are written by the
// program, never by a caller of the API. The table needs an index that begins with the time.
func (t *Tx) DeleteOld(ctx context.Context, table, key, when, also string, before time.Time, limit int) (int, error) {
	if also != "" {
		also = " AND " + also
	}
	return Affected(t.NewRaw("DELETE FROM ?0 WHERE (?1) IN (SELECT ?1 FROM ?0 WHERE ?2 <= ?4?3 ORDER BY ?2 LIMIT ?5)",
		bun.Ident(table), bun.Safe(key), bun.Ident(when), bun.Safe(also), before, limit).Exec(ctx))
}
