package audit_test

import (
	"testing"
	"time"

	"carrel/internal/audit"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

type env struct{ *storetest.Env }

// add adds a record a minute after the one before, and returns it as it is stored.
func (e *env) add(r workspace.AuditRecord) workspace.AuditRecord {
	e.Helper()
	e.Clock.Advance(time.Minute)
	r.ID, r.Time = workspace.NewID(), e.Clock.Now()
	if r.ProjectID == "" {
		r.ProjectID = storetest.Project
	}
	if err := (&audit.Service{Store: e.Store}).Add(e.Context(), r); err != nil {
		e.Fatal(err)
	}
	return r
}

func (e *env) list(q audit.Query) []workspace.AuditRecord {
	e.Helper()
	if q.ProjectID == "" {
		q.ProjectID = storetest.Project
	}
	if q.Limit == 0 {
		q.Page = storetest.Everything
	}
	found, _, err := (&audit.Service{Store: e.Store}).List(e.Context(), q)
	if err != nil {
		e.Fatal(err)
	}
	return found
}

var records = map[string]func(*env){
	"a record is read as it was added": func(e *env) {
		r := e.add(workspace.AuditRecord{
			ActorID: "a", ActorName: "ann", ActorKind: workspace.ActorAdministrator, Credential: workspace.CredentialAccessKey, Address: "2001:db8::1",
			RequestID: "r", Operation: "DeleteDesktop", Action: "workspace:desktops:delete", ResourceType: workspace.ResourceDesktop, ResourceID: "d",
			ResourceName: `桌面 "1"`, Result: workspace.AuditRefused, ErrorCode: workspace.CodeConflict, ErrorMsg: "busy", JobID: "j",
			Changes: []workspace.FieldChange{{Field: "name", Old: "1", New: `桌面 "1"`}},
		})
		e.Same(e.list(audit.Query{}), []workspace.AuditRecord{r})
	},
	"each filter selects by itself, newest first, in one project": func(e *env) {
		whole := workspace.AuditRecord{
			ActorID: "a", ActorName: "ann", Operation: "DeleteDesktop", Action: "delete", ResourceType: "desktop", ResourceID: "d", RequestID: "r", Result: workspace.AuditSuccess,
		}
		first, second := e.add(whole), e.add(whole)
		var others []workspace.AuditRecord
		for _, change := range []func(*workspace.AuditRecord){
			func(r *workspace.AuditRecord) { r.ActorID = "other" },
			func(r *workspace.AuditRecord) { r.ActorName = "other" },
			func(r *workspace.AuditRecord) { r.Operation = "other" },
			func(r *workspace.AuditRecord) { r.Action = "other" },
			func(r *workspace.AuditRecord) { r.ResourceType = "other" },
			func(r *workspace.AuditRecord) { r.ResourceID = "other" },
			func(r *workspace.AuditRecord) { r.RequestID = "other" },
			func(r *workspace.AuditRecord) { r.Result = workspace.AuditFailed },
		} {
			r := whole
			change(&r)
			others = append(others, e.add(r))
		}
		elsewhere := whole
		elsewhere.ProjectID = storetest.OtherProject
		elsewhere = e.add(elsewhere)
		e.Same(e.list(audit.Query{
			ActorID: "a", ActorName: "ann", Operation: "DeleteDesktop", Action: "delete", ResourceType: "desktop", ResourceID: "d", RequestID: "r", Result: workspace.AuditSuccess,
		}), []workspace.AuditRecord{second, first})
		for i, q := range []audit.Query{
			{ActorID: "other"}, {ActorName: "other"}, {Operation: "other"}, {Action: "other"}, {ResourceType: "other"}, {ResourceID: "other"}, {RequestID: "other"},
			{Result: workspace.AuditFailed},
		} {
			e.Same(e.list(q), []workspace.AuditRecord{others[i]})
		}
		e.Same(e.list(audit.Query{ProjectID: storetest.OtherProject}), []workspace.AuditRecord{elsewhere})
		e.Same(e.list(audit.Query{Until: second.Time}), []workspace.AuditRecord{first})
		e.Same(e.list(audit.Query{From: second.Time, Until: others[0].Time}), []workspace.AuditRecord{second})
		e.Same(e.list(audit.Query{Page: workspace.Page{Offset: 8, Limit: 1}}), []workspace.AuditRecord{second})
	},
	"times the wrong way round are refused": func(e *env) {
		now := e.Clock.Now()
		_, _, err := (&audit.Service{Store: e.Store}).List(e.Context(), audit.Query{From: now, Until: now})
		e.Same(workspace.MessageOf(err), "end_time: must be later than start_time")
	},
}

func TestRows(t *testing.T) {
	storetest.RunRows(t, func(e *storetest.Env) *env { return &env{e} }, map[string]map[string]func(*env){"Records": records})
}
