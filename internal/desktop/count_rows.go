package desktop

import (
	"context"

	"carrel/internal/store"
)

// assigned is whether a desktop has a user or a group.
const assigned = "(EXISTS (SELECT 1 FROM assignments AS a WHERE a.desktop_id = d.id) OR " +
	"EXISTS (SELECT 1 FROM group_assignments AS a WHERE a.desktop_id = d.id))"

// ReadCounts counts the desktops that match, by pool and state, in one statement. The page of the query does not count.
func ReadCounts(ctx context.Context, t *store.Tx, f DesktopQuery) ([]Count, error) {
	const states = "d.pool_id, d.status, d.task, d.login, d.in_maintenance, " + assigned
	var counts []Count
	q := t.NewSelect().TableExpr("desktops AS d").ColumnExpr(states + " AS assigned").ColumnExpr("count(*) AS desktops").GroupExpr(states).OrderExpr(states)
	err := filterDesktops(q, f).Scan(ctx, &counts)
	return counts, err
}
