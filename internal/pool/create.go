package pool

import (
	"context"
	"fmt"
	"slices"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/namepolicy"
	"carrel/internal/quota"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// CreatePool writes a pool with its grants and first desktops, and a job that creates their machines. It returns the job's id;
// the pool is listed immediately. CodeNameTaken if another pool of the project has the name: a unique constraint decides between
// concurrent callers.
func (s *Service) CreatePool(ctx context.Context, r CreatePool) (string, error) {
	if err := r.Check(); err != nil {
		return "", err
	}
	return desktop.Choosing(ctx, s.Store, store.As(r.Caller, func(tx *store.Tx) (string, error) {
		allowance, err := quota.Hold(ctx, tx, r.ProjectID)
		if err != nil {
			return "", err
		}
		p := r.Pool(tx.Now())
		people, err := (&ChangeGrants{PoolID: p.ID, Action: GrantAdd, Objects: r.People}).Apply(nil, tx.Now())
		if err != nil {
			return "", err
		}
		if err := settlePlace(ctx, tx, &p); err != nil {
			return "", err
		}
		if err := granteesExist(ctx, tx, p.ProjectID, "authorized_objects", people); err != nil {
			return "", err
		}
		if err := InsertPool(ctx, tx, p, people); err != nil {
			return "", err
		}
		return growPool(ctx, tx, p, r.Size, Growth{Caller: r.Caller, Type: workspace.JobCreatePool, Allowance: allowance})
	}))
}

// settlePlace checks that what the pool's desktops are created from and where exists and fits. An omitted zone and omitted
// security groups stay omitted, because clients compare what they sent with what they read; growPool determines the defaults.
func settlePlace(ctx context.Context, tx *store.Tx, p *Pool) error {
	product, err := catalog.ReadProduct(ctx, tx, p.ProductID)
	if err != nil {
		return workspace.InField("product_id", err)
	}
	if product.Status != "normal" {
		return workspace.Invalid("product_id", "%q can no longer be ordered (%s)", p.ProductID, product.Status)
	}
	image, err := catalog.HoldImage(ctx, tx, p.ProjectID, p.ImageID)
	if err != nil {
		return workspace.InField("image_id", err)
	}
	order := p.Order()
	if err := desktop.CheckImage(order, image, product); err != nil {
		return err
	}
	if err := desktop.CheckVolumeTypes(ctx, tx, order); err != nil {
		return err
	}
	if _, err := desktop.FindZone(ctx, tx, p.Zone); err != nil {
		return err
	}
	if err := p.settleSubnets(ctx, tx); err != nil {
		return err
	}
	if p.OUID, err = directory.FindOU(ctx, tx, p.ProjectID, p.OUName); err != nil {
		return err
	}
	if _, err := desktop.FindSecurityGroups(ctx, tx, p.ProjectID, p.SecurityGroups); err != nil {
		return err
	}
	return p.checkNamePolicy(ctx, tx)
}

// Order returns the pool's desktops in the form of a request for desktops.
func (p Pool) Order() desktop.CreateDesktops {
	r := desktop.CreateDesktops{ImageType: p.ImageType, Root: p.Root.Spec()}
	for _, v := range p.Data {
		r.Data = append(r.Data, v.Spec())
	}
	return r
}

// settleSubnets returns an error for subnets that do not exist or are in another VPC than the pool's. If no VPC was requested, it
// is that of the first subnet.
func (p *Pool) settleSubnets(ctx context.Context, tx *store.Tx) error {
	subnets, err := catalog.Subnets(ctx, tx, p.ProjectID)
	if err != nil {
		return err
	}
	for i, id := range p.SubnetIDs {
		field := fmt.Sprintf("subnet_ids[%d]", i)
		at := slices.IndexFunc(subnets, func(s catalog.Subnet) bool { return s.ID == id })
		switch {
		case at < 0:
			return workspace.Errorf(workspace.CodeSubnetNotFound, "%s: %q does not exist", field, id)
		case subnets[at].Withdrawn:
			return desktop.SubnetWithdrawn(field, subnets[at])
		case p.VPCID == "":
			p.VPCID = subnets[at].VPCID
		case p.VPCID != subnets[at].VPCID:
			return workspace.Invalid(field, "subnet %s is in VPC %s, the pool is in %s", id, subnets[at].VPCID, p.VPCID)
		}
	}
	return nil
}

// checkNamePolicy returns an error for a name policy that does not exist or that uses user names, since new pool desktops have no
// user.
func (p Pool) checkNamePolicy(ctx context.Context, tx *store.Tx) error {
	if p.NamePolicyID == "" {
		return nil
	}
	policy, err := namepolicy.Lock(ctx, tx, p.ProjectID, p.NamePolicyID)
	if err == nil {
		_, err = policy.PrefixOf("")
		return err
	}
	return workspace.InField("desktop_name_policy_id", err)
}

// granteesExist returns an error for users and groups that the project does not have.
func granteesExist(ctx context.Context, tx *store.Tx, projectID, field string, grants []Grant) error {
	ids := map[GranteeType][]string{}
	for _, g := range grants {
		ids[g.Type] = append(ids[g.Type], g.ObjectID)
	}
	there := map[GranteeType]map[string]bool{GrantUser: {}}
	if len(ids[GrantUser]) > 0 {
		users, _, err := directory.Users(ctx, tx, directory.UserQuery{ProjectID: projectID, IDs: ids[GrantUser], Page: workspace.Page{Limit: len(ids[GrantUser])}})
		if err != nil {
			return err
		}
		for _, u := range users {
			there[GrantUser][u.ID] = true
		}
	}
	var err error
	if there[GrantGroup], err = directory.GroupsAmong(ctx, tx, projectID, ids[GrantGroup]); err != nil {
		return err
	}
	for i, g := range grants {
		if there[g.Type][g.ObjectID] {
			continue
		}
		at := fmt.Sprintf("%s[%d].object_id", field, i)
		if g.Type == GrantGroup {
			return workspace.Errorf(workspace.CodeGroupNotFound, "%s: user group %q does not exist", at, g.ObjectID)
		}
		return workspace.Errorf(workspace.CodeUserNotFound, "%s: user %q does not exist", at, g.ObjectID)
	}
	return nil
}

// ExpandPool adds desktops to a pool, created from its current settings, and returns the id of the job. CodePoolNotFound,
// CodeInvalid.
func (s *Service) ExpandPool(ctx context.Context, r ExpandPool) (string, error) {
	if err := r.Check(); err != nil {
		return "", err
	}
	return desktop.Choosing(ctx, s.Store, store.As(r.Caller, func(tx *store.Tx) (string, error) {
		allowance, err := quota.Hold(ctx, tx, r.ProjectID)
		if err != nil {
			return "", err
		}
		p, err := LockPool(ctx, tx, r.ProjectID, r.PoolID)
		if err != nil {
			return "", err
		}
		if err := settlePlace(ctx, tx, &p); err != nil {
			return "", err
		}
		return growPool(ctx, tx, p, r.Size, Growth{Caller: r.Caller, Type: workspace.JobExpandPool, Allowance: allowance})
	}))
}
