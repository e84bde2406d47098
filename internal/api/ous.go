package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"carrel/internal/directory"
	"carrel/internal/iam"
	"carrel/internal/workspace"
)

func (s *Server) ouOperations() []operation {
	const ous = "/v2/{project_id}/ous"
	return []operation{
		{"POST", ous, "AddOu", iam.Write, answering(s.createOU), "Create an organisational unit"},
		{"GET", ous, "ListOuDetails", iam.Read, answering(s.listOUs), "List organisational units"},
		{"PUT", ous + "/{ou_id}", "UpdateOuInfo", iam.Write, silent(http.StatusOK, s.updateOU), "Update an organisational unit's name or description"},
		{"DELETE", ous + "/{ou_id}", "DeleteOu", iam.Write, silent(http.StatusNoContent, s.deleteOU), "Delete an organisational unit without desktops"},
		{"GET", "/v2/{project_id}/ad-ous", "ListAdOus", iam.Read, answering(s.listDirectoryOUs), "List the organisational units of the directory"},
		{"GET", "/v2/{project_id}/ou-users", "ListAdOuUsers", iam.Read, answering(s.listOUPeople), "List the users at a location in the directory"},
	}
}

type createOUInput struct {
	Project
	Body struct {
		Domain      string `json:"domain" required:"true" doc:"The directory"`
		Name        string `json:"ou_name" required:"true" doc:"1 to 64 characters, up to 5 levels separated by slashes"`
		Description string `json:"description,omitempty" doc:"At most 255 characters"`
	}
}

func (s *Server) createOU(ctx context.Context, in *createOUInput) (idReply, error) {
	id, err := s.Services.Directory.CreateOU(ctx, in.caller(ctx), in.Body.Domain, in.Body.Name, in.Body.Description)
	return idReply{id}, err
}

// OUPage is the part that lists of organisational units have in common.
type OUPage struct {
	Limit  int `query:"limit" minimum:"0" maximum:"1000" default:"100"`
	Offset int `query:"offset" minimum:"0" default:"0"`
}

func (p OUPage) page() workspace.Page { return workspace.Page{Offset: p.Offset, Limit: p.Limit} }

type listOUsInput struct {
	Project
	OUPage
	Name string `query:"ou_name" doc:"Part of the name"`
}

type ousReply struct {
	Total int       `json:"total_count"`
	OUs   []ouReply `json:"ous"`
}

type ouReply struct {
	ID          string `json:"id"`
	Domain      string `json:"domain"`
	Name        string `json:"ou_name"`
	DN          string `json:"ou_dn"`
	Description string `json:"description"`
	DomainID    string `json:"domain_id" doc:"The directory, which is the project's: the project's id"`
}

func (s *Server) listOUs(ctx context.Context, in *listOUsInput) (ousReply, error) {
	units, total, err := s.Services.Directory.ListOUs(ctx, directory.OUQuery{ProjectID: in.ProjectID, Name: in.Name, Page: in.page()})
	return ousReply{total, each(units, func(o directory.OU) ouReply {
		return ouReply{ID: o.ID, Domain: directory.BuiltInDomain, Name: o.Name, DN: o.DN(), Description: o.Description, DomainID: o.ProjectID}
	})}, err
}

// OUPath is the path of one organisational unit.
type OUPath struct {
	Project
	OUID string `path:"ou_id"`
}

type updateOUInput struct {
	OUPath
	Body struct {
		ID          string `json:"id,omitempty" doc:"The id in the path, or absent"`
		Name        string `json:"ou_name" required:"true" doc:"1 to 64 characters, up to 5 levels separated by slashes"`
		Description string `json:"description,omitempty" doc:"At most 255 characters; none if absent"`
	}
}

func (s *Server) updateOU(ctx context.Context, in *updateOUInput) error {
	if id := in.Body.ID; id != "" && id != in.OUID {
		return workspace.Errorf(workspace.CodeInvalid, "id: is %q, the path names %q", id, in.OUID)
	}
	return s.Services.Directory.UpdateOU(ctx, in.caller(ctx), in.OUID, in.Body.Name, in.Body.Description)
}

func (s *Server) deleteOU(ctx context.Context, in *OUPath) error {
	return s.Services.Work.DeleteOU(ctx, in.caller(ctx), in.OUID)
}

type listDirectoryOUsInput struct {
	Project
	OUPage
	Domain string `query:"domain" doc:"The directory"`
}

type directoryOUsReply struct {
	Total int                `json:"total_count"`
	OUs   []directoryOUReply `json:"ou_infos"`
}

type directoryOUReply struct {
	Name string `json:"ou_name"`
	DN   string `json:"ou_dn"`
}

func (s *Server) listDirectoryOUs(ctx context.Context, in *listDirectoryOUsInput) (directoryOUsReply, error) {
	if otherDirectory(in.Domain) {
		return directoryOUsReply{OUs: []directoryOUReply{}}, nil
	}
	units, total, err := s.Services.Directory.ListOUs(ctx, directory.OUQuery{ProjectID: in.ProjectID, Page: in.page()})
	return directoryOUsReply{total, each(units, func(o directory.OU) directoryOUReply { return directoryOUReply{o.Name, o.DN()} })}, err
}

type listOUPeopleInput struct {
	Project
	OUPage
	DN      string         `query:"ou_dn" required:"true" doc:"A distinguished name; all users are at the directory's root, DC=carrel,DC=local"`
	Name    string         `query:"user_name" doc:"Part of the name"`
	Existed optional[bool] `query:"has_existed" doc:"Only users who exist in Carrel, as all of the built-in directory do, or only the others"`
}

type ouPeopleReply struct {
	Total   int             `json:"total_count"`
	Missing int             `json:"enable_create_count" doc:"Number of users who could be added from the directory: 0 for the built-in one"`
	People  []ouPersonReply `json:"user_infos"`
}

type ouPersonReply struct {
	Name    string `json:"user_name"`
	Expires string `json:"expired_time" doc:"Milliseconds since 1970, 0 for never"`
	Existed bool   `json:"has_existed"`
}

func (s *Server) listOUPeople(ctx context.Context, in *listOUPeopleInput) (ouPeopleReply, error) {
	users, total, err := s.Services.Directory.PeopleAt(ctx, in.DN, directory.UserQuery{ProjectID: in.ProjectID, Name: in.Name, Page: in.page()})
	if in.Existed.given && !in.Existed.value {
		users, total = nil, 0
	}
	return ouPeopleReply{Total: total, People: each(users, func(u directory.User) ouPersonReply {
		return ouPersonReply{Name: u.Name, Expires: expiresText(u.Expires), Existed: true}
	})}, err
}

// expiresText is an expiry as lists show it.
func expiresText(t time.Time) string { return strconv.FormatInt(millis(t), 10) }
