package api

import (
	"cmp"
	"context"

	"carrel/internal/api/wire"
	"carrel/internal/desktop"
	"carrel/internal/order"
	"carrel/internal/workspace"
)

// billsNobody is what an order, and a price, say of themselves.
const billsNobody = "Carrel bills nobody: it costs nothing"

// noCurrency is the code of ISO 4217 for none.
const noCurrency = "XXX"

// orderCompleted is the state of an order that is fulfilled.
const orderCompleted = 5

// ordered is what an order is for.
type ordered struct {
	operation string // that does it; the caller must be allowed its action, too
	about     about
	run       func(ctx context.Context, orderID string) (jobID string, err error)
}

// place places an order of what the caller may do.
func (s *Server) place(ctx context.Context, in wire.Project, o order.Order, of ordered) (orderID, jobID string, err error) {
	labels, err := s.read(ctx, in.ProjectID, of.about)
	if err != nil {
		return "", "", err
	}
	for _, l := range labels {
		if err := s.may(ctx, s.actionOf(of.operation), l); err != nil {
			return "", "", err
		}
	}
	o.EnterpriseID = cmp.Or(o.EnterpriseID, workspace.DefaultEnterprise)
	return s.Services.Orders.Place(ctx, caller(ctx, in), o, of.run)
}

// actionOf is the action of an operation, by its id.
func (s *Server) actionOf(id string) string {
	for _, operations := range s.operations() {
		for _, o := range operations {
			if o.id == id {
				return o.action
			}
		}
	}
	panic("there is no operation " + id)
}

func (s *Server) createOrder(ctx context.Context, in *wire.CreateOrderInput) (wire.CreateOrderResponse, error) {
	if len(in.Body.Resources) != 1 {
		return wire.CreateOrderResponse{}, workspace.Invalid("resources", "%d resources, use 1", len(in.Body.Resources))
	}
	r := in.Body.Resources[0]
	of, err := s.orderedBy(in)
	if err != nil {
		return wire.CreateOrderResponse{}, err
	}
	orderID, jobID, err := s.place(ctx, in.Project, order.Order{
		Type: in.Body.Type, EnterpriseID: in.Body.EnterpriseProjectID, Period: order.Period{PeriodType: r.PeriodType, PeriodNum: r.PeriodNum, AutoRenew: r.IsAutoRenew == 1},
	}, of)
	return wire.CreateOrderResponse{OrderID: orderID, JobID: jobID}, err
}

// orderedBy is what an order with one resource is for. CodeInvalid if the resource does not have what the type says.
func (s *Server) orderedBy(in *wire.CreateOrderInput) (ordered, error) {
	r, of := in.Body.Resources[0], ordered{about: resourcesOf(in)}
	missing := func(field string) (ordered, error) {
		return of, workspace.Invalid("resources[0]."+field, "must be given with the type %s", in.Body.Type)
	}
	switch in.Body.Type {
	case "createDesktops":
		if r.CreateDesktops == nil {
			return missing("create_desktops")
		}
		of.operation, of.run = "CreateDesktop", func(ctx context.Context, orderID string) (string, error) {
			body := *r.CreateDesktops
			body.EnterpriseProjectID, body.OrderID = cmp.Or(body.EnterpriseProjectID, in.Body.EnterpriseProjectID), cmp.Or(body.OrderID, orderID)
			out, err := s.createDesktops(ctx, &wire.CreateDesktopInput{Project: in.Project, Body: body})
			return out.JobID, err
		}
	case "createDesktopPool":
		if r.CreateDesktopPool == nil {
			return missing("create_desktop_pool")
		}
		of.operation, of.run = "CreateDesktopPool", func(ctx context.Context, _ string) (string, error) {
			body := *r.CreateDesktopPool
			body.EnterpriseProjectID = cmp.Or(body.EnterpriseProjectID, in.Body.EnterpriseProjectID)
			out, err := s.createPool(ctx, &wire.CreateDesktopPoolInput{Project: in.Project, Body: body})
			return out.JobID, err
		}
	case "expandDesktopPool":
		if r.ExpandDesktopPool == nil {
			return missing("expand_desktop_pool")
		}
		of.operation, of.run = "ExpandDesktopPool", func(ctx context.Context, _ string) (string, error) {
			out, err := s.expandPool(ctx, &wire.ExpandDesktopPoolInput{Project: in.Project, PoolID: r.ExpandDesktopPool.PoolID, Body: wire.ExpandDesktopPoolReq{Size: r.ExpandDesktopPool.Size}})
			return out.JobID, err
		}
	case "addVolumes":
		if r.AddVolumes == nil {
			return missing("add_volumes")
		}
		of.operation, of.run = "AddDesktopVolumes", func(ctx context.Context, _ string) (string, error) {
			out, err := s.addDesktopVolumes(ctx, &wire.AddDesktopVolumesInput{Project: in.Project, DesktopID: r.AddVolumes.DesktopID, Body: wire.AddVolumesReq{Volumes: r.AddVolumes.Volumes}})
			return out.JobID, err
		}
	default: // rebuildDesktops: the edge takes no others
		if r.RebuildDesktops == nil {
			return missing("rebuild_desktops")
		}
		of.operation, of.run = "BatchRebuildDesktopsSystemDisk", func(ctx context.Context, _ string) (string, error) {
			out, err := s.rebuildDesktops(ctx, &wire.BatchRebuildDesktopsSystemDiskInput{Project: in.Project, Body: *r.RebuildDesktops})
			return out.JobID, err
		}
	}
	return of, nil
}

// namedByOrder is what the body of an order names.
func namedByOrder(b *wire.CreateOrderReq) about {
	if len(b.Resources) == 0 {
		return about{}
	}
	switch r := b.Resources[0]; {
	case r.CreateDesktops != nil:
		return creating(labelsOfNew(cmp.Or(r.CreateDesktops.EnterpriseProjectID, b.EnterpriseProjectID), each(r.CreateDesktops.Tags, askedTag)))
	case r.CreateDesktopPool != nil:
		return creating(labelsOfNew(cmp.Or(r.CreateDesktopPool.EnterpriseProjectID, b.EnterpriseProjectID), each(r.CreateDesktopPool.Tags, askedTag)))
	case r.ExpandDesktopPool != nil:
		return about{pool: r.ExpandDesktopPool.PoolID}
	case r.AddVolumes != nil:
		return about{desktops: []string{r.AddVolumes.DesktopID}}
	case r.RebuildDesktops != nil:
		return about{desktops: r.RebuildDesktops.DesktopIDs}
	}
	return about{}
}

func (s *Server) createChangeOrder(ctx context.Context, in *wire.CreateChangeOrderInput) (wire.CreateChangeOrderResponse, error) {
	b := in.Body
	of := ordered{about: about{desktops: []string{in.DesktopID}}}
	if b.Type == "expandVolumes" {
		of.operation, of.run = "ExpandDesktopVolume", func(ctx context.Context, _ string) (string, error) {
			if b.ExpandVolumeID == "" {
				return "", workspace.Invalid("expand_volume_id", "must not be empty")
			}
			out, err := s.expandDesktopVolume(ctx, &wire.ExpandDesktopVolumeInput{
				Project: in.Project, DesktopID: in.DesktopID, VolumeID: b.ExpandVolumeID, Body: wire.ExpandVolumeReq{NewSize: b.ExpandNewSize},
			})
			return out.JobID, err
		}
	} else {
		of.operation, of.run = "ResizeDesktop", func(ctx context.Context, _ string) (string, error) {
			if b.ResizeProductID == "" {
				return "", workspace.Invalid("resize_product_id", "must not be empty")
			}
			return s.resizeOrdered(ctx, in.Project, []string{in.DesktopID}, b.ResizeProductID)
		}
	}
	orderID, jobID, err := s.place(ctx, in.Project, order.Order{
		Type: b.Type, Period: order.Period{PeriodType: b.PeriodType, PeriodNum: b.PeriodNum, AutoRenew: b.IsAutoRenew == 1},
	}, of)
	return wire.CreateChangeOrderResponse{OrderID: orderID, JobID: jobID}, err
}

func (s *Server) resizeOrdered(ctx context.Context, in wire.Project, ids []string, productID string) (string, error) {
	out, err := s.resizeDesktops(ctx, &wire.ResizeDesktopInput{Project: in, Body: wire.ResizeDesktopReq{
		Desktops: each(ids, func(id string) wire.ResizeDesktopData { return wire.ResizeDesktopData{DesktopID: id} }), ProductID: productID, Mode: "STOP_DESKTOP",
	}})
	return out.JobID, err
}

// whoseChange is the pool, or the desktops, that a batch order is about.
func whoseChange(b *wire.CreateBatchChangeOrderRequestBody) about {
	var of about
	switch {
	case b.Type == "RESIZE" && b.ResizeParam != nil:
		of = about{pool: b.ResizeParam.DesktopPoolID, desktops: b.ResizeParam.DesktopIDs}
	case b.Type == "CHANGE_IMAGE" && b.ChangeImageParam != nil:
		of = about{pool: b.ChangeImageParam.DesktopPoolID, desktops: b.ChangeImageParam.DesktopIDs}
	}
	return of
}

func (s *Server) createBatchOrder(ctx context.Context, in *wire.CreateDesktopBatchOrderInput) (wire.CreateDesktopBatchOrderResponse, error) {
	placed, err := s.changeOrder(ctx, in.Project, &in.Body, false)
	return wire.CreateDesktopBatchOrderResponse{Orders: placed}, err
}

func (s *Server) createPoolChangeOrder(ctx context.Context, in *wire.CreateDesktopPoolChangeOrderInput) (wire.CreateDesktopPoolChangeOrderResponse, error) {
	placed, err := s.changeOrder(ctx, in.Project, &in.Body, true)
	return wire.CreateDesktopPoolChangeOrderResponse{Orders: placed}, err
}

// changeOrder places an order of another product or image for the desktops of a pool, or for others.
func (s *Server) changeOrder(ctx context.Context, in wire.Project, b *wire.CreateBatchChangeOrderRequestBody, ofPool bool) ([]wire.OrderV5, error) {
	of := ordered{about: whoseChange(b)}
	param, handle := "resize_param", ""
	switch {
	case b.Type == "RESIZE" && b.ResizeParam != nil:
		r := b.ResizeParam
		handle = r.HandleType
		of.operation, of.run = "ResizeDesktop", func(ctx context.Context, _ string) (string, error) {
			return s.resizeOrdered(ctx, in, r.DesktopIDs, r.ProductID)
		}
		if ofPool {
			of.operation, of.run = "ResizeDesktopPool", func(ctx context.Context, _ string) (string, error) {
				out, err := s.resizePool(ctx, &wire.ResizeDesktopPoolInput{Project: in, PoolID: r.DesktopPoolID, Body: wire.ResizeDesktopPoolReq{
					ProductID: r.ProductID, Mode: r.Mode, HandleType: handle, DesktopIDs: r.DesktopIDs,
				}})
				return out.JobID, err
			}
		}
	case b.Type == "CHANGE_IMAGE" && b.ChangeImageParam != nil:
		r := b.ChangeImageParam
		param, handle = "change_image_param", r.HandleType
		of.operation, of.run = "BatchRebuildDesktopsSystemDisk", func(ctx context.Context, _ string) (string, error) {
			out, err := s.rebuildDesktops(ctx, &wire.BatchRebuildDesktopsSystemDiskInput{Project: in, Body: wire.RebuildDesktopsReq{
				DesktopIDs: r.DesktopIDs, ImageType: r.ImageType, ImageID: r.ImageID, DelayTime: r.DelayTime, Message: r.Message,
			}})
			return out.JobID, err
		}
		if ofPool {
			of.operation, of.run = "RebuildDesktopPool", func(ctx context.Context, orderID string) (string, error) {
				out, err := s.rebuildPool(ctx, &wire.RebuildDesktopPoolInput{Project: in, PoolID: r.DesktopPoolID, Body: wire.RebuildDesktopPoolReq{
					ImageType: r.ImageType, ImageID: r.ImageID, DelayTime: r.DelayTime, Message: r.Message, HandleType: handle, DesktopIDs: r.DesktopIDs, OrderID: orderID,
				}})
				return out.JobID, err
			}
		}
	case b.Type == "RESIZE":
		return nil, workspace.Invalid("resize_param", "must be given with the type RESIZE")
	default:
		return nil, workspace.Invalid("change_image_param", "must be given with the type CHANGE_IMAGE")
	}
	switch {
	case ofPool && of.about.pool == "":
		return nil, workspace.Invalid(param+".desktop_pool_id", "must not be empty")
	case !ofPool && of.about.pool != "":
		return nil, workspace.Invalid(param+".desktop_pool_id", "is a pool: order changes of its desktops with CreateDesktopPoolChangeOrder")
	case !ofPool && handle != "":
		return nil, workspace.Invalid(param+".handle_type", "chooses desktops of a pool; leave it out")
	case ofPool:
		of.about.desktops = nil // the pool's: its labels decide
	}
	orderID, jobID, err := s.place(ctx, in, order.Order{Type: b.Type}, of)
	if err != nil {
		return nil, err
	}
	return []wire.OrderV5{{OrderID: orderID, JobID: jobID, OrderStatus: orderCompleted, Result: "SUCCESS", ResultMsg: billsNobody}}, nil
}

func (s *Server) priceOfResources(ctx context.Context, in *wire.EstimateAddResourcesInput) (wire.EstimateAddResourcesResponse, error) {
	price, err := s.price(ctx, in.Project, in.Body.DesktopPoolID, in.Body.DesktopIDs)
	return wire.EstimateAddResourcesResponse{Currency: noCurrency, CloudServiceRatingResults: price}, err
}

func (s *Server) priceOfImages(ctx context.Context, in *wire.EstimateChangeImagesInput) (wire.EstimateChangeImagesResponse, error) {
	price, err := s.price(ctx, in.Project, in.Body.DesktopPoolID, in.Body.DesktopIDs)
	return wire.EstimateChangeImagesResponse{Currency: noCurrency, CloudServiceRatingResults: price}, err
}

func (s *Server) priceOfPoolVolumes(ctx context.Context, in *wire.EstimateDesktopPoolAddVolumeInput) (wire.EstimateDesktopPoolAddVolumeResponse, error) {
	price, err := s.price(ctx, in.Project, in.Body.DesktopPoolID, in.Body.DesktopIDs)
	return wire.EstimateDesktopPoolAddVolumeResponse{Currency: noCurrency, CloudServiceRatingResults: price}, err
}

func (s *Server) priceOfLargerPoolVolumes(ctx context.Context, in *wire.EstimateDesktopPoolExtendVolumeInput) (wire.EstimateDesktopPoolExtendVolumeResponse, error) {
	price, err := s.price(ctx, in.Project, in.Body.DesktopPoolID, in.Body.DesktopIDs)
	if err != nil {
		return wire.EstimateDesktopPoolExtendVolumeResponse{}, err
	}
	return wire.EstimateDesktopPoolExtendVolumeResponse{Currency: noCurrency, ExtendParams: billsNobody, OfficialWebsiteRatingResult: price[0].OfficialWebsiteRatingResult}, nil
}

func (s *Server) priceOfPoolSize(ctx context.Context, in *wire.EstimateDesktopPoolResizeInput) (wire.EstimateDesktopPoolResizeResponse, error) {
	price, err := s.price(ctx, in.Project, in.Body.DesktopPoolID, in.Body.DesktopIDs)
	if err != nil {
		return wire.EstimateDesktopPoolResizeResponse{}, err
	}
	return wire.EstimateDesktopPoolResizeResponse{IsUpgrade: true, BatchInquiryRspWhenUpgrade: wire.PeriodBatchUpChangeResourceRsp{
		Currency: noCurrency, ExtendParams: billsNobody, OfficialWebsiteRatingResult: price[0].OfficialWebsiteRatingResult,
	}}, nil
}

func (s *Server) priceOfPoolImage(ctx context.Context, in *wire.EstimateDesktopPoolChangeImageInput) (wire.EstimateDesktopPoolChangeImageResponse, error) {
	price, err := s.price(ctx, in.Project, in.Body.DesktopPoolID, in.Body.DesktopIDs)
	return wire.EstimateDesktopPoolChangeImageResponse{Currency: noCurrency, CloudServiceRatingResults: price}, err
}

// price is what a change of a pool, or of desktops, costs: nothing. It fails if they are not there.
func (s *Server) price(ctx context.Context, in wire.Project, poolID string, desktopIDs []string) ([]wire.CloudServiceRatingResult, error) {
	if poolID == "" && len(desktopIDs) == 0 {
		return nil, workspace.Invalid("desktop_ids", "must name 1 to 100 desktops, or desktop_pool_id a pool")
	}
	if poolID != "" {
		if _, err := s.Services.Pools.Pool(ctx, in.ProjectID, poolID); err != nil {
			return nil, err
		}
	}
	if len(desktopIDs) > 0 {
		q := desktop.DesktopQuery{ProjectID: in.ProjectID, IDs: desktopIDs, Brief: true, Page: workspace.Page{Limit: len(desktopIDs)}}
		if poolID != "" {
			q.PoolIDs = []string{poolID}
		}
		found, _, err := s.Services.Desktops.ListDesktops(ctx, q)
		if err != nil {
			return nil, err
		}
		there := map[string]bool{}
		for _, d := range found {
			there[d.ID] = true
		}
		for _, id := range desktopIDs {
			if !there[id] {
				return nil, workspace.Errorf(workspace.CodeDesktopNotFound, "desktop_ids: desktop %s does not exist", workspace.Clip(id, maxEchoedCell))
			}
		}
	}
	return []wire.CloudServiceRatingResult{{
		OfficialWebsiteRatingResult: wire.OfficialWebsiteRatingResult{ProductRatingResults: []wire.ProductResult{{ExtendParams: billsNobody}}},
	}}, nil
}

func (s *Server) hourPackages(context.Context, *wire.ListHourPackagesTypeInput) (wire.ListHourPackagesTypeResponse, error) {
	return wire.ListHourPackagesTypeResponse{HourPackages: []wire.HourPackage{}}, nil
}

func (s *Server) resourcePackages(context.Context, *wire.ListResourcePackagesInput) (wire.ListResourcePackagesResponse, error) {
	return wire.ListResourcePackagesResponse{DesktopResourcePackages: []wire.DesktopResourcePackage{}}, nil
}
