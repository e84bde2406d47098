package api

import (
	"cmp"
	"context"
	"net/netip"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"carrel/internal/api/wire"
	"carrel/internal/iam"
	"carrel/internal/iam/policy"
	"carrel/internal/workspace"
)

// Actions are the actions of the operations that a Server has, for policies to name.
func Actions() []string {
	var all []string
	for _, operations := range (&Server{}).operations() {
		for _, o := range operations {
			all = append(all, o.action)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// selecting are the lists that leave out what the caller's policies do not allow (visibleTo).
var selecting = map[string]bool{
	"ListDesktops": true, "ListDesktopsDetail": true, "ListDesktopPools": true, "ListDesktopsByTags": true, "ListDesktopByTags": true,
	"ListRunState": true, "ListLoginState": true, "ListDesktopsStatistics": true, "ListUsedDesktopInfo": true, "ListUnusedDesktops": true,
}

// namingInBody are the operations whose bodies name the desktops or the pool that they are about (resourcesOf).
var namingInBody = map[string]bool{
	"CreateDesktop": true, "CreateDesktopPool": true, "BatchDeleteDesktops": true, "BatchRunDesktops": true, "AttachInstances": true,
	"BatchAttachInstances": true, "BatchAssociateInstances": true, "DetachInstances": true, "BatchDetachInstances": true,
	"ChangeUserPrivilegeGroup": true, "BatchAddDesktopsTags": true, "BatchDeleteDesktopsTags": true,
}

// idParams are the parameters of paths with the id of the resource that an action is about, by the resource's kind.
var idParams = map[string]string{
	"desktop": "desktop_id", "desktopPool": "pool_id", "user": "user_id", "userGroup": "group_id", "ou": "ou_id", "script": "script_id",
	"job": "job_id", "exportTask": "task_id", "desktopNamePolicy": "policy_id",
}

// accessOf is what a request asks for, as far as its path tells.
func (s *Server) accessOf(ctx huma.Context, o operation) iam.Access {
	a := iam.Access{ProjectID: ctx.Param("project_id"), Action: o.action}
	if seen := recordOf(ctx.Context()); seen != nil {
		a.Address, _ = netip.ParseAddr(seen.act.Address)        // the zero value: unknown
		a.Lists, a.InBody = selecting[o.id], namingInBody[o.id] // what comes of them is noted in the record
	}
	kind := policy.KindOf(o.action)
	a.Resource = ctx.Param(idParams[kind])
	if a.Resource == "" {
		return a
	}
	switch kind {
	case "desktop":
		a.Resources = func(ctx context.Context) ([]workspace.ResourceLabels, error) {
			return s.Services.Desktops.Labels(ctx, a.ProjectID, a.Resource)
		}
	case "desktopPool":
		a.Resources = func(ctx context.Context) ([]workspace.ResourceLabels, error) {
			return s.Services.Pools.Labels(ctx, a.ProjectID, a.Resource)
		}
	}
	return a
}

// mayName decides a request whose path alone was not enough, now that its body is read.
func (s *Server) mayName(ctx context.Context, in any) error {
	seen := recordOf(ctx)
	if seen == nil || seen.pending == nil {
		return nil
	}
	a := *seen.pending
	desktops, created := resourcesOf(in)
	a.InBody, a.Resources = false, func(ctx context.Context) ([]workspace.ResourceLabels, error) {
		if created != nil {
			return []workspace.ResourceLabels{*created}, nil
		}
		return s.Services.Desktops.Labels(ctx, a.ProjectID, desktops...)
	}
	_, err := s.IAM.Authorize(ctx, seen.principal, a)
	return err
}

// resourcesOf returns the desktops that a body names, or what policies know by which is created.
func resourcesOf(in any) (desktops []string, created *workspace.ResourceLabels) {
	attached := func(d wire.AttachInstancesDesktopInfo) string { return d.DesktopID }
	tagged := func(d wire.DesktopTagsInfo) string { return d.DesktopID }
	switch in := in.(type) {
	case *wire.CreateDesktopInput:
		return nil, labelsOfNew(in.Body.EnterpriseProjectID, each(in.Body.Tags, askedTag))
	case *wire.CreateDesktopPoolInput:
		return nil, labelsOfNew(in.Body.EnterpriseProjectID, each(in.Body.Tags, askedTag))
	case *wire.BatchDeleteDesktopsInput:
		return in.Body.DesktopIDs, nil
	case *wire.BatchRunDesktopsInput:
		return in.Body.DesktopIDs, nil
	case *wire.DetachInstancesInput:
		return in.Body.DesktopIDs, nil
	case *wire.AttachInstancesInput:
		return each(in.Body.Desktops, attached), nil
	case *wire.BatchAttachInstancesInput:
		return each(in.Body.Desktops, attached), nil
	case *wire.BatchAssociateInstancesInput:
		return each(in.Body.Desktops, attached), nil
	case *wire.BatchDetachInstancesInput:
		return each(in.Body.Desktops, func(d wire.DetachInstancesDesktopInfo) string { return d.DesktopID }), nil
	case *wire.ChangeUserPrivilegeGroupInput:
		return each(in.Body.Desktops, func(d wire.ChangeUserPrivilegeGroupDesktopInfo) string { return d.DesktopID }), nil
	case *wire.BatchAddDesktopsTagsInput:
		return each(in.Body.Desktops, tagged), nil
	case *wire.BatchDeleteDesktopsTagsInput:
		return each(in.Body.Desktops, tagged), nil
	}
	return nil, nil
}

// defaultEnterprise is the enterprise project of what names none.
const defaultEnterprise = "0"

func labelsOfNew(enterpriseID string, tags []workspace.Tag) *workspace.ResourceLabels {
	return &workspace.ResourceLabels{EnterpriseID: cmp.Or(enterpriseID, defaultEnterprise), Tags: tags}
}

// visibleTo is what the policies of a request's caller let a list show; nil: all. authorize has noted it.
func visibleTo(ctx context.Context) *workspace.Selection {
	if seen := recordOf(ctx); seen != nil {
		return seen.visible
	}
	return nil
}
