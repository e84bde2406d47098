package desktop

import (
	"context"

	"carrel/internal/catalog"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// MoveDesktop gives a desktop whose machine does not exist yet another address, because the engine uses its address for something
// else; that address becomes reserved. It returns the new one. CodeNoAddress if the subnet has none. The caller has locked the
// desktop's row.
func MoveDesktop(ctx context.Context, tx *store.Tx, d Desktop) (string, error) {
	if err := catalog.ReserveAddress(ctx, tx, catalog.Reservation{SubnetID: d.SubnetID, Address: d.Address}); err != nil {
		return "", err
	}
	free, err := catalog.FreeAddresses(ctx, tx, d.SubnetID, 1)
	if err != nil {
		return "", err
	}
	d.Address = free[0]
	return d.Address, SaveDesktop(ctx, tx, d)
}

// refuseReserved returns an error for requested addresses that the engine uses for something else.
func refuseReserved(ctx context.Context, tx *store.Tx, field, subnetID string, addresses []string) error {
	reserved, err := catalog.Reservations(ctx, tx, subnetID, addresses)
	if err != nil || len(reserved) == 0 {
		return err
	}
	return AddressInUse(field, reserved[0])
}

// AddressInUse is the error for a requested address that is reserved.
func AddressInUse(field string, r catalog.Reservation) error {
	holder := r.Holder
	if holder == "" {
		holder = "a machine"
	}
	return workspace.Errorf(workspace.CodeAddressTaken, "%s: the engine uses %s for %s, which is no desktop of this installation; choose another address, or none",
		field, r.Address, holder)
}
