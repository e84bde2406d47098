package network

import (
	"cmp"
	"context"
	"net/netip"
	"slices"

	"carrel/internal/address"
	"carrel/internal/catalog"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Service keeps VPCs, subnets and security groups of projects. Each method is one transaction; none waits for the engine. It is safe for concurrent
// use, also by several processes on one database: what belongs to a project is changed under the lock of its networks (lockProject), and ranges are
// given out under that of all (catalog.LockRanges).
type Service struct {
	Store     store.Transactions
	Addresses address.Ranges // where public addresses come from
}

// The resources of audit records.
const (
	ResourceVPC    workspace.ResourceType = "vpc"
	ResourceSubnet workspace.ResourceType = "subnet"
	ResourceGroup  workspace.ResourceType = "security_group"
)

// missing is the error of what does not exist in the project.
func missing(what, id string) error {
	return workspace.Errorf(workspace.CodeNetworkNotFound, "%s %q does not exist", what, workspace.Clip(id, 64))
}

// find returns the one of a project's resources that has an id. CodeNetworkNotFound.
func find[T any](all []T, what, id string, idOf func(T) string) (T, error) {
	if at := slices.IndexFunc(all, func(one T) bool { return idOf(one) == id }); at >= 0 {
		return all[at], nil
	}
	var none T
	return none, missing(what, id)
}

// NewVPC describes a VPC to create.
type NewVPC struct {
	Name, Description, CIDR, EnterpriseID string
}

// CreateVPC creates a VPC without subnets. VPCs may have the same range, also in one project: they do not reach each other. CodeInvalid; CodeConflict if
// there are MaxVPCs.
func (s *Service) CreateVPC(ctx context.Context, c workspace.Caller, n NewVPC) (catalog.VPC, error) {
	if err := checkTexts(n.Name, n.Description, true); err != nil {
		return catalog.VPC{}, err
	}
	if _, err := checkRange("cidr", n.CIDR); err != nil {
		return catalog.VPC{}, err
	}
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (catalog.VPC, error) {
		v := catalog.VPC{
			ID: workspace.NewID(), ProjectID: c.ProjectID, Name: n.Name, Description: n.Description, CIDR: n.CIDR,
			EnterpriseID: cmp.Or(n.EnterpriseID, workspace.DefaultEnterprise), Created: tx.Now(), Updated: tx.Now(),
		}
		if err := lockProject(ctx, tx, c.ProjectID); err != nil {
			return v, err
		}
		all, err := catalog.VPCs(ctx, tx, c.ProjectID)
		if err == nil && len(all) >= MaxVPCs {
			err = workspace.Errorf(workspace.CodeConflict, "the project has %d VPCs, which is the limit: delete one first", len(all))
		}
		if err != nil {
			return v, err
		}
		tx.Audit(workspace.Resource{Type: ResourceVPC, ID: v.ID, Name: v.Name}, "", workspace.FieldChange{Field: "cidr", New: v.CIDR})
		return v, catalog.InsertVPC(ctx, tx, v)
	}))
}

// VPCs lists the VPCs of a project, oldest first.
func (s *Service) VPCs(ctx context.Context, projectID string) ([]catalog.VPC, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) ([]catalog.VPC, error) { return catalog.VPCs(ctx, tx, projectID) })
}

// VPC reads a VPC. CodeNetworkNotFound.
func (s *Service) VPC(ctx context.Context, projectID, id string) (catalog.VPC, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) (catalog.VPC, error) { return readVPC(ctx, tx, projectID, id) })
}

func readVPC(ctx context.Context, tx *store.Tx, projectID, id string) (catalog.VPC, error) {
	all, err := catalog.VPCs(ctx, tx, projectID)
	if err != nil {
		return catalog.VPC{}, err
	}
	return find(all, "VPC", id, func(v catalog.VPC) string { return v.ID })
}

// ChangeVPC is a request to change a VPC. Nil fields stay as they are.
type ChangeVPC struct {
	Name, Description, CIDR *string
}

// UpdateVPC changes a VPC. Its range may change as long as it contains its subnets. CodeNetworkNotFound, CodeInvalid, CodeConflict.
func (s *Service) UpdateVPC(ctx context.Context, c workspace.Caller, id string, change ChangeVPC) (catalog.VPC, error) {
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (catalog.VPC, error) {
		if err := lockProject(ctx, tx, c.ProjectID); err != nil {
			return catalog.VPC{}, err
		}
		v, err := readVPC(ctx, tx, c.ProjectID, id)
		if err != nil {
			return v, err
		}
		set(&v.Name, change.Name)
		set(&v.Description, change.Description)
		set(&v.CIDR, change.CIDR)
		if err := checkTexts(v.Name, v.Description, true); err != nil {
			return v, err
		}
		if change.CIDR != nil {
			if err := s.holdsSubnets(ctx, tx, v); err != nil {
				return v, err
			}
		}
		v.Updated = tx.Now()
		tx.Audit(workspace.Resource{Type: ResourceVPC, ID: v.ID, Name: v.Name}, "")
		return v, saveVPC(ctx, tx, v)
	}))
}

// holdsSubnets returns an error for another range of a VPC that does not contain its subnets.
func (s *Service) holdsSubnets(ctx context.Context, tx *store.Tx, v catalog.VPC) error {
	p, err := checkRange("cidr", v.CIDR)
	if err != nil {
		return err
	}
	subnets, err := catalog.Subnets(ctx, tx, v.ProjectID)
	for _, n := range subnets {
		if q, bad := netip.ParsePrefix(n.CIDR); n.VPCID == v.ID && (bad != nil || !contains(p, q)) {
			return workspace.Errorf(workspace.CodeConflict, "cidr: %s does not contain the VPC's subnet %s (%s)", p, n.Name, n.CIDR)
		}
	}
	return err
}

// DeleteVPC deletes a VPC without subnets. CodeNetworkNotFound; CodeConflict if it has subnets, or the Workspace service uses it.
func (s *Service) DeleteVPC(ctx context.Context, c workspace.Caller, id string) error {
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		if err := lockProject(ctx, tx, c.ProjectID); err != nil {
			return err
		}
		used, err := serviceVPC(ctx, tx, c.ProjectID)
		if err != nil {
			return err
		}
		v, err := readVPC(ctx, tx, c.ProjectID, id)
		if err != nil {
			return err
		}
		if used == id {
			return workspace.Errorf(workspace.CodeConflict, "the Workspace service uses VPC %s: close it first", id)
		}
		subnets, err := catalog.Subnets(ctx, tx, c.ProjectID)
		if err != nil {
			return err
		}
		n := len(slices.DeleteFunc(subnets, func(s catalog.Subnet) bool { return s.VPCID != id }))
		if n > 0 {
			return workspace.Errorf(workspace.CodeConflict, "VPC %s has %s: delete them first", id, workspace.Plural(n, "subnet"))
		}
		tx.Audit(workspace.Resource{Type: ResourceVPC, ID: v.ID, Name: v.Name}, "")
		return deleteVPC(ctx, tx, id)
	}))
}

func set(field *string, value *string) {
	if value != nil {
		*field = *value
	}
}

// contains reports whether a range contains another one.
func contains(p, q netip.Prefix) bool { return p.Bits() <= q.Bits() && p.Contains(q.Addr()) }
