package audit

import (
	"context"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Records reads a page of records, newest first, and counts all that match.
func Records(ctx context.Context, t *store.Tx, f Query) ([]workspace.AuditRecord, int, error) {
	var found []workspace.AuditRecord
	q := t.NewSelect().Model(&found).Where("project_id = ?", f.ProjectID)
	q = store.Equal(q, "actor_id", f.ActorID)
	q = store.Equal(q, "actor_name", f.ActorName)
	q = store.Equal(q, "operation", f.Operation)
	q = store.Equal(q, "action", f.Action)
	q = store.Equal(q, "resource_type", f.ResourceType)
	q = store.Equal(q, "resource_id", f.ResourceID)
	q = store.Equal(q, "result", f.Result)
	q = store.Equal(q, "request_id", f.RequestID)
	if f.RequestID != "" {
		q = q.Where("request_id <> ''") // the condition of the index, in its words
	}
	if f.Result == workspace.AuditRefused || f.Result == workspace.AuditFailed {
		q = q.Where("result <> 'success'") // likewise
	}
	if !f.From.IsZero() {
		q = q.Where("time >= ?", f.From)
	}
	if !f.Until.IsZero() {
		q = q.Where("time < ?", f.Until)
	}
	total, err := store.ReadPage(ctx, q, f.Page, true, "time", "id")
	return found, total, err
}
