package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"carrel/internal/api/wire"
	"carrel/internal/directory"
	"carrel/internal/iam"
	"carrel/internal/sheet"
	"carrel/internal/user"
	"carrel/internal/workspace"
)

func (s *Server) fileOperations() []operation {
	const (
		users = "/v2/{project_id}/users"
		tasks = "/v2/{project_id}/export-tasks"
	)
	return []operation{
		{"POST", users + "/desktop-users/action/import", "ImportUserList", iam.Write, answering(s.importUsers), "Import users from a file; invalid rows are reported, valid ones imported"},
		{"GET", users + "/desktop-users/template", "ExportUserListTemplate", iam.Read, filing(s.desktopUsersTemplate), "Download the import template for users with desktops"},
		{"GET", users + "/template/download", "ExportUsersTemplate", iam.Read, filing(s.usersTemplate), "Download the import template for users"},
		{"POST", "/v3/{project_id}/users/export", "ExportUsersNew", iam.Write, answering(s.exportUsers), "Export users to a file"},
		{"GET", "/v2/{project_id}/groups/export", "ExportUserGroups", iam.Read, filing(s.exportGroups), "Export user groups"},
		{"GET", "/v3/{project_id}/groups/{group_id}/users/export", "ExportUserGroupUsersNew", iam.Read, answering(s.exportMembers), "Export the users of a group to a file"},
		{"GET", tasks, "ListExportTasks", iam.Read, answering(s.listExports), "List exports"},
		{"GET", tasks + "/{task_id}/download", "DownloadExportFile", iam.Read, filing(s.downloadExport), "Download an export"},
		{"POST", tasks + "/batch-delete", "DeleteExportTasks", iam.Write, silent(http.StatusOK, s.deleteExports), "Delete exports"},
	}
}

// file is a table that is sent as a file.
type file struct {
	name string // without extension
	rows [][]string
}

// format is the format of a file that the request's header asks for.
func format(a wire.Accepted) sheet.Format {
	if strings.Contains(a.Accept, "text/csv") {
		return sheet.CSV
	}
	return sheet.XLSX
}

// filing returns the registration of a handler that responds with a file, in the format that the request's header names.
func filing[I any](handler func(context.Context, *I) (file, sheet.Format, error)) registration {
	return func(s *Server, api huma.API, op huma.Operation) {
		op.DefaultStatus = http.StatusOK
		huma.Register(api, op, func(ctx context.Context, in *I) (*huma.StreamResponse, error) {
			if err := refused(in); err != nil {
				return nil, s.refusal(ctx, op.OperationID, err)
			}
			f, format, err := handler(ctx, in)
			if err != nil {
				return nil, s.refusal(ctx, op.OperationID, err)
			}
			return &huma.StreamResponse{Body: func(out huma.Context) {
				out.SetHeader("Content-Type", format.ContentType())
				out.SetHeader("Content-Disposition", fmt.Sprintf("attachment; filename=%q", f.name+"."+string(format)))
				if err := sheet.Write(out.BodyWriter(), format, f.rows); err != nil && ctx.Err() == nil {
					s.Log.WarnContext(ctx, "a file could not be sent", "operation", op.OperationID, "error", err)
				}
			}}, nil
		})
	}
}

type importUsersInput struct {
	Project
	VPCID    string `query:"vpc_id" doc:"With or without subnet_id: where the addresses of desktops in the file must be"`
	SubnetID string `query:"subnet_id"`
	RawBody  multipart.Form
}

type importUsersReply struct {
	Good  []importedUserReply `json:"user_detail_list" doc:"Users who were created or existed already"`
	Bad   []importedUserReply `json:"failed_detail_list" doc:"Invalid rows; the description gives the reason, with line and column"`
	Total int                 `json:"total_count"`
	JobID string              `json:"job_id,omitempty" doc:"The job that hashes the passwords of the file, if it has any; users can sign in before it has ended"`
}

type importedUserReply struct {
	ID          string              `json:"id,omitempty"`
	Name        string              `json:"user_name"`
	Domain      string              `json:"domain"`
	Email       string              `json:"user_email"`
	Permission  workspace.UserGroup `json:"permission_group"`
	DesktopName string              `json:"desktop_name"`
	DesktopIP   string              `json:"desktop_ip"`
	Description string              `json:"description"`
}

// maxEchoedCell is how much of an invalid cell an error quotes, in bytes.
const maxEchoedCell = 100

func (s *Server) importUsers(ctx context.Context, in *importUsersInput) (importUsersReply, error) {
	rows, err := rowsOf(in.RawBody)
	if err != nil {
		return importUsersReply{}, err
	}
	people, jobID, err := s.Services.Users.ImportUsers(ctx, user.ImportUsers{
		Caller: in.caller(ctx), VPCID: in.VPCID, SubnetID: in.SubnetID, Rows: rows, ColumnName: sheet.ColumnName,
	})
	out := importUsersReply{Good: []importedUserReply{}, Bad: []importedUserReply{}, Total: len(people), JobID: jobID}
	for _, p := range people {
		row := importedUserReply{
			ID: p.ID, Name: p.Name, Domain: directory.BuiltInDomain, Email: p.Email, Permission: p.Permission,
			DesktopName: p.DesktopName, DesktopIP: p.DesktopIP, Description: p.Description,
		}
		if p.Problem == "" {
			out.Good = append(out.Good, row)
		} else {
			row.Description = workspace.Clip(p.Problem, maxSentence)
			for _, cell := range []*string{&row.Name, &row.Email, &row.DesktopName, &row.DesktopIP, (*string)(&row.Permission)} {
				*cell = workspace.Clip(*cell, maxEchoedCell)
			}
			out.Bad = append(out.Bad, row)
		}
	}
	return out, err
}

// maxImportRows is the maximum number of non-empty rows of a file, including the head and what is above it.
const maxImportRows = 2 * user.MaxImported

// rowsOf reads the table of an upload.
func rowsOf(form multipart.Form) ([]user.ImportRow, error) {
	files := form.File["file"]
	if len(files) == 0 && len(form.Value["file"]) > 0 {
		return nil, workspace.Errorf(workspace.CodeInvalid, `file: the part has no file name, send it with one: Content-Disposition: form-data; name="file"; filename="people.csv"`)
	}
	if len(files) != 1 {
		return nil, workspace.Errorf(workspace.CodeInvalid, "file: %d files, send one as multipart/form-data", len(files))
	}
	if files[0].Size > maxJSONBody {
		return nil, workspace.Errorf(workspace.CodeTooLarge, "file: may have %d MB", maxJSONBody>>20)
	}
	f, err := files[0].Open()
	if err != nil {
		return nil, fmt.Errorf("opening an upload: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		return nil, fmt.Errorf("reading an upload: %w", err)
	}
	rows, err := sheet.Read(data, maxImportRows, directory.HasHeadings)
	switch {
	case errors.Is(err, sheet.ErrTooLong):
		return nil, workspace.Errorf(workspace.CodeInvalid, "file: more than %d rows, use one for up to %d people", maxImportRows, user.MaxImported)
	case err != nil:
		return nil, workspace.Errorf(workspace.CodeInvalid, "file: %v", err)
	}
	return each(rows, func(r sheet.Row) user.ImportRow { return user.ImportRow(r) }), nil
}

type desktopUsersTemplateInput struct {
	Project
	wire.Accepted
	Language string `query:"language" enum:"zh_CN,en_US" default:"en_US"`
	OSType   string `query:"os_type" enum:"Linux,Windows" default:"Linux" doc:"The user whose permission groups are listed"`
}

func (s *Server) desktopUsersTemplate(_ context.Context, in *desktopUsersTemplateInput) (file, sheet.Format, error) {
	head := directory.Head(directory.DesktopColumns, in.Language)
	hint := " (default, sudo)"
	if in.OSType == "Windows" {
		hint = " (users, administrators)"
	}
	for i, c := range directory.DesktopColumns {
		if c == directory.ColPermission {
			head[i] += hint
		}
	}
	return file{"desktop-users", [][]string{head}}, format(in.Accepted), nil
}

type usersTemplateInput struct {
	Project
	wire.Accepted
	Language   string               `query:"language" enum:"zh_CN,en_US" default:"en_US"`
	Activation directory.Activation `query:"active_type" enum:"USER_ACTIVATE,ADMIN_ACTIVATE" default:"USER_ACTIVATE" doc:"ADMIN_ACTIVATE adds a column for passwords"`
}

func (s *Server) usersTemplate(_ context.Context, in *usersTemplateInput) (file, sheet.Format, error) {
	columns := directory.InvitedColumns
	if in.Activation == directory.ActivateByAdmin {
		columns = directory.AdmittedColumns
	}
	return file{"users", [][]string{directory.Head(columns, in.Language)}}, format(in.Accepted), nil
}
