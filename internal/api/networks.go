package api

import (
	"context"
	"slices"

	"carrel/internal/catalog"
	"carrel/internal/iam"
)

func (s *Server) networkOperations() []operation {
	return []operation{
		{"GET", "/v2/{project_id}/vpcs", "ListVpcInfo", iam.Read, answering(s.listVPCs), "List private networks"},
		{"GET", "/v2/{project_id}/subnets", "ListSubnets", iam.Read, answering(s.listSubnets), "List subnets"},
		{"GET", "/v2/{project_id}/security-groups", "ListSecurityGroups", iam.Read, answering(s.listSecurityGroups), "List security groups"},
	}
}

type vpcsReply struct {
	VPCs []vpcDetail `json:"vpcs"`
}

type vpcDetail struct {
	Status   string `json:"status"`
	ID       string `json:"id"`
	Name     string `json:"name"`
	Created  string `json:"created_at"`
	CIDR     string `json:"cidr"`
	TenantID string `json:"tenant_id"`
}

func (s *Server) listVPCs(ctx context.Context, in *Project) (vpcsReply, error) {
	vpcs, err := s.Services.Catalog.VPCs(ctx, in.ProjectID)
	return vpcsReply{each(vpcs, func(v catalog.VPC) vpcDetail {
		return vpcDetail{Status: "OK", ID: v.ID, Name: v.Name, Created: stamp(v.Created), CIDR: v.CIDR, TenantID: v.ProjectID}
	})}, err
}

type listSubnetsInput struct {
	Project
	VPCID string `query:"vpc_id"`
	Zone  string `query:"availability_zone_id" doc:"No effect: every subnet spans all zones"`
}

type subnetsReply struct {
	Subnets []subnetDetail `json:"subnets"`
	Size    int            `json:"subnet_size"`
}

type subnetDetail struct {
	ID           string `json:"id"`
	VPCID        string `json:"vpc_id"`
	Name         string `json:"name"`
	CIDR         string `json:"cidr"`
	Gateway      string `json:"gateway_ip"`
	DHCP         bool   `json:"dhcp_enable"`
	IPv6         bool   `json:"ipv6_enable"`
	PrimaryDNS   string `json:"primary_dns"`
	SecondaryDNS string `json:"secondary_dns"`
	Status       string `json:"status"`
	NeutronID    string `json:"neutron_subnet_id"`
	Checked      bool   `json:"checked" doc:"Always true: desktops may be created on every listed type"`
	Unused       bool   `json:"unused" doc:"No desktop is in it, and no pool creates desktops in it"`
}

func (s *Server) listSubnets(ctx context.Context, in *listSubnetsInput) (subnetsReply, error) {
	out := subnetsReply{Subnets: []subnetDetail{}}
	there, err := s.zoneExists(ctx, in.Zone)
	if err != nil || !there {
		return out, err
	}
	subnets, err := s.Services.Catalog.Subnets(ctx, in.ProjectID)
	for _, subnet := range subnets {
		if in.VPCID == "" || in.VPCID == subnet.VPCID {
			out.Subnets = append(out.Subnets, subnetOf(subnet))
		}
	}
	out.Size = len(out.Subnets)
	return out, err
}

func subnetOf(s catalog.SubnetDetail) subnetDetail {
	dns := append(slices.Clip(s.DNS), "", "")
	return subnetDetail{
		ID: s.ID, VPCID: s.VPCID, Name: s.Name, CIDR: s.CIDR, Gateway: s.Gateway, DHCP: true, PrimaryDNS: dns[0], SecondaryDNS: dns[1],
		Status: "ACTIVE", NeutronID: s.ID, Checked: true, Unused: !s.Used,
	}
}

type securityGroupsReply struct {
	Groups []securityGroupDetail `json:"security_groups"`
}

type securityGroupDetail struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	TenantID    string `json:"tenant_id"`
	ProjectID   string `json:"project_id"`
	Created     string `json:"created_at"`
}

func (s *Server) listSecurityGroups(ctx context.Context, in *Project) (securityGroupsReply, error) {
	groups, err := s.Services.Catalog.SecurityGroups(ctx, in.ProjectID)
	return securityGroupsReply{each(groups, func(g catalog.SecurityGroup) securityGroupDetail {
		return securityGroupDetail{
			ID: g.ID, Name: g.Name, Description: g.Description, TenantID: g.ProjectID, ProjectID: g.ProjectID, Created: stamp(g.Created),
		}
	})}, err
}
