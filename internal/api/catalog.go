package api

import (
	"context"
	"slices"
	"strconv"

	"carrel/internal/api/wire"
	"carrel/internal/catalog"
	"carrel/internal/workspace"
)

const (
	onDemand = "1"         // the only charging mode
	siteType = "Workspace" // the only type of site
)

// listProducts lists the products. Every product is available in every zone.
func (s *Server) listProducts(ctx context.Context, in *wire.ListProductsInput) (wire.ListProductsResponse, error) {
	out := wire.ListProductsResponse{OSType: in.OSType, Architecture: in.Architecture, AvailabilityZone: in.AvailabilityZone, Products: []wire.Product{}}
	there, err := s.zoneExists(ctx, in.AvailabilityZone)
	if err != nil || !there || in.ChargeMode == "0" {
		return out, err
	}
	products, total, err := s.Services.Catalog.ListProducts(ctx, catalog.ProductQuery{
		ID: in.ProductID, OSType: in.OSType, Architecture: in.Architecture, PackageType: in.PackageType,
		Page: workspace.Page{Offset: in.Offset, Limit: in.Limit},
	})
	out.TotalCount, out.Products = total, each(products, productOf)
	return out, err
}

// productOf returns a product in ListProducts. Its numbers are strings.
func productOf(p catalog.Product) wire.Product {
	return wire.Product{
		ResourceType: resourceDesktop, CloudServiceType: cloudService, VolumeProductType: volumeProductType,
		ProductID: p.ID, Type: "BASE", Architecture: p.Architecture, CPU: strconv.Itoa(p.CPUs), Memory: strconv.Itoa(p.MemoryMiB),
		SystemDiskType: p.DiskType, SystemDiskSize: strconv.Itoa(p.DiskGB), Descriptions: p.Description, ChargeMode: onDemand,
		Status: p.Status, PackageType: p.PackageType, Name: inBothLanguages(p.Description), ProductDesc: inBothLanguages(p.Description),
	}
}

// inBothLanguages returns a text that is the same in all languages.
func inBothLanguages(text string) map[string]string {
	return map[string]string{"en_us": text, "zh_cn": text}
}

// zoneExists reports whether a zone exists; true if id is empty.
func (s *Server) zoneExists(ctx context.Context, id string) (bool, error) {
	if id == "" {
		return true, nil
	}
	zones, err := s.Services.Catalog.Zones(ctx)
	return slices.ContainsFunc(zones, func(z catalog.Zone) bool { return z.ID == id }), err
}

func (s *Server) listImages(ctx context.Context, in *wire.ListImagesInput) (wire.ListImagesResponse, error) {
	images, total, err := s.Services.Catalog.ListImages(ctx, catalog.ImageQuery{
		ProjectID: in.ProjectID, ID: in.ImageID, Type: catalog.ImageType(in.ImageType), OSType: in.OSType, Platform: in.Platform,
		Architecture: in.Architecture, SortBy: in.SortField, Descending: in.SortType == "desc",
		Page: workspace.Page{Offset: in.Offset, Limit: in.Limit},
	})
	return wire.ListImagesResponse{TotalCount: total, Images: each(images, imageOf)}, err
}

func imageOf(i catalog.Image) wire.ImageInfo {
	out := wire.ImageInfo{
		ID: i.ID, ImageType: string(i.Type), OSType: i.OSType, Architecture: i.Architecture, OSVersion: i.OSVersion, Name: i.Name,
		MinRAM: i.MinMemoryMiB, MinDisk: i.MinDiskGB, CreatedAt: stamp(i.Created),
	}
	if i.VM {
		out.DiskFormat = "qcow2" // the format in which Incus stores the disks of virtual machines
	}
	return out
}

func (s *Server) listVolumeTypes(ctx context.Context, in *wire.ListVolumeProductInfoInput) (wire.ListVolumeProductInfoResponse, error) {
	out := wire.ListVolumeProductInfoResponse{Volumes: []wire.VolumeProductInfo{}}
	there, err := s.zoneExists(ctx, in.AvailabilityZone)
	if err != nil || !there {
		return out, err
	}
	types, err := s.Services.Catalog.VolumeTypes(ctx)
	for _, t := range types {
		if in.VolumeType == "" || in.VolumeType == t.ID {
			product := wire.VolumeProductInfo{
				ResourceType: resourceVolume, CloudServiceType: cloudService, VolumeProductType: volumeProductType,
				ResourceSpecCode: t.ID, VolumeType: t.ID, Status: "normal",
				Name: []wire.I18nLanguage{{Language: "en_us", Value: t.ID}, {Language: "zh_cn", Value: t.ID}},
			}
			if t.ID == catalog.GeneralPurposeV2 {
				product.IOPS = &wire.Iops{ResourceSpecCode: t.ID, Min: catalog.MinIOPS, Max: catalog.MaxIOPS, RangeBySize: catalog.IOPSPerGB}
				product.Throughput = &wire.Throughput{
					ResourceSpecCode: t.ID, Min: catalog.MinThroughput, Max: catalog.MaxThroughput, RangeByIOPS: 1 / float64(catalog.IOPSPerThroughput),
				}
			}
			out.Volumes = append(out.Volumes, product)
		}
	}
	return out, err
}

func (s *Server) listZones(ctx context.Context, _ *wire.ListAvailabilityZonesInput) (wire.ListAvailabilityZonesResponse, error) {
	zones, err := s.Services.Catalog.Zones(ctx)
	return wire.ListAvailabilityZonesResponse{TotalCount: len(zones), AvailabilityZones: each(zones, func(z catalog.Zone) wire.AvailabilityZoneInfo {
		return wire.AvailabilityZoneInfo{
			AvailabilityZone: z.ID, DisplayName: z.ID, I18n: inBothLanguages(z.ID), SoldOut: nothingSoldOut(), ProductIDs: []string{},
			Visible: true, DefaultAvailabilityZone: z.Default,
		}
	})}, err
}

func nothingSoldOut() wire.SoldOutInfo { return wire.SoldOutInfo{Products: []string{}} }

func (s *Server) showZone(ctx context.Context, in *wire.ShowAzDetailsInput) (wire.ShowAzDetailsResponse, error) {
	id := in.AvailabilityZoneID
	there, err := s.zoneExists(ctx, id)
	if err == nil && !there {
		err = workspace.Errorf(workspace.CodeZoneNotFound, "availability_zone_id: %q does not exist", id)
	}
	return wire.ShowAzDetailsResponse{
		ID: id, RegionID: s.IAM.Region, Type: siteType, DisplayName: id, Status: "available", SoldOut: nothingSoldOut(), ProductIDs: []string{},
	}, err
}

func (s *Server) summariseZones(ctx context.Context, _ *wire.ListAzsInput) (wire.ListAzsResponse, error) {
	zones, err := s.Services.Catalog.Zones(ctx)
	return wire.ListAzsResponse{
		SupportType: []string{siteType}, DefaultType: siteType,
		AZs: map[string][]wire.AzInfo{siteType: each(zones, func(z catalog.Zone) wire.AzInfo {
			return wire.AzInfo{AvailabilityZone: z.ID, I18n: inBothLanguages(z.ID), DefaultAvailabilityZone: z.Default}
		})},
	}, err
}
