package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	buying "carrel/internal/order"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

func wanting(kind, field string, what object) object {
	return object{"type": kind, "resources": []object{{field: what, "period_type": 2, "period_num": 6}}}
}

// one is an order of a desktop without a user.
func one(changes object) object {
	o := order(changes)
	o["size"], o["desktop_name"] = 1, "bought"
	return o
}

func (o *office) orders() []buying.Order {
	o.Helper()
	found, _, err := o.service.Orders.List(o.Context(), buying.Query{ProjectID: o.first.ProjectID, Page: storetest.Everything})
	if err != nil {
		o.Fatal(err)
	}
	return found
}

func TestAnOrderOfEachKindDoesWhatItIsFor(t *testing.T) {
	for name, c := range map[string]struct {
		path string
		body func(o *office) object
		job  workspace.JobType
	}{
		"desktops": {
			"/periodic/subscribe/order", func(*office) object { return wanting("createDesktops", "create_desktops", one(nil)) }, workspace.JobCreateDesktops,
		},
		"disks": {
			"/periodic/subscribe/order", func(o *office) object {
				return wanting("addVolumes", "add_volumes", object{"desktop_id": o.ids["anns"], "volumes": []object{{"type": "SAS", "size": 20}}})
			}, workspace.JobAddVolumes,
		},
		"other systems": {
			"/periodic/subscribe/order", func(o *office) object {
				return wanting("rebuildDesktops", "rebuild_desktops", object{"desktop_ids": []string{o.ids["anns"]}, "image_type": "gold", "image_id": "image-2"})
			}, workspace.JobRebuildDesktops,
		},
		"a larger pool": {
			"/periodic/subscribe/order", func(o *office) object {
				return wanting("expandDesktopPool", "expand_desktop_pool", object{"pool_id": o.ids["pool"], "size": 1})
			}, workspace.JobExpandPool,
		},
		"another product": {
			"/periodic/{anns}/change/order", func(*office) object {
				return object{"type": "resizeDesktops", "resize_product_id": "large", "period_type": 3}
			}, workspace.JobResizeDesktops,
		},
		"another product of a pool": {
			"/desktop-pool/periodic/change/order", func(o *office) object {
				return object{"type": "RESIZE", "resize_param": object{"desktop_pool_id": o.ids["pool"], "product_id": "large", "mode": "STOP_DESKTOP"}}
			}, workspace.JobResizePool,
		},
		"another image of desktops": {
			"/periodic/change/batch-order", func(o *office) object {
				return object{"type": "CHANGE_IMAGE", "change_image_param": object{"desktop_ids": []string{o.ids["anns"]}, "image_type": "gold", "image_id": "image-2"}}
			}, workspace.JobRebuildDesktops,
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			a := o.ok(o.post(strings.ReplaceAll(c.path, "{anns}", o.ids["anns"]), c.body(o)))
			id, job := a.text("order_id"), a.text("job_id")
			if id == "" {
				id, job = a.text("orders", 0, "order_id"), a.text("orders", 0, "job_id")
			}
			placed := o.orders()
			if len(placed) != 1 || placed[0].ID != id || placed[0].JobID != job || job == "" {
				t.Fatalf("the answer is %s, the orders are %+v", a.raw, placed)
			}
			if j := o.ok(o.get("/workspace-jobs/" + job)); len(j.list("sub_jobs")) == 0 || j.text("sub_jobs", 0, "job_type") != string(c.job) {
				t.Errorf("the job is %s, want one of type %s", j.raw, c.job)
			}
		})
	}
}

func TestADesktopShowsItsOrder(t *testing.T) {
	e := newEnv(t)
	ids := e.create(object{"order_id": "CS-7", "size": 1, "desktop_name": "one"})
	if got := e.ok(e.get("/desktops/"+ids[0])).text("desktop", "order_id"); got != "CS-7" {
		t.Errorf("the desktop shows the order %q", got)
	}
	a := e.ok(e.post("/periodic/subscribe/order", wanting("createDesktops", "create_desktops", one(nil))))
	id := e.ok(e.get("/workspace-jobs/"+a.text("job_id"))).text("sub_jobs", 0, "entities", "desktop_id")
	if got := e.ok(e.get("/desktops/"+id)).text("desktop", "order_id"); got != a.text("order_id") {
		t.Errorf("the desktop shows the order %q, want %s", got, a.text("order_id"))
	}
	e.refused(e.post("/desktops", one(object{"order_id": strings.Repeat("x", 65)})), 400, workspace.CodeInvalid, "order_id: at most 64 characters")
}

func TestAnOrderThatCannotBeIsRefusedWhole(t *testing.T) {
	o := newOffice(t)
	missing := workspace.NewID()
	batch := func(kind, field string, what object) object { return object{"type": kind, field: what} }
	for name, c := range map[string]struct {
		path    string
		body    object
		status  int
		code    workspace.Code
		message string
	}{
		"nothing":               {"/periodic/subscribe/order", object{"type": "createDesktops", "resources": []object{}}, 400, workspace.CodeInvalid, "resources: "},
		"two things":            {"/periodic/subscribe/order", object{"type": "createDesktops", "resources": []object{{}, {}}}, 400, workspace.CodeInvalid, "resources: "},
		"something else":        {"/periodic/subscribe/order", wanting("addVolumes", "create_desktops", one(nil)), 400, workspace.CodeInvalid, "resources[0].add_volumes: must be given"},
		"a host":                {"/periodic/subscribe/order", wanting("createDesktops", "create_exclusive_hosts", object{"name": "x"}), 400, workspace.CodeUnsupported, "resources[0].create_exclusive_hosts: "},
		"a type of hosts":       {"/periodic/subscribe/order", wanting("createExclusiveHosts", "create_desktops", one(nil)), 400, workspace.CodeInvalid, "type: "},
		"a key inside":          {"/periodic/subscribe/order", wanting("createDesktops", "create_desktops", one(object{"root_volume": object{"type": "SAS", "size": 80, "kms_id": "k"}})), 400, workspace.CodeUnsupported, "kms_id"},
		"an unknown product":    {"/periodic/subscribe/order", wanting("createDesktops", "create_desktops", one(object{"product_id": "none"})), 400, workspace.CodeProductNotFound, "none"},
		"a disk of no desktop":  {"/periodic/subscribe/order", wanting("addVolumes", "add_volumes", object{"desktop_id": missing, "volumes": []object{{"type": "SAS", "size": 20}}}), 404, workspace.CodeDesktopNotFound, missing},
		"no larger disk":        {"/periodic/" + o.ids["anns"] + "/change/order", object{"type": "expandVolumes", "expand_volume_id": o.ids["annsroot"], "expand_new_size": 80}, 400, workspace.CodeInvalid, "new_size: 80 GB is not more"},
		"a disk without an id":  {"/periodic/" + o.ids["anns"] + "/change/order", object{"type": "expandVolumes", "expand_new_size": 90}, 400, workspace.CodeInvalid, "expand_volume_id: "},
		"no product":            {"/periodic/" + o.ids["anns"] + "/change/order", object{"type": "resizeDesktops"}, 400, workspace.CodeInvalid, "resize_product_id: "},
		"a period by the day":   {"/periodic/" + o.ids["anns"] + "/change/order", object{"type": "resizeDesktops", "resize_product_id": "large", "period_type": 1}, 400, workspace.CodeInvalid, "period_type: "},
		"payment by period":     {"/periodic/" + o.ids["anns"] + "/change/order", object{"type": "meteredToPeriod"}, 400, workspace.CodeInvalid, "type: "},
		"unnamed new disks":     {"/periodic/change/batch-order", batch("RESIZE", "add_volume_param", object{"desktop_ids": []string{o.ids["anns"]}}), 400, workspace.CodeUnsupported, "add_volume_param: it cannot say which disks"},
		"unnamed larger disks":  {"/periodic/change/batch-order", batch("RESIZE", "extend_volume_param", object{"desktop_ids": []string{o.ids["anns"]}}), 400, workspace.CodeUnsupported, "extend_volume_param: it cannot say which disks"},
		"disks of a batch":      {"/periodic/change/batch-order", object{"type": "ADD_VOLUME"}, 400, workspace.CodeInvalid, "type: "},
		"no parameters":         {"/periodic/change/batch-order", object{"type": "RESIZE"}, 400, workspace.CodeInvalid, "resize_param: must be given"},
		"a pool among desktops": {"/periodic/change/batch-order", batch("RESIZE", "resize_param", object{"desktop_pool_id": o.ids["pool"], "product_id": "large"}), 400, workspace.CodeInvalid, "resize_param.desktop_pool_id: is a pool"},
		"a choice of none":      {"/periodic/change/batch-order", batch("RESIZE", "resize_param", object{"desktop_ids": []string{o.ids["anns"]}, "product_id": "large", "handle_type": "ONLY_FOR_EXPAND"}), 400, workspace.CodeInvalid, "resize_param.handle_type: "},
		"no pool":               {"/desktop-pool/periodic/change/order", batch("CHANGE_IMAGE", "change_image_param", object{"image_id": "image-2"}), 400, workspace.CodeInvalid, "change_image_param.desktop_pool_id: "},
		"the price of nothing":  {"/periodic/inquiry/add-resources", object{}, 400, workspace.CodeInvalid, "desktop_ids: "},
		"the price of no one":   {"/periodic/inquiry/change-image", object{"desktop_ids": []string{o.ids["anns"], missing}}, 404, workspace.CodeDesktopNotFound, missing},
		"a price and a plan":    {"/periodic/inquiry/change-image", object{"desktop_ids": []string{o.ids["anns"]}, "promotion_plan_id": "p"}, 400, workspace.CodeUnsupported, "promotion_plan_id: "},
	} {
		t.Run(name, func(t *testing.T) {
			o.TB = t
			before := o.desired()
			o.refused(o.post(c.path, c.body), c.status, c.code, c.message)
			if after := o.desired(); !slices.Equal(before, after) {
				o.Errorf("%s changes something", name)
			}
		})
	}
}

func TestAnOrderNeedsTheRightOfWhatItDoes(t *testing.T) {
	o := newOffice(t)
	body := wanting("createDesktops", "create_desktops", one(nil))
	buyer := o.as("buyer", "", allow("workspace:orders:*", ""))
	o.refused(buyer.send("POST", o.path("/periodic/subscribe/order"), body), http.StatusForbidden, workspace.CodeForbidden, "workspace:desktops:create")
	o.refused(o.as("maker", "", allow("workspace:desktops:create", "")).send("POST", o.path("/periodic/subscribe/order"), body), http.StatusForbidden, workspace.CodeForbidden, "workspace:orders:create")
	if n := len(o.orders()); n != 0 {
		t.Errorf("%d orders were placed", n)
	}
}

func TestEveryPriceIsNothing(t *testing.T) {
	o := newOffice(t)
	for path, at := range map[string][]any{
		"/periodic/inquiry/add-resources":              {"cloud_service_rating_results", 0, "official_website_rating_result"},
		"/periodic/inquiry/change-image":               {"cloud_service_rating_results", 0, "official_website_rating_result"},
		"/desktop-pool/periodic/inquiry/add-volume":    {"cloud_service_rating_results", 0, "official_website_rating_result"},
		"/desktop-pool/periodic/inquiry/change-image":  {"cloud_service_rating_results", 0, "official_website_rating_result"},
		"/desktop-pool/periodic/inquiry/extend-volume": {"official_website_rating_result"},
		"/desktop-pool/periodic/inquiry/resize":        {"batch_inquiry_rsp_when_upgrade", "official_website_rating_result"},
	} {
		body := object{"desktop_ids": []string{o.ids["anns"]}}
		if strings.HasPrefix(path, "/desktop-pool") {
			body = object{"desktop_pool_id": o.ids["pool"]}
		}
		before := o.desired()
		a := o.ok(o.post(path, body))
		price, _ := a.at(at...).(map[string]any)
		if amount, there := price["amount"]; !there || amount != float64(0) || !strings.Contains(a.raw, "bills nobody") || !strings.Contains(a.raw, `"XXX"`) {
			t.Errorf("%s answers %s", path, a.raw)
		}
		if !slices.Equal(before, o.desired()) {
			t.Errorf("%s changes something", path)
		}
	}
	for _, path := range []string{"/products/hour-packages", "/products/resource-packages"} {
		if a := o.ok(o.get(path)); a.number("total_count") != 0 || !strings.Contains(a.raw, "packages\":[]") {
			t.Errorf("%s answers %s", path, a.raw)
		}
	}
}
