package pool

import (
	"carrel/internal/desktop"
)

// Pattern returns the settings that the pool's desktops share.
func (p Pool) Pattern() desktop.Pattern {
	pattern := desktop.Pattern{PoolID: p.ID, ProductID: p.ProductID, ImageID: p.ImageID, RootGB: p.Root.GB}
	for _, v := range p.Data {
		pattern.DataGB = append(pattern.DataGB, v.GB)
	}
	return pattern
}

// Differences lists how a desktop differs from its pool, except for isolation, which Member knows.
func (p Pool) Differences(d desktop.Desktop) []desktop.Difference {
	var found []desktop.Difference
	if d.ProductID != p.ProductID {
		found = append(found, desktop.DiffersInProduct)
	}
	if d.ImageID != p.ImageID {
		found = append(found, desktop.DiffersInImage)
	}
	if len(d.Data) != len(p.Data) {
		found = append(found, desktop.DiffersInDisks)
	}
	smaller := d.Root.GB != p.Root.GB
	for i := range min(len(d.Data), len(p.Data)) {
		smaller = smaller || d.Data[i].GB != p.Data[i].GB
	}
	if smaller {
		found = append(found, desktop.DiffersInDiskSize)
	}
	return found
}
