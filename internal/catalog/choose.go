package catalog

import (
	"context"
	"slices"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// MaxServiceSubnets is the most subnets that a service may use.
const MaxServiceSubnets = 50

// ChooseNetwork decides which VPC a service uses: the one asked for, or that which it used before, or the project's first. ok is false if the project
// has none. CodeInvalid for one that is not the project's.
func ChooseNetwork(vpcs []VPC, asked, before string) (v VPC, ok bool, err error) {
	at := func(id string) int { return slices.IndexFunc(vpcs, func(v VPC) bool { return v.ID == id }) }
	switch {
	case asked != "" && at(asked) < 0:
		return v, false, workspace.Invalid("vpc_id", "the project has no VPC %q: leave it out for one of its own, or name one of those that GET /vpcs lists", asked)
	case asked != "":
		return vpcs[at(asked)], true, nil
	case len(vpcs) == 0:
		return v, false, nil
	default:
		return vpcs[max(at(before), 0)], true, nil
	}
}

// ChooseSubnets decides which subnets of a VPC a service uses: those asked for, in their order, or all. CodeSubnetNotFound, CodeInvalid. field is
// that of the request.
func ChooseSubnets(subnets []Subnet, vpcID, field string, asked []string) ([]string, error) {
	own := map[string]bool{}
	var all []string
	for _, s := range subnets {
		if s.VPCID == vpcID {
			own[s.ID], all = true, append(all, s.ID)
		}
	}
	if len(asked) == 0 {
		asked = all
	}
	if len(asked) == 0 || len(asked) > MaxServiceSubnets {
		return nil, workspace.Invalid(field, "%d subnets, use 1 to %d of the VPC", len(asked), MaxServiceSubnets)
	}
	seen := map[string]bool{}
	for _, id := range asked {
		switch {
		case !own[id]:
			return nil, workspace.Errorf(workspace.CodeSubnetNotFound, "%s: VPC %s has no subnet %q", field, vpcID, id)
		case seen[id]:
			return nil, workspace.Invalid(field, "%s is listed twice", id)
		}
		seen[id] = true
	}
	return asked, nil
}

// UseSubnets makes these the subnets that the project's service uses; the others are withdrawn. CodeConflict if one of those has a desktop, or a pool
// creates desktops in it. The caller holds the project's subscription, as do those who put something into a subnet.
func UseSubnets(ctx context.Context, tx *store.Tx, projectID string, ids []string) error {
	used, err := UsedSubnets(ctx, tx, projectID)
	if err != nil {
		return err
	}
	for _, id := range used {
		if !slices.Contains(ids, id) {
			return workspace.Errorf(workspace.CodeConflict, "subnet_ids: subnet %s has desktops, or pools create desktops in it: delete those first, or keep it", id)
		}
	}
	return useSubnets(ctx, tx, projectID, ids)
}

// DropNetwork takes back what NewNetwork gave.
func DropNetwork(ctx context.Context, tx *store.Tx, projectID, vpcID string) error {
	return deleteNetwork(ctx, tx, projectID, vpcID)
}
