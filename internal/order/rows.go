package order

import (
	"context"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// insert writes an order.
func insert(ctx context.Context, t *store.Tx, o Order) error {
	_, err := t.Inserting(&o).Exec(ctx)
	if err == nil {
		t.AuditInsert(workspace.Resource{Type: "order", ID: o.ID, Name: o.Type}, o)
	}
	return err
}

func list(ctx context.Context, t *store.Tx, f Query) ([]Order, int, error) {
	var orders []Order
	q := t.NewSelect().Model(&orders).Where("project_id = ?", f.ProjectID)
	q = store.Equal(q, "type", f.Type)
	q = store.Equal(q, "job_id", f.JobID)
	total, err := store.ReadPage(ctx, q, f.Page, true, "created", "id")
	return orders, total, err
}
