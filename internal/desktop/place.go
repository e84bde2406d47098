package desktop

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"carrel/internal/catalog"
	"carrel/internal/directory"
	"carrel/internal/quota"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// place is what a request's ids refer to.
type place struct {
	allowance *quota.Allowance
	product   catalog.Product
	image     catalog.Image
	zone      string
	subnet    catalog.Subnet
	groups    []string
	ouID      string
}

func findPlace(ctx context.Context, tx *store.Tx, r CreateDesktops) (p place, err error) {
	if p.allowance, err = quota.Hold(ctx, tx, r.ProjectID); err != nil {
		return p, err
	}
	if p.product, err = catalog.ReadProduct(ctx, tx, r.ProductID); err != nil {
		return p, workspace.InField("product_id", err)
	}
	if p.product.Status != "normal" {
		return p, workspace.Invalid("product_id", "%q can no longer be ordered (%s)", r.ProductID, p.product.Status)
	}
	if p.image, err = catalog.HoldImage(ctx, tx, r.ProjectID, r.ImageID); err != nil {
		return p, workspace.InField("image_id", err)
	}
	if err = CheckImage(r, p.image, p.product); err != nil {
		return p, err
	}
	if p.zone, err = FindZone(ctx, tx, r.Zone); err != nil {
		return p, err
	}
	if err = CheckVolumeTypes(ctx, tx, r); err != nil {
		return p, err
	}
	if p.subnet, err = findSubnet(ctx, tx, r); err != nil {
		return p, err
	}
	if p.ouID, err = directory.FindOU(ctx, tx, r.ProjectID, r.OUName); err != nil {
		return p, err
	}
	p.groups, err = FindSecurityGroups(ctx, tx, r.ProjectID, r.SecurityGroups)
	return p, err
}

func CheckImage(r CreateDesktops, i catalog.Image, p catalog.Product) error {
	if err := catalog.CheckImageType(r.ImageType); err != nil {
		return err
	}
	switch {
	case i.Gone:
		return catalog.ImageGone(i)
	case i.Architecture != p.Architecture:
		return workspace.Invalid("image_id", "the image is for %s, product %s has %s", i.Architecture, p.ID, p.Architecture)
	case r.Root.GB < i.MinDiskGB:
		return workspace.Invalid("root_volume.size", "%d GB is too small, the image needs %d", r.Root.GB, i.MinDiskGB)
	case p.MemoryMiB < i.MinMemoryMiB:
		return workspace.Invalid("product_id", "%q has %d MB of memory, the image needs %d", p.ID, p.MemoryMiB, i.MinMemoryMiB)
	}
	if i.OSType == "Windows" {
		for n, d := range r.Desktops {
			if len(d.UserName) > workspace.MaxWindowsUserName {
				return workspace.Invalid(fmt.Sprintf("desktops[%d].user_name", n), "%q has %d characters, at most %d are allowed on Windows desktops",
					d.UserName, len(d.UserName), workspace.MaxWindowsUserName)
			}
		}
	}
	return nil
}

func FindZone(ctx context.Context, tx *store.Tx, id string) (string, error) {
	zones, err := catalog.Zones(ctx, tx)
	if err != nil {
		return "", err
	}
	for _, z := range zones {
		if z.ID == id || id == "" && z.Default {
			return z.ID, nil
		}
	}
	return "", workspace.Errorf(workspace.CodeZoneNotFound, "availability_zone: %q does not exist", id)
}

func CheckVolumeTypes(ctx context.Context, tx *store.Tx, r CreateDesktops) error {
	types, err := catalog.VolumeTypes(ctx, tx)
	if err != nil {
		return err
	}
	var ids []string
	for _, t := range types {
		ids = append(ids, t.ID)
	}
	if !slices.Contains(ids, r.Root.Type) {
		return workspace.Invalid("root_volume.type", "%q is not offered, use one of %s", r.Root.Type, strings.Join(ids, ", "))
	}
	for i, v := range r.Data {
		if err := offeredVolume(ids, "data_volumes", i, v.Type); err != nil {
			return err
		}
	}
	return nil
}

// CheckVolumeType returns CodeInvalid for a type of disk that is not offered. The field is a list, at i.
func CheckVolumeType(ctx context.Context, tx *store.Tx, field string, i int, volumeType string) error {
	types, err := catalog.VolumeTypes(ctx, tx)
	if err != nil {
		return err
	}
	return offeredVolume(store.Convert(types, func(t catalog.VolumeType) string { return t.ID }), field, i, volumeType)
}

func offeredVolume(ids []string, field string, i int, volumeType string) error {
	if slices.Contains(ids, volumeType) {
		return nil
	}
	return workspace.Invalid(fmt.Sprintf("%s[%d].type", field, i), "%q is not offered, use one of %s", volumeType, strings.Join(ids, ", "))
}

func findSubnet(ctx context.Context, tx *store.Tx, r CreateDesktops) (catalog.Subnet, error) {
	subnets, err := catalog.Subnets(ctx, tx, r.ProjectID)
	if err != nil {
		return catalog.Subnet{}, err
	}
	for _, s := range subnets {
		if len(r.SubnetIDs) > 0 && s.ID != r.SubnetIDs[0] || len(r.SubnetIDs) == 0 && !s.Default {
			continue
		}
		if s.Withdrawn {
			return catalog.Subnet{}, SubnetWithdrawn("nics[0].subnet_id", s)
		}
		if r.VPCID != "" && r.VPCID != s.VPCID {
			return catalog.Subnet{}, workspace.Invalid("vpc_id", "subnet %s is in VPC %s, not in %s", s.ID, s.VPCID, r.VPCID)
		}
		return s, nil
	}
	if len(r.SubnetIDs) == 0 {
		return catalog.Subnet{}, workspace.Errorf(workspace.CodeSubnetNotFound, "nics: the project has no default subnet, name one")
	}
	return catalog.Subnet{}, workspace.Errorf(workspace.CodeSubnetNotFound, "nics[0].subnet_id: %q does not exist", r.SubnetIDs[0])
}

// SubnetWithdrawn returns the error of a subnet that the project's service does not use.
func SubnetWithdrawn(field string, s catalog.Subnet) error {
	return workspace.Errorf(workspace.CodeSubnetNotFound, "%s: the project's service does not use subnet %s: add it to subnet_ids with PUT /v2/%s/workspaces", field, s.ID, s.ProjectID)
}

func FindSecurityGroups(ctx context.Context, tx *store.Tx, projectID string, asked []string) ([]string, error) {
	groups, err := catalog.SecurityGroups(ctx, tx, projectID)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, g := range groups {
		if slices.Contains(asked, g.ID) || len(asked) == 0 && g.Default {
			found = append(found, g.ID)
		}
	}
	for i, id := range asked {
		if !slices.Contains(found, id) {
			return nil, workspace.Errorf(workspace.CodeSecurityNotFound, "security_groups[%d].id: %q does not exist", i, id)
		}
	}
	return found, nil
}
