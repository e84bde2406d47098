package recording

var orders = []step{
	{call: "POST periodic/subscribe/order", body: `{"type": "addVolumes", "resources": [{"period_type": 2, "period_num": 1, "add_volumes": {"desktop_id": "{lab1}",
		"volumes": [{"type": "SAS", "size": 10}]}}]}`},
	{call: "POST periodic/subscribe/order", why: "of what is not sold", body: `{"type": "createExclusiveHosts", "resources": [{}]}`},
	{call: "POST periodic/subscribe/order", why: "of nothing", body: `{"type": "createDesktops", "resources": [{}]}`},
	{call: "POST periodic/{lab1}/change/order", body: `{"type": "resizeDesktops", "resize_product_id": "none"}`},
	{call: "POST periodic/change/batch-order", why: "without a product", body: `{"type": "RESIZE", "resize_param": {"desktop_ids": ["{lab1}"]}}`},
	{call: "POST periodic/change/batch-order", why: "of disks that have no names", body: `{"type": "ADD_VOLUME", "add_volume_param": {"desktop_ids": ["{lab1}"]}}`},
	{call: "POST desktop-pool/periodic/change/order", why: "of no pool", body: `{"type": "RESIZE", "resize_param": {"product_id": "none"}}`},
	{call: "POST periodic/inquiry/add-resources", body: `{"desktop_ids": ["{lab1}"]}`},
	{call: "POST periodic/inquiry/add-resources", why: "for nothing", body: `{}`},
	{call: "POST periodic/inquiry/change-image", body: `{"desktop_ids": ["{lab1}"], "image_id": "x"}`},
	{call: "POST desktop-pool/periodic/inquiry/add-volume", why: "of an unknown pool", body: `{"desktop_pool_id": "x"}`},
	{call: "POST desktop-pool/periodic/inquiry/extend-volume", why: "of an unknown pool", body: `{"desktop_pool_id": "x"}`},
	{call: "POST desktop-pool/periodic/inquiry/resize", why: "of an unknown pool", body: `{"desktop_pool_id": "x"}`},
	{call: "POST desktop-pool/periodic/inquiry/change-image", why: "of an unknown pool", body: `{"desktop_pool_id": "x"}`},
	{call: "GET products/hour-packages"},
	{call: "GET products/resource-packages"},
}
