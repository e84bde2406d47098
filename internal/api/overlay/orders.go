package overlay

// noAgency is why an order in the name of another is refused.
const noAgency = "orders are placed in one's own name here; leave it out"

// orders are the operations of clients that buy what they want. What they order is done at once and costs nothing.
func orders() Area {
	const (
		reference = "workspace:orders:"
		noOthers  = "cannot be ordered here; leave it out"
		noPayment = "No effect: nothing is paid"
		jobOf     = "The job that fulfils it: poll it with ShowJob"
	)
	period := func(more Fields) Fields {
		return merged(more, Fields{
			"period_type":   {Min: new(2), Max: new(4), Doc: "2: month, 3: year, 4: hour. Kept with the order; nothing ends with the period"},
			"period_num":    {Min: new(0), Max: new(9999), Doc: "Kept with the order"},
			"is_auto_renew": {Min: new(0), Max: new(1), Doc: "Kept with the order"},
		})
	}
	inquiry := func(id, handler, action, summary string) Operation {
		return Operation{ID: id, Handler: handler, Action: "workspace:" + action, Summary: summary, Reads: true}
	}
	return Area{
		Name: "orders and price inquiry", File: "orders",
		Operations: []Operation{
			{
				ID: "CreateOrder", Handler: "createOrder", Action: reference + "create", Summary: "Order desktops, disks or pools, at no price",
				Jobs: []string{"createDesktops", "addVolumes", "rebuildDesktops", "createDesktopPool", "expandDesktopPool"},
			},
			{
				ID: "CreateChangeOrder", Handler: "createChangeOrder", Action: reference + "change", Summary: "Order a change of a desktop, at no price",
				Jobs: []string{"resizeDesktops", "expandVolumes"},
			},
			{
				ID: "CreateDesktopBatchOrder", Handler: "createBatchOrder", Action: reference + "batchChange", Summary: "Order a change of desktops, at no price",
				Jobs: []string{"resizeDesktops", "rebuildDesktops"},
			},
			{
				ID: "CreateDesktopPoolChangeOrder", Handler: "createPoolChangeOrder", Action: reference + "changeDesktopPool", Summary: "Order a change of a pool's desktops, at no price",
				Jobs: []string{"resizeDesktopPool", "rebuildDesktopPool"},
			},
			inquiry("EstimateAddResources", "priceOfResources", "desktops:inquireAddResources", "Ask what resources of desktops would cost: nothing"),
			inquiry("EstimateChangeImages", "priceOfImages", "desktops:inquireChangeImage", "Ask what another image of desktops would cost: nothing"),
			inquiry("EstimateDesktopPoolAddVolume", "priceOfPoolVolumes", "desktopPools:inquireAddVolume", "Ask what more disks of a pool would cost: nothing"),
			inquiry("EstimateDesktopPoolExtendVolume", "priceOfLargerPoolVolumes", "desktopPools:inquireExtendVolume", "Ask what larger disks of a pool would cost: nothing"),
			inquiry("EstimateDesktopPoolResize", "priceOfPoolSize", "desktopPools:inquireResize", "Ask what another product of a pool would cost: nothing"),
			inquiry("EstimateDesktopPoolChangeImage", "priceOfPoolImage", "desktopPools:inquireChangeImage", "Ask what another image of a pool would cost: nothing"),
		},
		Types: merged(batchOrderTypes(), inquiryTypes(), map[string]Fields{
			"CreateOrderReq": {
				"type":                  {Enum: []string{"createDesktops", "addVolumes", "rebuildDesktops", "createDesktopPool", "expandDesktopPool"}, Doc: "What is ordered"},
				"enterprise_project_id": {Doc: "Of the order, and of new desktops and pools that name none; 0 by default"},
				"agency_urn":            {Refuse: noAgency},
				"resources":             {Max: new(1), Doc: "One, with what the type says; the answer has the id of one job"},
			},
			"OrderExtendParam": {"is_auto_pay": {Doc: noPayment}},
			"Resource": period(Fields{
				"attach_desktops":         {Refuse: noOthers},
				"create_exclusive_hosts":  {Refuse: noOthers},
				"resize_exclusive_lites":  {Refuse: noOthers},
				"apply_desktops_internet": {Refuse: noOthers},
				"apply_subnet_bandwidth":  {Refuse: noOthers},
				"subscribe_user_sharer":   {Refuse: noOthers},
				"add_volumes":             {Doc: "With type addVolumes: as for AddDesktopVolumes"},
				"create_desktops":         {Doc: "With type createDesktops: as for CreateDesktop"},
				"rebuild_desktops":        {Doc: "With type rebuildDesktops: as for BatchRebuildDesktopsSystemDisk"},
				"create_desktop_pool":     {Doc: "With type createDesktopPool: as for CreateDesktopPool"},
				"expand_desktop_pool":     {Doc: "With type expandDesktopPool: as for ExpandDesktopPool"},
			}),
			"AddVolumes":          {"volumes": {Doc: "1 to 10; a desktop has 10 data disks at most"}},
			"CreateOrderResponse": {"order_id": {Doc: "The order, which is fulfilled"}, "job_id": {Doc: jobOf}},
			"CreateChangeOrderReq": period(Fields{
				"type":                       {Enum: []string{"resizeDesktops", "expandVolumes"}, Doc: "What is ordered"},
				"resize_product_id":          {Doc: "With type resizeDesktops: a running desktop is stopped and started again"},
				"expand_volume_id":           {Doc: "With type expandVolumes: a disk of the desktop"},
				"expand_new_size":            {Doc: "GB, more than now"},
				"new_quantity":               {Refuse: noOthers},
				"exclusive_lites_product_id": {Refuse: noOthers},
				"enterprise_project_id":      {Doc: "0 has no effect", Refuse: "the desktop stays in its own; leave it out", Unless: "0"},
			}),
			"CreateChangeOrderResponse":            {"order_id": {Doc: "The order, which is fulfilled"}, "job_id": {Doc: jobOf}},
			"CreateDesktopBatchOrderResponse":      {"orders": {Doc: "One"}},
			"CreateDesktopPoolChangeOrderResponse": {"orders": {Doc: "One"}},
			"OrderV5": {
				"order_status": {Doc: "5: completed"},
				"result":       {Enum: []string{"SUCCESS"}},
				"result_code":  {Omit: "an order that is refused is an error"},
				"result_msg":   {Doc: "That Carrel bills nobody"},
				"job_id":       {Doc: jobOf},
			},
		}),
	}
}

// ofWhich are the fields that say which desktops are meant, with more.
func ofWhich(more Fields) Fields {
	return merged(more, Fields{
		"desktop_pool_id":   {Doc: "A pool, whose desktops are meant; not together with desktops outside of it"},
		"desktop_ids":       {Max: new(100), Doc: "Desktops; with desktop_pool_id those of the pool"},
		"promotion_plan_id": {Refuse: "there are no promotions here; leave it out"},
	})
}

// batchOrderTypes are the forms of orders for many desktops.
func batchOrderTypes() map[string]Fields {
	const noParts = "desktops have no parts that are sold by themselves here; leave it out"
	return map[string]Fields{
		"CreateBatchChangeOrderRequestBody": {
			"type":       {Needed: true, Enum: []string{"RESIZE", "CHANGE_IMAGE"}, Doc: "What is ordered"},
			"agency_urn": {Refuse: noAgency},
			"add_volume_param": {
				Refuse: "it cannot say which disks are wanted; use CreateOrder with type addVolumes, or AddDesktopPoolVolumes",
			},
			"extend_volume_param": {
				Refuse: "it cannot say which disks are to grow; use CreateChangeOrder with type expandVolumes, or ExpandDesktopPoolVolumes",
			},
			"add_sub_resources_param":    {Refuse: noParts},
			"delete_sub_resources_param": {Refuse: noParts},
			"resize_param":               {Doc: "With type RESIZE"},
			"change_image_param":         {Doc: "With type CHANGE_IMAGE"},
		},
		"CreateResizeOrderRequestBody": ofWhich(Fields{
			"product_id":  {Needed: true},
			"mode":        {Enum: []string{"STOP_DESKTOP"}, Doc: "STOP_DESKTOP: running desktops are stopped and started again"},
			"handle_type": {Doc: "Of a pool only"},
		}),
		"CreateChangeImageOrderRequestBody": ofWhich(Fields{
			"image_id":        {Needed: true},
			"image_type":      {Enum: []string{}, Doc: "gold, private, market or shared: where the image was found"},
			"image_spec_code": {Refuse: "images have no code by which they are sold here; leave it out"},
			"delay_time":      {Doc: "0 to 1440 minutes for people with a session to save their work; 0 by default"},
			"message":         {Doc: "Shown to people with a session, with a countdown; at most 1024 characters"},
			"encrypt_type":    {Doc: "KEEP and UNENCRYPTED have no effect", Refuse: "not offered here; leave it out", Unless: "KEEP,UNENCRYPTED"},
			"kms_id":          {Refuse: noKeys},
			"handle_type":     {Doc: "Of a pool only"},
		}),
	}
}

// inquiryTypes are the forms of price inquiries.
func inquiryTypes() map[string]Fields {
	price := Fields{"currency": {Doc: "XXX: none"}, "cloud_service_rating_results": {Doc: "One result, of which every amount is 0: Carrel bills nobody"}}
	return map[string]Fields{
		"EstimateAddSubResourcesRequestBody": ofWhich(nil),
		"EstimateAddVolumeRequestBody":       ofWhich(nil),
		"EstimateExtendVolumeRequestBody":    ofWhich(nil),
		"EstimateResizeRequestBody":          ofWhich(nil),
		"EstimateChangeImageRequestBody": ofWhich(Fields{
			"image_spec_code": {Refuse: "images have no code by which they are sold here; leave it out"},
		}),
		"EstimateAddResourcesResponse":         price,
		"EstimateChangeImagesResponse":         price,
		"EstimateDesktopPoolAddVolumeResponse": price,
		"EstimateDesktopPoolExtendVolumeResponse": {
			"currency": price["currency"], "extend_params": {Doc: "That Carrel bills nobody"},
			"official_website_rating_result":   {Doc: "Every amount is 0"},
			"optional_discount_rating_results": {Omit: "there are no discounts"},
		},
		"EstimateDesktopPoolResizeResponse": {
			"is_upgrade":                       {Doc: "Always true: no product costs less than another"},
			"batch_inquiry_rsp_when_downgrade": {Omit: "no product costs less than another"},
			"batch_inquiry_rsp_when_upgrade":   {Doc: "Every amount is 0"},
		},
		"PeriodBatchUpChangeResourceRsp": {
			"currency": price["currency"], "extend_params": {Doc: "That Carrel bills nobody"},
			"optional_discount_rating_results": {Omit: "there are no discounts"},
		},
		"EstimateDesktopPoolChangeImageResponse": price,
		"CloudServiceRatingResult": {
			"order_request_id":                 {Omit: "an inquiry is no order"},
			"optional_discount_rating_results": {Omit: "there are no discounts"},
		},
		"OfficialWebsiteRatingResult": {
			"product_rating_results": {Doc: "One: that nothing is billed"},
			"per_period_type":        {Omit: "there is no price of a period"},
			"measure_id":             {Omit: "there is no currency that amounts are in"},
		},
		"ProductResult": {
			"id": {Omit: "an inquiry is no order"}, "product_id": {Omit: "an inquiry is no order"},
			"per_period_type": {Omit: "there is no price of a period"},
			"measure_id":      {Omit: "there is no currency that amounts are in"},
			"extend_params":   {Doc: "That Carrel bills nobody"},
		},
	}
}
