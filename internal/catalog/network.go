package catalog

import (
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
