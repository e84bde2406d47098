package catalog

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/store"
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
	Type         ImageType
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
	Description  string
	Protected    bool
	SizeMiB      int `bun:"size_mib"`
	Deleting     bool
	Updated      time.Time
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

// PutProducts inserts products, or replaces those with the same id.
func PutProducts(ctx context.Context, t *store.Tx, p []Product) error {
	return store.PutAll(ctx, t, store.Convert(p, func(p Product) productRow { return productRow{product: product(p)} }))
}

// AbandonProducts marks all products but those with the ids as no longer offered. PutProducts ends that.
func AbandonProducts(ctx context.Context, t *store.Tx, offered []string) error {
	_, err := t.NewUpdate().Model((*productRow)(nil)).Set("status = ?", ProductAbandoned).Where("id NOT IN (?)", bun.List(offered)).
		Where("status <> ?", ProductAbandoned).Exec(ctx)
	return err
}

// PutImages inserts images, or replaces those with the same id.
func PutImages(ctx context.Context, t *store.Tx, i []Image) error {
	return store.PutAll(ctx, t, store.Convert(i, func(i Image) imageRow { return imageRow{image: image(i)} }))
}

// MarkGone marks images as gone. PutImages ends that.
func MarkGone(ctx context.Context, t *store.Tx, imageIDs []string) error {
	for part := range slices.Chunk(imageIDs, store.Batch) {
		if _, err := t.NewUpdate().Model((*imageRow)(nil)).Set("gone = ?", true).Where("id IN (?)", bun.List(part)).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// PutZones inserts zones, or replaces those with the same id. A new default replaces the previous one, which is cleared first:
// only one is allowed at any time.
func PutZones(ctx context.Context, t *store.Tx, z []Zone) error {
	for _, z := range z {
		if !z.Default {
			continue
		}
		_, err := t.NewUpdate().Model((*zoneRow)(nil)).Set("is_default = ?", false).Where("is_default").Where("id <> ?", z.ID).Exec(ctx)
		if err != nil {
			return err
		}
	}
	return store.PutAll(ctx, t, store.Convert(z, func(z Zone) zoneRow { return zoneRow{zone: zone(z)} }))
}

// PutVolumeTypes inserts volume types that do not exist yet.
func PutVolumeTypes(ctx context.Context, t *store.Tx, v []VolumeType) error {
	if len(v) == 0 {
		return nil
	}
	rows := store.Convert(v, func(v VolumeType) volumeTypeRow { return volumeTypeRow{volumeType: volumeType(v)} })
	_, err := t.Inserting(&rows).On("CONFLICT DO NOTHING").Exec(ctx) // an id is all that they have
	return err
}

// ReadProduct reads a product. CodeProductNotFound.
func ReadProduct(ctx context.Context, t *store.Tx, id string) (Product, error) {
	var row productRow
	err := store.Read(ctx, t.NewSelect().Model(&row).Where("id = ?", id),
		workspace.Errorf(workspace.CodeProductNotFound, "product %q does not exist", id))
	return Product(row.product), err
}

// Products reads a page of products, smallest first, and counts all that match.
func Products(ctx context.Context, t *store.Tx, f ProductQuery) ([]Product, int, error) {
	var rows []productRow
	q := t.NewSelect().Model(&rows)
	q = store.Equal(q, "id", f.ID)
	q = store.Equal(q, "os_type", f.OSType)
	q = store.Equal(q, "architecture", f.Architecture)
	q = store.Equal(q, "package_type", f.PackageType)
	total, err := store.ReadPage(ctx, q, f.Page, false, "cpus", "memory_mib", "id")
	return store.Convert(rows, func(r productRow) Product { return Product(r.product) }), total, err
}

// ReadImage reads an image that the project may use, or any if projectID is empty. CodeImageNotFound.
func ReadImage(ctx context.Context, t *store.Tx, projectID, id string) (Image, error) {
	var row imageRow
	err := store.Read(ctx, usableBy(projectID, t.NewSelect().Model(&row)).Where("id = ?", id),
		workspace.Errorf(workspace.CodeImageNotFound, "image %q does not exist", id))
	return Image(row.image), err
}

// HoldImage is ReadImage and keeps the image from being deleted until the transaction ends, so that what is made from it is there when a deletion
// looks who uses it.
func HoldImage(ctx context.Context, t *store.Tx, projectID, id string) (Image, error) {
	var row imageRow
	q := t.ForShare(usableBy(projectID, t.NewSelect().Model(&row)).Where("id = ?", id), "image_row")
	err := store.Read(ctx, q, workspace.Errorf(workspace.CodeImageNotFound, "image %q does not exist", id))
	return Image(row.image), err
}

// Images reads a page of images, by name by default, and counts all that match.
func Images(ctx context.Context, t *store.Tx, f ImageQuery) ([]Image, int, error) {
	var rows []imageRow
	q := usableBy(f.ProjectID, t.NewSelect().Model(&rows)).Where("NOT gone")
	q = store.Equal(q, "id", f.ID)
	q = store.Equal(q, "type", f.Type)
	q = store.Equal(q, "os_type", f.OSType)
	q = store.Equal(q, "architecture", f.Architecture)
	q = store.Equal(q, "engine_id", f.EngineID)
	q = onPlatform(q, f.Platform)
	column := "name"
	if f.SortBy == "created_at" {
		column = "created"
	}
	total, err := store.ReadPage(ctx, q, f.Page, f.Descending, column, "id")
	return store.Convert(rows, func(r imageRow) Image { return Image(r.image) }), total, err
}

// onPlatform selects images whose system version begins with a text, ignoring case; all if it is empty.
func onPlatform(q *bun.SelectQuery, platform string) *bun.SelectQuery {
	if platform == "" {
		return q
	}
	return q.Where(`LOWER(os_version) LIKE ? ESCAPE '\'`, store.LikeEscapes.Replace(store.Fold(platform))+"%")
}

// onlyVMs reports whether there are images that a project may use, and all are of virtual machines.
func onlyVMs(ctx context.Context, t *store.Tx, projectID string) (bool, error) {
	var count struct{ Images, Machines int }
	err := usableBy(projectID, t.NewSelect().Model((*imageRow)(nil))).Where("NOT gone").
		ColumnExpr("COUNT(*) AS images").ColumnExpr("COUNT(CASE WHEN vm THEN 1 END) AS machines").Scan(ctx, &count)
	return count.Images > 0 && count.Machines == count.Images, err
}

// usableBy selects the project's own images, those that every project may use, and those that others share with it and it has accepted; all if
// projectID is empty.
func usableBy(projectID string, q *bun.SelectQuery) *bun.SelectQuery {
	if projectID == "" {
		return q
	}
	return q.Where("(project_id IN ('', ?) OR id IN (SELECT image_id FROM image_members WHERE project_id = ? AND status = ?))",
		projectID, projectID, MemberAccepted)
}

// Zones reads all zones, by id.
func Zones(ctx context.Context, t *store.Tx) ([]Zone, error) {
	var rows []zoneRow
	err := t.NewSelect().Model(&rows).Order("id").Scan(ctx)
	return store.Convert(rows, func(r zoneRow) Zone { return Zone(r.zone) }), err
}

// VolumeTypes reads all types of disks, by id.
func VolumeTypes(ctx context.Context, t *store.Tx) ([]VolumeType, error) {
	var rows []volumeTypeRow
	err := t.NewSelect().Model(&rows).Order("id").Scan(ctx)
	return store.Convert(rows, func(r volumeTypeRow) VolumeType { return VolumeType(r.volumeType) }), err
}
