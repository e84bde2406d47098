package desktop

import (
	"context"
	"fmt"
	"net/netip"

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

// CheckAddress returns why a desktop cannot have an address of a subnet, or nil: CodeInvalid if none can, CodeAddressTaken if the engine uses it for
// something else. That no other desktop has it, the unique index of the rows decides.
func CheckAddress(ctx context.Context, tx *store.Tx, field string, s catalog.Subnet, address string) error {
	if err := checkAddress(field, s, address); err != nil {
		return err
	}
	return refuseReserved(ctx, tx, field, s.ID, []string{address})
}

func checkAddress(field string, s catalog.Subnet, address string) error {
	prefix, err := netip.ParsePrefix(s.CIDR)
	if err != nil {
		return fmt.Errorf("reading subnet %s: %w", s.ID, err)
	}
	switch addr, err := netip.ParseAddr(address); {
	case err != nil || !addr.Is4():
		return workspace.Invalid(field, "%q is not an IPv4 address", workspace.Clip(address, 64))
	case !UsableAddress(prefix, addr) || address == s.Gateway:
		return workspace.Invalid(field, "%s is not a usable address of the subnet %s", address, s.CIDR)
	}
	return nil
}
