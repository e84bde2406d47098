package audit_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"carrel/internal/audit"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

// busyStore stores nothing in time until it is free.
type busyStore struct {
	store.Transactions
	free bool
}

func (s *busyStore) Update(ctx context.Context, f func(*store.Tx) error) error {
	if !s.free {
		return errors.New("too busy")
	}
	return s.Transactions.Update(ctx, f)
}

func TestARefusalThatCouldNotBeStoredIsCounted(t *testing.T) {
	db := storetest.Open(t, storetest.SQLitePath(t), nil)
	busy := &busyStore{Transactions: db}
	refusals := &audit.Refusals{Store: busy, Clock: time.Now, Log: slog.New(slog.DiscardHandler)}
	for range 3 {
		refusals.Add(t.Context(), workspace.AuditRecord{ID: workspace.NewID(), Operation: "SignIn", Address: "192.0.2.1", Time: time.Now(), Result: workspace.AuditRefused})
	}
	busy.free = true
	refusals.Flush(t.Context())
	records, err := store.View(t.Context(), db, func(tx *store.Tx) ([]workspace.AuditRecord, error) {
		all, _, err := audit.Records(t.Context(), tx, audit.Query{Page: workspace.Page{Limit: 10}})
		return all, err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(records) != 1 || len(records[0].Changes) != 1 || records[0].Changes[0] != (workspace.FieldChange{Field: "left_out", New: "3"}) {
		t.Errorf("%+v", records)
	}
}
