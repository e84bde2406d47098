package console

import (
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Path is where everything of the console that is not a page begins.
const Path = "/console/api/"

// The limits of Config.Idle, and its default.
const (
	MinIdle     = time.Minute
	MaxIdle     = 24 * time.Hour
	DefaultIdle = 30 * time.Minute
)

// Config is the configuration of a console.
type Config struct {
	API   http.Handler // the public API, with the identity API
	Store store.Transactions
	Box   Box
	Log   *slog.Logger

	// Origins are whole origins, such as "https://desktops.example.org", whose pages may call besides those that the browser calls same-origin.
	Origins []string

	// Secure marks cookies as good for TLS only even where a request came without, as behind a proxy that ends TLS.
	Secure bool

	// Idle is after how long without input at the page a sign-in ends; DefaultIdle if zero.
	Idle time.Duration
}

// Box encrypts the tokens of sign-ins; *secret.Box implements it.
type Box interface {
	Seal(plain, context string) string
	Open(sealed, context string) ([]byte, error)
}

// Console serves Path. It keeps nothing in memory, so that any replica answers any request.
type Console struct {
	Config
	handler http.Handler
}

// New returns a console.
func New(c Config) (*Console, error) {
	if c.Idle == 0 {
		c.Idle = DefaultIdle
	}
	console := &Console{Config: c}
	guard := http.NewCrossOriginProtection()
	for _, origin := range c.Origins {
		if err := guard.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("trusting the origin %q: %w", origin, err)
		}
	}
	guard.SetDenyHandler(http.HandlerFunc(console.denyForeign))
	mux := http.NewServeMux()
	for _, e := range console.routes() {
		mux.Handle(e.pattern, console.serving(e.handler))
	}
	mux.Handle(Path, console.serving(handler{serve: console.forward}))
	console.handler = guard.Handler(console.fromPage(mux))
	return console, nil
}

// ServeHTTP implements http.Handler for Path.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	c.handler.ServeHTTP(w, r)
}

// PageHeader is what only a page of this server can send without being asked beforehand whether it may: pages of others cannot make a browser send
// it. Its value says whether somebody is at the page.
const PageHeader = "X-Console"

// The values of PageHeader.
const (
	active = "active" // there was input at the page of late
	idle   = "idle"   // the page asks by itself
)

// fromPage refuses what no page of the console sends.
func (c *Console) fromPage(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if by := r.Header.Get(PageHeader); by != active && by != idle {
			c.answerError(w, r, workspace.Errorf(workspace.CodeForbidden,
				"%s must be %q or %q: this is for the pages of the console, programs call the API", PageHeader, active, idle))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (c *Console) denyForeign(w http.ResponseWriter, r *http.Request) {
	c.answerError(w, r, workspace.Errorf(workspace.CodeForbidden, "pages of %q may not call this server", r.Header.Get("Origin")))
}
