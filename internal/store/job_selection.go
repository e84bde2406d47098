package store

import (
	"context"
	"slices"

	"github.com/uptrace/bun"

	"carrel/internal/workspace"
)

// subJobColumns are the attributes of sub-jobs that callers' policies select by: the enterprise project and the tags are those of the desktop.
var subJobColumns = SelectionColumns{ID: "s.id", Enterprise: "s.enterprise_id", Tag: TagOfDesktop("s.desktop_id")}

// JobLabels reads what policies know a job of the project by: the enterprise projects and tags of its desktops, one of each. A job without
// desktops, or that does not exist, has only its id.
func (t *Tx) JobLabels(ctx context.Context, projectID, id string) ([]workspace.ResourceLabels, error) {
	all, err := t.labelsOf(ctx, projectID, "job_id", []string{id})
	if len(all) == 0 {
		all = []workspace.ResourceLabels{{}}
	}
	for i := range all {
		all[i].ID = id
	}
	return all, err
}

// SubJobLabels is JobLabels for sub-jobs.
func (t *Tx) SubJobLabels(ctx context.Context, projectID string, ids []string) ([]workspace.ResourceLabels, error) {
	found, err := t.labelsOf(ctx, projectID, "id", ids)
	for _, id := range ids {
		if !slices.ContainsFunc(found, func(l workspace.ResourceLabels) bool { return l.ID == id }) {
			found = append(found, workspace.ResourceLabels{ID: id})
		}
	}
	return found, err
}

// labelsOf reads the labels of sub-jobs, with the values of a column.
func (t *Tx) labelsOf(ctx context.Context, projectID, column string, values []string) (all []workspace.ResourceLabels, err error) {
	for part := range slices.Chunk(values, Batch) {
		var rows []struct{ ID, EnterpriseID, Key, Value string }
		err := t.NewSelect().TableExpr("sub_jobs AS s").Join("LEFT JOIN desktop_tags AS l ON l.desktop_id = s.desktop_id").
			ColumnExpr("s.id, s.enterprise_id, COALESCE(l.key, '') AS key, COALESCE(l.value, '') AS value").
			Where("s.project_id = ? AND ? IN (?)", projectID, bun.Ident("s."+column), bun.List(part)).Order("s.id", "l.position").Scan(ctx, &rows)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			if n := len(all); n == 0 || all[n-1].ID != r.ID {
				all = append(all, workspace.ResourceLabels{ID: r.ID, EnterpriseID: r.EnterpriseID})
			}
			if r.Key != "" {
				of := &all[len(all)-1]
				of.Tags = append(of.Tags, workspace.Tag{Key: r.Key, Value: r.Value})
			}
		}
	}
	return all, nil
}

// MoveSubJobs puts what is kept of the jobs of desktops into another enterprise project.
func (t *Tx) MoveSubJobs(ctx context.Context, desktopIDs []string, enterpriseID string) error {
	_, err := t.NewUpdate().TableExpr("sub_jobs").Set("enterprise_id = ?", enterpriseID).Where("desktop_id IN (?)", bun.List(desktopIDs)).Exec(ctx)
	return err
}
