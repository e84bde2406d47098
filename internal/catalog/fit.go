package catalog

import (
	"context"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Holder is what is to have an image or product: a desktop, or a pool's desktops.
type Holder struct {
	Name      string // "desktop PC-1", "the pool"
	ProductID string
	ImageID   string // the present one
	RootGB    int    // of the system disk
}

// ImageGone is the error for an image that the engine no longer has.
func ImageGone(i Image) error {
	return workspace.Errorf(workspace.CodeImageNotFound, "image_id: image %q (%s) is no longer there, choose another", i.ID, i.Name)
}

// Is returns why a request may not name an image by a type and an operating system, or nil. Empty texts fit every image.
func (i Image) Is(t ImageType, osType string) error {
	if t != "" {
		if err := CheckImageType(t); err != nil {
			return err
		}
	}
	if osType != "" && osType != i.OSType {
		return workspace.Invalid("os_type", "%q does not fit, image %s is %s", osType, i.ID, i.OSType)
	}
	return nil
}

// ImageFits returns why desktops that exist cannot have another image, or nil. CodeInvalid.
func ImageFits(ctx context.Context, tx *store.Tx, h Holder, i Image) error {
	switch {
	case i.Gone:
		return ImageGone(i)
	case h.RootGB < i.MinDiskGB:
		return workspace.Invalid("image_id", "the image needs a system disk of %d GB, that of %s has %d", i.MinDiskGB, h.Name, h.RootGB)
	}
	product, err := ReadProduct(ctx, tx, h.ProductID)
	if err != nil {
		return err
	}
	switch {
	case product.Architecture != i.Architecture:
		return workspace.Invalid("image_id", "the image is for %s, product %s of %s has %s", i.Architecture, product.ID, h.Name, product.Architecture)
	case product.MemoryMiB < i.MinMemoryMiB:
		return workspace.Invalid("image_id", "the image needs %d MB of memory, product %s of %s has %d", i.MinMemoryMiB, product.ID, h.Name, product.MemoryMiB)
	}
	present, err := ReadImage(ctx, tx, "", h.ImageID)
	if workspace.CodeOf(err) == workspace.CodeImageNotFound {
		return nil // no longer in the catalogue; the engine reports if they do not fit
	}
	if err == nil && present.VM != i.VM {
		err = workspace.Invalid("image_id", "one of the image and %s is for virtual machines, the other for containers; create new desktops instead", h.Name)
	}
	return err
}

// ProductFits returns why desktops that exist cannot have another product, or nil. CodeProductNotFound, CodeInvalid.
func ProductFits(ctx context.Context, tx *store.Tx, h Holder, id string) error {
	product, err := ReadProduct(ctx, tx, id)
	if err != nil {
		return workspace.InField("product_id", err)
	}
	if product.Status != "normal" {
		return workspace.Invalid("product_id", "%q can no longer be ordered (%s)", id, product.Status)
	}
	image, err := ReadImage(ctx, tx, "", h.ImageID)
	if err != nil {
		return err
	}
	switch {
	case product.Architecture != image.Architecture:
		return workspace.Invalid("product_id", "product %s has %s, the image of %s is for %s", id, product.Architecture, h.Name, image.Architecture)
	case product.MemoryMiB < image.MinMemoryMiB:
		return workspace.Invalid("product_id", "%q has %d MB of memory, the image of %s needs %d", id, product.MemoryMiB, h.Name, image.MinMemoryMiB)
	}
	return nil
}
