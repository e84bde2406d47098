package operate

import (
	"context"

	"carrel/internal/audit"
	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Action is something that was done, or is being done, with a desktop.
type Action struct {
	workspace.AuditRecord
	SubJob *workspace.SubJob // that does it; nil if it was done at once, or if its record was deleted
}

// Actions reads a page of what was done with a desktop, newest first, and counts all. It has what the audit trail keeps, which is also what
// was refused. CodeDesktopNotFound.
func (s *Service) Actions(ctx context.Context, projectID, desktopID string, page workspace.Page) ([]Action, int, error) {
	return store.List(ctx, s.Store, func(tx *store.Tx) ([]Action, int, error) {
		if _, err := desktop.ReadDesktop(ctx, tx, projectID, desktopID); err != nil {
			return nil, 0, err
		}
		records, total, err := audit.Records(ctx, tx, audit.Query{
			ProjectID: projectID, ResourceType: workspace.ResourceDesktop, ResourceID: desktopID, Page: page,
		})
		if err != nil {
			return nil, 0, err
		}
		var jobs []string
		for _, r := range records {
			if r.JobID != "" {
				jobs = append(jobs, r.JobID)
			}
		}
		subs, err := tx.SubJobsOf(ctx, desktopID, jobs)
		if err != nil {
			return nil, 0, err
		}
		byJob := make(map[string]*workspace.SubJob, len(subs))
		for i := range subs {
			byJob[subs[i].JobID] = &subs[i]
		}
		actions := make([]Action, len(records))
		for i, r := range records {
			actions[i] = Action{AuditRecord: r, SubJob: byJob[r.JobID]}
		}
		return actions, total, nil
	})
}

// Images returns desktops, in the order of their ids, with their images. CodeDesktopNotFound, CodeInvalid.
func (s *Service) Images(ctx context.Context, projectID string, ids []string) ([]desktop.DesktopDetail, error) {
	if err := workspace.CheckIDs("desktop_ids", ids); err != nil {
		return nil, err
	}
	return store.View(ctx, s.Store, func(tx *store.Tx) ([]desktop.DesktopDetail, error) {
		found, _, err := desktop.Desktops(ctx, tx, desktop.DesktopQuery{ProjectID: projectID, IDs: ids, Brief: true, Page: workspace.Page{Limit: len(ids)}})
		if err != nil {
			return nil, err
		}
		byID := make(map[string]desktop.Desktop, len(found))
		for _, d := range found {
			byID[d.ID] = d
		}
		ordered := make([]desktop.Desktop, len(ids))
		for i, id := range ids {
			d, ok := byID[id]
			if !ok {
				return nil, workspace.InField("desktop_ids", desktop.NotFound(id))
			}
			ordered[i] = d
		}
		return desktop.WithCatalog(ctx, tx, ordered)
	})
}
