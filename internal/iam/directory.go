package iam

import (
	"net/http"
	"strconv"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// links are those of one thing, or of a page.
type links struct {
	Self     string  `json:"self"`
	Previous *string `json:"previous"`
	Next     *string `json:"next"`
}

func (s *Service) links(r *http.Request, path string) links {
	return links{Self: s.endpoint(r) + path}
}

// endpoint is the address of this server as the caller knows it.
func (s *Service) endpoint(r *http.Request) string {
	switch {
	case s.Endpoint != "":
		return s.Endpoint
	case r.TLS != nil:
		return "https://" + r.Host
	default:
		return "http://" + r.Host
	}
}

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
		ID: p.ID, Name: p.Name, DomainID: p.AccountID, ParentID: p.AccountID, Enabled: true,
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
	out := projectsBody{Projects: []projectBody{}, Links: s.links(r, r.URL.Path)}
	if !matches(in.DomainID, p.AccountID) || !matches(in.ParentID, p.AccountID) || !matches(in.Enabled, "true") || !matches(in.IsDomain, "false") {
		return &body[projectsBody]{Body: out}, nil
	}
	projects, err := store.View(r.Context(), s.Store, func(tx *store.Tx) ([]Project, error) {
		return Projects(r.Context(), tx, ProjectQuery{AccountID: p.AccountID, Name: in.Name, Page: window})
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
	var project Project
	err := s.Store.View(r.Context(), func(tx *store.Tx) (err error) {
		project, err = ReadProject(r.Context(), tx, p.AccountID, in.ID)
		return err
	})
	if isMissing(err) {
		return nil, missing("project", in.ID)
	}
	if err != nil {
		return nil, err
	}
	return &body[showProjectBody]{Body: showProjectBody{s.projectBody(r, project)}}, nil
}

type domainsBody struct {
	Domains []domainBody `json:"domains"`
	Links   links        `json:"links"`
}

type domainBody struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Enabled     bool   `json:"enabled"`
	Description string `json:"description"`
	Links       links  `json:"links"`
}

// listDomains lists the one account that the caller belongs to.
func (s *Service) listDomains(r *http.Request, _ *nothing) (*body[domainsBody], error) {
	p, _ := PrincipalFrom(r.Context())
	return &body[domainsBody]{Body: domainsBody{
		Domains: []domainBody{{ID: p.AccountID, Name: p.AccountName, Enabled: true, Links: s.links(r, "/v3/domains/"+p.AccountID)}},
		Links:   s.links(r, r.URL.Path),
	}}, nil
}

type callerBody struct {
	AccountID    string `json:"account_id"`
	PrincipalID  string `json:"principal_id"`
	PrincipalURN string `json:"principal_urn"`
}

// showCaller answers with the caller's identity.
func (s *Service) showCaller(r *http.Request, _ *nothing) (*body[callerBody], error) {
	p, _ := PrincipalFrom(r.Context())
	return &body[callerBody]{Body: callerBody{
		AccountID: p.AccountID, PrincipalID: p.AdminID, PrincipalURN: "iam::" + p.AccountID + ":user:" + p.AdminName,
	}}, nil
}

// matches says whether a filter, if given, is met.
func matches(filter, value string) bool { return filter == "" || filter == value }

// boolean reads a filter that is true or false; nil if it is absent.
func boolean(field, text string) (*bool, error) {
	switch text {
	case "":
		return nil, nil
	case "true", "True":
		yes := true
		return &yes, nil
	case "false", "False":
		no := false
		return &no, nil
	}
	return nil, invalid(field, "%q is not true or false", text)
}

// maxPage is the number of rows of a page that does not say it.
const maxPage = 5000

// pageOf returns the page that a request asks for.
func pageOf(number, perPage string) (workspace.Page, error) {
	page, size := 1, maxPage
	for _, p := range []struct {
		name, text string
		to         *int
	}{{"page", number, &page}, {"per_page", perPage, &size}} {
		if p.text == "" {
			continue
		}
		n, err := strconv.Atoi(p.text)
		if err != nil || n < 1 || n > maxPage {
			return workspace.Page{}, invalid(p.name, "%q is out of range, use 1 to %d", p.text, maxPage)
		}
		*p.to = n
	}
	return workspace.Page{Offset: (page - 1) * size, Limit: size}, nil
}
