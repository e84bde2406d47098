package iam

import (
	"log/slog"
	"net/http"
	"time"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Service authenticates callers and serves the identity API. It is safe for concurrent use, also by several processes on one database: nothing is
// kept in memory, so revocations and throttling take effect in all processes at once.
type Service struct {
	Store     *store.Store
	Box       Box
	Passwords workspace.Passwords
	Log       *slog.Logger
	Bodies    SignedBodies     // the memory of signed bodies
	Region    string           // the one region, such as "local-1"
	Endpoint  string           // the address that the catalogue names, "https://host:port"; empty: the one each request came to
	Catalog   []CatalogService // what the catalogue lists
}

// Box encrypts the secrets of access keys; secret.Box implements it.
type Box interface {
	Seal(plain, context string) string
	Open(sealed, context string) ([]byte, error)
}

// CatalogService is a service that callers can find in the catalogue.
type CatalogService struct {
	Type string // "workspace"
	Path string // "/v2/{project_id}"; the project is filled in
}

// Handler serves the identity API. It returns the mux itself, so that the caller can ask it whether it has a handler for a request; Routes lists
// its patterns.
func (s *Service) Handler() *http.ServeMux {
	mux := http.NewServeMux()
	for _, route := range s.routes() {
		var h http.Handler = answer{s, route.handle}
		if !route.open {
			h = s.Require(h)
		}
		mux.Handle(route.pattern, h)
	}
	return mux
}

// Routes lists the patterns of Handler, in the form of net/http.ServeMux.
func Routes() []string {
	var patterns []string
	for _, route := range (*Service)(nil).routes() {
		patterns = append(patterns, route.pattern)
	}
	return patterns
}

// handler serves one request, or returns an error.
type handler func(w http.ResponseWriter, r *http.Request) error

type route struct {
	pattern string
	handle  handler
	open    bool // to callers who have not shown who they are
}

func (s *Service) routes() []route {
	return []route{
		{pattern: "POST /v3/auth/tokens", handle: s.createToken, open: true},
		{pattern: "GET /v3/auth/tokens", handle: s.showToken},
		{pattern: "DELETE /v3/auth/tokens", handle: s.revokeToken},
		{pattern: "GET /v3/auth/projects", handle: s.listProjects},
		{pattern: "GET /v3/auth/domains", handle: s.listDomains},
		{pattern: "GET /v3/auth/catalog", handle: s.showCatalog},
		{pattern: "GET /v3/projects", handle: s.listProjects},
		{pattern: "GET /v3/projects/{project_id}", handle: s.showProject},
		{pattern: "GET /v3/users", handle: s.listUsers},
		{pattern: "GET /v3/users/{user_id}", handle: s.showUser},
		{pattern: "GET /v3/regions", handle: s.listRegions},
		{pattern: "POST /v3.0/OS-CREDENTIAL/securitytokens", handle: s.createTemporaryKey, open: true},
		{pattern: "GET /v3.0/OS-CREDENTIAL/credentials", handle: s.listKeys},
		{pattern: "POST /v3.0/OS-CREDENTIAL/credentials", handle: s.createKey},
		{pattern: "GET /v3.0/OS-CREDENTIAL/credentials/{access_key}", handle: s.showKey},
		{pattern: "DELETE /v3.0/OS-CREDENTIAL/credentials/{access_key}", handle: s.deleteKey},
		{pattern: "GET /v5/caller-identity", handle: s.showCaller},
	}
}

// answer runs a handler and answers with its error, if any.
type answer struct {
	service *Service
	handle  handler
}

func (a answer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() { _ = r.Body.Close() }() // a signed one is in memory
	if err := a.handle(w, r); err != nil {
		a.service.refuse(w, r, err)
	}
}

// stamp formats a time for the identity API.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }
