package audit

import (
	"context"
	"time"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Service reads the audit records, adds those of requests that changed nothing, and keeps the chain that shows whether a record is missing
// or changed. It is safe for concurrent use, also by several processes on one database.
type Service struct {
	Store store.Transactions
	Keys  Keys // for the chain
}

// Query selects audit records of one project. What is empty selects all.
type Query struct {
	ProjectID    string
	ActorID      string
	ActorName    string // exact
	Operation    string
	Action       string
	ResourceType workspace.ResourceType
	ResourceID   string
	Result       workspace.AuditResult
	RequestID    string
	From         time.Time // inclusive
	Until        time.Time // exclusive
	workspace.Page
}

// List reads a page of records, newest first, and counts all that match. CodeInvalid if the times are the wrong way round.
func (s *Service) List(ctx context.Context, q Query) ([]workspace.AuditRecord, int, error) {
	if !q.From.IsZero() && !q.Until.IsZero() && !q.From.Before(q.Until) {
		return nil, 0, workspace.Invalid("end_time", "must be later than start_time")
	}
	return store.List(ctx, s.Store, func(tx *store.Tx) ([]workspace.AuditRecord, int, error) { return Records(ctx, tx, q) })
}

// Add adds the record of a request that was refused or failed.
func (s *Service) Add(ctx context.Context, r workspace.AuditRecord) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		tx.Record(r)
		return nil
	})
}
