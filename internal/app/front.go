package app

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"carrel/internal/api"
	"carrel/internal/clientaddr"
	"carrel/internal/gateway"
	"carrel/internal/iam"
	"carrel/internal/listen"
	"carrel/internal/telemetry"
	"carrel/internal/workspace"
)

// Deadlines are the limits for receiving a request's body, for sending its response, and for a call of the API, whose body may be
// large.
type Deadlines struct{ Body, Answer, Call time.Duration }

// Connections limits how many connections may be open at once.
type Connections struct {
	Total      int      `yaml:"total"`       // 0: by the limit of open files
	PerAddress int      `yaml:"per_address"` // of one client address; 0: a quarter of Total, at most 2048
	Operators  []string `yaml:"operators"`   // networks, in CIDR form, for which a tenth is reserved, besides this machine
}

// Requests limits how many requests are served. What is 0 sets no limit.
type Requests struct {
	PerAddress AddressRequests `yaml:"per_address"`
	PerKey     listen.Rate     `yaml:"per_key"` // of one access key or token of the API
}

// AddressRequests are the limits of one client address.
type AddressRequests struct {
	listen.Rate `yaml:",inline"`
	Concurrent  int `yaml:"concurrent"` // in progress, displays and streams of events not counted
}

// defaultRequests are so generous that a school behind one address does not reach them: clients of the API wait for minutes once they are
// refused.
var defaultRequests = Requests{
	PerAddress: AddressRequests{listen.Rate{PerSecond: 500, Burst: 5000}, 1000},
	PerKey:     listen.Rate{PerSecond: 500, Burst: 5000},
}

// Limits of requests.
const (
	maxPerSecond  = 1_000_000
	maxBurst      = 10_000_000
	maxConcurrent = 1_000_000
)

func (r Requests) check() error {
	for key, rate := range map[string]listen.Rate{"per_address": r.PerAddress.Rate, "per_key": r.PerKey} {
		switch {
		case !(rate.PerSecond >= 0 && rate.PerSecond <= maxPerSecond):
			return fmt.Errorf("requests.%s.per_second: %v must be 0 (no limit) to %d", key, rate.PerSecond, maxPerSecond)
		case rate.PerSecond > 0 && (rate.Burst < 1 || rate.Burst > maxBurst):
			return fmt.Errorf("requests.%s.burst: %d must be 1 to %d", key, rate.Burst, maxBurst)
		}
	}
	if n := r.PerAddress.Concurrent; n < 0 || n > maxConcurrent {
		return fmt.Errorf("requests.per_address.concurrent: %d must be 0 (no limit) to %d", n, maxConcurrent)
	}
	return nil
}

// Metrics says who may read /metrics.
type Metrics struct {
	// Token is what a caller must send as "Authorization: Bearer TOKEN"; empty: only this machine may read.
	Token string `yaml:"token"`
}

// The minimum of the limits of connections, and of the token's length.
const (
	minConnections  = 16
	minMetricsToken = 16
)

func (c *Config) checkFront() error {
	if n := c.Connections.Total; n != 0 && n < minConnections {
		return fmt.Errorf("connections.total: %d is too few, use %d or more, or 0 for the default", n, minConnections)
	}
	if n := c.Connections.PerAddress; n < 0 {
		return errors.New("connections.per_address: must be 1 or more, or 0 for the default")
	}
	if err := c.Requests.check(); err != nil {
		return err
	}
	if err := c.ACME.Check(); err != nil {
		return fmt.Errorf("acme.%w", err)
	}
	if n := len(c.Metrics.Token); n > 0 && n < minMetricsToken {
		return fmt.Errorf("metrics.token: has %d characters, use %d or more, or leave it out", n, minMetricsToken)
	}
	if _, err := prefixes("connections.operators", c.Connections.Operators); err != nil {
		return err
	}
	_, err := c.proxies()
	return err
}

func (c *Config) proxies() ([]netip.Prefix, error) { return prefixes("proxies", c.Proxies) }

func prefixes(key string, texts []string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for i, text := range texts {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("%s[%d]: %q is not a network such as 10.0.0.0/8 or 192.0.2.7/32", key, i, text)
		}
		if p != p.Masked() {
			return nil, fmt.Errorf("%s[%d]: %s is an address within a network: use %s for all of it, or %s/%d", key, i, text, p.Masked(), p.Addr(), p.Addr().BitLen())
		}
		if p.Bits() == 0 {
			return nil, fmt.Errorf("%s[%d]: %s is everybody, name the networks that are meant", key, i, text)
		}
		all = append(all, p)
	}
	return all, nil
}

// limitConnections keeps the listener within the limit of open files and leaves some for operators.
func (a *App) limitConnections(ctx context.Context, l net.Listener) (net.Listener, error) {
	files, err := listen.Files()
	if err != nil {
		return nil, fmt.Errorf("reading the limit of open files: %w", err)
	}
	limits := listen.Limits{Total: a.config.Connections.Total, PerAddress: a.config.Connections.PerAddress}.ForFiles(files)
	if limits.Operators, err = prefixes("connections.operators", a.config.Connections.Operators); err != nil {
		return nil, err
	}
	if limits.Proxies, err = a.config.proxies(); err != nil {
		return nil, err
	}
	a.log.InfoContext(ctx, "connections are limited", "total", limits.Total, "per_address", limits.PerAddress,
		"reserve", limits.Reserve, "open_files", files)
	return listen.Limit(l, limits, a.log, a.registry)
}

// front wraps the faces in what every request passes first.
func (a *App) front(faces http.Handler) (http.Handler, error) {
	proxies, err := a.config.proxies()
	if err != nil {
		return nil, err
	}
	operators, err := prefixes("connections.operators", a.config.Connections.Operators)
	if err != nil {
		return nil, err
	}
	limits := a.config.Requests.PerAddress
	limited, err := listen.Requests(refuseNUL(faces), listen.RequestLimits{
		Rate: limits.Rate, Concurrent: limits.Concurrent, Operators: operators, Proxies: proxies, Stream: isStream, Refuse: refuseMany,
	}, a.log, a.registry)
	if err != nil {
		return nil, err
	}
	a.clients = &clientaddr.Resolver{Proxies: proxies, Log: a.log}
	a.health.AddWarning("proxies", func() string {
		if len(a.clients.Unlisted()) == 0 {
			return ""
		}
		return "requests were forwarded by a peer that is not in proxies: run carrel doctor, it names the peer"
	})
	return listen.Deadlines(a.clients.Handler(identified(a.protected(limited))), a.config.Deadlines.Body, a.config.Deadlines.Answer), nil
}

// identified gives each request an id, which its response and the log have.
func identified(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := api.RequestID(r)
		w.Header().Set(iam.RequestIDHeader, id)
		next.ServeHTTP(w, r.WithContext(telemetry.WithRequest(r.Context(), id)))
	})
}

// keyLimiter limits the requests of each key and token.
type keyLimiter struct {
	limiter *listen.Limiter
	refused prometheus.Counter
}

// Take implements iam.Limiter.
func (l keyLimiter) Take(credential string, at time.Time) time.Duration {
	wait := l.limiter.Take(credential, at)
	if wait > 0 {
		l.refused.Inc()
	}
	return wait
}

func (a *App) limitKeys() (iam.Limiter, error) {
	l := keyLimiter{listen.NewLimiter(a.config.Requests.PerKey), prometheus.NewCounter(prometheus.CounterOpts{
		Name: "carrel_key_requests_refused_total", Help: "Requests refused with 429: too many of one key or token in a time.",
	})}
	return l, a.registry.Register(l.refused)
}

// isStream reports whether a request lasts as long as its caller wants: a display, or events.
func isStream(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, gateway.Path) || strings.HasSuffix(r.URL.Path, "/events")
}

// refuseMany answers a request of an address with too many.
func refuseMany(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusTooManyRequests)
	_, _ = fmt.Fprintf(w, `{"error_code":%q,"error_msg":"too many requests from your address, wait as long as Retry-After says and try again"}`,
		workspace.CodeRateLimited) // an error means that the caller is gone
}

// protected adds security headers to every response; faces with pages replace the policy by their own.
func (a *App) protected(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		if r.TLS != nil || a.config.secure() {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// metricsFor serves metrics only to callers who may read them.
func (a *App) metricsFor(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !mayReadMetrics(a.config.Metrics.Token, token, clientaddr.Of(r), isForwarded(r)) {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.WriteHeader(http.StatusForbidden)
			_, _ = fmt.Fprintln(w, "metrics are for this machine, or for who sends the token of the configuration (metrics.token)") // the caller may be gone
			return
		}
		next.ServeHTTP(w, r)
	})
}

// mayReadMetrics reports whether a caller may read metrics: one with the token or, if none is set, this machine itself.
func mayReadMetrics(want, given string, client netip.Addr, forwarded bool) bool {
	if want != "" {
		return subtle.ConstantTimeCompare([]byte(want), []byte(given)) == 1
	}
	return client.IsLoopback() && !forwarded
}

// isForwarded reports whether a proxy forwards a request. One on this machine that is not in proxies has a loopback address.
func isForwarded(r *http.Request) bool {
	for name := range r.Header {
		switch {
		case strings.HasPrefix(name, "X-Forwarded"), name == "Forwarded", name == "Via", name == "X-Real-Ip", name == "X-Client-Ip",
			name == "True-Client-Ip", name == "Cf-Connecting-Ip":
			return true
		}
	}
	return false
}
