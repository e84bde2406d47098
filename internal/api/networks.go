package api

import (
	"context"
	"slices"

	"carrel/internal/api/wire"
	"carrel/internal/catalog"
	"carrel/internal/network"
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

func (s *Server) showAvailableIP(ctx context.Context, in *wire.ShowAvailableIpInput) (wire.ShowAvailableIpResponse, error) {
	n, err := s.Services.Networks.Available(ctx, in.ProjectID, in.SubnetID)
	return wire.ShowAvailableIpResponse{AvailableIP: n}, err
}

func (s *Server) showUsingSubnets(ctx context.Context, in *wire.ShowUsingSubnetsInput) (wire.ShowUsingSubnetsResponse, error) {
	ids, err := s.Services.Networks.InUse(ctx, in.ProjectID, split[string](in.SubnetIDs))
	return wire.ShowUsingSubnetsResponse{SubnetIDs: ids}, err
}

func (s *Server) checkCIDR(ctx context.Context, in *wire.CheckCidrInput) (wire.CheckCidrResponse, error) {
	conflicts, err := s.Services.Networks.Conflicts(ctx, in.Body.TenantCidrs)
	return wire.CheckCidrResponse{ConflictCidrs: conflicts}, err
}

func (s *Server) listPorts(ctx context.Context, in *wire.ListPortsInput) (wire.ListPortsResponse, error) {
	out := wire.ListPortsResponse{Ports: []wire.NeutronPort{}}
	if used := in.IsUsed.Pointer(); used != nil && !*used {
		return out, nil
	}
	ports, err := s.Services.Networks.Ports(ctx, network.PortQuery{
		ProjectID: in.ProjectID, SubnetID: in.SubnetID, Address: in.IPAddress, Visible: visibleTo(ctx), After: in.Marker, Limit: in.Limit,
	})
	out.Ports = each(ports, func(p network.Port) wire.NeutronPort {
		status := "BUILD"
		if p.Made {
			status = "ACTIVE"
		}
		return wire.NeutronPort{
			ID: p.ID, Status: status, NetworkID: p.SubnetID, DeviceID: p.ID, FixedIPs: []wire.FixedIp{{SubnetID: p.SubnetID, IPAddress: p.Address}},
		}
	})
	return out, err
}

func (s *Server) showDesktopNetwork(ctx context.Context, in *wire.ShowDesktopNetworkInput) (wire.ShowDesktopNetworkResponse, error) {
	a, err := s.Services.Networks.Attachment(ctx, in.ProjectID, in.DesktopID)
	return wire.ShowDesktopNetworkResponse{ComputerName: a.Desktop.Name, ComputerID: a.Desktop.ID, NetworkInfos: networkInfos(a)}, err
}

func networkInfos(a network.Attachment) []wire.NetworkInfo {
	var public *wire.PublicIp
	if a.Public.ID != "" {
		public = &wire.PublicIp{ID: a.Public.ID, PublicIPAddress: a.Public.Address}
	}
	return []wire.NetworkInfo{{
		PublicIPInfo: public,
		VPCInfo:      wire.Vpc{ID: a.VPC.ID, Name: a.VPC.Name, CIDR: a.VPC.CIDR},
		SubnetInfo:   wire.DesktopSubnet{ID: a.Subnet.ID, Name: a.Subnet.Name, CIDR: a.Subnet.CIDR},
		PortInfo:     wire.Port{ID: a.Desktop.ID, IPAddress: a.Desktop.Address},
		SecurityGroups: each(a.Groups, func(g catalog.SecurityGroup) wire.SecurityGroupInfo {
			return wire.SecurityGroupInfo{ID: g.ID, Name: g.Name}
		}),
	}}
}

func (s *Server) showDesktopNetworks(ctx context.Context, in *wire.ShowDesktopNetworksInput) (wire.ShowDesktopNetworksResponse, error) {
	all, err := s.Services.Networks.Attachments(ctx, in.ProjectID, split[string](in.DesktopIDs...), visibleTo(ctx))
	return wire.ShowDesktopNetworksResponse{Networks: each(all, func(a network.Attachment) wire.DesktopNetworkResult {
		return wire.DesktopNetworkResult{ComputerName: a.Desktop.Name, ComputerID: a.Desktop.ID, ComputerIP: a.Desktop.Address, NetworkInfos: networkInfos(a)}
	})}, err
}

func (s *Server) changeDesktopNetwork(ctx context.Context, in *wire.ChangeDesktopNetworkInput) (wire.ChangeDesktopNetworkResponse, error) {
	b := in.Body
	id, err := s.Services.Networks.Move(ctx, network.Move{
		Caller: caller(ctx, in.Project), DesktopIDs: []string{in.DesktopID}, VPCID: value(b.VPCID), SubnetID: value(b.SubnetID), Address: value(b.PrivateIP),
		Groups: append([]string{}, b.SecurityGroupIDs...),
	})
	return wire.ChangeDesktopNetworkResponse{JobID: id}, err
}

func (s *Server) batchChangeDesktopNetwork(ctx context.Context, in *wire.BatchChangeDesktopNetworkInput) (wire.BatchChangeDesktopNetworkResponse, error) {
	b := in.Body
	move := network.Move{Caller: caller(ctx, in.Project), DesktopIDs: b.DesktopIDs, VPCID: b.VPCID, SubnetID: b.SubnetID}
	if b.SecurityGroupIDs != nil {
		move.Groups = append([]string{}, *b.SecurityGroupIDs...)
	}
	id, err := s.Services.Networks.Move(ctx, move)
	return wire.BatchChangeDesktopNetworkResponse{JobID: id}, err
}
