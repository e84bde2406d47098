package desktop

import (
	"context"
	"strings"

	"carrel/internal/store"
)

// difference returns the condition for desktops d that differ from what their pool would create in one respect.
func difference(p Pattern, in Difference) (condition string, args []any) {
	switch in {
	case DiffersInProduct:
		return "d.product_id <> ?", []any{p.ProductID}
	case DiffersInImage:
		return "d.image_id <> ?", []any{p.ImageID}
	case DiffersInDisks:
		return "(SELECT count(*) FROM volumes AS v WHERE v.desktop_id = d.id AND v.position > 0) <> ?", []any{len(p.DataGB)}
	case DiffersInDiskSize:
		return diskSizeDiffers(p)
	case DiffersByIsolation:
		return "d.isolated", nil
	default:
		return "FALSE", nil
	}
}

// diskSizeDiffers compares the system disk, then data disks one by one as far as both sides have them. Positions may have gaps
// where disks were deleted.
func diskSizeDiffers(p Pattern) (condition string, args []any) {
	unlike := []string{"v.place = 1 AND v.gb <> ?"}
	args = []any{p.RootGB}
	for i, gb := range p.DataGB {
		unlike = append(unlike, "v.place = ? AND v.gb <> ?")
		args = append(args, i+2, gb)
	}
	return `EXISTS (SELECT 1 FROM
		(SELECT o.gb, row_number() OVER (ORDER BY o.position) AS place FROM volumes AS o WHERE o.desktop_id = d.id) AS v
		WHERE ` + strings.Join(unlike, " OR ") + ")", args
}

// PoolDifferences counts a pool's desktops that differ from it, for each of Differences.
func PoolDifferences(ctx context.Context, t *store.Tx, p Pattern) (map[Difference]int, error) {
	counts := make([]int, len(Differences))
	into := make([]any, len(counts))
	q := t.NewSelect().TableExpr("desktops AS d").Where("d.pool_id <> '' AND d.pool_id = ?", p.PoolID)
	for i, in := range Differences {
		condition, args := difference(p, in)
		q = q.ColumnExpr("count(*) FILTER (WHERE "+condition+")", args...)
		into[i] = &counts[i]
	}
	if err := q.Scan(ctx, into...); err != nil {
		return nil, err
	}
	found := make(map[Difference]int, len(counts))
	for i, in := range Differences {
		found[in] = counts[i]
	}
	return found, nil
}
