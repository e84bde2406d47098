package desktop

import (
	"cmp"
	"context"
	"slices"

	"carrel/internal/catalog"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// DesktopDetail is a desktop with what it refers to. OrderID is that of the last rebuild of its pool that has one.
type DesktopDetail struct {
	Desktop
	Product  catalog.Product
	Image    catalog.Image
	Groups   []catalog.SecurityGroup // in the desktop's order; a deleted one has only its id
	Progress *int                    // percent of its task; nil without a task
}

// Desktop reads one desktop, or fails with CodeDesktopNotFound.
func (s *Service) Desktop(ctx context.Context, projectID, id string) (DesktopDetail, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) (DesktopDetail, error) {
		d, err := ReadDesktop(ctx, tx, projectID, id)
		if err != nil {
			return DesktopDetail{}, err
		}
		details, err := WithDetails(ctx, tx, projectID, []Desktop{d})
		if err != nil {
			return DesktopDetail{}, err
		}
		return details[0], nil
	})
}

// ListDesktops reads a page of desktops, without their volumes and security groups, and counts all that match.
func (s *Service) ListDesktops(ctx context.Context, q DesktopQuery) ([]Desktop, int, error) {
	q.Brief = true
	return store.List(ctx, s.Store, func(tx *store.Tx) ([]Desktop, int, error) { return Desktops(ctx, tx, q) })
}

// ListDesktopDetails is ListDesktops with all that belongs to the desktops and what they refer to.
func (s *Service) ListDesktopDetails(ctx context.Context, q DesktopQuery) ([]DesktopDetail, int, error) {
	return store.List(ctx, s.Store, func(tx *store.Tx) ([]DesktopDetail, int, error) {
		desktops, total, err := Desktops(ctx, tx, q)
		if err != nil {
			return nil, 0, err
		}
		details, err := WithDetails(ctx, tx, q.ProjectID, desktops)
		return details, total, err
	})
}

// WithDetails reads what desktops refer to: products and images as WithCatalog does, everything else with one statement per kind,
// and what only some desktops have only for those.
func WithDetails(ctx context.Context, tx *store.Tx, projectID string, desktops []Desktop) ([]DesktopDetail, error) {
	details, err := WithCatalog(ctx, tx, desktops)
	if err != nil {
		return nil, err
	}
	groups, err := catalog.SecurityGroups(ctx, tx, projectID)
	if err != nil {
		return nil, err
	}
	var pooled, tasks []string
	for _, d := range desktops {
		if d.PoolID != "" {
			pooled = append(pooled, d.ID)
		}
		if d.Task != workspace.NoTask && d.TaskOwner != "" {
			tasks = append(tasks, d.TaskOwner)
		}
	}
	orders, err := RolloutOrders(ctx, tx, pooled)
	if err != nil {
		return nil, err
	}
	progress, err := tx.SubJobProgress(ctx, tasks)
	if err != nil {
		return nil, err
	}
	for i := range details {
		d := &details[i]
		d.Groups, d.OrderID = GroupsNamed(groups, d.SecurityGroups), cmp.Or(orders[d.ID], d.OrderID)
		if percent, known := progress[d.TaskOwner]; known && d.Task != workspace.NoTask {
			d.Progress = &percent
		}
	}
	return details, nil
}

// GroupsNamed returns the security groups with these ids. A deleted one has only its id.
func GroupsNamed(all []catalog.SecurityGroup, ids []string) []catalog.SecurityGroup {
	found := make([]catalog.SecurityGroup, len(ids))
	for i, id := range ids {
		found[i].ID = id
		if at := slices.IndexFunc(all, func(g catalog.SecurityGroup) bool { return g.ID == id }); at >= 0 {
			found[i] = all[at]
		}
	}
	return found
}

// WithCatalog reads each product and image once, however many desktops use it. One that is no longer offered has only its id.
func WithCatalog(ctx context.Context, tx *store.Tx, desktops []Desktop) ([]DesktopDetail, error) {
	products, images := map[string]catalog.Product{}, map[string]catalog.Image{}
	details := make([]DesktopDetail, len(desktops))
	for i, d := range desktops {
		product, ok := products[d.ProductID]
		if !ok {
			var err error
			if product, err = catalog.ReadProduct(ctx, tx, d.ProductID); err != nil && workspace.CodeOf(err) != workspace.CodeProductNotFound {
				return nil, err
			}
			product.ID = d.ProductID
			products[d.ProductID] = product
		}
		image, ok := images[d.ImageID]
		if !ok {
			var err error
			if image, err = catalog.ReadImage(ctx, tx, "", d.ImageID); err != nil && workspace.CodeOf(err) != workspace.CodeImageNotFound {
				return nil, err
			}
			image.ID = d.ImageID
			images[d.ImageID] = image
		}
		details[i] = DesktopDetail{Desktop: d, Product: product, Image: image}
	}
	return details, nil
}

func LockByID(ctx context.Context, tx *store.Tx, projectID string, ids []string) (map[string]Desktop, error) {
	desktops, err := LockDesktops(ctx, tx, projectID, ids)
	if err != nil {
		return nil, err
	}
	found := make(map[string]Desktop, len(desktops))
	for _, d := range desktops {
		found[d.ID] = d
	}
	return found, nil
}
