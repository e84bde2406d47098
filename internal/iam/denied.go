package iam

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"carrel/internal/iam/policy"
	"carrel/internal/workspace"
)

// Denied is the error of a request that the caller's policies do not allow. It wraps one with CodeForbidden.
type Denied struct {
	err     error
	Encoded string // for DecodeAuthorizationMessage
}

func (d *Denied) Error() string { return d.err.Error() }

// Unwrap returns the error with the message for the caller.
func (d *Denied) Unwrap() error { return d.err }

// Limits of encoded messages.
const (
	messageLife   = 24 * time.Hour
	maxEncoded    = 16 << 10 // characters
	maxDenialText = 256      // bytes of each text in a message
)

// messageContext binds an encoded message to what it is.
const messageContext = "authorization-message"

// denial is what an encoded message tells. Fields are bounded: they may repeat what a caller sent.
type denial struct {
	Allowed      bool             `json:"allowed"`
	ExplicitDeny bool             `json:"explicit_deny"`
	AccountID    string           `json:"account_id"`
	Principal    denialPrincipal  `json:"principal"`
	Action       string           `json:"action"`
	Resource     string           `json:"resource"`
	Statement    *denialStatement `json:"statement"` // null: no statement allows the request
	Context      denialContext    `json:"context"`
	Issued       time.Time        `json:"issued"`
}

type denialPrincipal struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	URN  string `json:"urn"`
}

type denialStatement struct {
	PolicyID string        `json:"policy_id"`
	Index    int           `json:"index"`
	Effect   policy.Effect `json:"effect"`
}

type denialContext struct {
	SourceIP        string          `json:"source_ip"`
	CurrentTime     time.Time       `json:"current_time"`
	MFAPresent      bool            `json:"mfa_present"`
	EnterpriseID    string          `json:"enterprise_project_id,omitempty"`
	Tags            []workspace.Tag `json:"resource_tags,omitempty"`
	ResourceUnknown bool            `json:"resource_unknown,omitempty"` // statements depend on attributes that the request does not tell
}

// denied makes the error of a request. The message says that it was denied; who may decode the rest learns which statement did it.
func (s *Service) denied(p Principal, r *policy.Request, d policy.Decision) *Denied {
	service, _, _ := strings.Cut(r.Action, ":")
	resource := strings.Join([]string{service, r.Region, r.Project, r.Kind, cmp.Or(r.ID, "*")}, ":")
	m := denial{
		AccountID: p.AccountID, Principal: denialPrincipal{p.AdminID, p.AdminName, p.urn()},
		Action: r.Action, Resource: workspace.Clip(resource, maxDenialText), Issued: r.Time.UTC(),
		Context: denialContext{CurrentTime: r.Time.UTC(), MFAPresent: r.MFA, ResourceUnknown: d.Unsure},
	}
	if r.Address.IsValid() {
		m.Context.SourceIP = r.Address.String()
	}
	if r.Labels != nil {
		m.Context.EnterpriseID = workspace.Clip(r.Labels.EnterpriseID, maxDenialText)
		m.Context.Tags = r.Labels.Tags[:min(len(r.Labels.Tags), workspace.MaxTags)]
	}
	why := "no policy allows it"
	if d.Policy != "" {
		m.ExplicitDeny, m.Statement = true, &denialStatement{d.Policy, d.Statement, d.Effect}
		why = "a policy denies it"
	}
	if d.Unsure {
		why += ", as far as the request tells which resource it is about"
	}
	text, err := json.Marshal(m)
	if err != nil {
		panic(err) // texts, numbers and times
	}
	return &Denied{
		err:     workspace.Errorf(workspace.CodeForbidden, "user %s may not do %s on %s: %s", p.AdminName, r.Action, m.Resource, why),
		Encoded: s.Box.Seal(string(text), messageContext),
	}
}

type decodeInput struct{ Body decodeRequest }

type decodeRequest struct {
	Message string `json:"encoded_message" required:"true" doc:"encoded_authorization_message of a refusal; good for 24 hours"`
}

type decodedBody struct {
	Message string `json:"decoded_message" doc:"A JSON object: principal, action, resource, context, and the statement that decided, or null if none allows the request"`
}

// decodeMessage tells why a request of somebody in the caller's account was denied.
func (s *Service) decodeMessage(r *http.Request, in *decodeInput) (*body[decodedBody], error) {
	const field = "encoded_message"
	if n := len(in.Body.Message); n == 0 || n > maxEncoded {
		return nil, invalid(field, "has %d characters, use 1 to %d", n, maxEncoded)
	}
	plain, err := s.Box.Open(in.Body.Message, messageContext)
	if err != nil {
		return nil, invalid(field, "is not an encoded_authorization_message of this server")
	}
	var m denial
	if err := json.Unmarshal(plain, &m); err != nil {
		return nil, fmt.Errorf("reading an authorization message: %w", err)
	}
	p, _ := PrincipalFrom(r.Context())
	switch {
	case m.AccountID != p.AccountID:
		return nil, invalid(field, "is not an encoded_authorization_message of this server")
	case time.Since(m.Issued) > messageLife:
		return nil, invalid(field, "is of %s, messages are good for %v: make the refused request again", m.Issued.Format(time.RFC3339), messageLife)
	}
	return &body[decodedBody]{Body: decodedBody{string(plain)}}, nil
}
