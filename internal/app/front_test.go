package app_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"carrel/internal/app"
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

func TestEveryAnswerMayNotBeFramed(t *testing.T) {
	t.Parallel()
	a, _, _ := simulated(t)
	for _, path := range []string{"/", "/docs", "/openapi.json", "/v2/p/desktops", "/v3/auth/projects", "/nonsense", "/healthz", "/portal/api/me", "/gateway/x"} {
		_, answered := send(t, "GET", a.URL+path, nil)
		if policies := answered.Values("Content-Security-Policy"); len(policies) != 1 || !strings.Contains(policies[0], "frame-ancestors 'none'") {
			t.Errorf("%s: %q", path, policies)
		}
		if answered.Get("Strict-Transport-Security") != "" {
			t.Errorf("%s promises TLS over plain http", path)
		}
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
