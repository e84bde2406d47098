package iam

import (
	"net/http"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

type projectBody struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	DomainID    string `json:"domain_id"`
	ParentID    string `json:"parent_id"`
	Description string `json:"description"`
	Enabled     bool   `json:"enabled"`
	IsDomain    bool   `json:"is_domain"`
	Links       links  `json:"links"`
}

func (s *Service) projectBody(r *http.Request, p Project) projectBody {
	return projectBody{
		ID: p.ID, Name: p.Name, DomainID: p.AccountID, ParentID: p.AccountID, Description: p.Description, Enabled: p.Enabled,
		Links: s.links(r, "/v3/projects/"+p.ID),
	}
}

// projectsInput has filters: what is given must be the project's.
type projectsInput struct {
	Page     string `query:"page" doc:"A number from 1"`
	PerPage  string `query:"per_page" doc:"1 to 5000; 5000 if absent"`
	Name     string `query:"name"`
	DomainID string `query:"domain_id"`
	ParentID string `query:"parent_id"`
	Enabled  string `query:"enabled" doc:"true or false"`
	IsDomain string `query:"is_domain" doc:"true or false"`
}

type projectsBody struct {
	Projects []projectBody `json:"projects"`
	Links    links         `json:"links"`
}

// listProjects lists the projects that the caller's account has. Clients that know a region look its project up by name
// here, and want the key "projects" whatever is found.
func (s *Service) listProjects(r *http.Request, in *projectsInput) (*body[projectsBody], error) {
	window, err := pageOf(in.Page, in.PerPage)
	if err != nil {
		return nil, err
	}
	p, _ := PrincipalFrom(r.Context())
	enabled, err := boolean("enabled", in.Enabled)
	if err != nil {
		return nil, err
	}
	out := projectsBody{Projects: []projectBody{}, Links: s.links(r, r.URL.Path)}
	if !matches(in.DomainID, p.AccountID) || !matches(in.ParentID, p.AccountID) || !matches(in.IsDomain, "false") {
		return &body[projectsBody]{Body: out}, nil
	}
	projects, err := store.View(r.Context(), s.Store, func(tx *store.Tx) ([]Project, error) {
		return Projects(r.Context(), tx, ProjectQuery{AccountID: p.AccountID, Name: in.Name, Enabled: enabled, Page: window})
	})
	if err != nil {
		return nil, err
	}
	for _, project := range projects {
		out.Projects = append(out.Projects, s.projectBody(r, project))
	}
	return &body[projectsBody]{Body: out}, nil
}

type projectInput struct {
	ID string `path:"project_id"`
}

type showProjectBody struct {
	Project projectBody `json:"project"`
}

func (s *Service) showProject(r *http.Request, in *projectInput) (*body[showProjectBody], error) {
	p, _ := PrincipalFrom(r.Context())
	project, err := store.View(r.Context(), s.Store, func(tx *store.Tx) (Project, error) { return ReadProject(r.Context(), tx, p.AccountID, in.ID) })
	return bodyOf(showProjectBody{s.projectBody(r, project)}, noneSuch(err, "project", in.ID))
}

// The wire forms of changes of projects.
type (
	createProjectInput   struct{ Body createProjectRequest }
	createProjectRequest struct {
		Project createProjectFields `json:"project" required:"true"`
	}
	createProjectFields struct {
		Name        string `json:"name" required:"true" doc:"1 to 128 characters; unique in the account"`
		Description string `json:"description" doc:"At most 255 characters"`
		DomainID    string `json:"domain_id" doc:"The caller's account; may be absent"`
		ParentID    string `json:"parent_id" doc:"The caller's account: projects are not nested; may be absent"`
	}
	updateProjectInput struct {
		ID   string `path:"project_id"`
		Body updateProjectRequest
	}
	updateProjectRequest struct {
		Project updateProjectFields `json:"project" required:"true"`
	}
	updateProjectFields struct {
		Name        *string `json:"name"`
		Description *string `json:"description"`
		Enabled     *bool   `json:"enabled" doc:"false: calls for the project are refused; desktops keep running"`
	}
)

func (s *Service) createProject(r *http.Request, in *createProjectInput) (*body[showProjectBody], error) {
	fields := in.Body.Project
	if err := ownDomain(r, "project.domain_id", fields.DomainID); err != nil {
		return nil, err
	}
	if err := ownDomain(r, "project.parent_id", fields.ParentID); err != nil {
		return nil, err
	}
	c := s.act(r, workspace.Resource{Type: ResourceProject, Name: fields.Name})
	p, err := s.CreateProject(r.Context(), c, NewProject{Name: fields.Name, Description: fields.Description})
	return bodyOf(showProjectBody{s.projectBody(r, p)}, err)
}

func (s *Service) updateProject(r *http.Request, in *updateProjectInput) (*body[showProjectBody], error) {
	fields := in.Body.Project
	p, err := s.UpdateProject(r.Context(), s.act(r, workspace.Resource{Type: ResourceProject, ID: in.ID}), in.ID,
		ProjectChange(fields))
	return bodyOf(showProjectBody{s.projectBody(r, p)}, err)
}

func (s *Service) deleteProject(r *http.Request, in *projectInput) error {
	return s.DeleteProject(r.Context(), s.act(r, workspace.Resource{Type: ResourceProject, ID: in.ID}), in.ID)
}
