package api

import (
	"context"
	"time"

	"carrel/internal/api/wire"
	"carrel/internal/audit"
	"carrel/internal/iam"
	"carrel/internal/workspace"
)

func (s *Server) listAuditRecords(ctx context.Context, in *wire.ListAuditRecordsInput) (wire.ListAuditRecordsResponse, error) {
	from, err := momentAsked("start_time", in.StartTime)
	if err != nil {
		return wire.ListAuditRecordsResponse{}, err
	}
	until, err := momentAsked("end_time", in.EndTime)
	if err != nil {
		return wire.ListAuditRecordsResponse{}, err
	}
	records, total, err := s.Services.Audit.List(ctx, audit.Query{
		ProjectID: in.ProjectID, ActorID: in.ActorID, ActorName: in.ActorName, Operation: in.Operation, Action: in.Action,
		ResourceType: workspace.ResourceType(in.ResourceType), ResourceID: in.ResourceID, Result: workspace.AuditResult(in.Result),
		RequestID: in.RequestID, From: from, Until: until, Page: workspace.Page{Offset: in.Offset, Limit: in.Limit},
	})
	return wire.ListAuditRecordsResponse{TotalCount: total, Records: each(records, iam.AuditRecordOf)}, err
}

// momentAsked reads a time in RFC 3339; empty is the zero time.
func momentAsked(field, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, workspace.Invalid(field, "%q is not a time such as 2026-01-31T12:00:00Z (RFC 3339)", workspace.Clip(text, 64))
	}
	if y := t.UTC().Year(); y < 1970 || y > 9999 {
		return t, workspace.Invalid(field, "%q is outside of the years 1970 to 9999", workspace.Clip(text, 64))
	}
	return t.UTC(), nil
}
