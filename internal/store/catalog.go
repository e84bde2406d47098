package store

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/workspace"
)

type product struct {
	ID           string `bun:",pk"`
	CPUs         int    `bun:"cpus"`
	MemoryMiB    int    `bun:"memory_mib"`
	Architecture string
	OSType       string `bun:"os_type"`
	DiskType     string
	DiskGB       int `bun:"disk_gb"`
	PackageType  string
	Description  string
	Status       string
	Processes    int
}

type productRow struct {
	bun.BaseModel `bun:"table:products"`
	product
}

type image struct {
	ID           string `bun:",pk"`
	ProjectID    string
	Type         workspace.ImageType
	Name         string
	OSType       string `bun:"os_type"`
	OSVersion    string `bun:"os_version"`
	Architecture string
	VM           bool `bun:"vm"`
	MinMemoryMiB int  `bun:"min_memory_mib"`
	MinDiskGB    int  `bun:"min_disk_gb"`
	EngineID     string
	Created      time.Time
	Gone         bool
}

type imageRow struct {
	bun.BaseModel `bun:"table:images"`
	image
}

type zone struct {
	ID      string `bun:",pk"`
	Default bool   `bun:"is_default"`
}

type zoneRow struct {
	bun.BaseModel `bun:"table:zones"`
	zone
}

type volumeType struct {
	ID string `bun:",pk"`
}

type volumeTypeRow struct {
	bun.BaseModel `bun:"table:volume_types"`
	volumeType
}

// PutAll inserts rows, or replaces those of the same id.
func PutAll[Row any](ctx context.Context, t *Tx, rows []Row) error {
	if len(rows) == 0 {
		return nil
	}
	_, err := t.Inserting(&rows).On("CONFLICT (id) DO UPDATE").Exec(ctx)
	return err
}

// PutProducts implements workspace.CatalogRows.
func (t *Tx) PutProducts(ctx context.Context, p []workspace.Product) error {
	return PutAll(ctx, t, Convert(p, func(p workspace.Product) productRow { return productRow{product: product(p)} }))
}

// PutImages implements workspace.CatalogRows.
func (t *Tx) PutImages(ctx context.Context, i []workspace.Image) error {
	return PutAll(ctx, t, Convert(i, func(i workspace.Image) imageRow { return imageRow{image: image(i)} }))
}

// MarkGone implements workspace.CatalogRows.
func (t *Tx) MarkGone(ctx context.Context, imageIDs []string) error {
	for part := range slices.Chunk(imageIDs, Batch) {
		if _, err := t.NewUpdate().Model((*imageRow)(nil)).Set("gone = ?", true).Where("id IN (?)", bun.List(part)).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// PutZones implements workspace.CatalogRows. The former default goes first: there is one at any time.
func (t *Tx) PutZones(ctx context.Context, z []workspace.Zone) error {
	for _, z := range z {
		if !z.Default {
			continue
		}
		_, err := t.NewUpdate().Model((*zoneRow)(nil)).Set("is_default = ?", false).Where("is_default").Where("id <> ?", z.ID).Exec(ctx)
		if err != nil {
			return err
		}
	}
	return PutAll(ctx, t, Convert(z, func(z workspace.Zone) zoneRow { return zoneRow{zone: zone(z)} }))
}

// PutVolumeTypes implements workspace.CatalogRows.
func (t *Tx) PutVolumeTypes(ctx context.Context, v []workspace.VolumeType) error {
	if len(v) == 0 {
		return nil
	}
	rows := Convert(v, func(v workspace.VolumeType) volumeTypeRow { return volumeTypeRow{volumeType: volumeType(v)} })
	_, err := t.Inserting(&rows).On("CONFLICT DO NOTHING").Exec(ctx) // an id is all there is
	return err
}

// ReadProduct implements workspace.CatalogRows.
func (t *Tx) ReadProduct(ctx context.Context, id string) (workspace.Product, error) {
	var row productRow
	err := Read(ctx, t.NewSelect().Model(&row).Where("id = ?", id),
		workspace.Errorf(workspace.CodeProductNotFound, "product %q does not exist", id))
	return workspace.Product(row.product), err
}

// Products implements workspace.CatalogRows: the smallest first.
func (t *Tx) Products(ctx context.Context, f workspace.ProductQuery) ([]workspace.Product, int, error) {
	var rows []productRow
	q := t.NewSelect().Model(&rows)
	q = Equal(q, "id", f.ID)
	q = Equal(q, "os_type", f.OSType)
	q = Equal(q, "architecture", f.Architecture)
	q = Equal(q, "package_type", f.PackageType)
	total, err := ReadPage(ctx, q, f.Page, false, "cpus", "memory_mib", "id")
	return Convert(rows, func(r productRow) workspace.Product { return workspace.Product(r.product) }), total, err
}

// ReadImage implements workspace.CatalogRows.
func (t *Tx) ReadImage(ctx context.Context, projectID, id string) (workspace.Image, error) {
	var row imageRow
	err := Read(ctx, usableBy(projectID, t.NewSelect().Model(&row)).Where("id = ?", id),
		workspace.Errorf(workspace.CodeImageNotFound, "image %q does not exist", id))
	return workspace.Image(row.image), err
}

// Images implements workspace.CatalogRows: by name, unless asked otherwise.
func (t *Tx) Images(ctx context.Context, f workspace.ImageQuery) ([]workspace.Image, int, error) {
	var rows []imageRow
	q := usableBy(f.ProjectID, t.NewSelect().Model(&rows)).Where("NOT gone")
	q = Equal(q, "id", f.ID)
	q = Equal(q, "type", f.Type)
	q = Equal(q, "os_type", f.OSType)
	q = Equal(q, "architecture", f.Architecture)
	q = Equal(q, "engine_id", f.EngineID)
	if f.Platform != "" {
		q = q.Where(`LOWER(os_version) LIKE ? ESCAPE '\'`, LikeEscapes.Replace(Fold(f.Platform))+"%")
	}
	column := "name"
	if f.SortBy == "created_at" {
		column = "created"
	}
	total, err := ReadPage(ctx, q, f.Page, f.Descending, column, "id")
	return Convert(rows, func(r imageRow) workspace.Image { return workspace.Image(r.image) }), total, err
}

// usableBy selects the project's own images and those that every project may use; all if projectID is empty.
func usableBy(projectID string, q *bun.SelectQuery) *bun.SelectQuery {
	if projectID == "" {
		return q
	}
	return q.Where("project_id IN ('', ?)", projectID)
}

// Zones implements workspace.CatalogRows: by id.
func (t *Tx) Zones(ctx context.Context) ([]workspace.Zone, error) {
	var rows []zoneRow
	err := t.NewSelect().Model(&rows).Order("id").Scan(ctx)
	return Convert(rows, func(r zoneRow) workspace.Zone { return workspace.Zone(r.zone) }), err
}

// VolumeTypes implements workspace.CatalogRows: by id.
func (t *Tx) VolumeTypes(ctx context.Context) ([]workspace.VolumeType, error) {
	var rows []volumeTypeRow
	err := t.NewSelect().Model(&rows).Order("id").Scan(ctx)
	return Convert(rows, func(r volumeTypeRow) workspace.VolumeType { return workspace.VolumeType(r.volumeType) }), err
}
