package catalog

import (
	"fmt"
	"time"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Service reads the catalogue and networks, and opens the Workspace service of a project. Each method is one transaction. It is
// safe for concurrent use, also by several processes on one database.
type Service struct {
	Store store.Transactions
}

// Product is a size of desktop that can be ordered.
type Product struct {
	ID           string // "workspace.c2.large.linux"
	CPUs         int
	MemoryMiB    int
	Architecture string // "x86" or "arm"
	OSType       string // "Linux" or "Windows"
	DiskType     string // of the suggested system disk
	DiskGB       int
	PackageType  string // "general"
	Description  string
	Status       string // "normal", "sellout", "abandon"
	Processes    int    // processes and threads that a desktop may have at once; 0: by its size, see ProcessLimit
}

// ProductAbandoned is the status of a product that can no longer be ordered, since the configuration has it no more.
const ProductAbandoned = "abandon"

// ProcessLimit returns how many processes and threads a desktop of the product may have at once. The default by size is several
// times what a browser with many pages needs, and far too little for a fork bomb to affect others.
func (p Product) ProcessLimit() int {
	if p.Processes > 0 {
		return p.Processes
	}
	return 512 + 256*p.CPUs + p.MemoryMiB/4
}

// Image is a system that desktops start from.
type Image struct {
	ID           string
	ProjectID    string // empty for gold images, which every project may use
	Type         ImageType
	Name         string
	OSType       string // "Linux" or "Windows"
	OSVersion    string // "Debian GNU/Linux 12"
	Architecture string
	VM           bool
	MinMemoryMiB int
	MinDiskGB    int
	EngineID     string // the engine's name
	Created      time.Time
	Gone         bool // the engine no longer has it, or it is being deleted
	Description  string
	Protected    bool // it is not deleted before this is changed
	SizeMiB      int
	Deleting     bool // its row goes when the engine has it no more
	Updated      time.Time
}

// TypeFor returns what the image is for a project: one that another project shares with it is shared.
func (i Image) TypeFor(projectID string) ImageType {
	if i.ProjectID != "" && i.ProjectID != projectID {
		return ImageShared
	}
	return i.Type
}

// ImageType says who may use an image.
type ImageType string

// The types of image.
const (
	ImageGold    ImageType = "gold"
	ImagePrivate ImageType = "private"
	ImageMarket  ImageType = "market"
	ImageShared  ImageType = "shared"
)

// CheckImageType returns an error unless a request may name an image by the type. A client names where it found an image, which need not be the
// type that the image has: any image of the project can be ordered under each of them.
func CheckImageType(t ImageType) error {
	switch t {
	case ImageGold, ImagePrivate, ImageMarket, ImageShared:
		return nil
	}
	return workspace.Invalid("image_type", "%q is unknown, use gold, private, market or shared", t)
}

// SystemRemark says that a desktop of the product has another system than the product is described with, or returns "".
func SystemRemark(p Product, i Image) string {
	if p.OSType == i.OSType {
		return ""
	}
	return fmt.Sprintf("product %s is for %s; the desktop has the system of its image %s, %s", p.ID, p.OSType, i.Name, i.OSType)
}

// Zone is an availability zone.
type Zone struct {
	ID      string
	Default bool
}

// VolumeType is a class of disk that the engine offers.
type VolumeType struct {
	ID string // "SAS", "SSD", "GPSSD"
}

// ImageQuery selects the images that a project may use. Those that are gone are omitted.
type ImageQuery struct {
	ProjectID    string
	ID           string
	Type         ImageType
	OSType       string
	Platform     string // the start of the system version, ignoring case: "Debian"
	Architecture string
	EngineID     string // the engine's name; several images may have the same
	SortBy       string // "name" or "created_at"
	Descending   bool
	workspace.Page
}

// ProductQuery selects products.
type ProductQuery struct {
	ID           string
	OSType       string
	Architecture string
	PackageType  string
	workspace.Page
}
