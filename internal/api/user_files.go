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
	"carrel/internal/sheet"
	"carrel/internal/user"
	"carrel/internal/workspace"
)

// file is a table that is sent as a file.
type file struct {
	name string // without extension
	rows [][]string
}

// format returns the format of a file that the request's header names.
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
		content := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
		op.Responses["200"] = &huma.Response{Description: "A file, as the request's Accept chooses", Content: map[string]*huma.MediaType{}}
		for _, f := range []sheet.Format{sheet.CSV, sheet.XLSX} {
			kind, _, _ := strings.Cut(f.ContentType(), ";")
			op.Responses["200"].Content[kind] = content
		}
		huma.Register(api, op, func(ctx context.Context, in *I) (*huma.StreamResponse, error) {
			err := refused(in)
			if err == nil {
				err = s.mayName(ctx, in)
			}
			if err != nil {
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

// maxEchoedCell is how much of an invalid cell an error quotes, in bytes.
const maxEchoedCell = 100

func (s *Server) importUsers(ctx context.Context, in *wire.ImportUserListInput) (wire.ImportUserListResponse, error) {
	rows, err := rowsOf(in.RawBody)
	if err != nil {
		return wire.ImportUserListResponse{}, err
	}
	people, jobID, err := s.Services.Users.ImportUsers(ctx, user.ImportUsers{
		Caller: caller(ctx, in.Project), VPCID: in.VPCID, SubnetID: in.SubnetID, Rows: rows, ColumnName: sheet.ColumnName,
	})
	out := wire.ImportUserListResponse{UserDetailList: []wire.DesktopUserDetail{}, FailedDetailList: []wire.DesktopUserDetail{}, TotalCount: len(people), JobID: jobID}
	for _, p := range people {
		row := wire.DesktopUserDetail{
			ID: p.ID, UserName: p.Name, Domain: directory.BuiltInDomain, UserEmail: p.Email, PermissionGroup: string(p.Permission),
			DesktopName: p.DesktopName, DesktopIP: p.DesktopIP, Description: p.Description,
		}
		if p.Problem == "" {
			out.UserDetailList = append(out.UserDetailList, row)
		} else {
			row.Description = workspace.Clip(p.Problem, maxSentence)
			for _, cell := range []*string{&row.UserName, &row.UserEmail, &row.DesktopName, &row.DesktopIP, &row.PermissionGroup} {
				*cell = workspace.Clip(*cell, maxEchoedCell)
			}
			out.FailedDetailList = append(out.FailedDetailList, row)
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

func (s *Server) desktopUsersTemplate(_ context.Context, in *wire.ExportUserListTemplateInput) (file, sheet.Format, error) {
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

func (s *Server) usersTemplate(_ context.Context, in *wire.ExportUsersTemplateInput) (file, sheet.Format, error) {
	columns := directory.InvitedColumns
	if directory.Activation(in.ActiveType) == directory.ActivateByAdmin {
		columns = directory.AdmittedColumns
	}
	return file{"users", [][]string{directory.Head(columns, in.Language)}}, format(in.Accepted), nil
}
