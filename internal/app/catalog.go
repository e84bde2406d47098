package app

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"carrel/internal/engine"
	"carrel/internal/workspace"
)

// syncCatalog makes the catalogue say what the engine has: zones, volume types, images, and the products of the
// configuration, of which those that no host is big enough for are sold out.
func syncCatalog(ctx context.Context, s workspace.Store, e engine.Engine, c Config) error {
	desc, err := e.Describe(ctx)
	if err != nil {
		return fmt.Errorf("describing the engine: %w", err)
	}
	images, err := e.Images(ctx)
	if err != nil {
		return fmt.Errorf("listing images: %w", err)
	}
	return s.Update(ctx, func(tx workspace.Tx) error {
		if err := tx.PutZones(ctx, zonesOf(desc)); err != nil {
			return err
		}
		if err := tx.PutVolumeTypes(ctx, volumeTypesOf(desc)); err != nil {
			return err
		}
		if err := tx.PutProducts(ctx, productsOf(c.Products, desc)); err != nil {
			return err
		}
		return tx.PutImages(ctx, imagesOf(images, desc, tx.Now()))
	})
}

func zonesOf(d engine.Description) []workspace.Zone {
	zones := make([]workspace.Zone, len(d.Zones))
	for i, id := range d.Zones {
		zones[i] = workspace.Zone{ID: id, Default: i == 0}
	}
	return zones
}

func volumeTypesOf(d engine.Description) []workspace.VolumeType {
	types := make([]workspace.VolumeType, len(d.Classes))
	for i, id := range d.Classes {
		types[i] = workspace.VolumeType{ID: id}
	}
	return types
}

func productsOf(configured []Product, d engine.Description) []workspace.Product {
	products := make([]workspace.Product, len(configured))
	for i, p := range configured {
		products[i] = workspace.Product{
			ID: p.ID, CPUs: p.CPUs, MemoryMiB: p.MemoryMiB, Architecture: "x86", OSType: cmp.Or(p.OSType, "Linux"),
			DiskType: "SAS", DiskGB: workspace.MinRootGB, PackageType: cmp.Or(p.Package, "general"), Description: p.Text,
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

// imagesOf lists the engine's images as gold ones. Virtual machines are left out where the engine cannot run them.
func imagesOf(images []engine.Image, d engine.Description, now time.Time) []workspace.Image {
	var gold []workspace.Image
	for _, i := range images {
		if i.VM && !d.VMs {
			continue
		}
		gold = append(gold, workspace.Image{
			ID: imageID(i.Alias), Type: workspace.ImageGold, Name: cmp.Or(i.Description, i.Alias), OSType: "Linux", OSVersion: i.OS,
			Architecture: "x86", VM: i.VM, MinMemoryMiB: 1024, MinDiskGB: 10, EngineID: i.ID, Created: now,
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
