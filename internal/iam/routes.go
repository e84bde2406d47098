package iam

import (
	"net/http"
	"slices"

	"carrel/internal/route"
)

// The ways to authenticate with the API. One is enough; with both, they must be of the same user.
var (
	byToken     = route.Scheme{Name: "token", In: "header", Key: "X-Auth-Token", About: "From POST /v3/auth/tokens, header X-Subject-Token"}
	bySignature = route.Scheme{Name: "signature", In: "header", Key: "Authorization", About: "SDK-HMAC-SHA256, made with an access key"}

	Schemes = []route.Scheme{byToken, bySignature}
)

// entry is a line of the table of routes.
type entry struct {
	pattern, id, summary string
	handler
	access access
	fails  []int // besides the statuses that every operation may fail with
}

// access says what a caller must show.
type access int

const (
	signed     access = iota // a token or a signature
	open                     // nothing: what the request holds is checked
	signedInto               // a token in the body, or else as for signed
)

func (s *Service) routes() []entry {
	const ok, created = http.StatusOK, http.StatusCreated
	return []entry{
		{"POST /v3/auth/tokens", "KeystoneCreateUserTokenByPassword", "Issue a token for a password, or for another token", answering(created, s.createToken), open, []int{http.StatusTooManyRequests}},
		{"GET /v3/auth/tokens", "KeystoneValidateToken", "Show a token", answering(ok, s.showToken), signed, nil},
		{"DELETE /v3/auth/tokens", "RevokeToken", "Revoke a token", silent(s.revokeToken), signed, nil},
		{"GET /v3/auth/projects", "KeystoneListAuthProjects", "List the projects that the caller may use", answering(ok, s.listProjects), signed, nil},
		{"GET /v3/auth/domains", "KeystoneListAuthDomains", "List the account that the caller belongs to", answering(ok, s.listDomains), signed, nil},
		{"GET /v3/auth/catalog", "ShowCatalog", "List the services and their addresses", answering(ok, s.showCatalog), signed, nil},
		{"GET /v3/projects", "KeystoneListProjects", "List the projects of the account", answering(ok, s.listProjects), signed, nil},
		{"GET /v3/projects/{project_id}", "KeystoneShowProject", "Show a project", answering(ok, s.showProject), signed, nil},
		{"GET /v3/users", "KeystoneListUsers", "List the administrators of the account", answering(ok, s.listUsers), signed, nil},
		{"GET /v3/users/{user_id}", "KeystoneShowUser", "Show an administrator", answering(ok, s.showUser), signed, nil},
		{"GET /v3/regions", "KeystoneListRegions", "List the region", answering(ok, s.listRegions), signed, nil},
		{"POST /v3.0/OS-CREDENTIAL/securitytokens", "CreateTemporaryAccessKeyByToken", "Create a temporary access key from a token", answering(created, s.createTemporaryKey), signedInto, nil},
		{"GET /v3.0/OS-CREDENTIAL/credentials", "ListPermanentAccessKeys", "List access keys", answering(ok, s.listKeys), signed, nil},
		{"POST /v3.0/OS-CREDENTIAL/credentials", "CreatePermanentAccessKey", "Create an access key; only this answer has its secret", answering(created, s.createKey), signed, []int{http.StatusConflict}},
		{"GET /v3.0/OS-CREDENTIAL/credentials/{access_key}", "ShowPermanentAccessKey", "Show an access key", answering(ok, s.showKey), signed, nil},
		{"DELETE /v3.0/OS-CREDENTIAL/credentials/{access_key}", "DeletePermanentAccessKey", "Delete an access key", silent(s.deleteKey), signed, nil},
		{"GET /v5/caller-identity", "GetCallerIdentity", "Show the caller's identity", answering(ok, s.showCaller), signed, nil},
	}
}

// Routes describes the routes of Handler.
func Routes() []route.Route {
	var all []route.Route
	for _, e := range (*Service)(nil).routes() {
		all = append(all, route.Route{
			Pattern: e.pattern, ID: e.id, Summary: e.summary, Tag: "identity", Form: e.form, Security: e.security(),
			Failure: Failure{}, Failures: slices.Concat(failing, e.fails),
		})
	}
	return all
}

func (e entry) security() []route.Scheme {
	switch e.access {
	case open:
		return nil
	case signedInto:
		return append([]route.Scheme{{}}, Schemes...)
	default:
		return Schemes
	}
}

// failing are the statuses of the errors that every operation may answer with.
var failing = []int{
	http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusRequestEntityTooLarge,
	http.StatusInternalServerError, http.StatusServiceUnavailable,
}

// Handler serves the identity API. It returns the mux itself, so that the caller can ask it whether it has a handler for a request; Routes
// describes its patterns.
func (s *Service) Handler() *http.ServeMux {
	mux := http.NewServeMux()
	for _, e := range s.routes() {
		var h http.Handler = answer{s, e.serve}
		if e.access == signed {
			h = s.Require(h)
		}
		mux.Handle(e.pattern, h)
	}
	return mux
}

// handler serves one operation, or returns an error.
type handler struct {
	form  route.Form
	serve func(w http.ResponseWriter, r *http.Request) error
}

// body is an answer without headers, and nothing a request that has only a path.
type (
	body[T any] = route.Body[T]
	nothing     = route.Nothing
)

// answering is the handler of an operation that takes an I and answers with a status and an O.
func answering[I, O any](status int, call func(*http.Request, *I) (*O, error)) handler {
	return handler{route.FormOf[I, O](status), func(w http.ResponseWriter, r *http.Request) error {
		in := new(I)
		if err := route.Read(r, in, func(body any) error { return decode(w, r, body) }); err != nil {
			return err
		}
		out, err := call(r, in)
		if err != nil {
			return err
		}
		route.Write(w, status, out)
		return nil
	}}
}

// silent is the handler of an operation that takes an I and answers with nothing.
func silent[I any](call func(*http.Request, *I) error) handler {
	return answering(http.StatusNoContent, func(r *http.Request, in *I) (*route.Nothing, error) { return nil, call(r, in) })
}

// answer runs a handler and answers with its error, if any.
type answer struct {
	service *Service
	serve   func(http.ResponseWriter, *http.Request) error
}

func (a answer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() { _ = r.Body.Close() }() // a signed one is in memory
	if err := a.serve(w, r); err != nil {
		a.service.refuse(w, r, err)
	}
}
