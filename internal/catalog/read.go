package catalog

import (
	"context"
	"slices"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// ListProducts reads a page of products and counts all that match.
func (s *Service) ListProducts(ctx context.Context, q ProductQuery) ([]Product, int, error) {
	return store.List(ctx, s.Store, func(tx *store.Tx) ([]Product, int, error) { return Products(ctx, tx, q) })
}

// ListImages reads a page of the images that a project may use and counts all that match.
func (s *Service) ListImages(ctx context.Context, q ImageQuery) ([]Image, int, error) {
	return store.List(ctx, s.Store, func(tx *store.Tx) ([]Image, int, error) { return Images(ctx, tx, q) })
}

// CloudImages reads the images that a query selects. CodeProductNotFound, CodeInvalid for an unknown marker.
func (s *Service) CloudImages(ctx context.Context, q CloudImageQuery) ([]Image, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) ([]Image, error) { return CloudImages(ctx, tx, q) })
}

// CloudImage reads an image that a project may use. CodeCloudImageNotFound.
func (s *Service) CloudImage(ctx context.Context, projectID, id string) (Image, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) (Image, error) {
		i, err := ReadImage(ctx, tx, projectID, id)
		if i.Gone || workspace.CodeOf(err) == workspace.CodeImageNotFound {
			return Image{}, NoCloudImage(id)
		}
		return i, err
	})
}

// Zones lists the availability zones.
func (s *Service) Zones(ctx context.Context) ([]Zone, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) ([]Zone, error) { return Zones(ctx, tx) })
}

// VolumeTypes lists the classes of disk.
func (s *Service) VolumeTypes(ctx context.Context) ([]VolumeType, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) ([]VolumeType, error) { return VolumeTypes(ctx, tx) })
}

// VPCs lists the project's private networks.
func (s *Service) VPCs(ctx context.Context, projectID string) ([]VPC, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) ([]VPC, error) { return VPCs(ctx, tx, projectID) })
}

// Subnets lists the project's subnets.
func (s *Service) Subnets(ctx context.Context, projectID string) ([]SubnetDetail, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) ([]SubnetDetail, error) { return subnetDetails(ctx, tx, projectID) })
}

func subnetDetails(ctx context.Context, tx *store.Tx, projectID string) ([]SubnetDetail, error) {
	subnets, err := Subnets(ctx, tx, projectID)
	if err != nil {
		return nil, err
	}
	used, err := UsedSubnets(ctx, tx, projectID)
	details := make([]SubnetDetail, len(subnets))
	for i, s := range subnets {
		details[i] = SubnetDetail{s, slices.Contains(used, s.ID)}
	}
	return details, err
}

// SecurityGroups lists the project's security groups.
func (s *Service) SecurityGroups(ctx context.Context, projectID string) ([]SecurityGroup, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) ([]SecurityGroup, error) { return SecurityGroups(ctx, tx, projectID) })
}

// ServiceDetail is a project's Workspace service with its network.
type ServiceDetail struct {
	workspace.Subscription
	VPC            VPC
	Subnets        []SubnetDetail
	Filled         bool // desktops or pools are in it
	SecurityGroups []SecurityGroup
}

// ServiceDetail reads a project's Workspace service, in whatever state. CodeNotSubscribed if it was never opened.
func (s *Service) ServiceDetail(ctx context.Context, projectID string) (ServiceDetail, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) (d ServiceDetail, err error) {
		if d.Subscription, err = tx.Subscription(ctx, projectID); err != nil {
			return d, err
		}
		vpcs, err := VPCs(ctx, tx, projectID)
		if err != nil {
			return d, err
		}
		for _, v := range vpcs {
			if v.ID == d.VPCID {
				d.VPC = v
			}
		}
		if d.Subnets, err = subnetDetails(ctx, tx, projectID); err != nil {
			return d, err
		}
		if d.SecurityGroups, err = SecurityGroups(ctx, tx, projectID); err != nil {
			return d, err
		}
		d.Filled, err = filled(ctx, tx, projectID)
		return d, err
	})
}

// OnlyVMs reports whether all images that a project may use are of virtual machines. Without images it is false.
func (s *Service) OnlyVMs(ctx context.Context, projectID string) (bool, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) (bool, error) { return onlyVMs(ctx, tx, projectID) })
}
