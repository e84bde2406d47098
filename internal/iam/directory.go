package iam

import (
	"net/http"
	"strconv"

	"carrel/internal/store"
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
	PerPage  string `query:"per_page" doc:"1 to 5000; all on one page if absent"`
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
	var projects []Project
	err = s.Store.View(r.Context(), func(tx *store.Tx) (err error) {
		projects, err = Projects(r.Context(), tx, p.AccountID)
		return err
	})
	if err != nil {
		return nil, err
	}
	found := []projectBody{}
	for _, project := range projects {
		one := s.projectBody(r, project)
		if matches(in.Name, one.Name) && matches(in.DomainID, one.DomainID) && matches(in.ParentID, one.ParentID) &&
			matches(in.Enabled, "true") && matches(in.IsDomain, "false") {
			found = append(found, one)
		}
	}
	return &body[projectsBody]{Body: projectsBody{Projects: cut(found, window), Links: s.links(r, r.URL.Path)}}, nil
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

type userBody struct {
	ID                string  `json:"id"`
	Name              string  `json:"name"`
	DomainID          string  `json:"domain_id"`
	Description       string  `json:"description"`
	Enabled           bool    `json:"enabled"`
	AccessMode        string  `json:"access_mode"`
	PasswordExpiresAt *string `json:"password_expires_at"` // null: never
	Links             links   `json:"links"`
}

func (s *Service) userBody(r *http.Request, a Admin) userBody {
	return userBody{
		ID: a.ID, Name: a.Name, DomainID: a.AccountID, Enabled: true, AccessMode: "default", Links: s.links(r, "/v3/users/"+a.ID),
	}
}

// usersInput has filters: what is given must be the user's.
type usersInput struct {
	Page     string `query:"page" doc:"A number from 1"`
	PerPage  string `query:"per_page" doc:"1 to 5000; all on one page if absent"`
	Name     string `query:"name"`
	DomainID string `query:"domain_id"`
	Enabled  string `query:"enabled" doc:"true or false"`
}

type usersBody struct {
	Users []userBody `json:"users"`
	Links links      `json:"links"`
}

// listUsers lists the account's administrators.
func (s *Service) listUsers(r *http.Request, in *usersInput) (*body[usersBody], error) {
	window, err := pageOf(in.Page, in.PerPage)
	if err != nil {
		return nil, err
	}
	p, _ := PrincipalFrom(r.Context())
	var admins []Admin
	err = s.Store.View(r.Context(), func(tx *store.Tx) (err error) {
		admins, err = Admins(r.Context(), tx, p.AccountID)
		return err
	})
	if err != nil {
		return nil, err
	}
	found := []userBody{}
	for _, a := range admins {
		if matches(in.Name, a.Name) && matches(in.DomainID, a.AccountID) && matches(in.Enabled, "true") {
			found = append(found, s.userBody(r, a))
		}
	}
	return &body[usersBody]{Body: usersBody{Users: cut(found, window), Links: s.links(r, r.URL.Path)}}, nil
}

type userInput struct {
	ID string `path:"user_id"`
}

type showUserBody struct {
	User userBody `json:"user"`
}

func (s *Service) showUser(r *http.Request, in *userInput) (*body[showUserBody], error) {
	p, _ := PrincipalFrom(r.Context())
	c, err := s.findUser(r.Context(), passwordUser{ID: in.ID})
	if isMissing(err) || err == nil && c.Account.ID != p.AccountID {
		return nil, missing("user", in.ID)
	}
	if err != nil {
		return nil, err
	}
	return &body[showUserBody]{Body: showUserBody{s.userBody(r, c.Admin)}}, nil
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

// page is a window of a list; perPage 0 means all of it.
type page struct{ number, perPage int }

func pageOf(number, perPage string) (page, error) {
	out := page{number: 1}
	for _, p := range []struct {
		name, text string
		to         *int
	}{{"page", number, &out.number}, {"per_page", perPage, &out.perPage}} {
		if p.text == "" {
			continue
		}
		n, err := strconv.Atoi(p.text)
		if err != nil || n < 1 || n > 5000 {
			return page{}, invalid(p.name, "%q is out of range, use 1 to 5000", p.text)
		}
		*p.to = n
	}
	return out, nil
}

func cut[T any](items []T, p page) []T {
	if p.perPage == 0 {
		return items
	}
	from := min((p.number-1)*p.perPage, len(items))
	return items[from:min(from+p.perPage, len(items))]
}
