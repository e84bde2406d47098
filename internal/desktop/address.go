package desktop

import (
	"context"

	"carrel/internal/catalog"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// MoveDesktop gives a desktop whose machine is not made yet another address, because the engine has its own in use for something
// else, which it reserves. It returns the new one. CodeNoAddress when the subnet has none. The desktop's row is locked.
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

// refuseReserved refuses addresses of a request that the engine has in use for something else.
func refuseReserved(ctx context.Context, tx *store.Tx, field, subnetID string, addresses []string) error {
	reserved, err := catalog.Reservations(ctx, tx, subnetID, addresses)
	if err != nil || len(reserved) == 0 {
		return err
	}
	return AddressInUse(field, reserved[0])
}

// AddressInUse refuses an address that a request asks for.
func AddressInUse(field string, r catalog.Reservation) error {
	holder := r.Holder
	if holder == "" {
		holder = "a machine"
	}
	return workspace.Errorf(workspace.CodeAddressTaken, "%s: the engine uses %s for %s, which is no desktop of this installation; choose another address, or none",
		field, r.Address, holder)
}
