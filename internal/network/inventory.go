package network

import (
	"context"
	"net/netip"
	"slices"

	"carrel/internal/address"
	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// MaxShown is the maximum number of desktops whose networks are shown at once, and of ranges that are checked.
const MaxShown = 100

// Available counts the addresses of a subnet that desktops can get now. CodeNetworkNotFound.
func (s *Service) Available(ctx context.Context, projectID, subnetID string) (int, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) (int, error) { return catalog.Available(ctx, tx, projectID, subnetID) })
}

// InUse returns which of these subnets of the project have desktops, or pools that create desktops in them; of all if none is named.
func (s *Service) InUse(ctx context.Context, projectID string, ids []string) ([]string, error) {
	used, err := store.View(ctx, s.Store, func(tx *store.Tx) ([]string, error) { return catalog.UsedSubnets(ctx, tx, projectID) })
	return slices.DeleteFunc(append([]string{}, used...), func(id string) bool { return len(ids) > 0 && !slices.Contains(ids, id) }), err
}

// Conflicts returns which ranges no subnet can have, because a subnet of some project overlaps them. CodeInvalid.
func (s *Service) Conflicts(ctx context.Context, cidrs []string) ([]string, error) {
	if n := len(cidrs); n < 1 || n > MaxShown {
		return nil, workspace.Invalid("tenant_cidrs", "%d ranges, use 1 to %d", n, MaxShown)
	}
	ranges := make([]netip.Prefix, len(cidrs))
	for i, cidr := range cidrs {
		var err error
		if ranges[i], err = checkRange("tenant_cidrs", cidr); err != nil {
			return nil, err
		}
	}
	subnets, err := store.View(ctx, s.Store, func(tx *store.Tx) ([]catalog.Subnet, error) { return catalog.Subnets(ctx, tx, "") })
	conflicts := []string{}
	for i, wanted := range ranges {
		overlaps := func(n catalog.Subnet) bool {
			p, err := netip.ParsePrefix(n.CIDR)
			return err == nil && p.Overlaps(wanted)
		}
		if slices.ContainsFunc(subnets, overlaps) {
			conflicts = append(conflicts, cidrs[i])
		}
	}
	return conflicts, err
}

// Port is where a desktop is attached to a subnet. Its id is the desktop's.
type Port struct {
	ID       string // of the desktop
	SubnetID string
	Address  string
	Made     bool // the desktop is there, rather than being created
}

// PortQuery selects ports of one project. Zero fields select all.
type PortQuery struct {
	ProjectID string
	SubnetID  string
	Address   string
	Visible   *workspace.Selection // those of desktops that the caller may see
	After     string               // the id of the last one of the page before
	Limit     int
}

// Ports reads a page of ports, in the order of their ids.
func (s *Service) Ports(ctx context.Context, q PortQuery) ([]Port, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) ([]Port, error) { return ports(ctx, tx, q) })
}

// Attachment is a desktop with the network that it is on.
type Attachment struct {
	Desktop desktop.Desktop
	VPC     catalog.VPC
	Subnet  catalog.Subnet
	Groups  []catalog.SecurityGroup // in the desktop's order
	Public  address.Address         // the zero value: none
}

// Attachment reads where a desktop is. CodeDesktopNotFound.
func (s *Service) Attachment(ctx context.Context, projectID, desktopID string) (Attachment, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) (Attachment, error) {
		d, err := desktop.ReadDesktop(ctx, tx, projectID, desktopID)
		if err != nil {
			return Attachment{}, err
		}
		all, err := attached(ctx, tx, projectID, []desktop.Desktop{d})
		if err != nil {
			return Attachment{}, err
		}
		return all[0], nil
	})
}

// Attachments reads where desktops are, by their names; without ids all, if those are MaxShown at most. Ids that do not exist are left out. CodeInvalid.
func (s *Service) Attachments(ctx context.Context, projectID string, ids []string, visible *workspace.Selection) ([]Attachment, error) {
	if len(ids) > MaxShown {
		return nil, workspace.Invalid("desktop_ids", "%d desktops, at most %d are shown at once", len(ids), MaxShown)
	}
	return store.View(ctx, s.Store, func(tx *store.Tx) ([]Attachment, error) {
		desktops, total, err := desktop.Desktops(ctx, tx, desktop.DesktopQuery{
			ProjectID: projectID, IDs: ids, Visible: visible, SortBy: desktop.ByName, Page: workspace.Page{Limit: MaxShown},
		})
		if err != nil {
			return nil, err
		}
		if total > MaxShown {
			return nil, workspace.Invalid("desktop_ids", "there are %d desktops, at most %d are shown at once: name them", total, MaxShown)
		}
		return attached(ctx, tx, projectID, desktops)
	})
}

// attached reads what desktops are attached to, with one statement of each kind.
func attached(ctx context.Context, tx *store.Tx, projectID string, desktops []desktop.Desktop) ([]Attachment, error) {
	vpcs, err := catalog.VPCs(ctx, tx, projectID)
	if err != nil {
		return nil, err
	}
	subnets, err := catalog.Subnets(ctx, tx, projectID)
	if err != nil {
		return nil, err
	}
	public, err := address.OfDesktops(ctx, tx, projectID, store.Convert(desktops, func(d desktop.Desktop) string { return d.ID }))
	if err != nil {
		return nil, err
	}
	groups, err := catalog.SecurityGroups(ctx, tx, projectID)
	all := make([]Attachment, len(desktops))
	for i, d := range desktops {
		a := Attachment{Desktop: d, Groups: desktop.GroupsNamed(groups, d.SecurityGroups), Public: public[d.ID]}
		for _, n := range subnets {
			if n.ID == d.SubnetID {
				a.Subnet = n
			}
		}
		for _, v := range vpcs {
			if v.ID == a.Subnet.VPCID {
				a.VPC = v
			}
		}
		all[i] = a
	}
	return all, err
}
