package catalog

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Available counts the addresses of a project's subnet that FreeAddresses could give to desktops now. CodeNetworkNotFound.
func Available(ctx context.Context, t *store.Tx, projectID, subnetID string) (int, error) {
	var rows []subnetRow
	err := t.NewSelect().Model(&rows).Where("s.project_id = ?", projectID).
		Where("s.id = ?0 OR s.network <> '' AND s.network = (SELECT o.network FROM subnets AS o WHERE o.id = ?0 AND o.project_id = ?1)", subnetID, projectID).Scan(ctx)
	if err != nil {
		return 0, err
	}
	var s subnetRow
	sharing := make([]string, len(rows))
	for i, r := range rows {
		if sharing[i] = r.ID; r.ID == subnetID {
			s = r
		}
	}
	if s.ID == "" {
		return 0, workspace.Errorf(workspace.CodeNetworkNotFound, "subnet %q does not exist", workspace.Clip(subnetID, 64))
	}
	first, last, err := hosts(s.CIDR)
	if err != nil {
		return 0, fmt.Errorf("subnet %s: %w", s.ID, err)
	}
	gateway, err := AddressNumber(s.Gateway)
	if err != nil {
		return 0, fmt.Errorf("gateway of subnet %s: %w", s.ID, err)
	}
	if last < first {
		return 0, nil
	}
	var used int64
	err = t.NewRaw(`SELECT COUNT(*) FROM (
			SELECT d.address_number FROM desktops AS d WHERE d.subnet_id IN (?0) AND d.address_number > 0 AND d.address_number BETWEEN ?1 AND ?2
			UNION SELECT r.address_number FROM reserved_addresses AS r WHERE r.subnet_id IN (?0) AND r.address_number BETWEEN ?1 AND ?2
		) AS used WHERE used.address_number <> ?3`, bun.List(sharing), first, last, gateway).Scan(ctx, &used)
	free := last - first + 1 - used
	if first <= gateway && gateway <= last {
		free--
	}
	return int(free), err
}
