package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"carrel/internal/app"
	"carrel/internal/listen"
)

func send(t *testing.T, method, url string, headers map[string]string) (status int, answered http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode, answer.Header
}

// Half-sent bodies end by the server's hand wherever they are sent: not the answer alone, for an open connection is what counts.
func TestHalfSentBodiesEndEverywhere(t *testing.T) {
	t.Parallel()
	config := app.Defaults()
	config.Data, config.Listen, config.Engine = t.TempDir(), "127.0.0.1:0", "sim"
	config.Deadlines = app.Deadlines{Body: 200 * time.Millisecond, Answer: time.Minute, Call: 400 * time.Millisecond}
	address := started(t, config).Address()
	const patience = time.Minute // half of what a connection may wait for its next request
	var all sync.WaitGroup
	for _, line := range []string{
		"POST /portal/api/sign-in", "GET /gateway/display", "GET /metrics", "GET /healthz", "GET /", "POST /", "POST /nonsense", "POST /v3/auth/tokens", "POST /v2/p/desktops", "POST /v2/p/users/desktop-users/action/import", "POST /docs",
	} {
		for _, head := range []string{"Content-Length: 100", "Transfer-Encoding: chunked"} {
			all.Go(func() {
				c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
				if err != nil {
					t.Error(err)
					return
				}
				defer c.Close()
				if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
					t.Error(err)
				}
				if _, err := fmt.Fprintf(c, "%s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n%s\r\n\r\n9\r\n{", line, head); err != nil {
					t.Error(err)
				}
				if _, err := io.ReadAll(c); err != nil && !strings.Contains(err.Error(), "reset") { // ends when the server closes
					t.Errorf("%s: %v", line, err)
				}
			})
		}
	}
	all.Wait()
}

// families has a path of each family of routes, and of what is none.
var families = []string{
	"/", "/assets/none", "/docs", "/openapi.json", "/v2/p/desktops", "//v2/p/desktops", "/v1/x", "/v1.0/x", "/v2.0/x", "/v2.1/x", "/v3/auth/projects",
	"/v3.0/OS-CREDENTIAL/credentials", "/v5/caller-identity", "/nonsense", "/nonsense%00", "/healthz", "/readyz", "/metrics", "/portal/api/me", "/portal/api/none",
	"/gateway/display", "/gateway/x",
}

func TestEveryAnswerMayNotBeFramedOrGuessedAt(t *testing.T) {
	t.Parallel()
	a, _, _ := simulated(t)
	for _, path := range families {
		_, answered := send(t, "GET", a.URL+path, nil)
		if policies := answered.Values("Content-Security-Policy"); len(policies) != 1 || !strings.Contains(policies[0], "frame-ancestors 'none'") {
			t.Errorf("%s: %q", path, policies)
		}
		if kinds := answered.Values("X-Content-Type-Options"); len(kinds) != 1 || kinds[0] != "nosniff" {
			t.Errorf("%s: X-Content-Type-Options %q", path, kinds)
		}
		if answered.Get("Strict-Transport-Security") != "" {
			t.Errorf("%s promises TLS over plain http", path)
		}
	}
}

// Pages of other origins may call nothing that a browser adds a user's cookie to.
func TestOtherOriginsMayNotActForAUser(t *testing.T) {
	t.Parallel()
	a, _, _ := simulated(t)
	for name, c := range map[string]struct {
		path    string
		headers map[string]string
		refused bool
	}{
		"AForeignPage":            {"/portal/api/sign-out", map[string]string{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, true},
		"AForeignPageOfOldKind":   {"/portal/api/sign-out", map[string]string{"Origin": "https://evil.example"}, true},
		"ANeighbourOfTheSameSite": {"/portal/api/sign-out", map[string]string{"Origin": "https://other.example", "Sec-Fetch-Site": "same-site"}, true},
		"TheOwnPage":              {"/portal/api/sign-out", map[string]string{"Origin": a.URL, "Sec-Fetch-Site": "same-origin"}, false},
		"AProgram":                {"/portal/api/sign-out", nil, false},
	} {
		status, answered := send(t, "POST", a.URL+c.path, c.headers)
		if (status == http.StatusForbidden) != c.refused {
			t.Errorf("%s: %d", name, status)
		}
		if answered.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: other origins may read the answer", name)
		}
	}
	for _, path := range families {
		status, answered := send(t, "OPTIONS", a.URL+path, map[string]string{
			"Origin": "https://evil.example", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-auth-token",
		})
		for name := range answered {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s (%d) answers a preflight with %s", path, status, name)
			}
		}
	}
}

// Who sends too much in a header, or as a body, is refused, and the next is served.
func TestHeadersAndBodiesHaveLimits(t *testing.T) {
	t.Parallel()
	a, _, _ := simulated(t)
	for _, path := range families {
		if path == "/nonsense%00" {
			continue
		}
		status, _ := send(t, "GET", a.URL+path, map[string]string{"X-Long": strings.Repeat("x", 80<<10)})
		if status != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("%s with a header of 80 KiB: %d", path, status)
		}
	}
	for path, want := range map[string]int{
		"/portal/api/sign-in": http.StatusRequestEntityTooLarge, "/v3/auth/tokens": http.StatusRequestEntityTooLarge, "/v2/p/desktops": http.StatusRequestEntityTooLarge,
	} {
		r, err := http.NewRequestWithContext(t.Context(), "POST", a.URL+path, strings.NewReader(strings.Repeat(" ", 13<<20)))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("%s with a body of 13 MiB: %d, want %d", path, answer.StatusCode, want)
		}
	}
	if status, _ := send(t, "GET", a.URL+"/healthz", nil); status != http.StatusOK {
		t.Errorf("afterwards: %d", status)
	}
}

// A client behind a listed proxy is limited by itself, on each family of routes; the proxy is not.
func TestRequestsOfAnAddressAreLimitedEverywhere(t *testing.T) {
	t.Parallel()
	config := app.Defaults()
	config.Data, config.Listen, config.Engine, config.Proxies = t.TempDir(), "127.0.0.1:0", "sim", []string{"127.0.0.0/8"}
	config.Requests.PerAddress.Rate = listen.Rate{PerSecond: 0.01, Burst: 2}
	a := started(t, config)
	for i, path := range families {
		from := map[string]string{"X-Forwarded-For": fmt.Sprintf("198.51.100.%d", i+1)}
		for n := range 3 {
			status, answered := send(t, "GET", a.URL+path, from)
			if limited := status == http.StatusTooManyRequests; limited != (n == 2) {
				t.Errorf("%s, request %d: %d", path, n+1, status)
			} else if wait := answered.Get("Retry-After"); limited && (wait == "" || wait == "0") {
				t.Errorf("%s: Retry-After %q", path, wait)
			}
		}
	}
	for range 20 {
		if status, _ := send(t, "GET", a.URL+"/healthz", nil); status != http.StatusOK {
			t.Fatalf("the proxy itself: %d", status)
		}
	}
}

// readyWarnings are the warnings of /readyz.
func readyWarnings(t *testing.T, a *app.App) []string {
	t.Helper()
	answer, err := http.Get(a.URL + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var r struct{ Warnings []string }
	if err := json.NewDecoder(answer.Body).Decode(&r); err != nil {
		t.Fatal(err)
	}
	return r.Warnings
}

func TestAProxyThatIsNotListedIsTold(t *testing.T) {
	t.Parallel()
	a, config, _ := simulated(t)
	ask := func(want int) {
		t.Helper()
		peers, known, err := app.UnlistedProxies(t.Context(), config)
		if err != nil || !known || len(peers) != want {
			t.Errorf("%v, known %t, %v; want %d peers", peers, known, err, want)
		}
		warned := slices.ContainsFunc(readyWarnings(t, a), func(w string) bool { return strings.HasPrefix(w, "proxies: ") })
		if warned != (want > 0) {
			t.Errorf("/readyz warns: %t", warned)
		}
	}
	ask(0)
	for range 3 {
		send(t, "GET", a.URL+"/", map[string]string{"X-Forwarded-For": "198.51.100.7"})
	}
	ask(1)
	a.Stop(context.WithoutCancel(t.Context()))
	if peers, known, err := app.UnlistedProxies(t.Context(), config); known || err != nil {
		t.Errorf("of one that has ended: %v, %t, %v", peers, known, err)
	}
}

func TestTLSIsPromisedWhereThereIsTLS(t *testing.T) {
	t.Parallel()
	config := app.Defaults()
	config.Data, config.Listen, config.Engine, config.BaseURL = t.TempDir(), "127.0.0.1:0", "sim", "https://desktops.example.org"
	a := started(t, config)
	for _, path := range []string{"/", "/docs", "/v2/p/desktops"} {
		_, answered := send(t, "GET", "http://"+a.Address()+path, nil)
		if got := answered.Get("Strict-Transport-Security"); !strings.HasPrefix(got, "max-age=") {
			t.Errorf("%s: %q", path, got)
		}
	}
}

func TestMetricsAreForThisMachineOrForWhoHasTheToken(t *testing.T) {
	t.Parallel()
	a, _, _ := simulated(t)
	config := app.Defaults()
	config.Data, config.Listen, config.Engine, config.Metrics.Token = t.TempDir(), "127.0.0.1:0", "sim", "a-token-of-the-house"
	guarded := started(t, config)
	for name, c := range map[string]struct {
		url     string
		headers map[string]string
		want    int
	}{
		"ThisMachine":                 {a.URL, nil, http.StatusOK},
		"SomebodyThroughAProxy":       {a.URL, map[string]string{"X-Forwarded-For": "198.51.100.7"}, http.StatusForbidden},
		"ThroughAProxyThatSaysLess":   {a.URL, map[string]string{"Via": "1.1 proxy"}, http.StatusForbidden},
		"ThroughAProxyWithTLS":        {a.URL, map[string]string{"X-Forwarded-Proto": "https"}, http.StatusForbidden},
		"WithoutTheToken":             {guarded.URL, nil, http.StatusForbidden},
		"WithAnotherToken":            {guarded.URL, map[string]string{"Authorization": "Bearer x"}, http.StatusForbidden},
		"WithTheToken":                {guarded.URL, map[string]string{"Authorization": "Bearer a-token-of-the-house"}, http.StatusOK},
		"WithTheTokenThroughAProxy":   {guarded.URL, map[string]string{"Authorization": "Bearer a-token-of-the-house", "X-Forwarded-For": "198.51.100.7"}, http.StatusOK},
		"WithAnEmptyTokenFromOutside": {a.URL, map[string]string{"Authorization": "Bearer ", "X-Forwarded-For": "198.51.100.7"}, http.StatusForbidden},
	} {
		if got, _ := send(t, "GET", c.url+"/metrics", c.headers); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// started runs a control plane until the end of the test.
func started(t *testing.T, config app.Config) *app.App {
	t.Helper()
	a, err := app.Start(t.Context(), config, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Stop(context.WithoutCancel(t.Context())) })
	return a
}
