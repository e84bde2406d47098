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

func (s *Server) exportUsers(ctx context.Context, in *wire.ExportUsersNewInput) (wire.ExportUsersNewResponse, error) {
	b := value(in.Body)
	id, err := s.Services.Exports.ExportUsers(ctx, caller(ctx, in.Project), directory.UserQuery{
		ProjectID: in.ProjectID, Name: b.UserName, Names: b.UserNames, Description: b.Description,
		Activation: directory.Activation(b.ActiveType), EnterpriseID: b.EnterpriseProjectID,
	}, b.Language)
	return wire.ExportUsersNewResponse{TaskID: id}, err
}

func (s *Server) exportMembers(ctx context.Context, in *wire.ExportUserGroupUsersNewInput) (wire.ExportUserGroupUsersNewResponse, error) {
	id, err := s.Services.Exports.ExportUsers(ctx, caller(ctx, in.Project), directory.UserQuery{
		ProjectID: in.ProjectID, GroupID: in.GroupID, Name: in.UserName, Description: in.Description,
		Activation: directory.Activation(in.ActiveType), GroupName: in.GroupName, EnterpriseID: in.EnterpriseProjectID,
	}, in.Language)
	return wire.ExportUserGroupUsersNewResponse{TaskID: id}, err
}

func (s *Server) exportGroups(ctx context.Context, in *wire.ExportUserGroupsInput) (file, sheet.Format, error) {
	groups, _, err := s.Services.Directory.ListGroups(ctx, directory.GroupQuery{
		ProjectID: in.ProjectID, Keyword: in.Keyword, Page: workspace.Page{Offset: in.Offset, Limit: in.Limit},
	})
	return file{"user-groups", directory.GroupTable(groups, in.Language)}, format(in.Accepted), err
}

func (s *Server) listExports(ctx context.Context, in *wire.ListExportTasksInput) (wire.ListExportTasksResponse, error) {
	q := export.Query{
		ProjectID: in.ProjectID, ID: in.TaskID, Name: in.FileName, Downloaded: in.IsDownload.Pointer(), Descending: in.SortType == "DESC",
		Page: workspace.Page{Offset: in.Offset, Limit: in.Limit},
	}
	switch in.Status {
	case "CREATING", "FAIL":
		return wire.ListExportTasksResponse{ExportTasks: []wire.ExportTaskItem{}}, nil
	case "SUCCESS", "EXPIRED":
		q.Expired = new(in.Status == "EXPIRED")
	}
	exports, count, err := s.Services.Exports.List(ctx, q)
	now := time.Now()
	return wire.ListExportTasksResponse{Count: count, ExportTasks: each(exports, func(e export.Export) wire.ExportTaskItem {
		status := "SUCCESS"
		if !now.Before(e.Expires) {
			status = "EXPIRED"
		}
		return wire.ExportTaskItem{
			TaskID: e.ID, FileName: e.Name, Status: status, CreateTime: stamp(e.Created), EndTime: stamp(e.Created), IsDownload: e.Downloaded,
		}
	})}, err
}

func (s *Server) downloadExport(ctx context.Context, in *wire.DownloadExportFileInput) (file, sheet.Format, error) {
	e, err := s.Services.Exports.Fetch(ctx, caller(ctx, in.Project), in.TaskID)
	return file{e.Name, e.Rows}, format(in.Accepted), err
}

func (s *Server) deleteExports(ctx context.Context, in *wire.DeleteExportTasksInput) error {
	return s.Services.Exports.Delete(ctx, caller(ctx, in.Project), in.Body.TaskIDs)
}
