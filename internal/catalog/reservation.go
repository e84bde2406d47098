package catalog

// Reservation is an address that the engine uses for something other than a desktop of this installation.
type Reservation struct {
	SubnetID string
	Address  string
	Holder   string // the engine's name of what uses it
}
