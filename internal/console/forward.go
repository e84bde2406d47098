package console

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"carrel/internal/telemetry"
	"carrel/internal/workspace"
)

// tokenPath is where the identity API issues, shows and revokes tokens.
const tokenPath = "/v3/auth/tokens"

// forward makes a call of the public API as who is signed in.
func (c *Console) forward(w http.ResponseWriter, r *http.Request) error {
	s, err := c.find(r.Context(), secretOf(r), r.Header.Get(PageHeader) == active)
	if err != nil {
		return err
	}
	call := r.Clone(r.Context())
	call.URL.Path = strings.TrimPrefix(r.URL.Path, strings.TrimSuffix(Path, "/"))
	call.URL.RawPath = strings.TrimPrefix(r.URL.RawPath, strings.TrimSuffix(Path, "/"))
	if call.URL.Path == tokenPath {
		return workspace.Errorf(workspace.CodeForbidden, "tokens are not for pages: sign in and out with the calls of the console, and take tokens from %s itself", tokenPath)
	}
	for _, name := range []string{"Cookie", "Authorization", "X-Security-Token", PageHeader} {
		call.Header.Del(name)
	}
	call.Header.Set("X-Auth-Token", s.token)
	c.API.ServeHTTP(w, call)
	return nil
}

// recorded is a response that is kept.
type recorded struct {
	status int
	header http.Header
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (r *recorded) Header() http.Header { return r.header }

// WriteHeader implements http.ResponseWriter.
func (r *recorded) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

// Write implements http.ResponseWriter.
func (r *recorded) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(b)
}

// pass answers with a refusal as the API does.
func (r *recorded) pass(w http.ResponseWriter) {
	for _, name := range []string{"Content-Type", "Retry-After"} {
		if value := r.header.Get(name); value != "" {
			w.Header().Set(name, value)
		}
	}
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body.Bytes()) // an error means that the caller is gone
}

// call makes a call of the identity API about tokens in this process, and decodes its answer into out unless that is nil. An answer of another
// status than want is a *refusal.
func (c *Console) call(ctx context.Context, method, token string, body, out any, want int) (*recorded, error) {
	sent, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("writing a request for the identity API: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, method, tokenPath+"?nocatalog", bytes.NewReader(sent))
	if err != nil {
		return nil, fmt.Errorf("making a request for the identity API: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("X-Auth-Token", token)
		r.Header.Set("X-Subject-Token", token)
	}
	answer := &recorded{header: http.Header{"X-Request-Id": {telemetry.RequestID(ctx)}}} // as what is in front of the API sets it
	c.API.ServeHTTP(answer, r)
	if answer.status != want {
		return answer, &refusal{answer}
	}
	if out == nil {
		return answer, nil
	}
	if err := json.Unmarshal(answer.body.Bytes(), out); err != nil {
		return answer, fmt.Errorf("reading the answer of the identity API: %w", err)
	}
	return answer, nil
}
