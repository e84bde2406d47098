package catalog

import (
	"context"

	"github.com/uptrace/bun"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// projectsOf reads which of the ids are projects of an account.
func projectsOf(ctx context.Context, t *store.Tx, accountID string, ids []string) (known []string, err error) {
	err = t.NewSelect().Table("projects").Column("id").Where("account_id = ?", accountID).Where("id IN (?)", bun.List(ids)).Scan(ctx, &known)
	return known, err
}

// insertMembers offers a locked image to projects. CodeInvalid if they would be too many.
func insertMembers(ctx context.Context, t *store.Tx, i Image, projects []string) error {
	for _, id := range projects {
		row := member{ImageID: i.ID, ProjectID: id, Status: MemberPending, Created: t.Now(), Updated: t.Now()}
		result, err := t.NewInsert().Model(&row).On("CONFLICT (image_id, project_id) DO NOTHING").Exec(ctx)
		n, err := store.Affected(result, err)
		if err != nil {
			return err
		}
		if n > 0 {
			t.Audit(i.resource(), "", workspace.FieldChange{Field: "shared with " + id, New: string(MemberPending)})
		}
	}
	n, err := t.NewSelect().Model((*member)(nil)).Where("image_id = ?", i.ID).Count(ctx)
	if err == nil && n > MaxImageMembers {
		err = workspace.Invalid("projects", "image %s would be shared with %d projects, at most %d are allowed", i.ID, n, MaxImageMembers)
	}
	return err
}

func deleteMembers(ctx context.Context, t *store.Tx, i Image, projects []string) error {
	var gone []string
	err := t.NewSelect().Model((*member)(nil)).Column("project_id").Where("image_id = ?", i.ID).Where("project_id IN (?)", bun.List(projects)).Scan(ctx, &gone)
	if err != nil || len(gone) == 0 {
		return err
	}
	_, err = t.NewDelete().Model((*member)(nil)).Where("image_id = ?", i.ID).Where("project_id IN (?)", bun.List(gone)).Exec(ctx)
	for _, id := range gone {
		t.Audit(i.resource(), "", workspace.FieldChange{Field: "shared with " + id, Old: "shared"})
	}
	return err
}

// answerShare writes what a project says to an image that is shared with it. CodeCloudImageNotFound.
func answerShare(ctx context.Context, t *store.Tx, projectID, id string, answer MemberStatus) error {
	var row imageRow
	q := t.NewSelect().Model(&row).Where("id = ?", id).Where("NOT gone").Where("id IN (SELECT image_id FROM image_members WHERE project_id = ?)", projectID)
	if err := store.Read(ctx, q, NoCloudImage(id)); err != nil {
		return err
	}
	result, err := t.NewUpdate().Model((*member)(nil)).Set("status = ?", answer).Set("updated = ?", t.Now()).
		Where("image_id = ?", id).Where("project_id = ?", projectID).Exec(ctx)
	n, err := store.Affected(result, err)
	if err == nil && n == 0 {
		err = NoCloudImage(id) // no longer shared
	}
	if err == nil {
		t.Audit(Image(row.image).resource(), "", workspace.FieldChange{Field: "status", New: string(answer)})
	}
	return err
}

// ForgetMember ends all that is shared with a project that is deleted.
func ForgetMember(ctx context.Context, t *store.Tx, projectID string) error {
	_, err := t.NewDelete().Model((*member)(nil)).Where("project_id = ?", projectID).Exec(ctx)
	return err
}
