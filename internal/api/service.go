package api

import (
	"cmp"
	"context"
	"net/url"

	"carrel/internal/api/wire"
	"carrel/internal/catalog"
	"carrel/internal/directory"
	"carrel/internal/iam"
	"carrel/internal/workspace"
)

func (s *Server) showService(ctx context.Context, in *wire.ListWorkspacesInput) (wire.ListWorkspacesResponse, error) {
	d, err := s.Services.Catalog.ServiceDetail(ctx, in.ProjectID)
	if err != nil && workspace.CodeOf(err) == workspace.CodeNotSubscribed {
		return wire.ListWorkspacesResponse{Status: "CLOSED"}, nil
	}
	caller, _ := iam.PrincipalFrom(ctx)
	out := serviceOf(d, caller.AccountName)
	out.InternetAccessAddress, out.InternetAccessPort = accessOf(s.IAM.Endpoint)
	return out, err
}

// accessOf returns host and port of an address of this server.
func accessOf(endpoint string) (host, port string) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Hostname() == "" {
		return "", ""
	}
	return u.Hostname(), cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
}

func serviceOf(d catalog.ServiceDetail, enterprise string) wire.ListWorkspacesResponse {
	out := wire.ListWorkspacesResponse{
		ID: d.ID, Status: "SUBSCRIBED", VPCID: d.VPCID, VPCName: d.VPC.Name, AccessMode: "INTERNET", AccessStatus: "available",
		ADDomains:    &wire.AdInfo{DomainType: "LITE_AS", DomainName: directory.BuiltInDomain, DeleteComputerObject: "0"},
		ConfigStatus: "3", Progress: "100%", EnterpriseID: enterprise, EnterpriseProjectID: "0",
	}
	vpc := wire.VpcConfigInfo{VPCID: d.VPCID, SubnetIDs: []string{}, UsedSubnetIDs: []string{}, DefaultAccessVPC: true}
	for _, subnet := range d.Subnets {
		if subnet.VPCID == d.VPCID {
			out.SubnetIDs = append(out.SubnetIDs, wire.SubnetInfo{SubnetID: subnet.ID})
			vpc.SubnetIDs = append(vpc.SubnetIDs, subnet.ID)
			if subnet.Used {
				vpc.UsedSubnetIDs = append(vpc.UsedSubnetIDs, subnet.ID)
			}
		}
	}
	out.VPCConfigInfos = []wire.VpcConfigInfo{vpc}
	for _, g := range d.SecurityGroups {
		switch {
		case g.Default:
			out.DesktopSecurityGroup = &wire.SecurityGroup{ID: g.ID, Name: g.Name}
		case g.Name == catalog.InfrastructureGroup:
			out.InfrastructureSecurityGroup = &wire.SecurityGroup{ID: g.ID, Name: g.Name}
		}
	}
	return out
}
