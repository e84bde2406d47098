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
