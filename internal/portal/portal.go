package portal

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"carrel/internal/connection"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/route"
	"carrel/internal/signin"
	"carrel/internal/workspace"
)

// SignIns authenticates users; *signin.Service implements it.
type SignIns interface {
	SignIn(ctx context.Context, name, password string) (signin.SignInResult, error)
	SignInWithCode(ctx context.Context, token, code string) (signin.SignInResult, error)
	Enter(ctx context.Context, token string) (signin.SignInResult, error)
	SignedIn(ctx context.Context, token string) (signin.Visitor, error)
	SignOut(ctx context.Context, token string) error
	PasswordTokenHolder(ctx context.Context, token string) (directory.User, error)
	SetFirstPassword(ctx context.Context, c workspace.Caller, token, password string) (directory.User, error)
	ChangePassword(ctx context.Context, v signin.Visitor, old, password string) error
	SetLanguage(ctx context.Context, v signin.Visitor, language string) error
	CodesOf(ctx context.Context, v signin.Visitor) (signin.CodesState, error)
	BeginEnrolment(ctx context.Context, v signin.Visitor) (secret string, err error)
	ConfirmEnrolment(ctx context.Context, v signin.Visitor, code string) (recoveryCodes []string, err error)
	RenewRecoveryCodes(ctx context.Context, v signin.Visitor, code string) ([]string, error)
	RemoveAuthenticator(ctx context.Context, v signin.Visitor, code string) error
}

// Desktops has the operations of users on their desktops and pools; *connection.Service implements it.
type Desktops interface {
	MayUseDesktops(ctx context.Context, v signin.Visitor) error
	UserDesktops(ctx context.Context, v signin.Visitor) ([]connection.UserDesktop, error)
	DesktopsOf(ctx context.Context, people []directory.User) (map[string][]connection.UserDesktop, error)
	RunPowerAction(ctx context.Context, v signin.Visitor, desktopID string, action desktop.PowerAction) error
	OpenDesktop(ctx context.Context, v signin.Visitor, desktopID string) (string, error)
	UserPools(ctx context.Context, v signin.Visitor) ([]connection.UserPool, error)
	PoolsOf(ctx context.Context, people []directory.User) (map[string][]connection.UserPool, error)
	OpenPool(ctx context.Context, v signin.Visitor, poolID string) (connection.OpenedPool, error)
	KeepWaiting(ctx context.Context, userIDs []string) error
	StopWaiting(ctx context.Context, v signin.Visitor, poolID string) error
	ReadyForRebuild(ctx context.Context, v signin.Visitor, poolID string) error
	ResetUserDesktop(ctx context.Context, v signin.Visitor, poolID string) error
}

// Config is the configuration of a portal.
type Config struct {
	SignIns  SignIns
	Desktops Desktops
	Refusals signin.Refusals // of signed-in users; nil: they are not recorded
	Log      *slog.Logger
	Pages    fs.FS // the built web pages: index.html and assets/

	// Origins are whole origins, such as "https://desktops.example.org", whose pages may call besides those that the
	// browser calls same-origin.
	Origins []string

	// Secure marks cookies as good for TLS only even where a request came without, as behind a proxy that ends TLS.
	Secure bool

	// Poll is how often pages that are open look for changes, all in one; 500 ms if zero.
	Poll time.Duration
}

// Portal serves the pages and their API.
type Portal struct {
	Config
	handler  http.Handler
	follower *follower
}

// New returns a portal. Run must be running for event streams to work.
func New(c Config) (*Portal, error) {
	if c.Poll == 0 {
		c.Poll = 500 * time.Millisecond
	}
	p := &Portal{Config: c, follower: newFollower(c.Desktops, c.Log, c.Poll)}
	guard := http.NewCrossOriginProtection()
	for _, origin := range c.Origins {
		if err := guard.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("trusting the origin %q: %w", origin, err)
		}
	}
	guard.SetDenyHandler(http.HandlerFunc(p.denyForeign))
	pages, err := newPages(c.Pages)
	if err != nil {
		return nil, fmt.Errorf("reading the web pages: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("/portal/api/", guard.Handler(p.api()))
	mux.Handle("/", pages)
	p.handler = withHeaders(mux)
	return p, nil
}

// ServeHTTP implements http.Handler for / and /portal/api/.
func (p *Portal) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.handler.ServeHTTP(w, r) }

// Run feeds the event streams until the context ends; then it closes them, so that http.Server.Shutdown does not wait for them.
func (p *Portal) Run(ctx context.Context) { p.follower.run(ctx) }

func (p *Portal) denyForeign(w http.ResponseWriter, r *http.Request) {
	p.answerError(w, r, workspace.Errorf(workspace.CodeForbidden, "pages of %q may not call this server", r.Header.Get("Origin")))
}

func noSuchCall(w http.ResponseWriter, r *http.Request, _ signin.Visitor) error {
	route.WriteJSON(w, http.StatusNotFound, errorBody{
		Code: workspace.CodeInvalid, Message: workspace.Clip("there is no "+r.Method+" "+r.URL.Path, 400),
	})
	return nil
}
