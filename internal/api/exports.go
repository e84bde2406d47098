package api

import (
	"context"
	"time"

	"carrel/internal/api/wire"
	"carrel/internal/directory"
	"carrel/internal/export"
	"carrel/internal/sheet"
	"carrel/internal/workspace"
)

type taskReply struct {
	ID string `json:"task_id" doc:"Fetch the file with DownloadExportFile, within 7 days"`
}

type exportUsersInput struct {
	Project
	Body *struct {
		Name         string               `json:"user_name,omitempty" doc:"Part of the name"`
		Names        []string             `json:"user_names,omitempty" doc:"Exact names"`
		Description  string               `json:"description,omitempty" doc:"Part of the description"`
		Activation   directory.Activation `json:"active_type,omitempty" enum:"USER_ACTIVATE,ADMIN_ACTIVATE"`
		Language     string               `json:"language,omitempty" enum:"zh_CN,en_US"`
		EnterpriseID string               `json:"enterprise_project_id,omitempty"`
	}
}

func (s *Server) exportUsers(ctx context.Context, in *exportUsersInput) (taskReply, error) {
	q, language := directory.UserQuery{ProjectID: in.ProjectID}, ""
	if b := in.Body; b != nil {
		q.Name, q.Names, q.Description, q.Activation, q.EnterpriseID = b.Name, b.Names, b.Description, b.Activation, b.EnterpriseID
		language = b.Language
	}
	id, err := s.Services.Exports.ExportUsers(ctx, q, language)
	return taskReply{id}, err
}

type exportMembersInput struct {
	GroupPath
	Name         string               `query:"user_name" doc:"Part of the name"`
	Description  string               `query:"description" doc:"Part of the description"`
	Activation   directory.Activation `query:"active_type" enum:"USER_ACTIVATE,ADMIN_ACTIVATE"`
	GroupName    string               `query:"group_name" doc:"Part of the name of another group of the user"`
	Language     string               `query:"language" enum:"zh_CN,en_US"`
	EnterpriseID string               `query:"enterprise_project_id"`
}

func (s *Server) exportMembers(ctx context.Context, in *exportMembersInput) (taskReply, error) {
	id, err := s.Services.Exports.ExportUsers(ctx, directory.UserQuery{
		ProjectID: in.ProjectID, GroupID: in.GroupID, Name: in.Name, Description: in.Description, Activation: in.Activation,
		GroupName: in.GroupName, EnterpriseID: in.EnterpriseID,
	}, in.Language)
	return taskReply{id}, err
}

type exportGroupsInput struct {
	Project
	wire.Accepted
	Keyword  string `query:"keyword" doc:"Part of the name or the description"`
	Language string `query:"language" enum:"zh_CN,en_US"`
	Limit    int    `query:"limit" minimum:"0" maximum:"50" default:"50"`
	Offset   int    `query:"offset" minimum:"0" default:"0"`
}

func (s *Server) exportGroups(ctx context.Context, in *exportGroupsInput) (file, sheet.Format, error) {
	groups, _, err := s.Services.Directory.ListGroups(ctx, directory.GroupQuery{
		ProjectID: in.ProjectID, Keyword: in.Keyword, Page: workspace.Page{Offset: in.Offset, Limit: in.Limit},
	})
	return file{"user-groups", directory.GroupTable(groups, in.Language)}, format(in.Accepted), err
}

type listExportsInput struct {
	Project
	Name       string              `query:"file_name" doc:"Part of the name"`
	ID         string              `query:"task_id"`
	Status     string              `query:"status" enum:"CREATING,SUCCESS,FAIL,EXPIRED" doc:"Files are created within the call, so none is CREATING or FAIL"`
	Downloaded wire.Optional[bool] `query:"is_download"`
	SortField  string              `query:"sort_field" enum:"create_time" default:"create_time"`
	SortType   string              `query:"sort_type" enum:"ASC,DESC" default:"DESC"`
	Offset     int                 `query:"offset" minimum:"0" default:"0"`
	Limit      int                 `query:"limit" minimum:"1" maximum:"100" default:"20"`
}

type exportsReply struct {
	Count int           `json:"count"`
	Tasks []exportReply `json:"export_tasks"`
}

type exportReply struct {
	ID         string `json:"task_id"`
	Name       string `json:"file_name"`
	Status     string `json:"status" enum:"SUCCESS,EXPIRED"`
	Created    string `json:"create_time"`
	Ended      string `json:"end_time"`
	Downloaded bool   `json:"is_download"`
}

func (s *Server) listExports(ctx context.Context, in *listExportsInput) (exportsReply, error) {
	q := export.Query{
		ProjectID: in.ProjectID, ID: in.ID, Name: in.Name, Downloaded: in.Downloaded.Pointer(), Descending: in.SortType == "DESC",
		Page: workspace.Page{Offset: in.Offset, Limit: in.Limit},
	}
	switch in.Status {
	case "CREATING", "FAIL":
		return exportsReply{Tasks: []exportReply{}}, nil
	case "SUCCESS", "EXPIRED":
		q.Expired = new(in.Status == "EXPIRED")
	}
	exports, count, err := s.Services.Exports.List(ctx, q)
	now := time.Now()
	return exportsReply{count, each(exports, func(e export.Export) exportReply {
		status := "SUCCESS"
		if !now.Before(e.Expires) {
			status = "EXPIRED"
		}
		return exportReply{
			ID: e.ID, Name: e.Name, Status: status, Created: stamp(e.Created), Ended: stamp(e.Created), Downloaded: e.Downloaded,
		}
	})}, err
}

type downloadExportInput struct {
	Project
	wire.Accepted
	TaskID string `path:"task_id"`
}

func (s *Server) downloadExport(ctx context.Context, in *downloadExportInput) (file, sheet.Format, error) {
	e, err := s.Services.Exports.Fetch(ctx, in.ProjectID, in.TaskID)
	return file{e.Name, e.Rows}, format(in.Accepted), err
}

type deleteExportsInput struct {
	Project
	Body struct {
		IDs []string `json:"task_ids" required:"true" doc:"1 to 100"`
	}
}

func (s *Server) deleteExports(ctx context.Context, in *deleteExportsInput) error {
	return s.Services.Exports.Delete(ctx, in.caller(ctx), in.Body.IDs)
}
