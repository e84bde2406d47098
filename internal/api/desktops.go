package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"carrel/internal/api/wire"
	"carrel/internal/desktop"
	"carrel/internal/iam"
	"carrel/internal/workspace"
)

func (s *Server) desktopOperations() []operation {
	const desktops = "/v2/{project_id}/desktops"
	return []operation{
		{"POST", desktops, "CreateDesktop", iam.Write, answering(s.createDesktops), "Create desktops"},
		{"GET", desktops, "ListDesktops", iam.Read, answering(s.listDesktops), "List desktops"},
		{"GET", desktops + "/detail", "ListDesktopsDetail", iam.Read, answering(s.listDesktopDetails), "List desktops with all details"},
		{"GET", desktops + "/{desktop_id}", "ShowDesktopDetail", iam.Read, answering(s.showDesktop), "Show a desktop"},
		{"DELETE", desktops + "/{desktop_id}", "DeleteDesktop", iam.Write, silent(http.StatusNoContent, s.deleteDesktop), "Delete a desktop"},
		{"POST", desktops + "/batch-delete", "BatchDeleteDesktops", iam.Write, answering(s.deleteDesktops), "Delete desktops"},
		{"POST", desktops + "/action", "BatchRunDesktops", iam.Write, answering(s.operateDesktops), "Start, stop, restart or hibernate desktops"},
	}
}

// jobReply has the id of the job that executes the request.
type jobReply struct {
	JobID string `json:"job_id" doc:"Poll it with ShowJob or ListItaSubJobs"`
}

type createDesktopsInput struct {
	Project
	Body createDesktopBody
}

func (s *Server) createDesktops(ctx context.Context, in *createDesktopsInput) (jobReply, error) {
	id, err := s.Services.Desktops.CreateDesktops(ctx, in.Body.request(in.caller(ctx)))
	return jobReply{id}, err
}

// DesktopPath is the path of one desktop.
type DesktopPath struct {
	Project
	DesktopID string `path:"desktop_id"`
}

type desktopReply struct {
	Desktop DesktopDetail `json:"desktop"`
}

func (s *Server) showDesktop(ctx context.Context, in *DesktopPath) (desktopReply, error) {
	d, err := s.Services.Desktops.Desktop(ctx, in.ProjectID, in.DesktopID)
	return desktopReply{detailOf(d)}, err
}

// DesktopFilter has the query parameters of all lists of desktops.
type DesktopFilter struct {
	Project
	Name         string              `query:"computer_name" doc:"Part of the computer name"`
	Address      string              `query:"desktop_ip"`
	EnterpriseID string              `query:"enterprise_project_id"`
	Type         string              `query:"desktop_type" doc:"DEDICATED, SHARED or POOLED; several separated by commas"`
	Shared       wire.Optional[bool] `query:"is_share_desktop" doc:"Only shared desktops, or only the others"`
	SubnetID     string              `query:"subnet_id"`
	Status       string              `query:"status" doc:"ACTIVE, SHUTOFF, HIBERNATED, ERROR and transitional states; several separated by commas"`
	IDs          []string            `query:"desktop_id,explode" maxItems:"100"`
	Tag          string              `query:"tag" doc:"key=value; several separated by commas, all of which must match"`
	Offset       int                 `query:"offset" minimum:"0" default:"0"`
}

func (f *DesktopFilter) query() (desktop.DesktopQuery, error) {
	q := desktop.DesktopQuery{
		ProjectID: f.ProjectID, IDs: split[string](f.IDs...), Name: f.Name, Address: f.Address,
		EnterpriseID: f.EnterpriseID, SubnetID: f.SubnetID, Types: split[workspace.DesktopType](f.Type),
		Statuses: split[desktop.DesktopStatus](f.Status), Page: workspace.Page{Offset: f.Offset},
	}
	if f.Shared.Given {
		q.Types = narrow(q.Types, f.Shared.Value)
	}
	for _, pair := range split[string](f.Tag) {
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			return q, workspace.Errorf(workspace.CodeInvalid, "tag: %q must have the form key=value", pair)
		}
		q.Tags = append(q.Tags, workspace.Tag{Key: key, Value: value})
	}
	return q, nil
}

// PoolFilter selects desktops by their pool.
type PoolFilter struct {
	PoolID    string `query:"pool_id" doc:"Several separated by commas"`
	PoolAlias string `query:"desktop_pool_id" doc:"Another name for pool_id, which some clients use"`
}

func (f PoolFilter) ids() []string { return split[string](f.PoolID, f.PoolAlias) }

// noType is a type that no desktop has.
const noType workspace.DesktopType = "NONE"

// narrow returns those of the requested types (of all, if none is requested) that are shared, or those that are not.
func narrow(asked []workspace.DesktopType, shared bool) []workspace.DesktopType {
	if len(asked) == 0 {
		asked = []workspace.DesktopType{workspace.Dedicated, workspace.Shared, workspace.Pooled}
	}
	kept := []workspace.DesktopType{noType} // an empty list would select all
	for _, t := range asked {
		if (t == workspace.Shared) == shared {
			kept = append(kept, t)
		}
	}
	return kept
}

type listDesktopsInput struct {
	DesktopFilter
	PoolFilter
	UserNames []string `query:"user_name,explode" doc:"Exact names of users of the desktop"`
	Limit     int      `query:"limit" minimum:"0" maximum:"1000" default:"1000"`
}

type desktopsReply struct {
	Total    int              `json:"total_count"`
	Desktops []desktopSummary `json:"desktops"`
}

func (s *Server) listDesktops(ctx context.Context, in *listDesktopsInput) (desktopsReply, error) {
	q, err := in.query()
	if err != nil {
		return desktopsReply{}, err
	}
	q.PoolIDs, q.UserNames, q.Limit = in.ids(), split[string](in.UserNames...), in.Limit
	desktops, total, err := s.Services.Desktops.ListDesktops(ctx, q)
	caller, _ := iam.PrincipalFrom(ctx)
	return desktopsReply{total, each(desktops, func(d desktop.Desktop) desktopSummary { return summaryOf(d, caller.AccountID) })}, err
}

// DesktopDetailFilter has the query parameters of the lists with details.
type DesktopDetailFilter struct {
	DesktopFilter
	UserName      string              `query:"user_name" doc:"Part of the name of a user of the desktop"`
	UserNames     []string            `query:"user_names,explode" maxItems:"100" doc:"Exact names of users of the desktop"`
	Names         []string            `query:"computer_names,explode" doc:"Exact computer names"`
	SortField     string              `query:"sort_field" enum:"created,computer_name" default:"created"`
	SortType      string              `query:"sort_type" enum:"ASC,DESC" default:"ASC"`
	Attached      wire.Optional[bool] `query:"user_attached" doc:"Only desktops with a user, or only those without"`
	ImageID       string              `query:"image_id"`
	ChargeMode    string              `query:"charge_mode" enum:"0,1" doc:"0: yearly or monthly, 1: on demand; always 1"`
	InMaintenance wire.Optional[bool] `query:"in_maintenance_mode"`
	Internet      wire.Optional[bool] `query:"is_support_internet" doc:"Whether it has a public address: always false"`
	Zone          string              `query:"availability_zone"`
}

func (f *DesktopDetailFilter) query() (desktop.DesktopQuery, error) {
	q, err := f.DesktopFilter.query()
	q.UserName, q.UserNames, q.Names = f.UserName, split[string](f.UserNames...), split[string](f.Names...)
	q.ImageID, q.Zone = f.ImageID, f.Zone
	q.Assigned, q.InMaintenance = f.Attached.Pointer(), f.InMaintenance.Pointer()
	q.SortBy, q.Descending = desktop.DesktopSort(f.SortField), f.SortType == "DESC"
	if f.ChargeMode == "0" || f.Internet.Given && f.Internet.Value {
		q.Types = []workspace.DesktopType{noType}
	}
	return q, err
}

type listDesktopDetailsInput struct {
	DesktopDetailFilter
	PoolFilter
	Limit int `query:"limit" minimum:"0" maximum:"500" default:"500"`
}

type desktopDetailsReply struct {
	Total    int             `json:"total_count"`
	Desktops []DesktopDetail `json:"desktops"`
}

func (s *Server) listDesktopDetails(ctx context.Context, in *listDesktopDetailsInput) (desktopDetailsReply, error) {
	q, err := in.query()
	if err != nil {
		return desktopDetailsReply{}, err
	}
	q.PoolIDs, q.Limit = in.ids(), in.Limit
	desktops, total, err := s.Services.Desktops.ListDesktopDetails(ctx, q)
	return desktopDetailsReply{total, each(desktops, detailOf)}, err
}

type deleteDesktopInput struct {
	DesktopPath
	DeleteUsers bool `query:"delete_users" default:"false" doc:"Also delete the users who have no other desktop"`
	Notify      bool `query:"email_notification" default:"true" doc:"Notify the users by mail"`
	Force       bool `query:"is_force_delete" doc:"No effect: a deletion never waits for the guest system"`
}

func (s *Server) deleteDesktop(ctx context.Context, in *deleteDesktopInput) error {
	_, err := s.Services.Desktops.DeleteDesktops(ctx, desktop.DeleteDesktops{
		Caller: in.caller(ctx), IDs: []string{in.DesktopID}, DeleteUsers: in.DeleteUsers, Notify: in.Notify,
	})
	return err
}

type deleteDesktopsInput struct {
	Project
	Body struct {
		IDs         []string `json:"desktop_ids" required:"true" doc:"1 to 100"`
		DeleteUsers bool     `json:"delete_users,omitempty" doc:"Also delete the users who have no other desktop"`
		Notify      *bool    `json:"email_notification,omitempty" doc:"Notify the users by mail; true by default"`
		Force       bool     `json:"is_force_delete,omitempty" doc:"No effect: a deletion never waits for the guest system"`
	}
}

func (s *Server) deleteDesktops(ctx context.Context, in *deleteDesktopsInput) (jobReply, error) {
	id, err := s.Services.Desktops.DeleteDesktops(ctx, desktop.DeleteDesktops{
		Caller: in.caller(ctx), IDs: in.Body.IDs, DeleteUsers: in.Body.DeleteUsers, Notify: in.Body.Notify == nil || *in.Body.Notify,
	})
	return jobReply{id}, err
}

type operateDesktopsInput struct {
	Project
	Body struct {
		IDs  []string            `json:"desktop_ids" required:"true" doc:"1 to 100"`
		Op   desktop.PowerAction `json:"op_type" required:"true" enum:"os-start,os-stop,reboot,os-hibernate"`
		Type string              `json:"type,omitempty" enum:"SOFT,HARD" doc:"SOFT (default) shuts the guest system down, HARD powers off"`
	}
}

type operateReply struct {
	JobID   string           `json:"job_id,omitempty" doc:"Absent if every desktop was refused"`
	Refused []operateRefusal `json:"failed_operation_list"`
}

type operateRefusal struct {
	DesktopID   string         `json:"desktop_id"`
	DesktopName string         `json:"desktop_name,omitempty"`
	Code        workspace.Code `json:"error_code"`
	Message     string         `json:"error_msg"`
}

func (s *Server) operateDesktops(ctx context.Context, in *operateDesktopsInput) (operateReply, error) {
	result, err := s.Services.Desktops.RunPowerAction(ctx, desktop.RunPowerAction{
		Caller: in.caller(ctx), IDs: in.Body.IDs, Action: in.Body.Op, Force: in.Body.Type == "HARD",
	})
	return operateReply{JobID: result.JobID, Refused: each(result.Refused, func(r desktop.Refusal) operateRefusal {
		return operateRefusal(r)
	})}, err
}

// each converts every item. The result is never nil: clients expect a list.
func each[T, W any](items []T, wire func(T) W) []W {
	out := make([]W, len(items))
	for i, item := range items {
		out[i] = wire(item)
	}
	return out
}

// at returns the path of a field in a list of a body.
func at(list string, i int, field string) string { return fmt.Sprintf("%s[%d].%s", list, i, field) }
