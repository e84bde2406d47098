package workspace

import (
	"context"
	"slices"
)

// ListProducts reads a page of products and counts all that match.
func (s *CatalogService) ListProducts(ctx context.Context, q ProductQuery) ([]Product, int, error) {
	return list(ctx, s.Store, func(tx Tx) ([]Product, int, error) { return tx.Products(ctx, q) })
}

// ListImages reads a page of the images that a project may use and counts all that match.
func (s *CatalogService) ListImages(ctx context.Context, q ImageQuery) ([]Image, int, error) {
	return list(ctx, s.Store, func(tx Tx) ([]Image, int, error) { return tx.Images(ctx, q) })
}

// Zones lists the availability zones.
func (s *CatalogService) Zones(ctx context.Context) ([]Zone, error) {
	return view(ctx, s.Store, func(tx Tx) ([]Zone, error) { return tx.Zones(ctx) })
}

// VolumeTypes lists the classes of disk.
func (s *CatalogService) VolumeTypes(ctx context.Context) ([]VolumeType, error) {
	return view(ctx, s.Store, func(tx Tx) ([]VolumeType, error) { return tx.VolumeTypes(ctx) })
}

// VPCs lists the project's private networks.
func (s *CatalogService) VPCs(ctx context.Context, projectID string) ([]VPC, error) {
	return view(ctx, s.Store, func(tx Tx) ([]VPC, error) { return tx.VPCs(ctx, projectID) })
}

// Subnets lists the project's subnets.
func (s *CatalogService) Subnets(ctx context.Context, projectID string) ([]SubnetDetail, error) {
	return view(ctx, s.Store, func(tx Tx) ([]SubnetDetail, error) { return subnetDetails(ctx, tx, projectID) })
}

func subnetDetails(ctx context.Context, tx Tx, projectID string) ([]SubnetDetail, error) {
	subnets, err := tx.Subnets(ctx, projectID)
	if err != nil {
		return nil, err
	}
	used, err := tx.UsedSubnets(ctx, projectID)
	details := make([]SubnetDetail, len(subnets))
	for i, s := range subnets {
		details[i] = SubnetDetail{s, slices.Contains(used, s.ID)}
	}
	return details, err
}

// SecurityGroups lists the project's security groups.
func (s *CatalogService) SecurityGroups(ctx context.Context, projectID string) ([]SecurityGroup, error) {
	return view(ctx, s.Store, func(tx Tx) ([]SecurityGroup, error) { return tx.SecurityGroups(ctx, projectID) })
}

// ServiceDetail is a project's opened Workspace service with its network.
type ServiceDetail struct {
	Subscription
	VPC            VPC
	Subnets        []SubnetDetail
	SecurityGroups []SecurityGroup
	Zones          []Zone
}

// ServiceDetail reads a project's Workspace service, or fails with CodeNotSubscribed when it was never opened.
func (s *CatalogService) ServiceDetail(ctx context.Context, projectID string) (ServiceDetail, error) {
	return view(ctx, s.Store, func(tx Tx) (d ServiceDetail, err error) {
		if d.Subscription, err = tx.Subscription(ctx, projectID); err != nil {
			return d, err
		}
		vpcs, err := tx.VPCs(ctx, projectID)
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
		if d.SecurityGroups, err = tx.SecurityGroups(ctx, projectID); err != nil {
			return d, err
		}
		d.Zones, err = tx.Zones(ctx)
		return d, err
	})
}
