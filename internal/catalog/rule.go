package catalog

import (
	"time"

	"carrel/internal/store"
)

// Rule is a rule of a security group. All rules allow: what none of a desktop's groups allows is dropped, so their order does not matter.
type Rule struct {
	store.BaseModel `bun:"table:security_group_rules,alias:r"`

	ID           string `bun:",pk"`
	ProjectID    string
	GroupID      string
	Description  string
	Outgoing     bool   // from the group's desktops; otherwise to them
	Protocol     string // "tcp", "udp", "icmp"; empty: any
	Ports        string // "22,8000-8080"; empty: any
	RemotePrefix string // an IPv4 range; empty: any, unless RemoteGroup is set
	RemoteGroup  string // the id of a security group: its desktops in the same VPC
	Priority     int    // 1 to 100, for readers
	Created      time.Time
}
