package api

import (
	"context"
	"slices"

	"carrel/internal/api/wire"
	"carrel/internal/catalog"
)

func (s *Server) listVPCs(ctx context.Context, in *wire.ListVpcInfoInput) (wire.ListVpcInfoResponse, error) {
	vpcs, err := s.Services.Catalog.VPCs(ctx, in.ProjectID)
	return wire.ListVpcInfoResponse{VPCs: each(vpcs, func(v catalog.VPC) wire.VpcInfo {
		return wire.VpcInfo{Status: "OK", ID: v.ID, Name: v.Name, CreatedAt: stamp(v.Created), CIDR: v.CIDR, TenantID: v.ProjectID}
	})}, err
}

func (s *Server) listSubnets(ctx context.Context, in *wire.ListSubnetsInput) (wire.ListSubnetsResponse, error) {
	out := wire.ListSubnetsResponse{Subnets: []wire.SingleSubnetInfo{}}
	there, err := s.zoneExists(ctx, in.AvailabilityZoneID)
	if err != nil || !there {
		return out, err
	}
	subnets, err := s.Services.Catalog.Subnets(ctx, in.ProjectID)
	for _, subnet := range subnets {
		if in.VPCID == "" || in.VPCID == subnet.VPCID {
			out.Subnets = append(out.Subnets, subnetOf(subnet))
		}
	}
	out.SubnetSize = len(out.Subnets)
	return out, err
}

func subnetOf(s catalog.SubnetDetail) wire.SingleSubnetInfo {
	dns := append(slices.Clip(s.DNS), "", "")
	return wire.SingleSubnetInfo{
		ID: s.ID, VPCID: s.VPCID, Name: s.Name, CIDR: s.CIDR, GatewayIP: s.Gateway, DHCPEnable: true, PrimaryDNS: dns[0], SecondaryDNS: dns[1],
		Status: "ACTIVE", NeutronSubnetID: s.ID, Checked: true, Unused: !s.Used,
	}
}

func (s *Server) listSecurityGroups(ctx context.Context, in *wire.ListSecurityGroupsInput) (wire.ListSecurityGroupsResponse, error) {
	groups, err := s.Services.Catalog.SecurityGroups(ctx, in.ProjectID)
	return wire.ListSecurityGroupsResponse{SecurityGroups: each(groups, func(g catalog.SecurityGroup) wire.SimpleSecurityGroupsInfo {
		return wire.SimpleSecurityGroupsInfo{
			ID: g.ID, Name: g.Name, Description: g.Description, TenantID: g.ProjectID, ProjectID: g.ProjectID, CreatedAt: stamp(g.Created),
		}
	})}, err
}
