package workspace

import "context"

// InstallationRows is what the store keeps of the installation as a whole.
type InstallationRows interface {
	// Installation is the id of this installation, or empty before it has one.
	Installation(ctx context.Context) (string, error)
	// PutInstallation gives the installation its id, unless it has one, and returns the one that it has then.
	PutInstallation(ctx context.Context, id string) (string, error)
}

// Reservation is an address that the engine has in use for what is no desktop of this installation.
type Reservation struct {
	SubnetID string
	Address  string
	Holder   string // the engine's name for what has it
}

// MoveDesktop gives a desktop whose machine is not made yet another address, because the engine has its own in use for something
// else, which it reserves. It returns the new one. CodeNoAddress when the subnet has none. The desktop's row is locked.
func MoveDesktop(ctx context.Context, tx Tx, d Desktop) (string, error) {
	if err := tx.ReserveAddress(ctx, Reservation{SubnetID: d.SubnetID, Address: d.Address}); err != nil {
		return "", err
	}
	free, err := tx.FreeAddresses(ctx, d.SubnetID, 1)
	if err != nil {
		return "", err
	}
	d.Address = free[0]
	return d.Address, tx.SaveDesktop(ctx, d)
}

// refuseReserved refuses addresses of a request that the engine has in use for something else.
func refuseReserved(ctx context.Context, tx Tx, field, subnetID string, addresses []string) error {
	reserved, err := tx.Reservations(ctx, subnetID, addresses)
	if err != nil || len(reserved) == 0 {
		return err
	}
	return AddressInUse(field, reserved[0])
}

// AddressInUse refuses an address that a request asks for.
func AddressInUse(field string, r Reservation) error {
	holder := r.Holder
	if holder == "" {
		holder = "a machine"
	}
	return Errorf(CodeAddressTaken, "%s: the engine uses %s for %s, which is no desktop of this installation; choose another address, or none",
		field, r.Address, holder)
}
