package storetest

import (
	"context"
	"fmt"
	"strings"

	"carrel/internal/catalog"
	"carrel/internal/core"
	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// What the domain counts before it adds, from several callers at once.
var limits = []behaviour{
	{"orders at once are promised no more together than there is", func(w *world) {
		const each, fit = 80, 5
		w.furnish(4 * fit)
		w.update(func(tx *store.Tx) error {
			return desktop.PutCapacities(w.Context(), tx, []desktop.Capacity{
				{ID: desktop.MemoryCapacity, Classes: []string{}, Size: 1 << 20, Bound: 1 << 20, Observed: w.clock.Now()},
				{ID: "pool", Classes: []string{"SAS"}, Size: 1000 << 10, Bound: (fit*each + each/2) << 10, Observed: w.clock.Now()},
			})
		})
		service := core.NewServices(core.Config{Store: w.store})
		taken := 0
		for _, err := range together(4*fit, func(i int) error {
			_, err := service.Desktops.CreateDesktops(w.Context(), w.order(i, each))
			return err
		}) {
			switch {
			case err == nil:
				taken++
			case workspace.CodeOf(err) != workspace.CodeNoRoom || !strings.Contains(err.Error(), "40 of 440 GiB are left"):
				w.Errorf("an order was refused with %v", err)
			}
		}
		w.same(taken, fit)
		w.same(get(w, func(ctx context.Context, tx *store.Tx) (map[string]int64, error) {
			return desktop.PromisedDisks(ctx, tx)
		}),
			map[string]int64{"SAS": fit * each << 10})
		w.same(get(w, func(ctx context.Context, tx *store.Tx) ([]desktop.Capacity, error) {
			return desktop.Capacities(ctx, tx)
		})[1].Promised, int64(fit*each<<10))
	}},
	{"callers at once make no more name policies than a project may have", func(w *world) {
		w.furnish(0)
		for i := range desktop.MaxNamePolicies - 2 {
			w.addNamePolicies(desktop.NamePolicy{ID: fmt.Sprint("p-", i), ProjectID: project, Name: fmt.Sprint("policy_", i)})
		}
		service := core.NewServices(core.Config{Store: w.store})
		for range 5 {
			ids := make([]string, 8)
			errs := together(len(ids), func(i int) (err error) {
				ids[i], err = service.Desktops.CreateNamePolicy(w.Context(), workspace.Caller{ProjectID: project},
					desktop.NamePolicy{Name: fmt.Sprint("last_", i), Prefix: "last", Digits: 3, Start: 1})
				return err
			})
			w.same(len(w.namePolicies(desktop.NamePolicyQuery{})), desktop.MaxNamePolicies)
			for i, err := range errs {
				if err != nil && workspace.CodeOf(err) != workspace.CodeConflict {
					w.Errorf("refused with %v", err)
				}
				w.update(func(tx *store.Tx) error { return desktop.DeleteNamePolicy(w.Context(), tx, ids[i]) })
			}
		}
	}},
}

// furnish opens the service for the project, with what can be ordered and so many subnets: orders for one go one after the other.
func (w *world) furnish(subnets int) {
	w.Helper()
	w.update(func(tx *store.Tx) error {
		ctx := w.Context()
		if _, err := tx.OpenSubscription(ctx, workspace.Subscription{ID: "s", ProjectID: project, VPCID: "vpc-of-" + project}); err != nil {
			return err
		}
		for i := range subnets {
			s := catalog.Subnet{ID: fmt.Sprint("subnet-", i), ProjectID: project, VPCID: "vpc-of-" + project, Name: fmt.Sprint("subnet-", i),
				CIDR: fmt.Sprintf("10.9.%d.0/24", i), Gateway: fmt.Sprintf("10.9.%d.1", i)}
			if err := catalog.InsertSubnet(ctx, tx, s); err != nil {
				return err
			}
		}
		if err := catalog.PutZones(ctx, tx, []catalog.Zone{{ID: "zone", Default: true}}); err != nil {
			return err
		}
		if err := catalog.PutVolumeTypes(ctx, tx, []catalog.VolumeType{{ID: "SAS"}}); err != nil {
			return err
		}
		if err := catalog.PutProducts(ctx, tx, []catalog.Product{{ID: "small", CPUs: 1, MemoryMiB: 1024, Architecture: "x86", Status: "normal"}}); err != nil {
			return err
		}
		return catalog.PutImages(ctx, tx, []catalog.Image{{ID: "image", Type: catalog.ImageGold, Architecture: "x86"}})
	})
}

// order is for a desktop of a new person in the i-th subnet that furnish made.
func (w *world) order(i, gb int) desktop.CreateDesktops {
	return desktop.CreateDesktops{
		Caller: workspace.Caller{ProjectID: project}, Type: desktop.Dedicated, ProductID: "small", ImageType: catalog.ImageGold, ImageID: "image",
		Root: desktop.VolumeSpec{Type: "SAS", GB: gb}, SubnetIDs: []string{fmt.Sprint("subnet-", i)}, SecurityGroups: []string{groupOf(project)},
		Desktops: []desktop.NewDesktop{{UserName: fmt.Sprint("user-", i), Name: fmt.Sprint("desk-", i)}},
	}
}
