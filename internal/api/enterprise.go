package api

import (
	"cmp"
	"context"

	"carrel/internal/api/wire"
	"carrel/internal/enterprise"
	"carrel/internal/iam"
	"carrel/internal/workspace"
)

// The states of enterprise projects.
const (
	enterpriseEnabled  = 1
	enterpriseDisabled = 2
)

func (s *Server) listEnterprises(ctx context.Context, in *wire.ListEnterpriseProjectInput) (wire.ListEnterpriseProjectResponse, error) {
	q := enterprise.Query{
		AccountID: accountCaller(ctx).ProjectID, ID: in.ID, Name: in.Name, Type: enterprise.Type(in.Type), ByUpdate: in.SortKey == "updated_at",
		Descending: in.SortDir == "desc", Visible: visibleTo(ctx), Page: workspace.Page{Offset: in.Offset, Limit: in.Limit},
	}
	if in.Status != 0 {
		q.Enabled = new(in.Status == enterpriseEnabled)
	}
	found, total, err := s.Services.Enterprises.List(ctx, q)
	return wire.ListEnterpriseProjectResponse{TotalCount: total, EnterpriseProjects: each(found, enterpriseOf)}, err
}

func enterpriseOf(p enterprise.Project) wire.EpDetail {
	out := wire.EpDetail{
		ID: p.ID, Name: p.Name, Description: p.Description, Status: enterpriseDisabled, Type: string(p.Type), CreatedAt: stamp(p.Created), UpdatedAt: stamp(p.Updated),
	}
	if p.Enabled {
		out.Status = enterpriseEnabled
	}
	return out
}

func (s *Server) createEnterprise(ctx context.Context, in *wire.CreateEnterpriseProjectInput) (wire.CreateEnterpriseProjectResponse, error) {
	p, err := s.Services.Enterprises.Create(ctx, accountCaller(ctx), enterprise.New{
		Name: in.Body.Name, Description: in.Body.Description, Type: enterprise.Type(in.Body.Type),
	})
	return wire.CreateEnterpriseProjectResponse{EnterpriseProject: enterpriseOf(p)}, err
}

func (s *Server) showEnterprise(ctx context.Context, in *wire.ShowEnterpriseProjectInput) (wire.ShowEnterpriseProjectResponse, error) {
	p, err := s.Services.Enterprises.Get(ctx, accountCaller(ctx).ProjectID, in.EnterpriseProjectID)
	return wire.ShowEnterpriseProjectResponse{EnterpriseProject: enterpriseOf(p)}, err
}

func (s *Server) updateEnterprise(ctx context.Context, in *wire.UpdateEnterpriseProjectInput) (wire.UpdateEnterpriseProjectResponse, error) {
	p, err := s.Services.Enterprises.Update(ctx, accountCaller(ctx), in.EnterpriseProjectID, enterprise.Change{
		Name: &in.Body.Name, Description: in.Body.Description, Type: (*enterprise.Type)(in.Body.Type),
	})
	return wire.UpdateEnterpriseProjectResponse{EnterpriseProject: enterpriseOf(p)}, err
}

// enableEnterprise decides the action that the body names: that of the operation, or another.
func (s *Server) enableEnterprise(ctx context.Context, in *wire.EnableEnterpriseProjectInput) error {
	id, action := in.EnterpriseProjectID, "eps:enterpriseProjects:enable"
	if in.Body.Action == "disable" {
		action = actionDisable
	}
	if err := s.may(ctx, action, workspace.ResourceLabels{ID: id, EnterpriseID: id}); err != nil {
		return err
	}
	return s.Services.Enterprises.Enable(ctx, accountCaller(ctx), id, in.Body.Action == "enable")
}

func (s *Server) showEnterpriseQuota(ctx context.Context, _ *wire.ShowEnterpriseProjectQuotaInput) (wire.ShowEnterpriseProjectQuotaResponse, error) {
	used, err := s.Services.Enterprises.Used(ctx, accountCaller(ctx).ProjectID)
	quota := wire.EpQuotas{Type: string(enterprise.ResourceProject), Used: used, Quota: enterprise.MaxProjects}
	return wire.ShowEnterpriseProjectQuotaResponse{Quotas: wire.EpQuotasDetail{Resources: []wire.EpQuotas{quota}}}, err
}

func (s *Server) showEnterpriseConfigs(context.Context, *wire.ShowEpConfigsInput) (wire.ShowEpConfigsResponse, error) {
	return wire.ShowEpConfigsResponse{SupportItem: wire.EnterpriseProjectConfig{DeleteEpSupport: "false"}}, nil
}

// maxEnterpriseResources is the limit of a list of resources that names none.
const maxEnterpriseResources = 1000

func (s *Server) listEnterpriseResources(ctx context.Context, in *wire.ShowResourceBindEnterpriseProjectInput) (wire.ShowResourceBindEnterpriseProjectResponse, error) {
	b := in.Body
	caller, _ := iam.PrincipalFrom(ctx)
	q := enterprise.ResourceQuery{
		AccountID: caller.AccountID, ID: in.EnterpriseProjectID, Projects: b.Projects,
		Types: each(b.ResourceTypes, func(t string) enterprise.ResourceType { return enterprise.ResourceType(t) }),
		Names: each(b.Matches, func(m wire.EnterpriseResourceMatch) string { return m.Value }),
		Page:  workspace.Page{Offset: b.Offset, Limit: cmp.Or(b.Limit, maxEnterpriseResources)},
	}
	if caller.ProjectID != "" { // the credential is for this project only
		q.Only = caller.ProjectID
	}
	found, total, err := s.Services.Enterprises.Resources(ctx, q)
	return wire.ShowResourceBindEnterpriseProjectResponse{TotalCount: total, Resources: each(found, func(r enterprise.Resource) wire.EnterpriseResource {
		return wire.EnterpriseResource{
			EnterpriseProjectID: q.ID, EnterpriseProjectName: r.EnterpriseName, ProjectID: r.ProjectID, ProjectName: r.ProjectName,
			ResourceID: r.ID, ResourceName: r.Name, ResourceType: string(r.Type),
		}
	})}, err
}

// moveResource needs the permission in the enterprise project that the resource leaves, too. The room makes sure that it is still there.
func (s *Server) moveResource(ctx context.Context, in *wire.MigrateResourceInput) error {
	b := in.Body
	p, _ := iam.PrincipalFrom(ctx)
	if err := s.IAM.CheckProject(ctx, p, b.ProjectID); err != nil {
		return err
	}
	read := s.Services.Desktops.Labels
	if enterprise.ResourceType(b.ResourceType) == enterprise.Pool {
		read = s.labelsOf("pool_id")
	}
	found, err := read(ctx, b.ProjectID, b.ResourceID)
	if err != nil {
		return err
	}
	if err := s.may(ctx, actionRemove, found[0]); err != nil {
		return err
	}
	return s.Services.Enterprises.Move(ctx, enterprise.Move{
		Caller: caller(ctx, wire.Project{ProjectID: b.ProjectID}), Type: enterprise.ResourceType(b.ResourceType), ID: b.ResourceID,
		From: found[0].EnterpriseID, To: in.EnterpriseProjectID, Associated: b.Associated,
	})
}
