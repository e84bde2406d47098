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

func (s *Service) projectBody(r *http.Request, p store.Project) projectBody {
	return projectBody{
		ID: p.ID, Name: p.Name, DomainID: p.AccountID, ParentID: p.AccountID, Enabled: true,
		Links: s.links(r, "/v3/projects/"+p.ID),
	}
}

// listProjects lists the projects that the caller's account has. Clients that know a region look its project up by name
// here, and want the key "projects" whatever is found.
func (s *Service) listProjects(w http.ResponseWriter, r *http.Request) error {
	window, err := pageOf(r)
	if err != nil {
		return err
	}
	p, _ := PrincipalFrom(r.Context())
	var projects []store.Project
	err = s.Store.ViewIdentity(r.Context(), func(tx *store.IdentityTx) (err error) {
		projects, err = tx.Projects(r.Context(), p.AccountID)
		return err
	})
	if err != nil {
		return err
	}
	bodies := []projectBody{}
	for _, project := range projects {
		body := s.projectBody(r, project)
		if matches(r, "name", body.Name) && matches(r, "domain_id", body.DomainID) && matches(r, "parent_id", body.ParentID) &&
			matches(r, "enabled", "true") && matches(r, "is_domain", "false") {
			bodies = append(bodies, body)
		}
	}
	reply(w, http.StatusOK, map[string]any{"projects": cut(bodies, window), "links": s.links(r, r.URL.Path)})
	return nil
}

func (s *Service) showProject(w http.ResponseWriter, r *http.Request) error {
	p, _ := PrincipalFrom(r.Context())
	id := r.PathValue("project_id")
	var project store.Project
	err := s.Store.ViewIdentity(r.Context(), func(tx *store.IdentityTx) (err error) {
		project, err = tx.Project(r.Context(), p.AccountID, id)
		return err
	})
	if isMissing(err) {
		return missing("project", id)
	}
	if err != nil {
		return err
	}
	reply(w, http.StatusOK, map[string]any{"project": s.projectBody(r, project)})
	return nil
}

// listDomains lists the one account that the caller belongs to.
func (s *Service) listDomains(w http.ResponseWriter, r *http.Request) error {
	p, _ := PrincipalFrom(r.Context())
	reply(w, http.StatusOK, map[string]any{
		"domains": []map[string]any{{
			"id": p.AccountID, "name": p.AccountName, "enabled": true, "description": "", "links": s.links(r, "/v3/domains/"+p.AccountID),
		}},
		"links": s.links(r, r.URL.Path),
	})
	return nil
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

func (s *Service) userBody(r *http.Request, a store.Admin) userBody {
	return userBody{
		ID: a.ID, Name: a.Name, DomainID: a.AccountID, Enabled: true, AccessMode: "default", Links: s.links(r, "/v3/users/"+a.ID),
	}
}

// listUsers lists the account's administrators.
func (s *Service) listUsers(w http.ResponseWriter, r *http.Request) error {
	window, err := pageOf(r)
	if err != nil {
		return err
	}
	p, _ := PrincipalFrom(r.Context())
	var admins []store.Admin
	err = s.Store.ViewIdentity(r.Context(), func(tx *store.IdentityTx) (err error) {
		admins, err = tx.Admins(r.Context(), p.AccountID)
		return err
	})
	if err != nil {
		return err
	}
	bodies := []userBody{}
	for _, a := range admins {
		if matches(r, "name", a.Name) && matches(r, "domain_id", a.AccountID) && matches(r, "enabled", "true") {
			bodies = append(bodies, s.userBody(r, a))
		}
	}
	reply(w, http.StatusOK, map[string]any{"users": cut(bodies, window), "links": s.links(r, r.URL.Path)})
	return nil
}

func (s *Service) showUser(w http.ResponseWriter, r *http.Request) error {
	p, _ := PrincipalFrom(r.Context())
	id := r.PathValue("user_id")
	c, err := s.findUser(r.Context(), passwordUser{ID: id})
	if isMissing(err) || err == nil && c.Account.ID != p.AccountID {
		return missing("user", id)
	}
	if err != nil {
		return err
	}
	reply(w, http.StatusOK, map[string]any{"user": s.userBody(r, c.Admin)})
	return nil
}

// showCaller answers with the caller's identity.
func (s *Service) showCaller(w http.ResponseWriter, r *http.Request) error {
	p, _ := PrincipalFrom(r.Context())
	reply(w, http.StatusOK, map[string]string{
		"account_id": p.AccountID, "principal_id": p.AdminID, "principal_urn": "iam::" + p.AccountID + ":user:" + p.AdminName,
	})
	return nil
}

// matches says whether a query parameter, if given, has this value.
func matches(r *http.Request, parameter, value string) bool {
	asked := r.URL.Query().Get(parameter)
	return asked == "" || asked == value
}

// page is a window of a list; perPage 0 means all of it.
type page struct{ number, perPage int }

func pageOf(r *http.Request) (page, error) {
	out := page{number: 1}
	for name, to := range map[string]*int{"page": &out.number, "per_page": &out.perPage} {
		text := r.URL.Query().Get(name)
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 5000 {
			return page{}, invalid(name, "%q is out of range, use 1 to 5000", text)
		}
		*to = n
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
