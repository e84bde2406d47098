package catalog

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Limits of images.
const (
	MaxImageName        = 128  // characters
	MaxImageDescription = 1024 // characters
	MaxImageMembers     = 128  // projects that an image is shared with
	maxImageMemoryMiB   = 1 << 22
	maxImageDiskGB      = 1024
)

// ImageChange changes an image. Fields that are nil stay.
type ImageChange struct {
	Name         *string
	Description  *string
	MinMemoryMiB *int
	MinDiskGB    *int
	Protected    *bool
}

// apply returns the changed image, or CodeInvalid.
func (c ImageChange) apply(i Image) (Image, error) {
	if c.Name != nil {
		i.Name = *c.Name
	}
	if c.Description != nil {
		i.Description = *c.Description
	}
	if c.MinMemoryMiB != nil {
		i.MinMemoryMiB = *c.MinMemoryMiB
	}
	if c.MinDiskGB != nil {
		i.MinDiskGB = *c.MinDiskGB
	}
	if c.Protected != nil {
		i.Protected = *c.Protected
	}
	return i, i.Check()
}

// Check validates what a project says of its image. CodeInvalid.
func (i Image) Check() error {
	if err := CheckImageName("name", i.Name); err != nil {
		return err
	}
	switch {
	case utf8.RuneCountInString(i.Description) > MaxImageDescription:
		return workspace.Invalid("__description", "%d characters, at most %d are allowed", utf8.RuneCountInString(i.Description), MaxImageDescription)
	case strings.ContainsAny(i.Description, "<>"):
		return workspace.Invalid("__description", "must not contain < or >")
	case i.MinMemoryMiB < 0 || i.MinMemoryMiB > maxImageMemoryMiB:
		return workspace.Invalid("min_ram", "%d is out of range, use 0 to %d MB", i.MinMemoryMiB, maxImageMemoryMiB)
	case i.MinDiskGB < 1 || i.MinDiskGB > maxImageDiskGB:
		return workspace.Invalid("min_disk", "%d is out of range, use 1 to %d GB", i.MinDiskGB, maxImageDiskGB)
	}
	return nil
}

// CheckImageName returns an error unless an image may have the name. CodeInvalid.
func CheckImageName(field, name string) error {
	n := utf8.RuneCountInString(name)
	switch {
	case n < 1 || n > MaxImageName:
		return workspace.Invalid(field, "%d characters, use 1 to %d", n, MaxImageName)
	case strings.TrimSpace(name) != name:
		return workspace.Invalid(field, "%q must not begin or end with a space", name)
	case strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(" -_.()/+", r)
	}):
		return workspace.Invalid(field, "%q may hold letters, digits, spaces and - _ . ( ) / +", name)
	}
	return nil
}

// resource is the image in the audit trail.
func (i Image) resource() workspace.Resource {
	return workspace.Resource{Type: "image", ID: i.ID, Name: i.Name}
}

// NoCloudImage is the error for an image that does not exist, or that the project may not see.
func NoCloudImage(id string) error {
	return workspace.Errorf(workspace.CodeCloudImageNotFound, "image %q does not exist", id)
}

// UpdateImage changes an image of the caller's project. CodeCloudImageNotFound, CodeImageNotOwned, CodeInvalid.
func (s *Service) UpdateImage(ctx context.Context, c workspace.Caller, id string, change ImageChange) (Image, error) {
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (Image, error) {
		i, err := LockOwnImage(ctx, tx, c.ProjectID, id)
		if err != nil {
			return Image{}, err
		}
		if i, err = change.apply(i); err != nil {
			return Image{}, err
		}
		i.Updated = tx.Now()
		return i, saveImage(ctx, tx, i)
	}))
}

// LockOwnImage locks the row of an image of the project until the transaction ends. CodeCloudImageNotFound; CodeImageNotOwned if the project may use
// the image and does not own it.
func LockOwnImage(ctx context.Context, tx *store.Tx, projectID, id string) (Image, error) {
	i, err := lockImage(ctx, tx, projectID, id)
	switch {
	case err != nil:
		return Image{}, err
	case i.ProjectID == "":
		return Image{}, workspace.Errorf(workspace.CodeImageNotOwned, "image %s (%s) is the installation's: only who runs it changes, shares or deletes it", id, i.Name)
	case i.ProjectID != projectID:
		return Image{}, workspace.Errorf(workspace.CodeImageNotOwned, "image %s (%s) is shared by another project, which alone changes, shares or deletes it", id, i.Name)
	}
	return i, nil
}
