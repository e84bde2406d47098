package api

import (
	"cmp"
	"context"
	"net/url"

	"carrel/internal/catalog"
	"carrel/internal/directory"
	"carrel/internal/iam"
	"carrel/internal/workspace"
)

func (s *Server) serviceOperations() []operation {
	return []operation{
		{"GET", "/v2/{project_id}/workspaces", "ListWorkspaces", iam.Read, answering(s.showService), "Show the project's Workspace service"},
	}
}

// serviceDetail is a project's Workspace service. If it was never opened, it has only the status.
type serviceDetail struct {
	ID              string         `json:"id,omitempty"`
	Status          string         `json:"status" enum:"SUBSCRIBED,CLOSED"`
	Directory       *directoryBody `json:"ad_domains,omitempty"`
	VPCID           string         `json:"vpc_id,omitempty"`
	VPCName         string         `json:"vpc_name,omitempty"`
	AccessMode      string         `json:"access_mode,omitempty"`
	AccessStatus    string         `json:"access_status,omitempty"`
	AccessAddress   string         `json:"internet_access_address,omitempty" doc:"Address of the portal: the host name or address in base_url"`
	AccessPort      string         `json:"internet_access_port,omitempty"`
	SubnetIDs       []nicBody      `json:"subnet_ids,omitempty"`
	VPCs            []serviceVPC   `json:"vpc_config_infos,omitempty"`
	DesktopGroup    *namedGroup    `json:"desktop_security_group,omitempty"`
	ServiceGroup    *namedGroup    `json:"infrastructure_security_group,omitempty"`
	Closable        bool           `json:"closable"`
	ConfigStatus    string         `json:"config_status,omitempty" doc:"3: no external directory"`
	Progress        string         `json:"progress,omitempty"`
	EnterpriseID    string         `json:"enterprise_id,omitempty"`
	EnterpriseOwner string         `json:"enterprise_project_id,omitempty"`
	IPv6            bool           `json:"is_support_ipv6"`
	UserSnapshots   bool           `json:"enable_user_create_snapshot"`
	Global          bool           `json:"is_global" doc:"Always false: the service belongs to a project"`
}

type directoryBody struct {
	Type            string `json:"domain_type"`
	Name            string `json:"domain_name"`
	DeleteComputers string `json:"delete_computer_object" doc:"A string here, a number in requests"`
}

type serviceVPC struct {
	VPCID     string   `json:"vpc_id"`
	SubnetIDs []string `json:"subnet_ids"`
	Used      []string `json:"used_subnet_ids" doc:"Subnets with desktops, or in which pools create desktops"`
	Default   bool     `json:"default_access_vpc"`
}

type namedGroup struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func groupNamed(g catalog.SecurityGroup) namedGroup { return namedGroup{g.ID, g.Name} }

func (s *Server) showService(ctx context.Context, in *Project) (serviceDetail, error) {
	d, err := s.Services.Catalog.ServiceDetail(ctx, in.ProjectID)
	if err != nil && workspace.CodeOf(err) == workspace.CodeNotSubscribed {
		return serviceDetail{Status: "CLOSED"}, nil
	}
	caller, _ := iam.PrincipalFrom(ctx)
	out := serviceOf(d, caller.AccountName)
	out.AccessAddress, out.AccessPort = accessOf(s.IAM.Endpoint)
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

func serviceOf(d catalog.ServiceDetail, enterprise string) serviceDetail {
	out := serviceDetail{
		ID: d.ID, Status: "SUBSCRIBED", VPCID: d.VPCID, VPCName: d.VPC.Name, AccessMode: "INTERNET", AccessStatus: "available",
		Directory:    &directoryBody{Type: "LITE_AS", Name: directory.BuiltInDomain, DeleteComputers: "0"},
		ConfigStatus: "3", Progress: "100%", EnterpriseID: enterprise, EnterpriseOwner: "0",
	}
	vpc := serviceVPC{VPCID: d.VPCID, SubnetIDs: []string{}, Used: []string{}, Default: true}
	for _, subnet := range d.Subnets {
		if subnet.VPCID == d.VPCID {
			out.SubnetIDs = append(out.SubnetIDs, nicBody{subnet.ID})
			vpc.SubnetIDs = append(vpc.SubnetIDs, subnet.ID)
			if subnet.Used {
				vpc.Used = append(vpc.Used, subnet.ID)
			}
		}
	}
	out.VPCs = []serviceVPC{vpc}
	for _, g := range d.SecurityGroups {
		switch {
		case g.Default:
			out.DesktopGroup = &namedGroup{g.ID, g.Name}
		case g.Name == catalog.InfrastructureGroup:
			out.ServiceGroup = &namedGroup{g.ID, g.Name}
		}
	}
	return out
}
