package iam

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"carrel/internal/rehearsal"
	"carrel/internal/route"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// asked is what a client asks for besides the operation.
type asked struct {
	token    string // the client may repeat the request; empty: not
	rehearse bool   // the request is to change nothing
}

// changes reports whether an operation changes something, and so may be repeated.
func (e entry) changes() bool {
	method, _, _ := strings.Cut(e.pattern, " ")
	return method != http.MethodGet && method != http.MethodHead && (e.kind == Write || e.access == signedInto)
}

// attempts are the operations that check a password or a code: each attempt is counted, also a rehearsed one.
var attempts = map[string]bool{
	"KeystoneCreateUserTokenByPassword": true, "KeystoneUpdateUserPassword": true, "CreateBindingDevice": true, "DeleteBindingDevice": true,
}

// rehearsable reports whether an operation may be rehearsed.
func (e entry) rehearsable() bool { return e.changes() && !attempts[e.id] }

// askedOf reads what the headers of a request ask for, as far as they are about its operation.
func (e entry) askedOf(r *http.Request) (a asked, err error) {
	token, dry := r.Header.Get(route.ClientTokenHeader), r.Header.Get(route.DryRunHeader)
	if err := workspace.CheckClientToken(route.ClientTokenHeader, token); err != nil {
		return a, err
	}
	if e.changes() {
		a.token = token
	}
	switch {
	case dry == "", strings.EqualFold(dry, "false"):
	case !strings.EqualFold(dry, "true"):
		err = invalid(route.DryRunHeader, "%q is unknown, use true or false", workspace.Clip(dry, maxEcho))
	case attempts[e.id]:
		err = invalid(route.DryRunHeader, "attempts with a password or a code are counted, so they cannot be rehearsed; leave it out")
	default:
		a.rehearse = e.rehearsable()
	}
	return a, err
}

// maxEcho is the maximum length of what an error repeats of a header, in bytes.
const maxEcho = 32

// requested answers a request that may be repeated, or that is to change nothing, in one transaction (store.Requests). What takes long, or what must
// stay if the request is refused, is done before: see call.
func (s *Service) requested(w http.ResponseWriter, r *http.Request, e entry, c call, a asked) error {
	requests, q := store.Requests{Store: s.Store}, workspace.Request{Token: a.token, Rehearse: a.rehearse, Content: c.content}
	if c.prepare != nil && a.token != "" && e.access == signed { // the attempt of a repetition would fail: the password is another one by now
		q.Caller = s.act(r, workspace.Resource{})
		if former, there, err := requests.Former(r.Context(), q); err != nil || there {
			return send(w, former, false, err)
		}
	}
	r, err := c.prepared(r)
	if err != nil {
		return err
	}
	q.Caller = s.act(r, workspace.Resource{})
	var refusal error
	answer, err := requests.Run(r.Context(), q, func(within context.Context) workspace.Answer {
		held := heldWriter{header: http.Header{}, status: http.StatusOK}
		if refusal = c.serve(&held, r.WithContext(within)); refusal != nil {
			return workspace.Answer{Status: http.StatusInternalServerError}
		}
		return workspace.Answer{Status: held.status, Kind: held.header.Get("Content-Type"), Body: held.body.String()}
	})
	if err == nil {
		err = refusal
	}
	if err == nil && a.rehearse {
		answer, err = rehearsal.Response(answer)
	}
	return send(w, answer, a.rehearse, err)
}

// send writes an answer, unless there is an error.
func send(w http.ResponseWriter, a workspace.Answer, rehearsed bool, err error) error {
	if err != nil {
		return err
	}
	if rehearsed {
		w.Header().Set(route.DryRunHeader, "true")
	}
	if a.Kind != "" {
		w.Header().Set("Content-Type", a.Kind)
	}
	w.WriteHeader(a.Status)
	_, _ = io.WriteString(w, a.Body) // an error means that the caller is gone
	return nil
}

// heldWriter holds the answer to a request until it is certain.
type heldWriter struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (h *heldWriter) Header() http.Header { return h.header }

// WriteHeader implements http.ResponseWriter.
func (h *heldWriter) WriteHeader(status int) { h.status = status }

// Write implements http.ResponseWriter.
func (h *heldWriter) Write(p []byte) (int, error) { return h.body.Write(p) }

// contentOf returns what a request asks for in one form: spaces and the order of fields in the body make no difference.
func contentOf(r *http.Request) ([]byte, error) {
	c := struct {
		Path    string
		Query   url.Values
		Subject string
		Body    any
	}{Path: r.URL.Path, Query: r.URL.Query(), Subject: r.Header.Get("X-Subject-Token")}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxIdentityBody))
	if err != nil {
		return nil, fmt.Errorf("reading a body again: %w", err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	numbers := json.NewDecoder(bytes.NewReader(body))
	numbers.UseNumber()
	if err := numbers.Decode(&c.Body); err != nil {
		c.Body = body // of an operation that takes none
	}
	return json.Marshal(c)
}
