package catalog

import (
	"context"
	"slices"
	"time"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// NewSubnet is a subnet that a project gets when the Workspace service is opened for it.
type NewSubnet struct {
	Name    string
	CIDR    string
	Gateway string
	DNS     []string
	Network string // engine.Network.ID
}

// Subscribe opens the Workspace service for a project, with a private network, its subnets, of which the first is the default
// one, and security groups. What exists stays as it is, also a service that was closed; subnets whose network is new are added. The project's
// subscription is locked meanwhile, so that concurrent callers do not create things twice. The enterprise id of a new service is the given one, or
// if that is empty or another project has it, the project's. CodeConflict if a network belongs to another project.
func (s *Service) Subscribe(ctx context.Context, projectID, enterpriseID, cidr string, subnets []NewSubnet) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		owner, err := tx.EnterpriseProject(ctx, enterpriseID)
		if err != nil {
			return err
		}
		if enterpriseID == "" || owner != "" && owner != projectID {
			enterpriseID = projectID
		}
		opened, err := tx.OpenSubscription(ctx, workspace.Subscription{
			ID: workspace.NewID(), ProjectID: projectID, VPCID: workspace.NewID(), Opened: tx.Now(), EnterpriseID: enterpriseID,
		})
		if err != nil {
			return err
		}
		vpc, err := ensureVPC(ctx, tx, opened, cidr)
		if err != nil {
			return err
		}
		if err := ensureSubnets(ctx, tx, vpc, subnets); err != nil {
			return err
		}
		return EnsureSecurityGroups(ctx, tx, projectID)
	})
}

func ensureVPC(ctx context.Context, tx *store.Tx, s workspace.Subscription, cidr string) (VPC, error) {
	vpcs, err := VPCs(ctx, tx, s.ProjectID)
	if err != nil {
		return VPC{}, err
	}
	for _, v := range vpcs {
		if v.ID == s.VPCID {
			return v, nil
		}
	}
	v := VPC{ID: s.VPCID, ProjectID: s.ProjectID, Name: "vpc-default", CIDR: cidr, Created: tx.Now()}
	return v, InsertVPC(ctx, tx, v)
}

func ensureSubnets(ctx context.Context, tx *store.Tx, vpc VPC, wanted []NewSubnet) error {
	subnets, err := Subnets(ctx, tx, vpc.ProjectID)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, s := range subnets {
		known[s.Network] = true
	}
	for i, w := range wanted {
		if known[w.Network] {
			continue
		}
		// Lists have the order in which subnets were created: the first is a microsecond older than the second.
		err := InsertSubnet(ctx, tx, Subnet{
			ID: workspace.NewID(), ProjectID: vpc.ProjectID, VPCID: vpc.ID, Name: w.Name, CIDR: w.CIDR, Gateway: w.Gateway, DNS: w.DNS,
			Network: w.Network, Default: len(subnets) == 0 && i == 0, Created: tx.Now().Add(time.Duration(i) * time.Microsecond),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// InfrastructureGroup is the name of the security group of the infrastructure. Clients expect the two groups of a service to be
// different.
const InfrastructureGroup = "WorkspaceManagerSecurityGroup"

// EnsureSecurityGroups creates the default group of desktops and that of the infrastructure, if missing.
func EnsureSecurityGroups(ctx context.Context, tx *store.Tx, projectID string) error {
	groups, err := SecurityGroups(ctx, tx, projectID)
	if err != nil {
		return err
	}
	for i, g := range []SecurityGroup{
		{
			Name: "WorkspaceUserSecurityGroup", Default: true,
			Description: "Desktops reach the internet; nothing reaches them but the gateway.",
		},
		{Name: InfrastructureGroup, Description: "The gateway, through which people reach their desktops. Not for desktops."},
	} {
		if slices.ContainsFunc(groups, func(there SecurityGroup) bool { return there.Name == g.Name || there.Default && g.Default }) {
			continue
		}
		g.ID, g.ProjectID, g.Created = workspace.NewID(), projectID, tx.Now().Add(time.Duration(i)*time.Microsecond)
		if err := InsertSecurityGroup(ctx, tx, g); err != nil {
			return err
		}
	}
	return nil
}
