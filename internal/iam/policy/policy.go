package policy

import (
	"net/netip"
	"time"

	"carrel/internal/workspace"
)

// Policy is a compiled identity policy. It is immutable and safe for concurrent use.
type Policy struct {
	ID         string
	statements []statement
}

// Effect is what a statement does to the requests that it matches.
type Effect string

// The effects. A statement that denies is stronger than all that allow.
const (
	Allow Effect = "Allow"
	Deny  Effect = "Deny"
)

// statement matches requests with one of the actions, about one of the resources, for which all tests hold.
type statement struct {
	effect    Effect
	actions   []glob
	resources []urn
	request   []requestTest
	resource  []workspace.ResourceTest
}

// urn is a pattern of resources. Its last part is an attribute of the resource, the others are known from the request alone.
type urn struct {
	service, region, project, kind workspace.TextPattern
	id                             workspace.TextPattern
}

// Grant is a policy as it is attached to a caller, or to one of the caller's groups. It is valid in one project, for the resources of one
// enterprise project, or in the whole account if both are empty.
type Grant struct {
	*Policy

	Project           string
	EnterpriseProject string
}

// Request is what a caller asks for.
type Request struct {
	Action  string // workspace:desktops:create
	Region  string
	Project string // of the path; for the identity API the account
	Kind    string // of the resource: desktop
	ID      string // of the resource; empty: unknown, or there is none yet
	Labels  *workspace.ResourceLabels

	Address netip.Addr // of the client; invalid: unknown
	Time    time.Time
	MFA     bool // the credential was made with a second factor
}

// Decision says whether a request is allowed, and which statement decided. Without a Policy none did: what no statement allows is denied.
type Decision struct {
	Allowed   bool
	Policy    string
	Statement int // the index in the policy
	Effect    Effect

	// Unsure: the decision rests on attributes of a resource that the request does not tell. It is the one for the worst case.
	Unsure bool
}

func (d Decision) of(g *Grant, index int, effect Effect, allowed, unsure bool) Decision {
	return Decision{Allowed: allowed, Policy: g.ID, Statement: index, Effect: effect, Unsure: unsure}
}
