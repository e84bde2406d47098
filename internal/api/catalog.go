package api

import (
	"context"
	"slices"
	"strconv"

	"carrel/internal/catalog"
	"carrel/internal/iam"
	"carrel/internal/workspace"
)

func (s *Server) catalogOperations() []operation {
	const zones = "/v2/{project_id}/availability-zones"
	return []operation{
		{"GET", "/v2/{project_id}/products", "ListProducts", iam.Read, answering(s.listProducts), "List products"},
		{"GET", "/v2/{project_id}/images", "ListImages", iam.Read, answering(s.listImages), "List images"},
		{"GET", "/v2/{project_id}/volume/products", "ListVolumeProductInfo", iam.Read, answering(s.listVolumeTypes), "List disk types"},
		{"GET", zones, "ListAvailabilityZones", iam.Read, answering(s.listZones), "List availability zones"},
		{"GET", zones + "/detail", "ShowAzDetails", iam.Read, answering(s.showZone), "Show an availability zone"},
		{"GET", zones + "/summary", "ListAzs", iam.Read, answering(s.summariseZones), "List availability zones by type of site"},
	}
}

// onDemand is the only charging mode.
const onDemand = "1"

type listProductsInput struct {
	Project
	ID           string `query:"product_id"`
	Zone         string `query:"availability_zone"`
	OSType       string `query:"os_type" enum:"Windows,Linux"`
	ChargeMode   string `query:"charge_mode" enum:"0,1" doc:"0: yearly or monthly, 1: on demand; always 1"`
	Architecture string `query:"architecture" enum:"x86,arm"`
	PackageType  string `query:"package_type"`
	Limit        int    `query:"limit" minimum:"0" maximum:"100" default:"100"`
	Offset       int    `query:"offset" minimum:"0" default:"0"`
}

type productsReply struct {
	Total        int             `json:"total_count"`
	OSType       string          `json:"os_type,omitempty"`
	Architecture string          `json:"architecture,omitempty"`
	Zone         string          `json:"availability_zone,omitempty"`
	Products     []productDetail `json:"products"`
}

// productDetail is a product in ListProducts. Its numbers are strings.
type productDetail struct {
	ResourceKind
	ID           string            `json:"product_id"`
	Type         string            `json:"type"`
	Architecture string            `json:"architecture"`
	CPU          string            `json:"cpu"`
	Memory       string            `json:"memory" doc:"MB"`
	GPU          bool              `json:"is_gpu"`
	DiskType     string            `json:"system_disk_type"`
	DiskSize     string            `json:"system_disk_size" doc:"GB"`
	Description  string            `json:"descriptions"`
	ChargeMode   string            `json:"charge_mode"`
	DataDisk     bool              `json:"contain_data_disk"`
	Status       string            `json:"status"`
	PackageType  string            `json:"package_type"`
	Name         map[string]string `json:"name"`
	Descriptions map[string]string `json:"product_desc" doc:"By language"`
}

// listProducts lists the products. Every product is available in every zone.
func (s *Server) listProducts(ctx context.Context, in *listProductsInput) (productsReply, error) {
	out := productsReply{OSType: in.OSType, Architecture: in.Architecture, Zone: in.Zone, Products: []productDetail{}}
	there, err := s.zoneExists(ctx, in.Zone)
	if err != nil || !there || in.ChargeMode == "0" {
		return out, err
	}
	products, total, err := s.Services.Catalog.ListProducts(ctx, catalog.ProductQuery{
		ID: in.ID, OSType: in.OSType, Architecture: in.Architecture, PackageType: in.PackageType,
		Page: workspace.Page{Offset: in.Offset, Limit: in.Limit},
	})
	out.Total, out.Products = total, each(products, productOf)
	return out, err
}

func productOf(p catalog.Product) productDetail {
	return productDetail{
		ResourceKind: desktopKind, ID: p.ID, Type: "BASE", Architecture: p.Architecture, CPU: strconv.Itoa(p.CPUs), Memory: strconv.Itoa(p.MemoryMiB),
		DiskType: p.DiskType, DiskSize: strconv.Itoa(p.DiskGB), Description: p.Description, ChargeMode: onDemand,
		Status: p.Status, PackageType: p.PackageType, Name: inBothLanguages(p.Description),
		Descriptions: inBothLanguages(p.Description),
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

type listImagesInput struct {
	Project
	OSType       string            `query:"os_type" enum:"Linux,Windows,Other"`
	Type         catalog.ImageType `query:"image_type" enum:"gold,private,market"`
	Platform     string            `query:"platform" doc:"Beginning of the operating system's name, such as Debian"`
	Architecture string            `query:"architecture" enum:"x86,arm"`
	PackageType  string            `query:"package_type" doc:"No effect: every image fits every package"`
	ID           string            `query:"image_id"`
	Limit        int               `query:"limit" minimum:"0" maximum:"100" default:"100"`
	Offset       int               `query:"offset" minimum:"0" default:"0"`
	SortField    string            `query:"sort_field" enum:"name,created_at" default:"name"`
	SortType     string            `query:"sort_type" enum:"asc,desc" default:"asc"`
}

type imagesReply struct {
	Total  int           `json:"total_count"`
	Images []imageDetail `json:"images"`
}

type imageDetail struct {
	ID           string `json:"id"`
	Type         string `json:"image_type"`
	OSType       string `json:"os_type"`
	Architecture string `json:"architecture"`
	OSVersion    string `json:"os_version"`
	Name         string `json:"name"`
	MinMemory    int    `json:"min_ram" doc:"MB"`
	MinDisk      int    `json:"min_disk" doc:"GB"`
	Created      string `json:"created_at"`
	DiskFormat   string `json:"disk_format,omitempty" doc:"Only for images of virtual machines; container images are not disks"`
}

func (s *Server) listImages(ctx context.Context, in *listImagesInput) (imagesReply, error) {
	images, total, err := s.Services.Catalog.ListImages(ctx, catalog.ImageQuery{
		ProjectID: in.ProjectID, ID: in.ID, Type: in.Type, OSType: in.OSType, Platform: in.Platform, Architecture: in.Architecture,
		SortBy: in.SortField, Descending: in.SortType == "desc", Page: workspace.Page{Offset: in.Offset, Limit: in.Limit},
	})
	return imagesReply{total, each(images, func(i catalog.Image) imageDetail {
		return imageDetail{
			ID: i.ID, Type: string(i.Type), OSType: i.OSType, Architecture: i.Architecture, OSVersion: i.OSVersion, Name: i.Name,
			MinMemory: i.MinMemoryMiB, MinDisk: i.MinDiskGB, Created: stamp(i.Created), DiskFormat: diskFormat(i),
		}
	})}, err
}

// diskFormat returns qcow2 for virtual machines, the format in which Incus stores their disks.
func diskFormat(i catalog.Image) string {
	if i.VM {
		return "qcow2"
	}
	return ""
}

type listVolumeTypesInput struct {
	Project
	Zone string `query:"availability_zone"`
	Type string `query:"volume_type"`
}

type volumeTypesReply struct {
	Volumes []volumeType `json:"volumes"`
}

type volumeType struct {
	SpecCode string `json:"resource_spec_code"`
	Type     string `json:"volume_type"`
	ResourceKind
	Name   []translation `json:"name"`
	Status string        `json:"status"`
}

type translation struct {
	Language string `json:"language"`
	Value    string `json:"value"`
}

func (s *Server) listVolumeTypes(ctx context.Context, in *listVolumeTypesInput) (volumeTypesReply, error) {
	out := volumeTypesReply{Volumes: []volumeType{}}
	there, err := s.zoneExists(ctx, in.Zone)
	if err != nil || !there {
		return out, err
	}
	types, err := s.Services.Catalog.VolumeTypes(ctx)
	for _, t := range types {
		if in.Type == "" || in.Type == t.ID {
			out.Volumes = append(out.Volumes, volumeType{
				ResourceKind: ResourceKind{resourceVolume, cloudService, volumeProductType}, SpecCode: t.ID, Type: t.ID, Status: "normal", Name: []translation{{"en_us", t.ID}, {"zh_cn", t.ID}},
			})
		}
	}
	return out, err
}

type zonesReply struct {
	Total int          `json:"total_count"`
	Zones []zoneDetail `json:"availability_zones"`
}

type zoneDetail struct {
	ID          string            `json:"availability_zone"`
	DisplayName string            `json:"display_name"`
	Names       map[string]string `json:"i18n"`
	SoldOut     soldOut           `json:"sold_out"`
	ProductIDs  []string          `json:"product_ids"`
	Visible     bool              `json:"visible"`
	Default     bool              `json:"default_availability_zone"`
}

type soldOut struct {
	Products []string `json:"products"`
}

func (s *Server) listZones(ctx context.Context, _ *Project) (zonesReply, error) {
	zones, err := s.Services.Catalog.Zones(ctx)
	return zonesReply{len(zones), each(zones, func(z catalog.Zone) zoneDetail {
		return zoneDetail{
			ID: z.ID, DisplayName: z.ID, Names: inBothLanguages(z.ID), SoldOut: soldOut{[]string{}}, ProductIDs: []string{},
			Visible: true, Default: z.Default,
		}
	})}, err
}

type showZoneInput struct {
	Project
	ID string `query:"availability_zone_id" required:"true"`
}

type zoneReply struct {
	ID          string   `json:"id"`
	RegionID    string   `json:"region_id"`
	Type        string   `json:"type"`
	DisplayName string   `json:"display_name"`
	Status      string   `json:"status"`
	Category    int      `json:"category" enum:"0" doc:"0: an ordinary zone"`
	SoldOut     soldOut  `json:"sold_out"`
	ProductIDs  []string `json:"product_ids"`
}

func (s *Server) showZone(ctx context.Context, in *showZoneInput) (zoneReply, error) {
	there, err := s.zoneExists(ctx, in.ID)
	if err == nil && !there {
		err = workspace.Errorf(workspace.CodeZoneNotFound, "availability_zone_id: %q does not exist", in.ID)
	}
	return zoneReply{
		ID: in.ID, RegionID: s.IAM.Region, Type: siteType, DisplayName: in.ID, Status: "available",
		SoldOut: soldOut{[]string{}}, ProductIDs: []string{},
	}, err
}

// siteType is the only type of site.
const siteType = "Workspace"

type zoneSummaryReply struct {
	Types   []string                 `json:"support_type"`
	Default string                   `json:"default_type"`
	Zones   map[string][]zoneSummary `json:"azs" doc:"By type of site"`
}

type zoneSummary struct {
	ID      string            `json:"availability_zone"`
	Names   map[string]string `json:"i18n"`
	Default bool              `json:"default_availability_zone"`
}

func (s *Server) summariseZones(ctx context.Context, _ *Project) (zoneSummaryReply, error) {
	zones, err := s.Services.Catalog.Zones(ctx)
	return zoneSummaryReply{
		Types: []string{siteType}, Default: siteType,
		Zones: map[string][]zoneSummary{siteType: each(zones, func(z catalog.Zone) zoneSummary {
			return zoneSummary{ID: z.ID, Names: inBothLanguages(z.ID), Default: z.Default}
		})},
	}, err
}
