package catalog

import (
	"time"
)

// VPC is a private network of a project; desktops are in its subnets.
type VPC struct {
	ID           string
	ProjectID    string
	Name         string
	Description  string
	CIDR         string
	EnterpriseID string // empty in rows that know none: the default one
	Created      time.Time
	Updated      time.Time
}

// Subnet is an address range for desktops. Network is the engine's name for it.
type Subnet struct {
	ID        string
	ProjectID string
	VPCID     string
	Name      string

	Description string

	CIDR      string
	Gateway   string
	DNS       []string
	Network   string // engine.Network.ID
	Default   bool   // used if a request has no subnet
	Created   time.Time
	Updated   time.Time
	Withdrawn bool // the project's service does not use it now: nothing new is put there
}

// SubnetDetail is a subnet, and whether it is in use.
type SubnetDetail struct {
	Subnet
	Used bool // a desktop is in it, or a pool creates desktops in it
}

// SecurityGroup is a named set of network rules. The default group allows all outgoing and no incoming traffic.
type SecurityGroup struct {
	ID           string
	ProjectID    string
	Name         string
	Description  string
	EnterpriseID string // empty in rows that know none: the default one
	Default      bool
	Created      time.Time
	Updated      time.Time
}
