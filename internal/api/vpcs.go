package api

import (
	"context"
	"slices"

	"carrel/internal/api/wire"
	"carrel/internal/catalog"
	"carrel/internal/network"
	"carrel/internal/workspace"
)

// after returns a page of a list: what follows the item whose id is the marker, at most limit. limit 0: all.
func after[T any](all []T, id func(T) string, marker string, limit int) []T {
	if at := slices.IndexFunc(all, func(t T) bool { return id(t) == marker }); marker != "" {
		if at < 0 {
			return nil
		}
		all = all[at+1:]
	}
	if limit > 0 && limit < len(all) {
		all = all[:limit]
	}
	return all
}

// among reports whether a filter of a list lets a value through: one that is empty does.
func among(value string, filter []string) bool {
	return len(filter) == 0 || slices.Contains(filter, value)
}

// only is a filter for one value, or none for an empty one.
func only(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

// onlyTrue refuses a switch that is always on.
func onlyTrue(field string, on *bool, why string) error {
	if on == nil || *on {
		return nil
	}
	return workspace.Unsupported(field, why+": leave it out, or send true")
}

// pageInfo describes a page of a list of version 3.
func pageInfo[T any](page []T, id func(T) string, limit int) wire.VpcPageInfo {
	info := wire.VpcPageInfo{CurrentCount: len(page)}
	if len(page) > 0 {
		info.PreviousMarker = id(page[0])
		if limit > 0 && len(page) == limit {
			info.NextMarker = id(page[len(page)-1])
		}
	}
	return info
}

func vpcID(v catalog.VPC) string       { return v.ID }
func subnetID(s network.Subnet) string { return s.ID }

func (s *Server) createVPC(ctx context.Context, in *wire.CreateVpcInput) (wire.ShowVpcResponse, error) {
	b := in.Body.VPC
	v, err := s.Services.Networks.CreateVPC(ctx, caller(ctx, in.Project), network.NewVPC{
		Name: b.Name, Description: b.Description, CIDR: b.CIDR, EnterpriseID: b.EnterpriseProjectID,
	})
	return wire.ShowVpcResponse{VPC: vpcDetail(v)}, err
}

func vpcDetail(v catalog.VPC) wire.VpcDetail {
	return wire.VpcDetail{
		ID: v.ID, Name: v.Name, Description: v.Description, CIDR: v.CIDR, Status: "OK", Routes: []wire.VpcRoute{}, EnterpriseProjectID: v.EnterpriseID,
		TenantID: v.ProjectID, CreatedAt: stamp(v.Created), UpdatedAt: stamp(v.Updated),
	}
}

// findVPCs reads the VPCs that a list asks for.
func (s *Server) findVPCs(ctx context.Context, projectID, enterprise string, fits func(catalog.VPC) bool) ([]catalog.VPC, error) {
	all, err := s.Services.Networks.VPCs(ctx, projectID)
	return slices.DeleteFunc(all, func(v catalog.VPC) bool { return !among(v.EnterpriseID, only(enterprise)) || !fits(v) }), err
}

func (s *Server) listVPCsV1(ctx context.Context, in *wire.ListVpcsInput) (wire.ListVpcsResponse, error) {
	found, err := s.findVPCs(ctx, in.ProjectID, in.EnterpriseProjectID, func(v catalog.VPC) bool { return among(v.ID, only(in.ID)) })
	return wire.ListVpcsResponse{VPCs: each(after(found, vpcID, in.Marker, in.Limit), vpcDetail)}, err
}

func (s *Server) showVPC(ctx context.Context, in *wire.ShowVpcInput) (wire.ShowVpcResponse, error) {
	v, err := s.Services.Networks.VPC(ctx, in.ProjectID, in.VPCID)
	return wire.ShowVpcResponse{VPC: vpcDetail(v)}, err
}

func (s *Server) updateVPC(ctx context.Context, in *wire.UpdateVpcInput) (wire.ShowVpcResponse, error) {
	b := in.Body.VPC
	v, err := s.Services.Networks.UpdateVPC(ctx, caller(ctx, in.Project), in.VPCID, network.ChangeVPC{Name: b.Name, Description: b.Description, CIDR: b.CIDR})
	return wire.ShowVpcResponse{VPC: vpcDetail(v)}, err
}

func (s *Server) deleteVPC(ctx context.Context, in *wire.DeleteVpcInput) error {
	return s.Services.Networks.DeleteVPC(ctx, caller(ctx, in.Project), in.VPCID)
}

func (s *Server) showVPCTags(ctx context.Context, in *wire.ShowVpcTagsInput) (wire.ShowVpcTagsResponse, error) {
	_, err := s.Services.Networks.VPC(ctx, in.ProjectID, in.VPCID)
	return wire.ShowVpcTagsResponse{Tags: []wire.VpcTag{}}, err
}

func (s *Server) listVPCsV3(ctx context.Context, in *wire.ListVpcsV3Input) (wire.ListVpcsV3Response, error) {
	found, err := s.findVPCs(ctx, in.ProjectID, in.EnterpriseProjectID, func(v catalog.VPC) bool {
		return among(v.ID, in.ID) && among(v.Name, in.Name) && among(v.Description, in.Description) && among(v.CIDR, in.CIDR)
	})
	if err != nil {
		return wire.ListVpcsV3Response{}, err
	}
	subnets, err := s.Services.Networks.Subnets(ctx, in.ProjectID)
	page := after(found, vpcID, in.Marker, in.Limit)
	return wire.ListVpcsV3Response{
		PageInfo: pageInfo(page, vpcID, in.Limit),
		VPCs:     each(page, func(v catalog.VPC) wire.VpcV3 { return vpcV3(v, subnets) }),
	}, err
}

func vpcV3(v catalog.VPC, subnets []network.Subnet) wire.VpcV3 {
	n := 0
	for _, s := range subnets {
		if s.VPCID == v.ID {
			n++
		}
	}
	return wire.VpcV3{
		ID: v.ID, Name: v.Name, Description: v.Description, CIDR: v.CIDR, ExtendCidrs: []string{}, Status: "ACTIVE", ProjectID: v.ProjectID,
		EnterpriseProjectID: v.EnterpriseID, CreatedAt: stamp(v.Created), UpdatedAt: stamp(v.Updated), Tags: []wire.VpcTag{},
		CloudResources: []wire.VpcResourceCount{{ResourceType: "virsubnet", ResourceCount: n}},
	}
}

func (s *Server) showVPCV3(ctx context.Context, in *wire.ShowVpcV3Input) (wire.ShowVpcV3Response, error) {
	v, err := s.Services.Networks.VPC(ctx, in.ProjectID, in.VPCID)
	if err != nil {
		return wire.ShowVpcV3Response{}, err
	}
	subnets, err := s.Services.Networks.Subnets(ctx, in.ProjectID)
	return wire.ShowVpcV3Response{VPC: vpcV3(v, subnets)}, err
}

func (s *Server) createSubnet(ctx context.Context, in *wire.CreateVpcSubnetInput) (wire.ShowVpcSubnetResponse, error) {
	b := in.Body.Subnet
	if err := onlyTrue("subnet.dhcp_enable", b.DHCPEnable, "desktops get their addresses from Carrel"); err != nil {
		return wire.ShowVpcSubnetResponse{}, err
	}
	there, err := s.zoneExists(ctx, b.AvailabilityZone)
	if err == nil && !there {
		err = workspace.Errorf(workspace.CodeZoneNotFound, "subnet.availability_zone: %q does not exist", b.AvailabilityZone)
	}
	if err != nil {
		return wire.ShowVpcSubnetResponse{}, err
	}
	n, err := s.Services.Networks.CreateSubnet(ctx, caller(ctx, in.Project), network.NewSubnet{
		VPCID: b.VPCID, Name: b.Name, Description: b.Description, CIDR: b.CIDR, Gateway: b.GatewayIP, DNS: nameServers(b.DnsList, b.PrimaryDNS, b.SecondaryDNS),
	})
	return wire.ShowVpcSubnetResponse{Subnet: subnetDetail(n)}, err
}

// nameServers returns the name servers of a request: those of the list, or the first and second one.
func nameServers(list []string, first, second string) []string {
	if len(list) > 0 {
		return list
	}
	return slices.DeleteFunc([]string{first, second}, func(s string) bool { return s == "" })
}

func subnetDetail(n network.Subnet) wire.SubnetDetail {
	dns := n.DNS
	if len(dns) == 0 {
		dns = []string{n.Gateway}
	}
	two := append(slices.Clip(dns), "")
	return wire.SubnetDetail{
		ID: n.ID, Name: n.Name, Description: n.Description, CIDR: n.CIDR, GatewayIP: n.Gateway, DHCPEnable: true, PrimaryDNS: two[0], SecondaryDNS: two[1],
		DnsList: dns, VPCID: n.VPCID, Status: string(n.State), Fault: n.Fault, NeutronNetworkID: n.ID, NeutronSubnetID: n.ID, TenantID: n.ProjectID,
		CreatedAt: stamp(n.Created), UpdatedAt: stamp(n.Updated),
	}
}

func (s *Server) listSubnetsV1(ctx context.Context, in *wire.ListVpcSubnetsInput) (wire.ListVpcSubnetsResponse, error) {
	all, err := s.Services.Networks.Subnets(ctx, in.ProjectID)
	all = slices.DeleteFunc(all, func(n network.Subnet) bool { return !among(n.VPCID, only(in.VPCID)) })
	return wire.ListVpcSubnetsResponse{Subnets: each(after(all, subnetID, in.Marker, in.Limit), subnetDetail)}, err
}

func (s *Server) showSubnet(ctx context.Context, in *wire.ShowVpcSubnetInput) (wire.ShowVpcSubnetResponse, error) {
	n, err := s.Services.Networks.Subnet(ctx, in.ProjectID, in.SubnetID)
	return wire.ShowVpcSubnetResponse{Subnet: subnetDetail(n)}, err
}

func (s *Server) updateSubnet(ctx context.Context, in *wire.UpdateVpcSubnetInput) (wire.UpdateVpcSubnetResponse, error) {
	b := in.Body.Subnet
	if err := onlyTrue("subnet.dhcp_enable", b.DHCPEnable, "desktops get their addresses from Carrel"); err != nil {
		return wire.UpdateVpcSubnetResponse{}, err
	}
	change := network.ChangeSubnet{Name: b.Name, Description: b.Description}
	if b.DnsList != nil || b.PrimaryDNS != nil || b.SecondaryDNS != nil {
		change.DNS = new(nameServers(value(b.DnsList), value(b.PrimaryDNS), value(b.SecondaryDNS)))
	}
	n, err := s.Services.Networks.UpdateSubnet(ctx, caller(ctx, in.Project), in.VPCID, in.SubnetID, change)
	return wire.UpdateVpcSubnetResponse{Subnet: wire.UpdatedVpcSubnet{ID: n.ID, Status: string(n.State)}}, err
}

func (s *Server) deleteSubnet(ctx context.Context, in *wire.DeleteVpcSubnetInput) error {
	return s.Services.Networks.DeleteSubnet(ctx, caller(ctx, in.Project), in.VPCID, in.SubnetID)
}

func (s *Server) showSubnetTags(ctx context.Context, in *wire.ShowSubnetTagsInput) (wire.ShowVpcTagsResponse, error) {
	_, err := s.Services.Networks.Subnet(ctx, in.ProjectID, in.SubnetID)
	return wire.ShowVpcTagsResponse{Tags: []wire.VpcTag{}}, err
}

func (s *Server) listVirsubnets(ctx context.Context, in *wire.ListVirsubnetsInput) (wire.ListVirsubnetsResponse, error) {
	all, err := s.Services.Networks.Subnets(ctx, in.ProjectID)
	all = slices.DeleteFunc(all, func(n network.Subnet) bool {
		return !among(n.ID, in.ID) || !among(n.Name, in.Name) || !among(n.VPCID, in.VPCID) || !among(n.Description, in.Description) || !among(string(n.State), only(in.Status))
	})
	page := after(all, subnetID, in.Marker, in.Limit)
	return wire.ListVirsubnetsResponse{
		PageInfo: pageInfo(page, subnetID, in.Limit), Virsubnets: each(page, virsubnet),
	}, err
}

func virsubnet(n network.Subnet) wire.Virsubnet {
	d := subnetDetail(n)
	return wire.Virsubnet{
		ID: d.ID, Name: d.Name, Description: d.Description, DNSNameservers: d.DnsList, VPCID: d.VPCID, Status: d.Status, ProjectID: d.TenantID, Scope: "center",
		SubnetCidrs: []wire.VirsubnetCidr{{ID: d.ID, IPVersion: "4", CIDR: d.CIDR, GatewayIP: d.GatewayIP, EnableDHCP: true}},
		Tags:        []wire.VpcTag{}, CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt,
	}
}
