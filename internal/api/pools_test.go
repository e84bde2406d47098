package api_test

import (
	"net/http"
	"testing"

	"carrel/internal/workspace"
)

// reference is the body of the public documentation's example.
const reference = `{ "name" : "POOL01", "type" : "STATIC", "size" : 50, "image_type" : "gold",
	"image_id" : "a866298d-67db-44b0-a1f1-9d09bdddc20f", "root_volume" : { "type" : "SAS", "size" : 80 },
	"availability_zone" : "az3.manage.x86", "subnet_ids" : [ "5dee0216-2260-47c2-9368-98a27d910e55" ],
	"product_id" : "workspace.c2.large.windows.2" }`

func TestTheExampleOfTheReferenceMakesAPool(t *testing.T) {
	w := newWorld(t)
	w.update(func(tx workspace.Tx) error {
		ctx := w.Context()
		vpcs, err := tx.VPCs(ctx, w.first.ProjectID)
		if err != nil {
			return err
		}
		for _, err := range []error{
			tx.PutZones(ctx, []workspace.Zone{{ID: zone, Default: true}, {ID: "az3.manage.x86"}}),
			tx.PutProducts(ctx, []workspace.Product{{ID: "workspace.c2.large.windows.2", CPUs: 2, MemoryMiB: 4096, Architecture: "x86", OSType: "Windows", Status: "normal"}}),
			tx.PutImages(ctx, []workspace.Image{{ID: "a866298d-67db-44b0-a1f1-9d09bdddc20f", Type: workspace.ImageGold, Name: "Windows", OSType: "Windows", Architecture: "x86", EngineID: "sim"}}),
			tx.InsertSubnet(ctx, workspace.Subnet{
				ID: "5dee0216-2260-47c2-9368-98a27d910e55", ProjectID: w.first.ProjectID, VPCID: vpcs[0].ID, Name: "wide", CIDR: "10.9.4.0/22",
				Gateway: "10.9.4.1", Network: "wide",
			}),
		} {
			if err != nil {
				return err
			}
		}
		return nil
	})
	job := w.ok(w.post("/desktop-pools", reference)).text("job_id")
	p := answer{body: w.ok(w.get("/desktop-pools?name=POOL01")).at("desktop_pools", 0)}
	if p.text("status") != "TEMPORARY" || p.number("desktop_count") != 50 {
		t.Errorf("listed at once: %v", p.body)
	}
	subs := w.ok(w.get("/workspace-sub-jobs?job_id=" + job + "&desktop_pool_id=" + p.text("id")))
	if subs.number("total_count") != 50 || subs.text("jobs", 49, "job_type") != "createDesktopPool" {
		t.Errorf("%d sub-jobs", subs.number("total_count"))
	}
	w.refused(w.post("/desktop-pools", reference), http.StatusConflict, workspace.CodeNameTaken, "POOL01")
	if n := w.ok(w.get("/desktops")).number("total_count"); n != 50 {
		t.Errorf("%d desktops", n)
	}
}
