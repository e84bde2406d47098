package api

import (
	"context"
	"strconv"
	"time"

	"carrel/internal/api/wire"
	"carrel/internal/directory"
	"carrel/internal/workspace"
)

func (s *Server) createOU(ctx context.Context, in *wire.AddOuInput) (wire.AddOuResponse, error) {
	id, err := s.Services.Directory.CreateOU(ctx, caller(ctx, in.Project), in.Body.Domain, in.Body.OUName, in.Body.Description)
	return wire.AddOuResponse{ID: id}, err
}

func (s *Server) listOUs(ctx context.Context, in *wire.ListOuDetailsInput) (wire.ListOuDetailsResponse, error) {
	units, total, err := s.Services.Directory.ListOUs(ctx, directory.OUQuery{
		ProjectID: in.ProjectID, Name: in.OUName, Page: workspace.Page{Offset: in.Offset, Limit: in.Limit},
	})
	return wire.ListOuDetailsResponse{TotalCount: total, OUs: each(units, func(o directory.OU) wire.OuNameInfo {
		return wire.OuNameInfo{ID: o.ID, Domain: directory.BuiltInDomain, OUName: o.Name, OUDN: o.DN(), Description: o.Description, DomainID: o.ProjectID}
	})}, err
}

func (s *Server) updateOU(ctx context.Context, in *wire.UpdateOuInfoInput) error {
	b := in.Body
	if id := value(b.ID); id != "" && id != in.OUID {
		return workspace.Errorf(workspace.CodeInvalid, "id: is %q, the path names %q", id, in.OUID)
	}
	return s.Services.Directory.UpdateOU(ctx, caller(ctx, in.Project), in.OUID, b.OUName, value(b.Description))
}

func (s *Server) deleteOU(ctx context.Context, in *wire.DeleteOuInput) error {
	return s.Services.Work.DeleteOU(ctx, caller(ctx, in.Project), in.OUID)
}

func (s *Server) listDirectoryOUs(ctx context.Context, in *wire.ListAdOusInput) (wire.ListAdOusResponse, error) {
	if otherDirectory(in.Domain) {
		return wire.ListAdOusResponse{OUInfos: []wire.AdOuInfo{}}, nil
	}
	units, total, err := s.Services.Directory.ListOUs(ctx, directory.OUQuery{ProjectID: in.ProjectID, Page: workspace.Page{Offset: in.Offset, Limit: in.Limit}})
	return wire.ListAdOusResponse{TotalCount: total, OUInfos: each(units, func(o directory.OU) wire.AdOuInfo { return wire.AdOuInfo{OUName: o.Name, OUDN: o.DN()} })}, err
}

func (s *Server) listOUPeople(ctx context.Context, in *wire.ListAdOuUsersInput) (wire.ListAdOuUsersResponse, error) {
	users, total, err := s.Services.Directory.PeopleAt(ctx, in.OUDN, directory.UserQuery{
		ProjectID: in.ProjectID, Name: in.UserName, Page: workspace.Page{Offset: in.Offset, Limit: in.Limit},
	})
	if in.HasExisted.Given && !in.HasExisted.Value {
		users, total = nil, 0
	}
	return wire.ListAdOuUsersResponse{TotalCount: total, UserInfos: each(users, func(u directory.User) wire.AdOuUserInfo {
		return wire.AdOuUserInfo{UserName: u.Name, ExpiredTime: expiresText(u.Expires), HasExisted: true}
	})}, err
}

// expiresText formats an expiry for lists.
func expiresText(t time.Time) string { return strconv.FormatInt(millis(t), 10) }
