package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/workspace"
)

// writeAudit inserts the records that were collected.
func (t *Tx) writeAudit(ctx context.Context) error {
	for i := range t.trail.records {
		t.trail.records[i].Time = t.now
	}
	for part := range slices.Chunk(t.trail.records, Batch) {
		if err := t.insertRecords(ctx, part); err != nil {
			return fmt.Errorf("writing the audit records: %w", err)
		}
	}
	return nil
}

// insertRecords inserts records with one statement. What all have in common, as those of one request do, is written once: that is most of a
// record, and takes a third of the time.
func (t *Tx) insertRecords(ctx context.Context, records []workspace.AuditRecord) error {
	of := records[0]
	shared := commonPart(of)
	if slices.ContainsFunc(records, func(r workspace.AuditRecord) bool { return commonPart(r) != shared }) {
		_, err := t.Inserting(&records).Exec(ctx)
		return err
	}
	own := make([]bun.TupleValues, len(records))
	for i, r := range records {
		changes := ""
		if len(r.Changes) > 0 {
			text, err := json.Marshal(r.Changes)
			if err != nil {
				return err
			}
			changes = string(text)
		}
		own[i] = bun.Tuple([]string{r.ID, string(r.ResourceType), r.ResourceID, r.ResourceName, r.JobID, changes})
	}
	_, err := t.NewRaw("WITH own (id, resource_type, resource_id, resource_name, job_id, changes) AS (VALUES ?) INSERT INTO audit_records "+
		"(id, resource_type, resource_id, resource_name, job_id, changes, project_id, time, actor_id, actor_name, actor_kind, credential, address, request_id, "+
		"operation, action, result, error_code, error_msg) SELECT id, resource_type, resource_id, resource_name, job_id, NULLIF(changes, ''), "+
		"?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM own",
		bun.List(own), of.ProjectID, of.Time, of.ActorID, of.ActorName, of.ActorKind, of.Credential, of.Address, of.RequestID, of.Operation, of.Action,
		of.Result, of.ErrorCode, of.ErrorMsg).Exec(ctx)
	return err
}

// common is what the records of one request have in common.
type common struct {
	project                                                            string
	at                                                                 time.Time
	actor, name, kind, credential, address, request, operation, action string
	result, code, message                                              string
}

func commonPart(r workspace.AuditRecord) common {
	return common{
		project: r.ProjectID, at: r.Time, actor: r.ActorID, name: r.ActorName, kind: string(r.ActorKind), credential: string(r.Credential),
		address: r.Address, request: r.RequestID, operation: r.Operation, action: r.Action,
		result: string(r.Result), code: string(r.ErrorCode), message: r.ErrorMsg,
	}
}
