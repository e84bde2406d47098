package api

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"carrel/internal/api/wire"
	"carrel/internal/catalog"
	"carrel/internal/directory"
	"carrel/internal/iam"
	"carrel/internal/tenant"
	"carrel/internal/workspace"
)

func (s *Server) showService(ctx context.Context, in *wire.ListWorkspacesInput) (wire.ListWorkspacesResponse, error) {
	d, err := s.Services.Catalog.ServiceDetail(ctx, in.ProjectID)
	if workspace.CodeOf(err) == workspace.CodeNotSubscribed || err == nil && d.Status == workspace.ServiceClosed {
		return wire.ListWorkspacesResponse{Status: string(workspace.ServiceClosed)}, nil
	}
	out := serviceOf(d)
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

// progressOf is how far the opening of a service is.
func progressOf(s workspace.ServiceStatus) string {
	if s == workspace.ServiceOpen {
		return "100%"
	}
	return "0%"
}

func (s *Server) createAgencies(ctx context.Context, in *wire.CreateAgenciesInput) error {
	caller := caller(ctx, in.Project)
	p, _ := iam.PrincipalFrom(ctx)
	scene, action := iam.SceneWorkspace, iam.AgencyCreate
	if in.Body != nil {
		scene, action = cmp.Or(in.Body.Scene, scene), cmp.Or(iam.AgencyAction(in.Body.Action), action)
	}
	return s.IAM.AuthorizeService(ctx, caller, p.AccountID, scene, action)
}

func (s *Server) listAgencies(ctx context.Context, in *wire.ListAgenciesInput) (wire.ListAgenciesResponse, error) {
	p, _ := iam.PrincipalFrom(ctx)
	agencies, err := s.IAM.ServiceAgencies(ctx, p.AccountID, in.ProjectID)
	agencies = slices.DeleteFunc(agencies, func(a iam.ServiceAgency) bool {
		return in.Scene != "" && a.Scene != in.Scene || iam.AgencyAction(in.Action) == iam.AgencyFix && len(a.Lacks()) == 0
	})
	return wire.ListAgenciesResponse{ExistingAgencies: each(agencies, func(a iam.ServiceAgency) wire.AgenciesInfo {
		return wire.AgenciesInfo{
			Name: "carrel_" + strings.ToLower(a.Scene), ID: a.ID(in.ProjectID), Scene: a.Scene,
			Permissions: []wire.AgenciesPermissionInfo{{
				SystemPermissionDisplayNames: a.Permissions, WantedSystemPermissionDisplayNames: each(a.Lacks(), same),
				ShouldHaveSystemPermissionDisplayNames: iam.PermissionsOf(a.Scene),
			}},
		}
	})}, err
}

func serviceOf(d catalog.ServiceDetail) wire.ListWorkspacesResponse {
	out := wire.ListWorkspacesResponse{
		ID: d.ID, Status: string(d.Status), VPCID: d.VPCID, VPCName: d.VPC.Name, AccessMode: "INTERNET", AccessStatus: "available",
		ADDomains:    &wire.AdInfo{DomainType: "LITE_AS", DomainName: directory.BuiltInDomain, DeleteComputerObject: "0"},
		ConfigStatus: "3", Progress: progressOf(d.Status), EnterpriseID: d.EnterpriseID, EnterpriseProjectID: "0",
		JobID: d.JobID, FailReason: d.FailReason, Closable: !d.Filled && d.Status != workspace.ServiceOpening && d.Locked.IsZero(),
	}
	vpc := wire.VpcConfigInfo{VPCID: d.VPCID, SubnetIDs: []string{}, UsedSubnetIDs: []string{}, DefaultAccessVPC: true}
	for _, subnet := range d.Subnets {
		if subnet.VPCID == d.VPCID && !subnet.Withdrawn {
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

func (s *Server) openService(ctx context.Context, in *wire.ApplyWorkspaceInput) (wire.ApplyWorkspaceResponse, error) {
	who, _ := iam.PrincipalFrom(ctx)
	id, err := s.Services.Tenants.Open(ctx, tenant.Open{
		Caller: caller(ctx, in.Project), AccountID: who.AccountID, VPCID: in.Body.VPCID, EnterpriseID: in.Body.EnterpriseID,
		SubnetIDs: each(in.Body.SubnetIDs, func(s wire.Subnet) string { return s.SubnetID }),
	})
	return wire.ApplyWorkspaceResponse{JobID: id}, err
}

func (s *Server) updateService(ctx context.Context, in *wire.UpdateWorkspaceInput) (wire.UpdateWorkspaceResponse, error) {
	change := tenant.Change{SubnetIDs: in.Body.SubnetIDs, EnterpriseID: value(in.Body.EnterpriseID)}
	if _, port := accessOf(s.IAM.Endpoint); value(in.Body.InternetAccessPort) != "" && *in.Body.InternetAccessPort != port {
		return wire.UpdateWorkspaceResponse{}, workspace.Unsupported("internet_access_port", "the operator chooses the port of the portal, which is "+port+"; leave it out")
	}
	id, err := s.Services.Tenants.Update(ctx, caller(ctx, in.Project), change)
	return wire.UpdateWorkspaceResponse{JobID: id, EnterpriseID: change.EnterpriseID}, err
}

func (s *Server) closeService(ctx context.Context, in *wire.CancelWorkspaceInput) (wire.CancelWorkspaceResponse, error) {
	id, err := s.Services.Tenants.Close(ctx, caller(ctx, in.Project))
	return wire.CancelWorkspaceResponse{JobID: id}, err
}

func (s *Server) showLock(ctx context.Context, in *wire.ShowWorkspaceLockInput) (wire.ShowWorkspaceLockResponse, error) {
	lock, err := s.Services.Tenants.LockOf(ctx, in.ProjectID)
	if err != nil || lock.Since.IsZero() {
		return wire.ShowWorkspaceLockResponse{}, err
	}
	return wire.ShowWorkspaceLockResponse{IsLock: 1, LockTime: lock.Since.UTC().Format(time.DateTime), LockReason: lock.Reason}, nil
}

func (s *Server) unlockService(ctx context.Context, in *wire.UnlockWorkspaceInput) (wire.UnlockWorkspaceResponse, error) {
	id, err := s.Services.Tenants.Unlock(ctx, caller(ctx, in.Project))
	return wire.UnlockWorkspaceResponse{JobID: id}, err
}

func (s *Server) checkEnterprise(ctx context.Context, in *wire.CheckEnterpriseIdInput) (wire.CheckEnterpriseIdResponse, error) {
	used, err := s.Services.Tenants.EnterpriseInUse(ctx, in.ProjectID, in.Body.EnterpriseID)
	return wire.CheckEnterpriseIdResponse{IsUsed: used, EnterpriseID: in.Body.EnterpriseID}, err
}

func (s *Server) updateEnterpriseID(ctx context.Context, in *wire.UpdateEnterpriseIdInput) (wire.UpdateEnterpriseIdResponse, error) {
	err := s.Services.Tenants.SetEnterpriseID(ctx, caller(ctx, in.Project), in.Body.EnterpriseID)
	return wire.UpdateEnterpriseIdResponse{EnterpriseID: in.Body.EnterpriseID}, err
}

// switchOf is a setting on the wire.
func switchOf(on bool) string {
	if on {
		return "ON"
	}
	return "OFF"
}

func (s *Server) listSettings(ctx context.Context, in *wire.ListTenantConfigsInput) (wire.ListTenantConfigsResponse, error) {
	all, err := s.Services.Tenants.Settings(ctx, in.ProjectID, in.Name)
	return wire.ListTenantConfigsResponse{FunctionConfigs: each(all, func(s tenant.Setting) wire.FunctionConfig {
		return wire.FunctionConfig{ID: s.Name, Name: s.Name, Status: switchOf(s.On)}
	})}, err
}

func (s *Server) updateSetting(ctx context.Context, in *wire.UpdateTenantConfigInput) error {
	asked := in.Body.FunctionConfig
	name := cmp.Or(asked.Name, asked.ID)
	switch {
	case name == "":
		return workspace.Invalid("function_config.name", "must be given")
	case asked.ID != "" && asked.ID != name:
		return workspace.Invalid("function_config.id", "%q is not the id of %q", asked.ID, name)
	case asked.Status == "":
		return workspace.Invalid("function_config.status", "must be ON or OFF")
	}
	return s.Services.Tenants.Set(ctx, caller(ctx, in.Project), tenant.Setting{Name: name, On: asked.Status == "ON"})
}

func (s *Server) showHibernateType(ctx context.Context, in *wire.ShowHibernateTypeInput) (wire.ShowHibernateTypeResponse, error) {
	vms, err := s.Services.Catalog.OnlyVMs(ctx, in.ProjectID)
	out := wire.ShowHibernateTypeResponse{TenantID: in.ProjectID, HibernateType: "PAUSE"}
	if vms {
		out.HibernateType = "SUSPEND"
	}
	return out, err
}
