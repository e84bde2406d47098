package iam

import (
	"net/http"
	"time"

	"carrel/internal/audit"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// The wire forms of audit records, as ListAuditRecords of a project has them.
type (
	auditInput struct {
		Page         string `query:"page" doc:"A number from 1"`
		PerPage      string `query:"per_page" doc:"1 to 5000; 5000 if absent"`
		ActorID      string `query:"actor_id"`
		Operation    string `query:"operation"`
		ResourceType string `query:"resource_type" doc:"iam_user, iam_group, access_key, project, token, mfa_device, agency"`
		ResourceID   string `query:"resource_id"`
		Result       string `query:"result" doc:"success, refused or failed"`
		RequestID    string `query:"request_id"`
	}
	auditBody struct {
		TotalCount int           `json:"total_count"`
		Records    []auditRecord `json:"records"`
	}
	auditRecord struct {
		ID           string                   `json:"id"`
		Time         string                   `json:"time"`
		ActorID      string                   `json:"actor_id"`
		ActorName    string                   `json:"actor_name"`
		ActorKind    workspace.ActorKind      `json:"actor_kind"`
		Credential   workspace.CredentialKind `json:"credential"`
		Address      string                   `json:"address"`
		RequestID    string                   `json:"request_id"`
		Operation    string                   `json:"operation"`
		Action       string                   `json:"action"`
		ResourceType workspace.ResourceType   `json:"resource_type"`
		ResourceID   string                   `json:"resource_id"`
		ResourceName string                   `json:"resource_name"`
		Result       workspace.AuditResult    `json:"result"`
		ErrorCode    workspace.Code           `json:"error_code,omitempty"`
		ErrorMsg     string                   `json:"error_msg,omitempty"`
		Changes      []workspace.FieldChange  `json:"changes,omitempty"`
	}
)

// listAuditRecords lists who changed what of the account, newest first. What is in projects has records of its own.
func (s *Service) listAuditRecords(r *http.Request, in *auditInput) (*body[auditBody], error) {
	window, err := pageOf(in.Page, in.PerPage)
	if err != nil {
		return nil, err
	}
	p, _ := PrincipalFrom(r.Context())
	q := audit.Query{
		ProjectID: p.AccountID, ActorID: in.ActorID, Operation: in.Operation, ResourceType: workspace.ResourceType(in.ResourceType),
		ResourceID: in.ResourceID, Result: workspace.AuditResult(in.Result), RequestID: in.RequestID, Page: window,
	}
	found, total, err := store.List(r.Context(), s.Store, func(tx *store.Tx) ([]workspace.AuditRecord, int, error) {
		return audit.Records(r.Context(), tx, q)
	})
	if err != nil {
		return nil, err
	}
	out := auditBody{TotalCount: total, Records: []auditRecord{}}
	for _, a := range found {
		out.Records = append(out.Records, auditRecord{
			ID: a.ID, Time: a.Time.UTC().Format(time.RFC3339Nano), ActorID: a.ActorID, ActorName: a.ActorName, ActorKind: a.ActorKind, Credential: a.Credential,
			Address: a.Address, RequestID: a.RequestID, Operation: a.Operation, Action: a.Action, ResourceType: a.ResourceType,
			ResourceID: a.ResourceID, ResourceName: a.ResourceName, Result: a.Result, ErrorCode: a.ErrorCode, ErrorMsg: a.ErrorMsg, Changes: a.Changes,
		})
	}
	return &body[auditBody]{Body: out}, nil
}
