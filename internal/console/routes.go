package console

import (
	"net/http"

	"carrel/internal/clientaddr"
	"carrel/internal/route"
	"carrel/internal/telemetry"
	"carrel/internal/workspace"
)

// entry is a line of the table of routes.
type entry struct {
	pattern, id, summary string
	handler
	security []route.Scheme
	fails    []int
}

// bySession is the way to authenticate.
var bySession = route.Scheme{Name: "console", In: "cookie", Key: cookieName, About: "From POST /console/api/sign-in; with the header " + PageHeader}

func (c *Console) routes() []entry {
	const ok, silent, refused, late = http.StatusOK, http.StatusNoContent, http.StatusUnauthorized, http.StatusTooManyRequests
	signed := []route.Scheme{bySession}
	return []entry{
		{"POST /console/api/sign-in", "ConsoleSignIn", "Sign in with the password of a user of the account, and a code if they have an authenticator", answering(ok, c.signIn), nil, []int{http.StatusBadRequest, refused, late}},
		{"GET /console/api/session", "ConsoleShowSession", "Show who is signed in", answering(ok, c.show), signed, []int{refused}},
		{"POST /console/api/sign-out", "ConsoleSignOut", "Sign out", answering(silent, c.signOut), nil, nil},
		{"POST /console/api/sign-out-everywhere", "ConsoleSignOutEverywhere", "End all sign-ins of the user in the console", answering(silent, c.signOutEverywhere), signed, []int{refused}},
	}
}

// Routes describes the console's own calls, for the types of its pages. They are no part of the API's description: programs take tokens. Everything
// else below Path is the public API's.
func Routes() []route.Route {
	var all []route.Route
	for _, e := range (*Console)(nil).routes() {
		all = append(all, route.Route{
			Pattern: e.pattern, ID: e.id, Summary: e.summary, Tag: "console", Form: e.form, Security: e.security, Failure: failure{},
			About:    "For the pages of the console, which say in the header " + PageHeader + " whether somebody is there (" + active + " or " + idle + "). Programs take a token from POST /v3/auth/tokens.",
			Failures: append([]int{http.StatusForbidden, http.StatusRequestEntityTooLarge, http.StatusInternalServerError, http.StatusServiceUnavailable}, e.fails...),
		})
	}
	return all
}

// handler serves one call; its error is answered by answerError.
type handler struct {
	form  route.Form
	serve func(w http.ResponseWriter, r *http.Request) error
}

// answering is the handler of a call that takes an I and answers with a status and an O.
func answering[I, O any](status int, answer func(*http.Request, *I) (*O, error)) handler {
	return handler{route.FormOf[I, O](status), func(w http.ResponseWriter, r *http.Request) error {
		in := new(I)
		if err := route.Read(r, in, func(body any) error { return read(w, r, body) }); err != nil {
			return err
		}
		out, err := answer(r, in)
		if err == nil {
			route.Write(w, status, out)
		}
		return err
	}}
}

// serving answers a call, or its error.
func (c *Console) serving(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.WithContext(workspace.WithOrigin(r.Context(), workspace.Origin{
			Network: clientaddr.Network(clientaddr.Of(r)), Address: clientaddr.Text(r), RequestID: telemetry.RequestID(r.Context()),
		}))
		if err := h.serve(w, r); err != nil {
			c.answerError(w, r, err)
		}
	})
}
