package reshape

import (
	"context"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/quota"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// counting sums what a change adds to what a project uses of its quotas. In a project without limits it counts nothing.
type counting struct {
	allowance *quota.Allowance
	wanted    quota.Amounts            // by the sub-jobs that will run
	more      map[string]quota.Amounts // by sub-job, also of those that may be retried
	products  map[string]catalog.Product
}

// add counts the change of a desktop by a sub-job. What it frees is free only afterwards.
func (c *counting) add(ctx context.Context, tx *store.Tx, subJobID string, d desktop.Desktop, r ReshapeParams, runs bool) error {
	if !c.allowance.Limited() {
		return nil
	}
	next := r.Apply(d)
	was, err := c.amounts(ctx, tx, d)
	if err != nil {
		return err
	}
	will, err := c.amounts(ctx, tx, next)
	if err != nil {
		return err
	}
	more := quota.Amounts{}
	for resource, amount := range will {
		if amount > was[resource] {
			more[resource] = amount - was[resource]
		}
	}
	c.more[subJobID] = more
	if runs {
		c.wanted = c.wanted.And(more)
	}
	return nil
}

func (c *counting) amounts(ctx context.Context, tx *store.Tx, d desktop.Desktop) (quota.Amounts, error) {
	product, known := c.products[d.ProductID]
	if !known {
		var err error
		product, err = catalog.ReadProduct(ctx, tx, d.ProductID)
		if err != nil && workspace.CodeOf(err) != workspace.CodeProductNotFound { // one that is gone counts as nothing
			return nil, err
		}
		if c.products == nil {
			c.products = map[string]catalog.Product{}
		}
		c.products[d.ProductID] = product
	}
	disks := []desktop.VolumeSpec{{Type: d.Root.Type, GB: d.Root.GB}}
	for _, v := range d.Data {
		disks = append(disks, desktop.VolumeSpec{Type: v.Type, GB: v.GB})
	}
	return desktop.QuotaOf(product, disks...), nil
}

// settle takes what was counted, and notes it with the sub-jobs, which have been written. CodeQuotaExceeded.
func (c *counting) settle(ctx context.Context, tx *store.Tx, projectID string) error {
	if err := c.allowance.Admit(ctx, tx, c.wanted); err != nil {
		return err
	}
	return quota.InsertGrowths(ctx, tx, projectID, c.more)
}
