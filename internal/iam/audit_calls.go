package iam

import (
	"net/http"

	"carrel/internal/api/wire"
	"carrel/internal/audit"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// The forms of ListAccountAuditRecords; the records are those of ListAuditRecords of a project.
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
		TotalCount int                `json:"total_count"`
		Records    []wire.AuditRecord `json:"records"`
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
	out := auditBody{TotalCount: total, Records: []wire.AuditRecord{}}
	for _, a := range found {
		out.Records = append(out.Records, AuditRecordOf(a))
	}
	return &body[auditBody]{Body: out}, nil
}

// AuditRecordOf is an audit record on the wire, of a project or of the account.
func AuditRecordOf(r workspace.AuditRecord) wire.AuditRecord {
	shown := wire.AuditRecord{
		ID: r.ID, Time: r.Time.UTC().Format("2006-01-02T15:04:05.000Z"), ActorID: r.ActorID, ActorName: r.ActorName, ActorKind: string(r.ActorKind),
		Credential: string(r.Credential), Address: r.Address, RequestID: r.RequestID, Operation: r.Operation, Action: r.Action,
		ResourceType: string(r.ResourceType), ResourceID: r.ResourceID, ResourceName: r.ResourceName,
		Result: string(r.Result), ErrorCode: string(r.ErrorCode), ErrorMsg: r.ErrorMsg, JobID: r.JobID,
	}
	for _, c := range r.Changes {
		shown.Changes = append(shown.Changes, wire.AuditChange(c))
	}
	return shown
}
