package app

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// syncCatalog updates the catalogue from the engine (zones, volume types, images) and the products from the configuration.
// Products that no host is large enough for are sold out; those that the configuration no longer has cannot be ordered.
func syncCatalog(ctx context.Context, s store.Transactions, e engine.Engine, c Config) error {
	desc, images, err := offered(ctx, e)
	if err != nil {
		return err
	}
	return s.Update(ctx, func(tx *store.Tx) error {
		if err := catalog.PutZones(ctx, tx, zonesOf(desc)); err != nil {
			return err
		}
		if err := catalog.PutVolumeTypes(ctx, tx, volumeTypesOf(desc)); err != nil {
			return err
		}
		products := productsOf(c.offeredProducts(), desc)
		if err := catalog.PutProducts(ctx, tx, products); err != nil {
			return err
		}
		ids := make([]string, len(products))
		for i, p := range products {
			ids[i] = p.ID
		}
		if err := catalog.AbandonProducts(ctx, tx, ids); err != nil {
			return err
		}
		return putImages(ctx, tx, imagesOf(images, desc, tx.Now()))
	})
}

// putImages updates the catalogue's images, and writes only what differs, since it runs repeatedly.
func putImages(ctx context.Context, tx *store.Tx, there []catalog.Image) error {
	listed, _, err := catalog.Images(ctx, tx, catalog.ImageQuery{Type: catalog.ImageGold, Page: workspace.Page{Limit: maxImages}})
	if err != nil {
		return err
	}
	fresh, gone := compareImages(listed, there)
	if err := catalog.PutImages(ctx, tx, fresh); err != nil {
		return err
	}
	return catalog.MarkGone(ctx, tx, gone)
}

// maxImages is the maximum number of images that are read.
const maxImages = 10000

// compareImages returns the engine's images that are missing or different in the catalogue, and the ids of those that the engine
// no longer has. A known image keeps its creation time.
func compareImages(listed, there []catalog.Image) (fresh []catalog.Image, gone []string) {
	known := make(map[string]catalog.Image, len(listed))
	for _, i := range listed {
		known[i.ID] = i
	}
	for _, i := range there {
		if was, found := known[i.ID]; found {
			delete(known, i.ID)
			changed := i.Updated
			i.Created, i.Updated = was.Created, was.Updated
			if i == was {
				continue
			}
			i.Updated = changed
		}
		fresh = append(fresh, i)
	}
	return fresh, slices.Sorted(maps.Keys(known))
}

// offered reads the engine's description and images.
func offered(ctx context.Context, e engine.Engine) (engine.Description, []engine.Image, error) {
	desc, err := e.Describe(ctx)
	if err != nil {
		return desc, nil, fmt.Errorf("describing the engine: %w", err)
	}
	images, err := e.Images(ctx)
	if err != nil {
		return desc, nil, fmt.Errorf("listing images: %w", err)
	}
	return desc, images, nil
}

// catalogEvery is the interval between comparisons of the catalogue with the engine.
const catalogEvery = 30 * time.Second

// watchCatalog compares the images of the catalogue with those of the engine at intervals, until ctx ends. A round that fails is
// logged and changes nothing.
func watchCatalog(ctx context.Context, s store.Transactions, e engine.Engine, installation string, log *slog.Logger) {
	tick := time.NewTicker(catalogEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := refreshImages(ctx, s, e, installation, log); err != nil && ctx.Err() == nil {
			log.WarnContext(ctx, "the engine's images could not be compared with the catalogue's", "error", err)
		}
	}
}

func refreshImages(ctx context.Context, s store.Transactions, e engine.Engine, installation string, log *slog.Logger) error {
	if err := deleteImages(ctx, s, e, log); err != nil {
		return err
	}
	owned, err := store.View(ctx, s, func(tx *store.Tx) ([]catalog.Image, error) { return catalog.OwnedImages(ctx, tx, maxImages) })
	if err != nil {
		return err
	}
	desc, images, err := offered(ctx, e)
	if err != nil {
		return err
	}
	if err := compareOwned(ctx, s, e, owned, images, installation, log); err != nil {
		return err
	}
	var fresh []catalog.Image
	var gone []string
	query := catalog.ImageQuery{Type: catalog.ImageGold, Page: workspace.Page{Limit: maxImages}}
	err = s.View(ctx, func(tx *store.Tx) error {
		listed, _, err := catalog.Images(ctx, tx, query)
		fresh, gone = compareImages(listed, imagesOf(images, desc, tx.Now()))
		return err
	})
	if err != nil || len(fresh)+len(gone) == 0 {
		return err
	}
	log.InfoContext(ctx, "the engine's images have changed", "new_or_changed", len(fresh), "gone", gone)
	return s.Update(ctx, func(tx *store.Tx) error { return putImages(ctx, tx, imagesOf(images, desc, tx.Now())) })
}

// deleteImages deletes in the engine what was deleted in the catalogue, then the rows. Several processes may do the same.
func deleteImages(ctx context.Context, s store.Transactions, e engine.Engine, log *slog.Logger) error {
	type deletion struct {
		catalog.Image
		shared bool // another image has the same in the engine
	}
	deleting, err := store.View(ctx, s, func(tx *store.Tx) ([]deletion, error) {
		images, err := catalog.DeletingImages(ctx, tx, maxImages)
		all := make([]deletion, len(images))
		for n, i := range images {
			all[n].Image = i
			if err == nil {
				all[n].shared, err = catalog.OtherImageWith(ctx, tx, i)
			}
		}
		return all, err
	})
	if err != nil {
		return err
	}
	for _, d := range deleting {
		if !d.shared {
			if err := e.DeleteImage(ctx, d.EngineID); err != nil {
				return fmt.Errorf("deleting the image %s (%s): %w", d.ID, d.Name, err)
			}
		}
		if err := s.Update(ctx, func(tx *store.Tx) error { return catalog.ForgetImage(ctx, tx, d.ID) }); err != nil {
			return err
		}
		log.InfoContext(ctx, "an image was deleted", "image", d.ID, "name", d.Name)
	}
	return nil
}

func zonesOf(d engine.Description) []catalog.Zone {
	zones := make([]catalog.Zone, len(d.Zones))
	for i, id := range d.Zones {
		zones[i] = catalog.Zone{ID: id, Default: i == 0}
	}
	return zones
}

func volumeTypesOf(d engine.Description) []catalog.VolumeType {
	types := make([]catalog.VolumeType, len(d.Classes))
	for i, id := range d.Classes {
		types[i] = catalog.VolumeType{ID: id}
	}
	return types
}

func productsOf(configured []Product, d engine.Description) []catalog.Product {
	products := make([]catalog.Product, len(configured))
	for i, p := range configured {
		products[i] = catalog.Product{
			ID: p.ID, CPUs: p.CPUs, MemoryMiB: p.MemoryMiB, Architecture: "x86", OSType: cmp.Or(p.OSType, osLinux),
			DiskType: "SAS", DiskGB: desktop.MinRootGB, PackageType: cmp.Or(p.Package, "general"), Description: p.Text,
			Status: "sellout", Processes: p.Processes,
		}
		for _, h := range d.Hosts {
			if h.CPUs >= p.CPUs && h.MemoryMiB >= p.MemoryMiB {
				products[i].Status = "normal"
			}
		}
	}
	return products
}

// imagesOf converts the engine's images to gold images. Those that were made of desktops are not among them, and virtual machines are omitted if the
// engine cannot run them.
func imagesOf(images []engine.Image, d engine.Description, now time.Time) []catalog.Image {
	var gold []catalog.Image
	for _, i := range images {
		if i.VM && !d.VMs || i.Publication != "" {
			continue
		}
		gold = append(gold, catalog.Image{
			ID: imageID(i.Alias), Type: catalog.ImageGold, Name: cmp.Or(i.Description, i.Alias), OSType: "Linux", OSVersion: i.OS,
			Architecture: "x86", VM: i.VM, MinMemoryMiB: 1024, MinDiskGB: 10, EngineID: i.ID, SizeMiB: i.SizeMiB, Created: now, Updated: now,
		})
	}
	return gold
}

// imageID derives an image's id from its alias, so that a newer build of an image keeps it.
func imageID(alias string) string {
	sum := sha256.Sum256([]byte("carrel image " + alias))
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80 // UUID version 8, RFC 9562
	s := hex.EncodeToString(sum[:16])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}
