package workspace

import (
	"context"
	"time"
)

// VPC is a private network of a project; its subnets hold the desktops.
type VPC struct {
	ID        string
	ProjectID string
	Name      string
	CIDR      string
	Created   time.Time
}

// Subnet is an address range on which desktops get their addresses. Network names it to the engine.
type Subnet struct {
	ID        string
	ProjectID string
	VPCID     string
	Name      string
	CIDR      string
	Gateway   string
	DNS       []string
	Network   string // engine.Network.ID
	Default   bool   // used when a request names none
	Created   time.Time
}

// SubnetDetail is a subnet, and whether anything is on it.
type SubnetDetail struct {
	Subnet
	Used bool // a desktop is on it, or a pool makes desktops there
}

// SecurityGroup is a named set of network rules. The default group lets desktops out and nothing in.
type SecurityGroup struct {
	ID          string
	ProjectID   string
	Name        string
	Description string
	Default     bool
	Created     time.Time
}

// NetworkRows is what the domain asks of the store about networks and addresses.
type NetworkRows interface {
	InsertVPC(ctx context.Context, v VPC) error
	InsertSubnet(ctx context.Context, s Subnet) error
	InsertSecurityGroup(ctx context.Context, g SecurityGroup) error

	VPCs(ctx context.Context, projectID string) ([]VPC, error)
	// Subnets reads a project's subnets, or everybody's if projectID is empty.
	Subnets(ctx context.Context, projectID string) ([]Subnet, error)
	// UsedSubnets reads the ids of those of a project's subnets on which a desktop is or a pool makes desktops.
	UsedSubnets(ctx context.Context, projectID string) ([]string, error)
	SecurityGroups(ctx context.Context, projectID string) ([]SecurityGroup, error)

	// PutReservations replaces the addresses of a subnet that are kept back because the engine has them in use.
	PutReservations(ctx context.Context, subnetID string, all []Reservation) error
	// ReserveAddress adds one, unless it is there.
	ReserveAddress(ctx context.Context, r Reservation) error
	// Reservations reads those of the addresses of a subnet that are kept back.
	Reservations(ctx context.Context, subnetID string, addresses []string) ([]Reservation, error)

	// FreeAddresses returns n addresses of the subnet that no desktop has and that are not reserved, lowest first after the one given out last, so
	// that an address is not used again soon. CodeNoAddress when there are fewer. InsertDesktops takes them; the unique
	// constraint on (subnet, address) decides between two callers.
	FreeAddresses(ctx context.Context, subnetID string, n int) ([]string, error)
}
