package iam

import (
	"context"
	"net/http"
	"slices"

	"carrel/internal/route"
	"carrel/internal/workspace"
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
	needs
	fails []int // besides the statuses that every operation may fail with
}

// access says what a caller must show.
type access int

const (
	signed     access = iota // a token or a signature
	open                     // nothing: what the request holds is checked
	signedInto               // a token in the body, or else as for signed
)

// The requirements of operations.
func reading(action string) needs { return needs{action: action, kind: Read} }
func writing(action string) needs { return needs{action: action, kind: Write} }

// ofOwn is what an operation requires that callers may do with what is their own. To look at the keys and tokens of others takes as much as to
// change them.
func ofOwn(n needs) needs {
	n.own = true
	return n
}

func (s *Service) routes() []entry {
	return slices.Concat(s.tokenRoutes(), s.directoryRoutes(), s.projectRoutes(), s.userRoutes(), s.groupRoutes(), s.keyRoutes(), s.deviceRoutes(),
		s.roleRoutes(), s.grantRoutes())
}

func (s *Service) tokenRoutes() []entry {
	const ok, created = http.StatusOK, http.StatusCreated
	return []entry{
		{"POST /v3/auth/tokens", "KeystoneCreateUserTokenByPassword", "Issue a token for a password, with a code of an authenticator if the user has one, for another token, or for an agency", answering(created, s.createToken), open, needs{}, []int{http.StatusTooManyRequests}},
		{"GET /v3/auth/tokens", "KeystoneValidateToken", "Show a token", answering(ok, s.showToken), signed, ofOwn(writing("iam:tokens:get")), nil},
		{"DELETE /v3/auth/tokens", "RevokeToken", "Revoke a token", silent(s.revokeToken), signed, ofOwn(writing("iam:tokens:delete")), nil},
		{"POST /v5/agencies/assume", "AssumeAgency", "Issue a temporary access key with which the caller acts as an agency", answering(ok, s.assumeAgency), signed, needs{action: "sts:agencies:assume", kind: Write, own: true}, nil},
		{"GET /v5/caller-identity", "GetCallerIdentity", "Show the caller's identity", answering(ok, s.showCaller), signed, needs{}, nil},
	}
}

func (s *Service) directoryRoutes() []entry {
	const ok = http.StatusOK
	return []entry{
		{"GET /v3/auth/projects", "KeystoneListAuthProjects", "List the projects that the caller may use", answering(ok, s.listProjects), signed, needs{}, nil},
		{"GET /v3/auth/domains", "KeystoneListAuthDomains", "List the account that the caller belongs to", answering(ok, s.listDomains), signed, needs{}, nil},
		{"GET /v3/auth/catalog", "ShowCatalog", "List the services and their addresses", answering(ok, s.showCatalog), signed, needs{}, nil},
		{"GET /v3/audit-records", "ListAccountAuditRecords", "List who changed what of the account's users, groups, keys and projects, newest first", answering(ok, s.listAuditRecords), signed, reading("iam:auditRecords:list"), nil},
		{"GET /v3/regions", "KeystoneListRegions", "List the region", answering(ok, s.listRegions), signed, needs{}, nil},
	}
}

func (s *Service) projectRoutes() []entry {
	const ok, created, taken = http.StatusOK, http.StatusCreated, http.StatusConflict
	return []entry{
		{"GET /v3/projects", "KeystoneListProjects", "List the projects of the account", answering(ok, s.listProjects), signed, needs{}, nil},
		{"GET /v3/projects/{project_id}", "KeystoneShowProject", "Show a project", answering(ok, s.showProject), signed, needs{}, nil},
		{"POST /v3/projects", "KeystoneCreateProject", "Create a project of the account", answering(created, s.createProject), signed, writing("iam:projects:create"), []int{taken}},
		{"PATCH /v3/projects/{project_id}", "KeystoneUpdateProject", "Update a project's name, description, or whether it is enabled", answering(ok, s.updateProject), signed, writing("iam:projects:update"), []int{taken}},
		{"DELETE /v3/projects/{project_id}", "KeystoneDeleteProject", "Delete a project that holds nothing", silent(s.deleteProject), signed, writing("iam:projects:delete"), []int{taken}},
	}
}

func (s *Service) userRoutes() []entry {
	const ok, created, taken = http.StatusOK, http.StatusCreated, http.StatusConflict
	return []entry{
		{"GET /v3/users", "KeystoneListUsers", "List the administrators of the account", answering(ok, s.listUsers), signed, reading("iam:users:list"), nil},
		{"GET /v3/users/{user_id}", "KeystoneShowUser", "Show an administrator", answering(ok, s.showUser), signed, ofOwn(reading("iam:users:get")), nil},
		{"POST /v3/users", "KeystoneCreateUser", "Create a user of the account, who calls the API", preparing(created, s.hashForCreated, s.createUser), signed, writing("iam:users:create"), []int{taken}},
		{"PATCH /v3/users/{user_id}", "KeystoneUpdateUserByAdmin", "Update a user's name, description, password, role, or whether it is enabled", preparing(ok, s.hashForUpdated, s.updateUser), signed, writing("iam:users:update"), []int{taken}},
		{"DELETE /v3/users/{user_id}", "KeystoneDeleteUser", "Delete a user with its keys and tokens", silent(s.deleteUser), signed, writing("iam:users:delete"), []int{taken}},
		{"POST /v3/users/{user_id}/password", "KeystoneUpdateUserPassword", "Change the caller's password", silently(s.checkFormer, s.changePassword), signed, ofOwn(writing("iam:users:updatePassword")), []int{http.StatusTooManyRequests}},
	}
}

func (s *Service) groupRoutes() []entry {
	const ok, created, taken = http.StatusOK, http.StatusCreated, http.StatusConflict
	return []entry{
		{"GET /v3/groups", "KeystoneListGroups", "List the groups of the account's users", answering(ok, s.listGroups), signed, reading("iam:groups:list"), nil},
		{"POST /v3/groups", "KeystoneCreateGroup", "Create a group", answering(created, s.createGroup), signed, writing("iam:groups:create"), []int{taken}},
		{"GET /v3/groups/{group_id}", "KeystoneShowGroup", "Show a group", answering(ok, s.showGroup), signed, reading("iam:groups:get"), nil},
		{"PATCH /v3/groups/{group_id}", "KeystoneUpdateGroup", "Update a group's name or description", answering(ok, s.updateGroup), signed, writing("iam:groups:update"), []int{taken}},
		{"DELETE /v3/groups/{group_id}", "KeystoneDeleteGroup", "Delete a group; its members stay", silent(s.deleteGroup), signed, writing("iam:groups:delete"), nil},
		{"GET /v3/groups/{group_id}/users", "KeystoneListUsersForGroupByAdmin", "List the members of a group", answering(ok, s.listGroupUsers), signed, reading("iam:groups:listUsers"), nil},
		{"PUT /v3/groups/{group_id}/users/{user_id}", "KeystoneAddUserToGroup", "Add a user to a group", silent(s.addMember), signed, writing("iam:groups:addUser"), nil},
		{"HEAD /v3/groups/{group_id}/users/{user_id}", "KeystoneCheckUserInGroup", "Check whether a user is in a group", silent(s.checkMember), signed, reading("iam:groups:checkUser"), nil},
		{"DELETE /v3/groups/{group_id}/users/{user_id}", "KeystoneRemoveUserFromGroup", "Remove a user from a group", silent(s.removeMember), signed, writing("iam:groups:removeUser"), nil},
		{"GET /v3/users/{user_id}/groups", "KeystoneListGroupsForUser", "List the groups of a user", answering(ok, s.listGroupsOfUser), signed, ofOwn(reading("iam:users:listGroups")), nil},
	}
}

func (s *Service) deviceRoutes() []entry {
	const ok, created, taken, late = http.StatusOK, http.StatusCreated, http.StatusConflict, http.StatusTooManyRequests
	return []entry{
		{"GET /v3.0/OS-MFA/virtual-mfa-devices", "ListUserMfaDevices", "List the authenticator apps of the account's users", answering(ok, s.listDevices), signed, reading("iam:mfa:listMFADevices"), nil},
		{"POST /v3.0/OS-MFA/virtual-mfa-devices", "CreateMfaDevice", "Create an authenticator for the caller; only this answer has its secret", answering(created, s.createDevice), signed, ofOwn(writing("iam:mfa:createMFADevice")), []int{taken}},
		{"GET /v3.0/OS-MFA/users/{user_id}/virtual-mfa-device", "ShowUserMfaDevice", "Show a user's authenticator app", answering(ok, s.showDevice), signed, ofOwn(reading("iam:mfa:getMFADevice")), nil},
		{"PUT /v3.0/OS-MFA/mfa-devices/bind", "CreateBindingDevice", "Bind the caller's authenticator: from then on signing in needs a code", silently(s.chargeBinding, s.bindDevice), signed, ofOwn(writing("iam:mfa:bindMFADevice")), []int{taken, late}},
		{"PUT /v3.0/OS-MFA/mfa-devices/unbind", "DeleteBindingDevice", "Unbind an authenticator: signing in needs no code", silently(s.chargeUnbinding, s.unbindDevice), signed, ofOwn(writing("iam:mfa:unbindMFADevice")), []int{late}},
	}
}

func (s *Service) keyRoutes() []entry {
	const ok, created = http.StatusOK, http.StatusCreated
	return []entry{
		{"POST /v3.0/OS-CREDENTIAL/securitytokens", "CreateTemporaryAccessKeyByToken", "Create a temporary access key from a token", preparing(created, s.checkHolder, s.createTemporaryKey), signedInto, needs{}, nil},
		{"GET /v3.0/OS-CREDENTIAL/credentials", "ListPermanentAccessKeys", "List access keys", answering(ok, s.listKeys), signed, ofOwn(writing("iam:credentials:list")), nil},
		{"POST /v3.0/OS-CREDENTIAL/credentials", "CreatePermanentAccessKey", "Create an access key; only this answer has its secret", answering(created, s.createKey), signed, ofOwn(writing("iam:credentials:create")), []int{http.StatusConflict}},
		{"GET /v3.0/OS-CREDENTIAL/credentials/{access_key}", "ShowPermanentAccessKey", "Show an access key", answering(ok, s.showKey), signed, ofOwn(writing("iam:credentials:get")), nil},
		{"PUT /v3.0/OS-CREDENTIAL/credentials/{access_key}", "UpdatePermanentAccessKey", "Update an access key's description or status", answering(ok, s.updateKey), signed, ofOwn(writing("iam:credentials:update")), nil},
		{"DELETE /v3.0/OS-CREDENTIAL/credentials/{access_key}", "DeletePermanentAccessKey", "Delete an access key", silent(s.deleteKey), signed, ofOwn(writing("iam:credentials:delete")), nil},
	}
}

// Routes describes the routes of Handler.
func Routes() []route.Route {
	var all []route.Route
	for _, e := range (*Service)(nil).routes() {
		r := route.Route{
			Pattern: e.pattern, ID: e.id, Summary: e.summary, Tag: "identity", Form: e.form, Security: e.security(),
			Failure: Failure{}, Failures: slices.Concat(failing, e.fails), DryRun: e.rehearsable(),
		}
		if e.changes() {
			r.Token = workspace.MaxClientToken
			if !slices.Contains(r.Failures, http.StatusConflict) {
				r.Failures = append(r.Failures, http.StatusConflict)
			}
		}
		all = append(all, r)
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
		a := answer{s, e}
		var h http.Handler = a
		if e.access == signed {
			h = s.Require(h)
		}
		mux.Handle(e.pattern, a.named(h))
	}
	return mux
}

// handler reads the requests of one operation.
type handler struct {
	form route.Form
	read func(w http.ResponseWriter, r *http.Request) (call, error)
}

// call is a request that was read.
type call struct {
	content []byte // what it asks for, in one form; only if it may be repeated
	// prepare does what may not be done in the transaction of a request: what takes long, such as the hash of a password, and what must stay if the
	// request is refused, such as the count of wrong codes. It returns the request with what serve needs of that. Nil: there is nothing.
	prepare func(*http.Request) (*http.Request, error)
	serve   func(w http.ResponseWriter, r *http.Request) error
}

func (c call) prepared(r *http.Request) (*http.Request, error) {
	if c.prepare == nil {
		return r, nil
	}
	return c.prepare(r)
}

// body is an answer without headers, and nothing a request that has only a path.
type (
	body[T any] = route.Body[T]
	nothing     = route.Nothing
)

// bodyOf answers with a body, unless there is an error.
func bodyOf[B any](b B, err error) (*body[B], error) {
	if err != nil {
		return nil, err
	}
	return &body[B]{Body: b}, nil
}

// answering is the handler of an operation that takes an I and answers with a status and an O.
func answering[I, O any](status int, answer func(*http.Request, *I) (*O, error)) handler {
	return preparing(status, nil, answer)
}

// preparing is answering with something to do before: see call.
func preparing[I, O any](status int, prepare func(*http.Request, *I) (*http.Request, error), answer func(*http.Request, *I) (*O, error)) handler {
	return handler{route.FormOf[I, O](status), func(w http.ResponseWriter, r *http.Request) (c call, err error) {
		in := new(I)
		if err := route.Read(r, in, func(body any) error { return decode(w, r, body) }); err != nil {
			return c, err
		}
		if prepare != nil {
			c.prepare = func(r *http.Request) (*http.Request, error) { return prepare(r, in) }
		}
		c.serve = func(w http.ResponseWriter, r *http.Request) error {
			out, err := answer(r, in)
			if err == nil {
				route.Write(w, status, out)
			}
			return err
		}
		return c, nil
	}}
}

// pathOnly is the handler of an operation that takes nothing but what its path names.
func pathOnly(form route.Form, serve func(w http.ResponseWriter, r *http.Request) error) handler {
	return handler{form, func(http.ResponseWriter, *http.Request) (call, error) { return call{serve: serve}, nil }}
}

// silent is the handler of an operation that takes an I and answers with nothing.
func silent[I any](do func(*http.Request, *I) error) handler { return silently(nil, do) }

// silently is silent with something to do before: see call.
func silently[I any](prepare func(*http.Request, *I) (*http.Request, error), do func(*http.Request, *I) error) handler {
	return preparing(http.StatusNoContent, prepare, func(r *http.Request, in *I) (*route.Nothing, error) { return nil, do(r, in) })
}

// answer runs an operation's handler, if the caller may call it, and answers with its error, if any.
type answer struct {
	service *Service
	entry   entry
}

// named notes the operation in the context of a request.
func (a answer) named(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), operationKey{}, a.operation(w, r))))
	})
}

func (a answer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() { _ = r.Body.Close() }() // a signed one is in memory
	if err := a.serve(w, r); err != nil {
		a.service.noteRefusedCall(w, r, err)
		a.service.refuse(w, r, err)
	}
}

func (a answer) serve(w http.ResponseWriter, r *http.Request) error {
	if err := legible(r); err != nil {
		return err
	}
	also, err := a.entry.askedOf(r)
	if err == nil {
		err = a.service.mayCall(r)
	}
	if err != nil {
		return err
	}
	c, err := a.entry.read(w, r)
	if err != nil {
		return err
	}
	if also != (asked{}) {
		if c.content, err = contentOf(r); err != nil {
			return err
		}
		return a.service.requested(w, r, a.entry, c, also)
	}
	if r, err = c.prepared(r); err != nil {
		return err
	}
	return c.serve(w, r)
}
