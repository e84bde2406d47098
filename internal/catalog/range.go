package catalog

import (
	"context"
	"fmt"
	"net/netip"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Range is where the networks of projects come from that the operator has given none: blocks of one size.
type Range struct {
	Prefix netip.Prefix // IPv4; the zero value: there are none
	Bits   int          // of the blocks, not fewer than those of Prefix
}

// free returns the first block of the range that has nothing in common with what is taken. There may be none.
func (r Range) free(taken []netip.Prefix) (netip.Prefix, bool) {
	if !r.Prefix.IsValid() {
		return netip.Prefix{}, false
	}
	first, err := AddressNumber(r.Prefix.Masked().Addr().String())
	if err != nil {
		return netip.Prefix{}, false
	}
	step := int64(1) << (32 - r.Bits)
next:
	for at, end := first, first+int64(1)<<(32-r.Prefix.Bits()); at < end; at += step {
		block := netip.PrefixFrom(netip.MustParseAddr(addressOf(at)), r.Bits)
		for _, other := range taken {
			if block.Overlaps(other) {
				continue next
			}
		}
		return block, true
	}
	return netip.Prefix{}, false
}

// networkOf names the engine's network of a block: the same block has the same name, whoever has it.
func networkOf(block netip.Prefix) string {
	a := block.Addr().As4()
	return fmt.Sprintf("cr%02x%02x%02x%02x-%d", a[0], a[1], a[2], a[3], block.Bits())
}

// NewNetwork gives a project a VPC with one subnet, in a block of the range that no project has. CodeConflict if there is none. Two callers at once
// get different blocks: the second waits for the first and looks again (claimNetwork).
func NewNetwork(ctx context.Context, tx *store.Tx, projectID string, r Range) (VPC, Subnet, error) {
	const attempts = 100
	if err := LockRanges(ctx, tx); err != nil {
		return VPC{}, Subnet{}, err
	}
	for range attempts {
		subnets, err := Subnets(ctx, tx, "")
		if err != nil {
			return VPC{}, Subnet{}, err
		}
		var taken []netip.Prefix
		for _, s := range subnets {
			p, err := netip.ParsePrefix(s.CIDR)
			if err != nil {
				return VPC{}, Subnet{}, fmt.Errorf("reading subnet %s: %w", s.ID, err)
			}
			taken = append(taken, p.Masked())
		}
		block, there := r.free(taken)
		if !there {
			return VPC{}, Subnet{}, noNetwork(r)
		}
		network := networkOf(block)
		own, err := claimNetwork(ctx, tx, networkRow{ID: network, ProjectID: projectID, CIDR: block.String(), Gateway: block.Addr().Next().String()})
		if err != nil {
			return VPC{}, Subnet{}, err
		}
		if own {
			return insertNetwork(ctx, tx, projectID, network, block)
		}
	}
	return VPC{}, Subnet{}, workspace.Errorf(workspace.CodeConflict, "other projects get their networks at this moment, try again")
}

func noNetwork(r Range) error {
	if !r.Prefix.IsValid() {
		return workspace.Errorf(workspace.CodeConflict, "the project has no network: the operator gives it one in the configuration (networks, or project_networks for all projects)")
	}
	return workspace.Errorf(workspace.CodeConflict, "all networks of %s are in use: the operator can enlarge project_networks.range, or give the project one (networks)", r.Prefix)
}

func insertNetwork(ctx context.Context, tx *store.Tx, projectID, network string, block netip.Prefix) (VPC, Subnet, error) {
	v := VPC{ID: workspace.NewID(), ProjectID: projectID, Name: "vpc-default", CIDR: block.String(), Created: tx.Now()}
	s := Subnet{
		ID: workspace.NewID(), ProjectID: projectID, VPCID: v.ID, Name: "subnet-" + network, CIDR: block.String(), Gateway: block.Addr().Next().String(), DNS: []string{},
		Network: network, Default: true, Created: tx.Now(),
	}
	if err := InsertVPC(ctx, tx, v); err != nil {
		return v, s, err
	}
	return v, s, InsertSubnet(ctx, tx, s)
}
