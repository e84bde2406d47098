package network

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"carrel/internal/catalog"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// NewSubnet describes a subnet to create.
type NewSubnet struct {
	VPCID, Name, Description, CIDR, Gateway string
	DNS                                     []string // none: the gateway
}

// SubnetState is what the engine has of a subnet.
type SubnetState string

// The states of subnets.
const (
	SubnetMaking SubnetState = "UNKNOWN" // the engine has not made its network yet
	SubnetActive SubnetState = "ACTIVE"
	SubnetFailed SubnetState = "ERROR" // the engine cannot make its network; it is tried again
)

// Subnet is a subnet with what the engine has of it.
type Subnet struct {
	catalog.Subnet
	State SubnetState
	Fault string // why it is SubnetFailed
}

// CreateSubnet creates a subnet, whose network a worker makes. The project's Workspace service does not use it before it is told to. CodeNetworkNotFound
// (the VPC), CodeInvalid; CodeConflict if the range overlaps that of another subnet, since the host's routes tell networks apart by their ranges.
func (s *Service) CreateSubnet(ctx context.Context, c workspace.Caller, n NewSubnet) (Subnet, error) {
	if err := checkTexts(n.Name, n.Description, false); err != nil {
		return Subnet{}, err
	}
	cidr, err := checkRange("cidr", n.CIDR)
	if err != nil {
		return Subnet{}, err
	}
	if n.Gateway, err = checkGateway(n.Gateway, cidr); err != nil {
		return Subnet{}, err
	}
	if err := checkNameServers(n.DNS); err != nil {
		return Subnet{}, err
	}
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (Subnet, error) {
		if err := lockProject(ctx, tx, c.ProjectID); err != nil {
			return Subnet{}, err
		}
		v, err := readVPC(ctx, tx, c.ProjectID, n.VPCID)
		if err != nil {
			return Subnet{}, workspace.InField("vpc_id", err)
		}
		if p, err := netip.ParsePrefix(v.CIDR); err == nil && !contains(p, cidr) {
			return Subnet{}, workspace.Invalid("cidr", "%s is not in the VPC's range %s", cidr, v.CIDR)
		}
		if err := s.freeRange(ctx, tx, c.ProjectID, cidr); err != nil {
			return Subnet{}, err
		}
		id := workspace.NewID()
		made := catalog.Subnet{
			ID: id, ProjectID: c.ProjectID, VPCID: v.ID, Name: n.Name, Description: n.Description, CIDR: n.CIDR, Gateway: n.Gateway,
			DNS: append([]string{}, n.DNS...), Network: networkOf(id), Withdrawn: true, Created: tx.Now(), Updated: tx.Now(),
		}
		if err := catalog.InsertSubnet(ctx, tx, made); err != nil {
			return Subnet{}, err
		}
		tx.Audit(workspace.Resource{Type: ResourceSubnet, ID: id, Name: n.Name}, "", workspace.FieldChange{Field: "cidr", New: n.CIDR})
		return Subnet{Subnet: made, State: SubnetMaking}, tx.WakeWorkers(ctx)
	}))
}

// networkOf names the engine's network of a subnet that the API creates. No two subnets have the same.
func networkOf(subnetID string) string { return "cn" + strings.ReplaceAll(subnetID, "-", "")[:12] }

// freeRange returns CodeConflict for a range that overlaps that of a subnet of any project, or if the project has MaxSubnets.
func (s *Service) freeRange(ctx context.Context, tx *store.Tx, projectID string, cidr netip.Prefix) error {
	if err := catalog.LockRanges(ctx, tx); err != nil {
		return err
	}
	all, err := catalog.Subnets(ctx, tx, "")
	if err != nil {
		return err
	}
	own := 0
	for _, n := range all {
		if n.ProjectID == projectID {
			own++
		}
		p, err := netip.ParsePrefix(n.CIDR)
		if err != nil || !p.Overlaps(cidr) {
			continue
		}
		if n.ProjectID == projectID {
			return workspace.Errorf(workspace.CodeConflict, "cidr: %s overlaps subnet %s (%s) of VPC %s", cidr, n.ID, n.CIDR, n.VPCID)
		}
		return workspace.Errorf(workspace.CodeConflict, "cidr: %s is in use by another project: choose another range", cidr)
	}
	if own >= MaxSubnets {
		return workspace.Errorf(workspace.CodeConflict, "the project has %d subnets, which is the limit: delete one first", own)
	}
	return nil
}

// Subnets lists the subnets of a project, oldest first.
func (s *Service) Subnets(ctx context.Context, projectID string) ([]Subnet, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) ([]Subnet, error) { return readSubnets(ctx, tx, projectID) })
}

func readSubnets(ctx context.Context, tx *store.Tx, projectID string) ([]Subnet, error) {
	subnets, err := catalog.Subnets(ctx, tx, projectID)
	if err != nil {
		return nil, err
	}
	rows, err := networksOf(ctx, tx, projectID)
	all := make([]Subnet, len(subnets))
	for i, s := range subnets {
		all[i] = Subnet{Subnet: s, State: SubnetActive}
		if at := slices.IndexFunc(rows, func(r networkRow) bool { return r.ID == s.Network }); at >= 0 {
			all[i].State, all[i].Fault = stateOf(rows[at]), rows[at].Fault
		}
	}
	return all, err
}

func stateOf(r networkRow) SubnetState {
	switch {
	case r.Made:
		return SubnetActive
	case r.Fault != "":
		return SubnetFailed
	}
	return SubnetMaking
}

// Subnet reads a subnet. CodeNetworkNotFound.
func (s *Service) Subnet(ctx context.Context, projectID, id string) (Subnet, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) (Subnet, error) { return readSubnet(ctx, tx, projectID, id) })
}

func readSubnet(ctx context.Context, tx *store.Tx, projectID, id string) (Subnet, error) {
	all, err := readSubnets(ctx, tx, projectID)
	if err != nil {
		return Subnet{}, err
	}
	return find(all, "subnet", id, func(s Subnet) string { return s.ID })
}

// ChangeSubnet is a request to change a subnet. Nil fields stay as they are. Name servers are those of desktops that are created afterwards.
type ChangeSubnet struct {
	Name, Description *string
	DNS               *[]string
}

// UpdateSubnet changes a subnet. CodeNetworkNotFound, CodeInvalid.
func (s *Service) UpdateSubnet(ctx context.Context, c workspace.Caller, vpcID, id string, change ChangeSubnet) (Subnet, error) {
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (Subnet, error) {
		if err := lockProject(ctx, tx, c.ProjectID); err != nil {
			return Subnet{}, err
		}
		n, err := readSubnet(ctx, tx, c.ProjectID, id)
		if err == nil && n.VPCID != vpcID {
			err = missing("subnet", id)
		}
		if err != nil {
			return n, err
		}
		set(&n.Name, change.Name)
		set(&n.Description, change.Description)
		if change.DNS != nil {
			n.DNS = append([]string{}, *change.DNS...)
		}
		if err := checkTexts(n.Name, n.Description, false); err != nil {
			return n, err
		}
		if err := checkNameServers(n.DNS); err != nil {
			return n, err
		}
		n.Updated = tx.Now()
		tx.Audit(workspace.Resource{Type: ResourceSubnet, ID: id, Name: n.Name}, "")
		return n, catalog.SaveSubnet(ctx, tx, n.Subnet)
	}))
}

// DeleteSubnet deletes a subnet; a worker removes its network. CodeNetworkNotFound; CodeConflict if desktops are in it or pools create desktops in it, or the
// project's open service uses it, or it is of the operator's configuration. The lock of the service's row keeps others from putting something in meanwhile.
func (s *Service) DeleteSubnet(ctx context.Context, c workspace.Caller, vpcID, id string) error {
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		if err := lockProject(ctx, tx, c.ProjectID); err != nil {
			return err
		}
		used, err := serviceVPC(ctx, tx, c.ProjectID)
		if err != nil {
			return err
		}
		n, err := readSubnet(ctx, tx, c.ProjectID, id)
		if err == nil && vpcID != "" && n.VPCID != vpcID {
			err = missing("subnet", id)
		}
		if err != nil {
			return err
		}
		if used == n.VPCID && !n.Withdrawn {
			return workspace.Errorf(workspace.CodeConflict, "the Workspace service uses subnet %s: take it out with PUT /v2/%s/workspaces, or close the service", id, c.ProjectID)
		}
		filled, err := catalog.UsedSubnets(ctx, tx, c.ProjectID)
		if err == nil && slices.Contains(filled, id) {
			err = workspace.Errorf(workspace.CodeConflict, "subnet %s has desktops, or pools create desktops in it: delete those first", id)
		}
		if err != nil {
			return err
		}
		kept, err := isConfigured(ctx, tx, n.Network)
		if err == nil && kept {
			err = workspace.Errorf(workspace.CodeConflict, "subnet %s is of the operator's configuration (networks): it can be removed only there", id)
		}
		if err != nil {
			return err
		}
		tx.Audit(workspace.Resource{Type: ResourceSubnet, ID: id, Name: n.Name}, "")
		if err := deleteSubnet(ctx, tx, n.Subnet); err != nil {
			return err
		}
		return tx.WakeWorkers(ctx)
	}))
}
