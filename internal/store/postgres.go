package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// postgresDialect is PostgreSQL, which several processes can share.
type postgresDialect struct{ config *pgx.ConnConfig }

// postgresConnections is the size of the pool. PostgreSQL allows 100 connections by default; a few replicas share them.
const postgresConnections = 20

func (s *Store) openPostgres(url string) error {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return err
	}
	// bun writes values into the statements, so every statement is new, and preparing it would cost a round trip.
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	config.ConnectTimeout = cmp.Or(config.ConnectTimeout, 5*time.Second)
	config.RuntimeParams["standard_conforming_strings"] = "on" // as bun quotes strings
	config.RuntimeParams["timezone"] = "UTC"
	config.RuntimeParams["datestyle"] = "ISO" // as timeLayout says
	config.RuntimeParams["application_name"] = "carrel"
	pool := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(prepareConnection))
	pool.SetMaxOpenConns(postgresConnections)
	pool.SetMaxIdleConns(postgresConnections) // with fewer, connections would be closed and opened again at every peak, each a process of PostgreSQL
	pool.SetConnMaxIdleTime(5 * time.Minute)
	db := newDB(pool, pgdialect.New())
	s.writer, s.reader, s.dialect = db, db, postgresDialect{config}
	return nil
}

// prepareConnection makes the server return times in UTC, and plan for many small queries: compiling one takes longer than
// running it, and an index is better than reading a table of some thousand rows, which is in memory anyway.
func prepareConnection(ctx context.Context, c *pgx.Conn) error {
	c.TypeMap().RegisterType(&pgtype.Type{
		Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
	})
	_, err := c.Exec(ctx, "SET jit = off; SET random_page_cost = 1.1")
	return err
}

// migrationLock is the key of the advisory lock for migrations: "carrel" in ASCII.
const migrationLock = 0x63617272656c

func (postgresDialect) lockForMigration(ctx context.Context, tx bun.Tx) error {
	_, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock(?)", migrationLock)
	return err
}

func (postgresDialect) hasTable(ctx context.Context, db *bun.DB, name string) (there bool, err error) {
	err = db.NewRaw("SELECT to_regclass(?) IS NOT NULL", name).Scan(ctx, &there)
	return there, err
}

// migration makes text sort by its bytes, as on SQLite, rather than by the language of the database.
func (postgresDialect) migration(text string) string {
	return strings.ReplaceAll(text, " TEXT", ` TEXT COLLATE "C"`)
}

func (postgresDialect) viewOptions() *sql.TxOptions {
	return &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
}

func (postgresDialect) forUpdate(q *bun.SelectQuery, table string, skip bool) *bun.SelectQuery {
	if skip {
		return q.For("UPDATE OF ? SKIP LOCKED", bun.Ident(table))
	}
	return q.For("UPDATE OF ?", bun.Ident(table))
}

func (postgresDialect) forShare(q *bun.SelectQuery, table string) *bun.SelectQuery {
	return q.For("SHARE OF ?", bun.Ident(table))
}

func (postgresDialect) violated(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == "23505" {
		return e.ConstraintName
	}
	return ""
}

func (postgresDialect) refers(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && e.Code == "23503"
}

// outage reports whether the server is starting, stopping or gone, has no connection, memory or disk left, is read-only (it
// became a standby), or aborted a transaction repeatedly in favour of others.
func (p postgresDialect) outage(err error) bool {
	if _, connecting := errors.AsType[*pgconn.ConnectError](err); connecting || p.passing(err) {
		return true
	}
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return pgconn.SafeToRetry(err)
	}
	switch e.Code {
	case "57P01", "57P02", "57P03", "57P05", "25006", "55P03":
		return true
	}
	return strings.HasPrefix(e.Code, "08") || strings.HasPrefix(e.Code, "53") || strings.HasPrefix(e.Code, "58")
}

// stale is not the case where no connection can be made, or where the server answers but to say that it ends the connection.
func (postgresDialect) stale(err error) bool {
	if _, connecting := errors.AsType[*pgconn.ConnectError](err); connecting {
		return false
	}
	e, answered := errors.AsType[*pgconn.PgError](err)
	return !answered || e.Code == "57P01" || e.Code == "57P02"
}

func (postgresDialect) timeLayout() string { return "2006-01-02 15:04:05.999999-07" }

// smallestWrite takes a transaction's number, which a read-only server refuses.
func (postgresDialect) smallestWrite() string { return "SELECT txid_current()" }

// passing reports a serialization failure or a deadlock.
func (postgresDialect) passing(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (e.Code == "40001" || e.Code == "40P01")
}

// analyze does nothing: the server analyses its tables itself.
func (postgresDialect) analyze(context.Context, *bun.DB) error { return nil }

// The channels on which processes on one database signal new sub-jobs, and the end of credentials or changes of permissions.
const (
	workChannel       = "carrel_work"
	revocationChannel = "carrel_revocation"
)

// announceWork is part of the transaction: PostgreSQL delivers it with the commit, or not at all.
func (postgresDialect) announceWork(ctx context.Context, tx bun.Tx) error {
	_, err := tx.ExecContext(ctx, "NOTIFY "+workChannel)
	return err
}

// announceRevocation is part of the transaction, as announceWork is. The id of a store is letters and digits.
func (postgresDialect) announceRevocation(ctx context.Context, t *Tx, from string) error {
	return t.direct(ctx, "NOTIFY "+revocationChannel+", '"+from+"'")
}

// listen listens on a connection of its own and opens a new one when that breaks.
func (p postgresDialect) listen(ctx context.Context, log *slog.Logger, h heard) {
	const shortest, longest = 100 * time.Millisecond, 5 * time.Second
	for wait := shortest; ; wait = min(2*wait, longest) {
		listening, err := p.listenOnce(ctx, h)
		if ctx.Err() != nil {
			return
		}
		if listening {
			wait = shortest
		}
		log.WarnContext(ctx, "listening to other processes was interrupted", "error", err, "again_in", wait)
		if pause(ctx, wait) != nil {
			return
		}
	}
}

// listenOnce returns when the connection breaks or the context ends, and whether it ever listened.
func (p postgresDialect) listenOnce(ctx context.Context, h heard) (listening bool, err error) {
	c, err := pgx.ConnectConfig(ctx, p.config.Copy())
	if err != nil {
		return false, err
	}
	defer c.Close(context.WithoutCancel(ctx))
	if _, err := c.Exec(ctx, "LISTEN "+workChannel+"; LISTEN "+revocationChannel); err != nil {
		return false, err
	}
	h.work() // for what was announced before
	h.revocation("")
	for {
		n, err := c.WaitForNotification(ctx)
		if err != nil {
			return true, err
		}
		switch n.Channel {
		case workChannel:
			h.work()
		case revocationChannel:
			h.revocation(n.Payload)
		}
	}
}
