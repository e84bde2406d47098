package workspace

import "context"

// DesktopDetail is a desktop with the catalogue entries that it was made from.
type DesktopDetail struct {
	Desktop
	Product Product
	Image   Image
}

// Desktop reads one desktop, or fails with CodeDesktopNotFound.
func (s *Service) Desktop(ctx context.Context, projectID, id string) (DesktopDetail, error) {
	return view(ctx, s.Store, func(tx Tx) (DesktopDetail, error) {
		d, err := tx.Desktop(ctx, projectID, id)
		if err != nil {
			return DesktopDetail{}, err
		}
		details, err := withCatalog(ctx, tx, []Desktop{d})
		if err != nil {
			return DesktopDetail{}, err
		}
		return details[0], nil
	})
}

// ListDesktops reads a page of desktops, without their volumes and security groups, and counts all that match.
func (s *Service) ListDesktops(ctx context.Context, q DesktopQuery) ([]Desktop, int, error) {
	q.Brief = true
	return list(ctx, s.Store, func(tx Tx) ([]Desktop, int, error) { return tx.Desktops(ctx, q) })
}

// ListDesktopDetails is ListDesktops with products and images.
func (s *Service) ListDesktopDetails(ctx context.Context, q DesktopQuery) ([]DesktopDetail, int, error) {
	return list(ctx, s.Store, func(tx Tx) ([]DesktopDetail, int, error) {
		desktops, total, err := tx.Desktops(ctx, q)
		if err != nil {
			return nil, 0, err
		}
		details, err := withCatalog(ctx, tx, desktops)
		return details, total, err
	})
}

// withCatalog reads each product and image once, however many desktops share it. One that is no longer offered leaves only
// its id.
func withCatalog(ctx context.Context, tx Tx, desktops []Desktop) ([]DesktopDetail, error) {
	products, images := map[string]Product{}, map[string]Image{}
	details := make([]DesktopDetail, len(desktops))
	for i, d := range desktops {
		product, ok := products[d.ProductID]
		if !ok {
			var err error
			if product, err = tx.Product(ctx, d.ProductID); err != nil && CodeOf(err) != CodeProductNotFound {
				return nil, err
			}
			product.ID = d.ProductID
			products[d.ProductID] = product
		}
		image, ok := images[d.ImageID]
		if !ok {
			var err error
			if image, err = tx.Image(ctx, "", d.ImageID); err != nil && CodeOf(err) != CodeImageNotFound {
				return nil, err
			}
			image.ID = d.ImageID
			images[d.ImageID] = image
		}
		details[i] = DesktopDetail{Desktop: d, Product: product, Image: image}
	}
	return details, nil
}
