package portal

import (
	"net/http"
	"strings"

	"carrel/internal/clientaddr"
	"carrel/internal/desktop"
	"carrel/internal/route"
	"carrel/internal/signin"
	"carrel/internal/telemetry"
	"carrel/internal/text"
	"carrel/internal/workspace"
)

// entry is a line of the table of routes.
type entry struct {
	pattern, id, summary, tag string
	handler
	fails []int // besides the statuses that calls of its kind may fail with
}

// The sections of the documentation.
const (
	aboutUsers    = "portal: user"
	aboutDesktops = "portal: desktops"
	aboutPools    = "portal: pools"
)

func (p *Portal) routes() []entry {
	const ok, accepted, silent = http.StatusOK, http.StatusAccepted, http.StatusNoContent
	trying := []int{http.StatusUnauthorized, http.StatusTooManyRequests} // which a caller may not do without end
	return []entry{
		{"POST /portal/api/sign-in", "PortalSignIn", "Sign in with a password", aboutUsers, open(ok, p.signIn), trying},
		{"POST /portal/api/sign-in/code", "PortalSignInWithCode", "Sign in with a code, after the password", aboutUsers, open(ok, p.signInWithCode), trying},
		{"POST /portal/api/enter", "PortalEnter", "Sign in with the link that carrel up prints", aboutUsers, open(ok, p.enter), trying},
		{"POST /portal/api/sign-out", "PortalSignOut", "Sign out", aboutUsers, open(silent, p.signOut), nil},
		{"GET /portal/api/ping", "PortalPing", "Answer, for measuring the latency", aboutUsers, open(silent, ping), nil},
		{"GET /portal/api/first-password", "PortalShowLinkHolder", "Show the user of a link for choosing a password", aboutUsers, linked(p.firstPasswordHolder), append(trying, http.StatusForbidden)},
		{"POST /portal/api/first-password", "PortalSetFirstPassword", "Choose a password with a link", aboutUsers, linked(p.setFirstPassword), trying},
		{"GET /portal/api/me", "PortalShowUser", "Show who is signed in", aboutUsers, signed(ok, p.me), nil},
		{"PUT /portal/api/me/language", "PortalSetLanguage", "Choose a language", aboutUsers, signed(silent, p.setLanguage).as("SetLanguage"), nil},
		{"PUT /portal/api/me/password", "PortalChangePassword", "Change the password", aboutUsers, signed(silent, p.changePassword), trying},
		{"POST /portal/api/me/codes", "PortalBeginEnrolment", "Begin to set up an authenticator app", aboutUsers, signed(ok, p.beginEnrolment), []int{http.StatusConflict}},
		{"POST /portal/api/me/codes/confirm", "PortalConfirmEnrolment", "Confirm an authenticator app with a code of it", aboutUsers, signed(ok, p.confirmEnrolment).as("ConfirmEnrolment"), append(trying, http.StatusConflict)},
		{"POST /portal/api/me/codes/recovery", "PortalRenewRecoveryCodes", "Make recovery codes anew", aboutUsers, signed(ok, p.renewRecoveryCodes).as("RenewRecoveryCodes"), append(trying, http.StatusConflict)},
		{"POST /portal/api/me/codes/remove", "PortalRemoveAuthenticator", "Remove the authenticator app", aboutUsers, signed(silent, p.removeAuthenticator).as("RemoveAuthenticator"), append(trying, http.StatusConflict)},
		{"GET /portal/api/desktops", "PortalListDesktops", "List the user's desktops", aboutDesktops, signed(ok, p.desktops), []int{http.StatusForbidden}},
		{"GET /portal/api/desktops/events", "PortalFollowDesktops", "Follow the user's desktops and pools, as server-sent events", aboutDesktops, p.streaming(), []int{http.StatusForbidden}},
		{"POST /portal/api/desktops/{id}/start", "PortalStartDesktop", "Start a desktop", aboutDesktops, signed(accepted, p.powerAction(desktop.PowerStart)).as("RunPowerAction"), nil},
		{"POST /portal/api/desktops/{id}/stop", "PortalStopDesktop", "Stop a desktop", aboutDesktops, signed(accepted, p.powerAction(desktop.PowerStop)).as("RunPowerAction"), nil},
		{"POST /portal/api/desktops/{id}/restart", "PortalRestartDesktop", "Restart a desktop", aboutDesktops, signed(accepted, p.powerAction(desktop.PowerReboot)).as("RunPowerAction"), nil},
		{"POST /portal/api/desktops/{id}/ticket", "PortalOpenDesktop", "Get a ticket for a desktop's display", aboutDesktops, signed(ok, p.ticket).as("OpenDesktop"), nil},
		{"GET /portal/api/pools", "PortalListPools", "List the pools that the user has access to", aboutPools, signed(ok, p.pools), []int{http.StatusForbidden}},
		{"POST /portal/api/pools/{id}/open", "PortalOpenPool", "Get a desktop of a pool, or a place in the waiting list", aboutPools, signed(ok, p.openPool).as("OpenPool"), nil},
		{"DELETE /portal/api/pools/{id}/wait", "PortalStopWaiting", "Give up the place in the waiting list", aboutPools, signed(silent, p.stopWaiting), nil},
		{"POST /portal/api/pools/{id}/reset", "PortalResetDesktop", "Reset the user's desktop in a pool to its image", aboutPools, signed(accepted, p.resetDesktop).as("ResetUserDesktop"), []int{http.StatusTooManyRequests}},
		{"POST /portal/api/pools/{id}/ready", "PortalReadyForRebuild", "Let the user's desktop be rebuilt at once", aboutPools, signed(accepted, p.readyForRebuild).as("MarkReady"), nil},
	}
}

// The ways to authenticate: by a sign-in, or by a mailed link.
var (
	bySession = route.Scheme{Name: "session", In: "cookie", Key: cookieName, About: "From POST /portal/api/sign-in"}
	byLink    = route.Scheme{Name: "link", In: "header", Key: "Authorization", About: "Bearer and the token of a mailed link for choosing a password"}
)

// Routes describes the portal's API.
func Routes() []route.Route {
	var all []route.Route
	for _, e := range (*Portal)(nil).routes() {
		all = append(all, route.Route{
			Pattern: e.pattern, ID: e.id, Summary: e.summary, Tag: e.tag, Form: e.form, Security: e.security,
			Failure: errorBody{}, Failures: e.failures(),
		})
	}
	return all
}

// failures are the statuses of the errors that a call may answer with.
func (e entry) failures() []int {
	all := append([]int{http.StatusInternalServerError, http.StatusServiceUnavailable}, e.fails...)
	if !strings.HasPrefix(e.pattern, "GET ") {
		all = append(all, http.StatusBadRequest, http.StatusForbidden, http.StatusRequestEntityTooLarge)
	}
	if strings.Contains(e.pattern, "{id}") {
		all = append(all, http.StatusNotFound, http.StatusConflict)
	}
	if e.needsSignIn() {
		all = append(all, http.StatusUnauthorized)
	}
	return all
}

// api serves the routes.
func (p *Portal) api() http.Handler {
	mux := http.NewServeMux()
	for _, e := range p.routes() {
		mux.Handle(e.pattern, p.serving(e.handler))
	}
	mux.Handle("/portal/api/", p.serving(handler{serve: noSuchCall}))
	return mux
}

// handler serves one call; its error is answered by answerError.
type handler struct {
	form     route.Form
	security []route.Scheme
	act      string                                                               // the operation in the audit record of a refusal; empty: none is recorded
	serve    func(w http.ResponseWriter, r *http.Request, v signin.Visitor) error // v: who is signed in, if that is needed
}

// as makes refusals leave an audit record, of the operation as it is called when it succeeds.
func (h handler) as(operation string) handler {
	h.act = operation
	return h
}

func (h handler) needsSignIn() bool { return len(h.security) > 0 && h.security[0] == bySession }

// answer is one without headers, and none a request or an answer that has no body.
type (
	answer[T any] = route.Body[T]
	none          = route.Nothing
)

// open is the handler of a call that everybody may make. It takes an I and answers with a status and an O.
func open[I, O any](status int, call func(*http.Request, *I) (*O, error)) handler {
	h := signed(status, func(r *http.Request, _ signin.Visitor, in *I) (*O, error) { return call(r, in) })
	h.security = nil
	return h
}

// linked is the handler of a call of somebody with a link for choosing a password.
func linked[I, O any](call func(*http.Request, *I) (*O, error)) handler {
	h := open(http.StatusOK, call)
	h.security = []route.Scheme{byLink}
	return h
}

// signed is the handler of a call of a signed-in user.
func signed[I, O any](status int, call func(*http.Request, signin.Visitor, *I) (*O, error)) handler {
	return handler{form: route.FormOf[I, O](status), security: []route.Scheme{bySession}, serve: func(w http.ResponseWriter, r *http.Request, v signin.Visitor) error {
		in := new(I)
		if err := route.Read(r, in, func(body any) error { return read(w, r, body) }); err != nil {
			return err
		}
		out, err := call(r, v, in)
		if err != nil {
			return err
		}
		route.Write(w, status, out)
		return nil
	}}
}

// serving answers a call, or its error.
func (p *Portal) serving(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		r = r.WithContext(workspace.WithOrigin(r.Context(), workspace.Origin{
			Network: network(r), Address: clientaddr.Text(r), RequestID: telemetry.RequestID(r.Context()),
		}))
		var v signin.Visitor
		err := legible(r)
		if err == nil && h.needsSignIn() {
			v, err = p.SignIns.SignedIn(r.Context(), cookieToken(r))
			v.Address, v.RequestID = clientaddr.Text(r), telemetry.RequestID(r.Context())
		}
		if err == nil {
			err = h.serve(w, r, v)
		}
		if err != nil {
			p.noteRefusal(r, h, v, err)
			p.answerError(w, r, err)
		}
	})
}

// noteRefusal records that a user's call was refused, if it would have changed something.
func (p *Portal) noteRefusal(r *http.Request, h handler, v signin.Visitor, err error) {
	status := statuses[workspace.CodeOf(err)]
	if p.Refusals == nil || h.act == "" || v.ID == "" || status < http.StatusBadRequest || status >= http.StatusInternalServerError {
		return
	}
	c := v.Caller(h.act)
	if id := r.PathValue("id"); id != "" && text.Check(id) == nil {
		c.Target = workspace.Resource{Type: workspace.ResourceDesktop, ID: workspace.Clip(id, maxAuditedID)}
		if strings.Contains(r.Pattern, "/pools/") {
			c.Target.Type = workspace.ResourcePool
		}
	}
	record := c.Record(c.Target)
	record.Result, record.ErrorCode, record.ErrorMsg = workspace.AuditRefused, workspace.CodeOf(err), workspace.MessageOf(err)
	if text.Check(record.ErrorMsg) != nil {
		record.ErrorMsg = "" // a record has to be storable
	}
	p.Refusals.Add(r.Context(), record)
}

// maxAuditedID is the maximum length of an id of a path in an audit record, in bytes.
const maxAuditedID = 64
