package signin

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

type otpObjectRow struct {
	bun.BaseModel `bun:"table:otp_objects,alias:o"`
	ProjectID     string        `bun:",pk"`
	Type          OTPObjectType `bun:",pk"`
	ObjectID      string        `bun:",pk"`
	UserID        string        `bun:",nullzero"`
	GroupID       string        `bun:",nullzero"`
	Created       time.Time

	Name string `bun:",scanonly"`
}

func newOTPObjectRow(projectID string, o OTPObject, now time.Time) otpObjectRow {
	row := otpObjectRow{ProjectID: projectID, Type: o.Type, ObjectID: o.ID, Created: now}
	switch o.Type {
	case OTPUser:
		row.UserID = o.ID
	case OTPGroup:
		row.GroupID = o.ID
	case OTPAll: // refers to nobody
	}
	return row
}

func (r otpObjectRow) domain() OTPObject {
	return OTPObject{ProjectID: r.ProjectID, Type: r.Type, ID: r.ObjectID, Name: r.Name, Created: r.Created}
}

func otpConfigResource(projectID string) workspace.Resource {
	return workspace.Resource{Type: workspace.ResourceOTPConfig, ID: projectID}
}

// readOTPConfig reads a project's config, or the usual one.
func readOTPConfig(ctx context.Context, t *store.Tx, projectID string) (OTPConfig, error) {
	var rows []OTPConfig
	err := t.NewSelect().Model(&rows).Where("project_id = ?", projectID).Scan(ctx)
	if err != nil || len(rows) == 0 {
		return usualOTPConfig(projectID), err
	}
	return rows[0], nil
}

// lockOTPConfig reads a project's config and locks its row until the transaction ends. It inserts the usual one if the project has none: the
// primary key decides between concurrent callers.
func lockOTPConfig(ctx context.Context, t *store.Tx, projectID string) (c OTPConfig, err error) {
	usual := usualOTPConfig(projectID)
	usual.Created, usual.Updated = t.Now(), t.Now()
	if _, err := t.Inserting(&usual).On("CONFLICT (project_id) DO NOTHING").Exec(ctx); err != nil {
		return OTPConfig{}, err
	}
	if err := t.ForUpdate(t.NewSelect().Model(&c).Where("project_id = ?", projectID), "otp_configs").Scan(ctx); err != nil {
		return OTPConfig{}, err
	}
	t.AuditRead(otpConfigResource(projectID), &c)
	return c, nil
}

// saveOTPConfig writes a locked config.
func saveOTPConfig(ctx context.Context, t *store.Tx, c OTPConfig) error {
	c.Updated = t.Now()
	_, err := t.NewUpdate().Model(&c).ExcludeColumn("created").WherePK().Exec(ctx)
	if err == nil {
		t.AuditSave(otpConfigResource(c.ProjectID), &c)
	}
	return err
}

// otpObjects reads a page of objects with their present names, oldest first, and counts all that match.
func otpObjects(ctx context.Context, t *store.Tx, f OTPObjectQuery) ([]OTPObject, int, error) {
	var rows []otpObjectRow
	q := t.NewSelect().Model(&rows).ColumnExpr("o.*").ColumnExpr("COALESCE(u.name, g.name, ?) AS name", AllTargetsName).
		Join("LEFT JOIN users AS u ON u.id = o.user_id").Join("LEFT JOIN people_groups AS g ON g.id = o.group_id").
		Where("o.project_id = ?", f.ProjectID)
	q = store.Equal(q, "o.type", f.Type)
	if f.Name != "" {
		q = q.Where(`COALESCE(u.name_folded, g.name_folded, ?) LIKE ? ESCAPE '\'`, store.Fold(AllTargetsName), store.LikePart(f.Name))
	}
	total, err := store.ReadPage(ctx, q, f.Page, false, "o.created", "o.type", "o.object_id")
	return store.Convert(rows, otpObjectRow.domain), total, err
}

// changeOTPObjects adds and deletes objects of a project, whose config is locked. CodeConflict if a user or group does not exist.
func changeOTPObjects(ctx context.Context, t *store.Tx, projectID string, add, remove []OTPObject) error {
	if len(add) > 0 {
		// The same order for all callers, so that two of them cannot deadlock.
		slices.SortFunc(add, func(a, b OTPObject) int { return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.ID, b.ID)) })
		rows := store.Convert(add, func(o OTPObject) otpObjectRow { return newOTPObjectRow(projectID, o, t.Now()) })
		if _, err := t.Inserting(&rows).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
			return t.Dangling(err)
		}
	}
	for _, kind := range []OTPObjectType{OTPUser, OTPGroup, OTPAll} {
		var ids []string
		for _, o := range remove {
			if o.Type == kind {
				ids = append(ids, o.ID)
			}
		}
		if len(ids) == 0 {
			continue
		}
		_, err := t.NewDelete().Model((*otpObjectRow)(nil)).Where("project_id = ? AND type = ? AND object_id IN (?)", projectID, kind, bun.List(ids)).Exec(ctx)
		if err != nil {
			return err
		}
	}
	t.Audit(otpConfigResource(projectID), "", workspace.FieldChange{Field: "apply_objects", Old: objectsText(remove), New: objectsText(add)})
	return nil
}

// objectsText lists objects for an audit record.
func objectsText(objects []OTPObject) string {
	texts := store.Convert(objects, func(o OTPObject) string { return string(o.Type) + " " + o.ID })
	return workspace.ClipList(slices.Compact(slices.Sorted(slices.Values(texts))), workspace.MaxAuditValue)
}

type factorRow struct {
	ProjectID string
	Enabled   bool
	Origin    OTPOrigin
	Must      bool
	device
}

// readFactor reads a user's authenticator and what the project says about codes, in one statement: a sign-in makes few.
func readFactor(ctx context.Context, t *store.Tx, userID string) (factor, error) {
	var rows []factorRow
	err := t.NewRaw(`
		SELECT u.project_id, COALESCE(c.enabled, TRUE) AS enabled, COALESCE(c.origin, '') AS origin,
			EXISTS (SELECT 1 FROM otp_objects AS o WHERE o.project_id = u.project_id AND o.type = ?1)
				OR EXISTS (SELECT 1 FROM otp_objects AS o WHERE o.user_id = u.id)
				OR EXISTS (SELECT 1 FROM memberships AS m JOIN otp_objects AS o ON o.group_id = m.group_id WHERE m.user_id = u.id) AS must,
			d.id, d.user_id, d.secret, d.status, d.last_step, d.created
		FROM users AS u LEFT JOIN otp_configs AS c ON c.project_id = u.project_id LEFT JOIN otp_devices AS d ON d.user_id = u.id
		WHERE u.id = ?0`, userID, OTPAll).Scan(ctx, &rows)
	if err != nil || len(rows) == 0 {
		return factor{}, err
	}
	r := rows[0]
	config := OTPConfig{ProjectID: r.ProjectID, Enabled: r.Enabled, Origin: r.Origin}
	return factor{config: config, must: r.Must, device: OTPDevice(r.device), found: r.device.ID != ""}, nil
}
