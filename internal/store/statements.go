package store

import (
	"context"
	"database/sql"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"carrel/internal/telemetry"
)

// newDB returns a database that counts the statements of each request.
func newDB(db *sql.DB, d schema.Dialect) *bun.DB {
	return bun.NewDB(db, d).WithQueryHook(statementCount{})
}

// statementCount counts statements, except those that begin and end transactions, which may be shared.
type statementCount struct{}

// BeforeQuery implements bun.QueryHook.
func (statementCount) BeforeQuery(ctx context.Context, e *bun.QueryEvent) context.Context {
	switch e.Query {
	case "BEGIN", "COMMIT", "ROLLBACK":
	default:
		telemetry.Statement(ctx)
	}
	return ctx
}

// AfterQuery implements bun.QueryHook.
func (statementCount) AfterQuery(context.Context, *bun.QueryEvent) {}
