package address

import (
	"cmp"
	"fmt"
	"iter"
	"net/netip"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Limits.
const (
	MaxPerProject = 500
	MaxPerRequest = 100
	MaxMbit       = 2000
	MaxName       = 64
	maxRange      = 4096 // addresses of all ranges
)

// ResourceAddress is the kind of resource in audit records.
const ResourceAddress workspace.ResourceType = "public_address"

// The types and charge modes, in the words of the API. They are kept as they were asked for: all addresses are alike, and nothing is charged.
const (
	TypeDynamic     = "5_bgp"
	TypeStatic      = "5_sbgp"
	ChargeTraffic   = "TRAFFIC"
	ChargeBandwidth = "BANDWIDTH"
)

// Address is a public address of a project.
type Address struct {
	store.BaseModel `bun:"table:public_addresses,alias:a"`
	ID              string `bun:",pk"`
	ProjectID       string
	Address         string // IPv4
	Name            string
	Type            string
	ChargeMode      string
	Mbit            int // per second and direction
	EnterpriseID    string
	DesktopID       string `bun:",nullzero"` // empty: bound to none
	DesktopName     string `bun:",scanonly"` // with DesktopID
	PrivateAddress  string `bun:",scanonly"` // likewise: the desktop's own
	Network         string // the engine's, which forwards it or has still to take it out
	WithDesktop     bool   // released with its desktop
	Created         time.Time
}

// Spec is what an address is to be like.
type Spec struct {
	Name         string
	Type         string
	ChargeMode   string
	Mbit         int
	EnterpriseID string
}

var goodName = regexp.MustCompile(`^[\p{Han}A-Za-z0-9_.-]*$`)

// Fields names the fields of a request.
type Fields struct{ Name, Type, ChargeMode, Mbit string }

// Check validates the spec on its own. CodeInvalid names the field.
func (s Spec) Check(f Fields) error {
	switch {
	case s.Type != TypeDynamic && s.Type != TypeStatic:
		return workspace.Invalid(f.Type, "%q is unknown, use %s or %s", workspace.Clip(s.Type, 32), TypeDynamic, TypeStatic)
	case s.ChargeMode != ChargeTraffic && s.ChargeMode != ChargeBandwidth:
		return workspace.Invalid(f.ChargeMode, "%q is unknown, use %s or %s", workspace.Clip(s.ChargeMode, 32), ChargeTraffic, ChargeBandwidth)
	case s.Mbit < 1 || s.Mbit > MaxMbit:
		return workspace.Invalid(f.Mbit, "%d is out of range, use 1 to %d Mbit/s", s.Mbit, MaxMbit)
	case utf8.RuneCountInString(s.Name) > MaxName || !goodName.MatchString(s.Name):
		return workspace.Invalid(f.Name, "use at most %d letters, digits, _, - and .", MaxName)
	}
	return nil
}

// Ranges are where public addresses come from: ranges in CIDR form, all of whose addresses are used, and single addresses.
type Ranges []netip.Prefix

// ParseRanges reads ranges of a configuration, which have nothing in common.
func ParseRanges(texts []string) (Ranges, error) {
	var all Ranges
	total := 0
	for _, text := range texts {
		p, err := netip.ParsePrefix(text)
		if a, single := netip.ParseAddr(text); single == nil {
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil || !p.Addr().Is4() || p != p.Masked() {
			return nil, fmt.Errorf("%q is no IPv4 range or address, such as 198.51.100.16/28", text)
		}
		for _, other := range all {
			if other.Overlaps(p) {
				return nil, fmt.Errorf("%s overlaps %s", p, other)
			}
		}
		if p.Bits() < 32-12 {
			return nil, fmt.Errorf("%s has more than %d addresses", p, maxRange)
		}
		if total += 1 << (32 - p.Bits()); total > maxRange {
			return nil, fmt.Errorf("the ranges have more than %d addresses", maxRange)
		}
		all = append(all, p)
	}
	return all, nil
}

// each yields the addresses of all ranges, in their order.
func (r Ranges) each() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, p := range r {
			for a := p.Addr(); p.Contains(a); a = a.Next() {
				if !yield(a.String()) {
					return
				}
			}
		}
	}
}

// missing is the error of an address that does not exist in the project.
func missing(id string) error {
	return workspace.Errorf(workspace.CodeNetworkNotFound, "public address %q does not exist", workspace.Clip(id, 64))
}

func (r Ranges) none() error {
	if len(r) == 0 {
		return workspace.Errorf(workspace.CodeNoAddress, "there are no public addresses: the operator names their ranges in the configuration (public_addresses)")
	}
	return workspace.Errorf(workspace.CodeNoAddress, "all public addresses are in use: release one, or have the operator add a range (public_addresses)")
}

// filled returns the spec with what is empty by default.
func (s Spec) filled() Spec {
	s.EnterpriseID = cmp.Or(s.EnterpriseID, workspace.DefaultEnterprise)
	return s
}

// Query selects addresses of one project. Zero fields select all.
type Query struct {
	ProjectID    string
	IDs          []string
	DesktopIDs   []string
	Addresses    []string
	Private      []string // the addresses of desktops
	EnterpriseID string
	DesktopName  string // part of it, ignoring case
	UserName     string // part of the name of one who has the desktop
	Address      string // part of it
	Bound        *bool
	ByID         bool   // in the order of ids, rather than of time
	After        string // with ByID: the id of the last one of the page before
	workspace.Page
}

// sortedIDs returns the ids in the order in which rows are locked.
func sortedIDs(ids []string) []string { return slices.Compact(slices.Sorted(slices.Values(ids))) }
