package engine

import "context"

// Publication asks for an image of a machine's system disk.
type Publication struct {
	ID           string // 1 to 58 letters, digits and hyphens; the image carries it, and two calls with the same ID result in one image
	Machine      string // the machine's ID
	Name         string // becomes Image.Description
	Installation string // as in Spec
}

// Publishing is the part of an Engine that makes images of machines.
type Publishing interface {
	// PublishImage makes an image of the system disk of a stopped machine, which stays as it is. The image does not have what belongs to the
	// machine or to its people (Anonymize); data disks are not in it. If the engine has an image of the ID, it returns that, also when the
	// machine is gone or runs. Images of calls that nobody repeated may be left; Image.Publication tells whose they are. Errors: ErrNotFound;
	// ErrConflict unless the machine is stopped, or while a rebuild is incomplete; ErrInvalid for a virtual machine, into whose disk the engine
	// cannot look; ErrNoCapacity.
	PublishImage(ctx context.Context, p Publication) (Image, error)
}
