package network

import (
	"context"

	"carrel/internal/desktop"
	"carrel/internal/store"
)

// ports reads a page of the ports of desktops. The index of desktops by their ids orders them.
func ports(ctx context.Context, t *store.Tx, f PortQuery) (found []Port, err error) {
	q := t.NewSelect().TableExpr("desktops AS d").ColumnExpr("d.id, d.subnet_id, d.address, d.status <> '' AS made").
		Where("d.project_id = ? AND d.id > ? AND d.address_number > 0", f.ProjectID, f.After)
	q = store.Equal(q, "d.subnet_id", f.SubnetID)
	q = store.Equal(q, "d.address", f.Address)
	err = desktop.Selected(q, f.Visible).Order("d.id").Limit(int64(f.Limit)).Scan(ctx, &found)
	return found, err
}
