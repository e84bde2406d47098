package pool

import (
	"context"
	"time"

	"carrel/internal/capacity"
	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/namepolicy"
	"carrel/internal/quota"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Growth says why a pool gets more desktops.
type Growth struct {
	workspace.Caller
	Type workspace.JobType // JobCreatePool, JobExpandPool, or JobCreateDesktops for autoscaling
	Auto bool              // created by autoscaling, which may delete them again

	Allowance *quota.Allowance // of the pool's project, held since before the pool was locked
}

// growPool writes n more desktops of a pool and a job with one sub-job for each, and returns the job's id. The caller has locked
// the pool (LockPool) or just inserted it, and repeats the call if another transaction took a name or an address first
// (choosing). CodeEnterpriseDisabled if its enterprise project takes nothing new, CodeNoAddress if the pool's subnets are full,
// CodeCapacityExceeded, CodeQuotaExceeded, CodeImageNotFound if its image is gone,
// CodePolicyNotFound and CodeInvalid about names.
func growPool(ctx context.Context, tx *store.Tx, p Pool, n int, g Growth) (jobID string, err error) {
	jobID, _, _, err = GrowUpTo(ctx, tx, p, n, n, g)
	return jobID, err
}

// GrowUpTo is growPool for as many of n desktops as the quota and the capacity suffice for. It returns how many it wrote and, if fewer than n, why. If
// it suffices for fewer than least, it fails, and the caller must not commit.
func GrowUpTo(ctx context.Context, tx *store.Tx, p Pool, n, least int, g Growth) (jobID string, made int, short, err error) {
	if err := tx.HoldEnterprise(ctx, p.ProjectID, p.EnterpriseID); err != nil {
		return "", 0, nil, err
	}
	image, err := catalog.HoldImage(ctx, tx, "", p.ImageID)
	if err != nil {
		return "", 0, nil, workspace.InField("image_id", err)
	}
	if image.Gone {
		return "", 0, nil, catalog.ImageGone(image)
	}
	if p.Zone, err = desktop.FindZone(ctx, tx, p.Zone); err != nil { // empty means the default zone
		return "", 0, nil, err
	}
	product, err := catalog.ReadProduct(ctx, tx, p.ProductID)
	if err != nil {
		return "", 0, nil, workspace.InField("product_id", err)
	}
	each, counted := p.demand(product)
	wanted := n
	n, tooMany, err := g.Allowance.AdmitUpTo(ctx, tx, counted, n)
	if err != nil {
		return "", 0, nil, err
	}
	if n < least {
		return "", 0, nil, tooMany
	}
	left, err := capacity.ReadFree(ctx, tx)
	if err != nil {
		return "", 0, nil, err
	}
	if n, short, err = left.Take(ctx, tx, each, n); err != nil {
		return "", 0, nil, err
	}
	if n < least {
		return "", 0, nil, short
	}
	if short == nil {
		short = tooMany
	}
	if p.SecurityGroups, err = desktop.FindSecurityGroups(ctx, tx, p.ProjectID, p.SecurityGroups); err != nil { // none means the default group
		return "", 0, nil, err
	}
	names, err := poolNames(ctx, tx, p, n)
	if err != nil {
		return "", 0, nil, err
	}
	job := workspace.Job{ID: workspace.NewID(), ProjectID: p.ProjectID, Type: g.Type, PoolID: p.ID, RequestID: g.RequestID, Created: tx.Now()}
	made, err = spread(ctx, tx, p, n, func(subnetID string, addresses []string) error {
		desktops := make([]desktop.Desktop, len(addresses))
		for i, address := range addresses {
			d := p.desktop(names[len(job.SubJobs)], subnetID, address, tx.Now())
			d.AutoCreated = g.Auto
			sub := desktop.NewSubJob(&job, d, desktop.CreateParams{Remark: catalog.SystemRemark(product, image)})
			d.TaskOwner = sub.ID
			desktops[i] = d
			job.SubJobs = append(job.SubJobs, sub)
		}
		if err := desktop.SettleHostNames(ctx, tx, p.ProjectID, desktops, func(int) bool { return false }); err != nil {
			return err
		}
		return desktop.InsertDesktops(ctx, tx, desktops)
	})
	if err != nil {
		return "", 0, nil, err
	}
	if made < least {
		return "", 0, nil, noAddresses(p, made, wanted)
	}
	if made < n {
		short = noAddresses(p, made, wanted)
	}
	if err := tx.InsertJob(ctx, job); err != nil {
		return "", 0, nil, err
	}
	return job.ID, made, short, capacity.Reserve(ctx, tx, each.Times(made))
}

// noAddresses returns the error that the pool's subnets have addresses for only free of the wanted desktops.
func noAddresses(p Pool, free, wanted int) error {
	return workspace.Errorf(workspace.CodeNoAddress, "subnet_ids: the subnets of pool %s have %d free addresses, %d are needed", p.Name, free, wanted)
}

// demand returns the capacity that each of the pool's desktops needs, and what of its quotas the project uses for it.
func (p Pool) demand(product catalog.Product) (capacity.Demand, quota.Amounts) {
	disks := []desktop.VolumeSpec{p.Root.Spec()}
	for _, v := range p.Data {
		disks = append(disks, v.Spec())
	}
	return desktop.DemandOf(1, product, disks...), desktop.QuotaOf(product, disks...)
}

// poolNames generates the computer names of n new desktops, by the pool's name policy or from the pool's name.
func poolNames(ctx context.Context, tx *store.Tx, p Pool, n int) ([]string, error) {
	if p.NamePolicyID == "" {
		taken, err := desktop.NamesWithPrefix(ctx, tx, p.ProjectID, p.NamePrefix())
		if err != nil {
			return nil, err
		}
		return workspace.NameSequence("name", p.NamePrefix(), n, workspace.InLowerCase(taken))
	}
	policy, err := namepolicy.Lock(ctx, tx, p.ProjectID, p.NamePolicyID)
	if err != nil {
		return nil, workspace.InField("desktop_name_policy_id", err)
	}
	names := make([]string, n)
	open := make([]int, n)
	for i := range open {
		open[i] = i
	}
	return names, desktop.NamesByPolicy(ctx, tx, policy, p.ProjectID, names, make([]string, n), open)
}

// spread finds addresses for n new desktops in the pool's subnets, distributed evenly while they last, and calls write for
// each subnet in turn: addresses that are written are no longer free. It returns fewer than n if the subnets are full.
func spread(ctx context.Context, tx *store.Tx, p Pool, n int, write func(subnetID string, addresses []string) error) (made int, err error) {
	for left := n; left > 0; {
		before := left
		share := (left + len(p.SubnetIDs) - 1) / len(p.SubnetIDs)
		for turn := range len(p.SubnetIDs) {
			subnetID := p.Subnet(turn)
			addresses, err := freeUpTo(ctx, tx, subnetID, min(share, left))
			if err != nil {
				return n - left, workspace.InField("subnet_ids", err)
			}
			if len(addresses) == 0 {
				continue
			}
			if err := write(subnetID, addresses); err != nil {
				return n - left, err
			}
			left -= len(addresses)
		}
		if left == before {
			return n - left, nil
		}
	}
	return n, nil
}

// freeUpTo returns up to n free addresses of a subnet: fewer if it is nearly full, none if it is full.
func freeUpTo(ctx context.Context, tx *store.Tx, subnetID string, n int) ([]string, error) {
	for ; n > 0; n /= 2 {
		addresses, err := catalog.FreeAddresses(ctx, tx, subnetID, n)
		if err == nil || workspace.CodeOf(err) != workspace.CodeNoAddress {
			return addresses, err
		}
	}
	return nil, nil
}

// desktop returns a new desktop of the pool.
func (p Pool) desktop(name, subnetID, address string, now time.Time) desktop.Desktop {
	d := desktop.Desktop{
		ID: workspace.NewID(), ProjectID: p.ProjectID, PoolID: p.ID, Type: workspace.Pooled, Name: name, OUID: p.OUID,
		ProductID: p.ProductID, ImageID: p.ImageID, Zone: p.Zone, SubnetID: subnetID, Address: address,
		SecurityGroups: p.SecurityGroups, EnterpriseID: p.EnterpriseID, Tags: p.Tags,
		Status: desktop.StatusCreating, Task: workspace.TaskCreating, Login: desktop.LoginUnregistered, Created: now, Updated: now,
	}
	d.HostName = workspace.HostNameFor(name, d.ID)
	d.Root = desktop.NewVolume(p.Root.Spec(), 0, now)
	d.Root.PoolVolumeID = p.Root.ID
	for i, v := range p.Data {
		disk := desktop.NewVolume(v.Spec(), i+1, now)
		disk.PoolVolumeID = v.ID
		d.Data = append(d.Data, disk)
	}
	return d
}
