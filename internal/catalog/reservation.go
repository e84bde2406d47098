package catalog

// Reservation is an address that the engine has in use for what is no desktop of this installation.
type Reservation struct {
	SubnetID string
	Address  string
	Holder   string // the engine's name for what has it
}
