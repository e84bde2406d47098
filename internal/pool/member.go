package pool

import (
	"carrel/internal/workspace"
)

// Pattern is what the pool's desktops have in common.
func (p Pool) Pattern() workspace.Pattern {
	pattern := workspace.Pattern{PoolID: p.ID, ProductID: p.ProductID, ImageID: p.ImageID, RootGB: p.Root.GB}
	for _, v := range p.Data {
		pattern.DataGB = append(pattern.DataGB, v.GB)
	}
	return pattern
}

// Differences lists how a desktop differs from its pool, leaving isolation to Member.
func (p Pool) Differences(d workspace.Desktop) []workspace.Difference {
	var found []workspace.Difference
	if d.ProductID != p.ProductID {
		found = append(found, workspace.DiffersInProduct)
	}
	if d.ImageID != p.ImageID {
		found = append(found, workspace.DiffersInImage)
	}
	if len(d.Data) != len(p.Data) {
		found = append(found, workspace.DiffersInDisks)
	}
	smaller := d.Root.GB != p.Root.GB
	for i := range min(len(d.Data), len(p.Data)) {
		smaller = smaller || d.Data[i].GB != p.Data[i].GB
	}
	if smaller {
		found = append(found, workspace.DiffersInDiskSize)
	}
	return found
}
