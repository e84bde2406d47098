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

// The actions of enterprise projects that are decided besides that of the operation.
const (
	actionDisable = "eps:enterpriseProjects:disable"
	actionRemove  = "eps:resources:remove"
)

// alternatives are the actions of operations that have several, which the body tells apart: one is enough for it to be read.
var alternatives = map[string]string{"EnableEnterpriseProject": actionDisable}

// Actions are the actions of the operations that a Server has, for policies to name.
func Actions() []string {
	all := []string{actionDisable, actionRemove}
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
	"ListRunState": true, "ListLoginState": true, "ListDesktopsStatistics": true, "ListUsedDesktopInfo": true, "ListUnusedDesktops": true, "ExportDesktopListNew": true,
	"ListPoolDesktopsDetail": true, "ListItaSubJobs": true, "ListScriptRecords": true, "ListScriptTasks": true, "ShowDesktopPoolsScriptExecTasks": true,
	"ListUsers": true, "ListEnterpriseProject": true, "ListDesktopSnapshot": true, "ListPorts": true, "ShowDesktopNetworks": true,
}

// namingInBody are the operations whose bodies name the resources that they are about (resourcesOf).
var namingInBody = map[string]bool{
	"CreateDesktop": true, "CreateDesktopPool": true, "BatchDeleteDesktops": true, "BatchRunDesktops": true, "AttachInstances": true,
	"BatchAttachInstances": true, "BatchAssociateInstances": true, "DetachInstances": true, "BatchDetachInstances": true,
	"ChangeUserPrivilegeGroup": true, "BatchRebuildDesktopsSystemDisk": true, "ResizeDesktop": true, "BatchLogoffDesktops": true,
	"SetMaintenanceMode": true, "SendNotifications": true, "CheckDesktopImages": true, "BatchAddDesktopsTags": true, "BatchDeleteDesktopsTags": true,
	"CreateDesktopUser": true, "BatchCreateUsers": true, "BatchDeleteSubJobs": true, "ExecuteScriptOrCommand": true, "RetryScriptExecution": true, "StopScriptExecution": true,
	"BatchCreateDesktopSnapshot": true, "BatchRestoreDesktopSnapshot": true, "BatchDeleteDesktopSnapshot": true,
	"AddVolumes": true, "ExpandVolumes": true, "BatchModifyQosVolumes": true,
	"CreateOrder": true, "CreateDesktopBatchOrder": true, "CreateDesktopPoolChangeOrder": true,
	"EstimateAddResources": true, "EstimateChangeImages": true, "EstimateDesktopPoolAddVolume": true, "EstimateDesktopPoolExtendVolume": true,
	"EstimateDesktopPoolResize": true, "EstimateDesktopPoolChangeImage": true,
	"BatchChangeDesktopNetwork": true, "ApplyDesktopsInternet": true, "AssociateDesktopsEip": true, "BatchDisassociateDesktopsEip": true,
}

// idParams are the parameters of paths with the id of the resource that an action is about, by the resource's kind.
var idParams = map[string]string{
	"desktop": "desktop_id", "desktopPool": "pool_id", "user": "user_id", "userGroup": "group_id", "ou": "ou_id", "script": "script_id",
	"job": "job_id", "exportTask": "task_id", "desktopNamePolicy": "policy_id", "enterpriseProject": "enterprise_project_id",
}

// labels reads what policies know resources of a project by.
type labels func(ctx context.Context, projectID string, ids ...string) ([]workspace.ResourceLabels, error)

// labelsOf returns the reader for the resources that a parameter of paths names, or nil.
func (s *Server) labelsOf(param string) labels {
	switch param {
	case "desktop_id":
		return s.Services.Desktops.Labels
	case "pool_id":
		return func(ctx context.Context, projectID string, ids ...string) ([]workspace.ResourceLabels, error) {
			return s.Services.Pools.Labels(ctx, projectID, ids[0])
		}
	case "user_id":
		return s.Services.Directory.Labels
	case "job_id":
		return s.Services.Work.JobLabels
	case "record_id":
		return s.Services.Scripts.RecordLabels
	case "enterprise_project_id": // one is in itself
		return func(_ context.Context, _ string, ids ...string) ([]workspace.ResourceLabels, error) {
			return each(ids, func(id string) workspace.ResourceLabels { return workspace.ResourceLabels{ID: id, EnterpriseID: id} }), nil
		}
	}
	return nil
}

// accessOf is what a request asks for, as far as its path tells.
func (s *Server) accessOf(ctx huma.Context, o operation) iam.Access {
	a := iam.Access{ProjectID: o.project(ctx), Action: o.action, Writes: o.needs == iam.Write, Manages: manages[o.id]}
	if seen := recordOf(ctx.Context()); seen != nil {
		a.Address, _ = netip.ParseAddr(seen.act.Address)        // the zero value: unknown
		a.Lists, a.InBody = selecting[o.id], namingInBody[o.id] // what comes of them is noted in the record
	}
	param := idParams[policy.KindOf(o.action)]
	id := ctx.Param(param)
	if a.Resource = id; id == "" { // the path names something else by which the resource is known
		param, _ = targetOf(o.path)
		id = ctx.Param(param)
	}
	if read := s.labelsOf(param); read != nil && id != "" {
		a.Resources = func(ctx context.Context) ([]workspace.ResourceLabels, error) { return read(ctx, a.ProjectID, id) }
	}
	return a
}

// mayName decides what the path of a request alone did not tell, now that its body is read: whether the caller may do it with the resources that
// the body names, and whether the enterprise projects that it names are there and may be used.
func (s *Server) mayName(ctx context.Context, in any) error {
	seen := recordOf(ctx)
	if seen == nil {
		return nil
	}
	about := resourcesOf(in)
	if seen.pending {
		a := seen.access
		a.InBody, a.Resources = false, func(ctx context.Context) ([]workspace.ResourceLabels, error) { return s.read(ctx, a.ProjectID, about) }
		if _, err := s.IAM.Authorize(ctx, seen.principal, a); err != nil {
			return err
		}
	}
	named, is := in.(wire.EnterpriseNamer)
	if !is {
		return nil
	}
	put, listed := named.Enterprises()
	if len(listed) > 0 {
		if err := s.Services.Enterprises.Known(ctx, seen.act.ProjectID, listed...); err != nil {
			return err
		}
	}
	seen.act.Enterprises = put
	if len(about.created) > 0 {
		return nil
	}
	return s.mayPut(ctx, seen, put)
}

// mayPut decides whether the caller may do an operation that puts an existing resource into enterprise projects with what is in those, too: to
// take something out of reach, or to get it into one's own, needs rights on both sides.
func (s *Server) mayPut(ctx context.Context, seen *record, enterprises []string) error {
	for _, id := range enterprises {
		a := seen.access
		before := a.Resources
		a.InBody, a.Resources = false, func(ctx context.Context) ([]workspace.ResourceLabels, error) {
			if before == nil {
				return []workspace.ResourceLabels{{EnterpriseID: id}}, nil
			}
			all, err := before(ctx)
			for i := range all {
				all[i].EnterpriseID = id
			}
			return all, err
		}
		if _, err := s.IAM.Authorize(ctx, seen.principal, a); err != nil {
			return err
		}
	}
	return nil
}

// may decides another action than the operation's, about one resource.
func (s *Server) may(ctx context.Context, action string, of workspace.ResourceLabels) error {
	seen := recordOf(ctx)
	if seen == nil {
		return nil
	}
	a := seen.access
	a.Action, a.InBody, a.Lists, a.Manages = action, false, false, ""
	a.Resources = func(context.Context) ([]workspace.ResourceLabels, error) { return []workspace.ResourceLabels{of}, nil }
	_, err := s.IAM.Authorize(ctx, seen.principal, a)
	return err
}

// about is what a body names: resources that exist, or what policies will know new ones by.
type about struct {
	desktops, subJobs        []string
	volumes, snapshots       []string
	pool                     string
	scriptTask, scriptRecord string
	created                  []workspace.ResourceLabels
}

// read reads what policies know by which a body names.
func (s *Server) read(ctx context.Context, projectID string, of about) ([]workspace.ResourceLabels, error) {
	switch {
	case len(of.created) > 0:
		return of.created, nil
	case len(of.subJobs) > 0:
		return s.Services.Work.SubJobLabels(ctx, projectID, of.subJobs...)
	case of.pool != "":
		return s.Services.Pools.Labels(ctx, projectID, of.pool)
	case len(of.snapshots) > 0:
		return s.Services.Snapshots.Labels(ctx, projectID, of.snapshots...)
	case len(of.volumes) > 0:
		return s.Services.Volumes.Labels(ctx, projectID, of.volumes...)
	case of.scriptTask != "":
		return s.Services.Scripts.TaskLabels(ctx, projectID, of.scriptTask)
	case of.scriptRecord != "":
		return s.Services.Scripts.RecordLabels(ctx, projectID, of.scriptRecord)
	default:
		return s.Services.Desktops.Labels(ctx, projectID, of.desktops...)
	}
}

// resourcesOf returns what a body names.
func resourcesOf(in any) about {
	attached := func(d wire.AttachInstancesDesktopInfo) string { return d.DesktopID }
	tagged := func(d wire.DesktopTagsInfo) string { return d.DesktopID }
	user := func(u wire.CreateUserRequest) workspace.ResourceLabels {
		return labelsOfNew(u.EnterpriseProjectID, nil)
	}
	switch in := in.(type) {
	case *wire.CreateDesktopInput:
		return creating(labelsOfNew(in.Body.EnterpriseProjectID, each(in.Body.Tags, askedTag)))
	case *wire.CreateDesktopPoolInput:
		return creating(labelsOfNew(in.Body.EnterpriseProjectID, each(in.Body.Tags, askedTag)))
	case *wire.CreateDesktopUserInput:
		return creating(user(in.Body))
	case *wire.BatchCreateUsersInput:
		return creating(each(in.Body.Users, user)...)
	case *wire.BatchDeleteDesktopsInput:
		return about{desktops: in.Body.DesktopIDs}
	case *wire.BatchRunDesktopsInput:
		return about{desktops: in.Body.DesktopIDs}
	case *wire.BatchRebuildDesktopsSystemDiskInput:
		return about{desktops: in.Body.DesktopIDs}
	case *wire.ResizeDesktopInput:
		return about{desktops: each(in.Body.Desktops, resizedDesktop)}
	case *wire.BatchLogoffDesktopsInput:
		return about{desktops: in.Body.DesktopIDs}
	case *wire.SetMaintenanceModeInput:
		return about{desktops: in.Body.DesktopIDs}
	case *wire.CheckDesktopImagesInput:
		return about{desktops: in.Body.DesktopIDs}
	case *wire.SendNotificationsInput:
		return about{desktops: in.Body.DesktopIDs}
	case *wire.DetachInstancesInput:
		return about{desktops: in.Body.DesktopIDs}
	case *wire.AttachInstancesInput:
		return about{desktops: each(in.Body.Desktops, attached)}
	case *wire.BatchAttachInstancesInput:
		return about{desktops: each(in.Body.Desktops, attached)}
	case *wire.BatchAssociateInstancesInput:
		return about{desktops: each(in.Body.Desktops, attached)}
	case *wire.BatchDetachInstancesInput:
		return about{desktops: each(in.Body.Desktops, func(d wire.DetachInstancesDesktopInfo) string { return d.DesktopID })}
	case *wire.ChangeUserPrivilegeGroupInput:
		return about{desktops: each(in.Body.Desktops, func(d wire.ChangeUserPrivilegeGroupDesktopInfo) string { return d.DesktopID })}
	case *wire.BatchAddDesktopsTagsInput:
		return about{desktops: each(in.Body.Desktops, tagged)}
	case *wire.BatchDeleteDesktopsTagsInput:
		return about{desktops: each(in.Body.Desktops, tagged)}
	case *wire.BatchDeleteSubJobsInput:
		return about{subJobs: in.Body.JobIDs}
	case *wire.ExecuteScriptOrCommandInput:
		return about{desktops: in.Body.ResourceIDs}
	case *wire.BatchCreateDesktopSnapshotInput:
		return about{desktops: in.Body.DesktopIDs}
	case *wire.BatchRestoreDesktopSnapshotInput:
		return about{snapshots: in.Body.SnapshotIDs}
	case *wire.BatchDeleteDesktopSnapshotInput:
		return about{snapshots: in.Body.SnapshotIDs}
	case *wire.AddVolumesInput:
		return about{desktops: each(in.Body.DesktopVolumes, func(d wire.AddDesktopVolumesReq) string { return d.DesktopID })}
	case *wire.ExpandVolumesInput:
		return about{desktops: each(in.Body.DesktopVolumesExpansion, func(g wire.ExpandVolumesReq) string { return g.DesktopID })}
	case *wire.BatchChangeDesktopNetworkInput:
		return about{desktops: in.Body.DesktopIDs}
	case *wire.ApplyDesktopsInternetInput:
		return about{desktops: in.Body.DesktopIDs}
	case *wire.AssociateDesktopsEipInput:
		return about{desktops: []string{in.Body.DesktopID}}
	case *wire.BatchDisassociateDesktopsEipInput:
		return about{desktops: in.Body.DesktopIDs}
	case *wire.BatchModifyQosVolumesInput:
		return about{volumes: in.Body.VolumeIDs}
	case *wire.CreateOrderInput:
		return namedByOrder(&in.Body)
	case *wire.CreateDesktopBatchOrderInput:
		return whoseChange(&in.Body)
	case *wire.CreateDesktopPoolChangeOrderInput:
		return whoseChange(&in.Body)
	case *wire.EstimateAddResourcesInput:
		return about{pool: in.Body.DesktopPoolID, desktops: in.Body.DesktopIDs}
	case *wire.EstimateChangeImagesInput:
		return about{pool: in.Body.DesktopPoolID, desktops: in.Body.DesktopIDs}
	case *wire.EstimateDesktopPoolAddVolumeInput:
		return about{pool: in.Body.DesktopPoolID, desktops: in.Body.DesktopIDs}
	case *wire.EstimateDesktopPoolExtendVolumeInput:
		return about{pool: in.Body.DesktopPoolID, desktops: in.Body.DesktopIDs}
	case *wire.EstimateDesktopPoolResizeInput:
		return about{pool: in.Body.DesktopPoolID, desktops: in.Body.DesktopIDs}
	case *wire.EstimateDesktopPoolChangeImageInput:
		return about{pool: in.Body.DesktopPoolID, desktops: in.Body.DesktopIDs}
	case *wire.RetryScriptExecutionInput:
		return about{scriptTask: in.Body.TaskID, scriptRecord: in.Body.RecordID}
	case *wire.StopScriptExecutionInput:
		return about{scriptTask: in.Body.TaskID, scriptRecord: in.Body.RecordID}
	}
	return about{}
}

func creating(created ...workspace.ResourceLabels) about { return about{created: created} }

func labelsOfNew(enterpriseID string, tags []workspace.Tag) workspace.ResourceLabels {
	return workspace.ResourceLabels{EnterpriseID: cmp.Or(enterpriseID, workspace.DefaultEnterprise), Tags: tags}
}

// visibleTo is what the policies of a request's caller let a list show; nil: all. authorize has noted it.
func visibleTo(ctx context.Context) *workspace.Selection {
	if seen := recordOf(ctx); seen != nil {
		return seen.visible
	}
	return nil
}
