package catalog

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// CloudImageQuery selects images as IMS does. Zero fields select all that the project may use, of which those that are gone are omitted.
type CloudImageQuery struct {
	ProjectID    string
	Type         ImageType // gold, private (the project's own), shared (by others); market: gold ones
	ID           string
	Name         string // exact
	Owner        string // a project
	OSType       string
	Platform     string // the start of the system version, ignoring case: "Debian"
	Protected    *bool
	MinMemoryMiB *int   // exact
	MinDiskGB    *int   // exact
	Product      string // its processors and memory suffice
	Members      MemberStatus
	Created      []TimeBound
	Updated      []TimeBound

	SortBy     string // "created_at", "name", "updated_at", "min_disk", "min_ram", "size" or "id"
	Descending bool
	Marker     string // the images after this one
	Limit      int
}

// TimeBound compares a time: with "=", "<>", "<", "<=", ">" or ">=".
type TimeBound struct {
	Operator string
	Time     time.Time
}

// imageColumns are the columns by which lists of images are sorted.
var imageColumns = map[string]string{
	"created_at": "created", "updated_at": "updated", "name": "name", "min_disk": "min_disk_gb", "min_ram": "min_memory_mib", "size": "size_mib", "id": "id",
}

// CloudImages reads the images that a query selects, from its marker on. CodeProductNotFound, CodeInvalid for an unknown marker.
func CloudImages(ctx context.Context, t *store.Tx, f CloudImageQuery) ([]Image, error) {
	var rows []imageRow
	q := t.NewSelect().Model(&rows).Where("NOT gone")
	if f.Members == "" || f.Members == MemberAccepted {
		q = usableBy(f.ProjectID, q)
	} else {
		q = q.Where("id IN (SELECT image_id FROM image_members WHERE project_id = ? AND status = ?)", f.ProjectID, f.Members)
	}
	switch f.Type {
	case ImageGold, ImageMarket:
		q = q.Where("project_id = ''")
	case ImagePrivate:
		q = q.Where("project_id = ?", f.ProjectID)
	case ImageShared:
		q = q.Where("project_id NOT IN ('', ?)", f.ProjectID)
	}
	q = store.Equal(q, "id", f.ID)
	q = store.Equal(q, "name", f.Name)
	q = store.Equal(q, "project_id", f.Owner)
	q = store.Equal(q, "os_type", f.OSType)
	q = store.Is(q, "protected", f.Protected)
	q = onPlatform(q, f.Platform)
	if f.MinMemoryMiB != nil {
		q = q.Where("min_memory_mib = ?", *f.MinMemoryMiB)
	}
	if f.MinDiskGB != nil {
		q = q.Where("min_disk_gb = ?", *f.MinDiskGB)
	}
	if f.Product != "" {
		p, err := ReadProduct(ctx, t, f.Product)
		if err != nil {
			return nil, err
		}
		q = q.Where("min_memory_mib <= ?", p.MemoryMiB).Where("architecture = ?", p.Architecture)
	}
	q = within(within(q, "created", f.Created), "updated", f.Updated)
	return after(ctx, t, q, &rows, f)
}

// after reads the rows of q after the query's marker.
func after(ctx context.Context, t *store.Tx, q *bun.SelectQuery, rows *[]imageRow, f CloudImageQuery) ([]Image, error) {
	column := imageColumns[f.SortBy]
	direction, beyond := bun.Safe("ASC"), bun.Safe(">")
	if f.Descending {
		direction, beyond = "DESC", "<"
	}
	if f.Marker != "" {
		there, err := t.NewSelect().Model((*imageRow)(nil)).Where("id = ?", f.Marker).Exists(ctx)
		if err != nil {
			return nil, err
		}
		if !there {
			return nil, workspace.Invalid("marker", "image %q does not exist", f.Marker)
		}
		q = q.Where("(?, id) ? (SELECT m.?, m.id FROM images AS m WHERE m.id = ?)", bun.Ident(column), beyond, bun.Ident(column), f.Marker)
	}
	err := q.OrderExpr("? ?, id ?", bun.Ident(column), direction, direction).Limit(int64(f.Limit)).Scan(ctx)
	return store.Convert(*rows, func(r imageRow) Image { return Image(r.image) }), err
}

func within(q *bun.SelectQuery, column string, bounds []TimeBound) *bun.SelectQuery {
	for _, b := range bounds {
		q = q.Where("? ? ?", bun.Ident(column), bun.Safe(b.Operator), b.Time)
	}
	return q
}

// lockImage reads an image that the project may use, and locks its row until the transaction ends. CodeCloudImageNotFound.
func lockImage(ctx context.Context, t *store.Tx, projectID, id string) (Image, error) {
	var row imageRow
	q := t.ForUpdate(usableBy(projectID, t.NewSelect().Model(&row)).Where("id = ?", id).Where("NOT gone"), "image_row")
	err := store.Read(ctx, q, NoCloudImage(id))
	if err == nil {
		t.AuditRead(Image(row.image).resource(), row)
	}
	return Image(row.image), err
}

// saveImage writes an image that lockImage has read.
func saveImage(ctx context.Context, t *store.Tx, i Image) error {
	row := imageRow{image: image(i)}
	_, err := t.NewUpdate().Model(&row).WherePK().Exec(ctx)
	if err == nil {
		t.AuditSave(i.resource(), row)
	}
	return err
}

// BeginDeletingImage takes an image that was locked from everybody. The engine's images are compared with the catalogue at intervals; then it
// is deleted there, and its row.
func BeginDeletingImage(ctx context.Context, t *store.Tx, i Image) error {
	i.Gone, i.Deleting, i.Updated = true, true, t.Now()
	row := imageRow{image: image(i)}
	if _, err := t.NewUpdate().Model(&row).WherePK().Exec(ctx); err != nil {
		return err
	}
	_, err := t.NewDelete().Table("image_members").Where("image_id = ?", i.ID).Exec(ctx)
	t.AuditDelete(i.resource())
	return err
}

// DeletingImages reads the images that are being deleted.
func DeletingImages(ctx context.Context, t *store.Tx, most int) ([]Image, error) {
	var rows []imageRow
	err := t.NewSelect().Model(&rows).Where("deleting").Order("id").Limit(int64(most)).Scan(ctx)
	return store.Convert(rows, func(r imageRow) Image { return Image(r.image) }), err
}

// OwnedImages reads the images of all projects that are not being deleted, also those that are gone.
func OwnedImages(ctx context.Context, t *store.Tx, most int) ([]Image, error) {
	var rows []imageRow
	err := t.NewSelect().Model(&rows).Where("project_id <> ''").Where("NOT deleting").Order("id").Limit(int64(most)).Scan(ctx)
	return store.Convert(rows, func(r imageRow) Image { return Image(r.image) }), err
}

// MarkBack marks images as not gone, unless they are being deleted.
func MarkBack(ctx context.Context, t *store.Tx, imageIDs []string) error {
	for part := range slices.Chunk(imageIDs, store.Batch) {
		_, err := t.NewUpdate().Model((*imageRow)(nil)).Set("gone = ?", false).Where("id IN (?)", bun.List(part)).Where("NOT deleting").Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}

// OtherImageWith reports whether another image has the same in the engine, so that it stays there.
func OtherImageWith(ctx context.Context, t *store.Tx, i Image) (bool, error) {
	return t.NewSelect().Model((*imageRow)(nil)).Where("engine_id = ?", i.EngineID).Where("id <> ?", i.ID).Where("NOT deleting").Exists(ctx)
}

// ForgetImage deletes the row of an image that is being deleted.
func ForgetImage(ctx context.Context, t *store.Tx, id string) error {
	_, err := t.NewDelete().Model((*imageRow)(nil)).Where("id = ?", id).Where("deleting").Exec(ctx)
	return err
}

// OwnImages counts the images that a project owns.
func OwnImages(ctx context.Context, t *store.Tx, projectID string) (int, error) {
	n, err := t.NewSelect().Model((*imageRow)(nil)).Where("project_id = ?", projectID).Where("NOT deleting").Count(ctx)
	return int(n), err
}
