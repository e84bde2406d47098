package desktop_test

import (
	"context"
	"fmt"
	"strings"

	"carrel/internal/capacity"
	"carrel/internal/catalog"
	"carrel/internal/core"
	"carrel/internal/desktop"
	"carrel/internal/desktop/desktoptest"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

// What the domain counts before it adds, from several callers at once.
var limits = map[string]func(*env){
	"orders at once are promised no more together than there is": func(e *env) {
		const each, fit = 80, 5
		e.populate(4 * fit)
		e.Update(func(tx *store.Tx) error {
			return capacity.PutCapacities(e.Context(), tx, []capacity.Capacity{
				{ID: capacity.MemoryCapacity, Classes: []string{}, Size: 1 << 20, Bound: 1 << 20, Observed: e.Clock.Now()},
				{ID: "pool", Classes: []string{"SAS"}, Size: 1000 << 10, Bound: (fit*each + each/2) << 10, Observed: e.Clock.Now()},
			})
		})
		service := core.NewServices(core.Config{Store: e.Store})
		taken := 0
		for _, err := range storetest.Together(4*fit, func(i int) error {
			_, err := service.Desktops.CreateDesktops(e.Context(), e.order(i, each))
			return err
		}) {
			switch {
			case err == nil:
				taken++
			case workspace.CodeOf(err) != workspace.CodeCapacityExceeded || !strings.Contains(err.Error(), "40 of 440 GiB are left"):
				e.Errorf("an order was refused with %v", err)
			}
		}
		e.Same(taken, fit)
		e.Same(storetest.Get(e, func(ctx context.Context, tx *store.Tx) (map[string]int64, error) {
			return capacity.PromisedDisks(ctx, tx)
		}),
			map[string]int64{"SAS": fit * each << 10})
		e.Same(storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]capacity.Capacity, error) {
			return capacity.Capacities(ctx, tx)
		})[1].Promised, int64(fit*each<<10))
	},
}

// populate opens the service for the project, with what can be ordered and so many subnets: orders for one go one after the other.
func (e *env) populate(subnets int) {
	e.Helper()
	e.Update(func(tx *store.Tx) error {
		ctx := e.Context()
		if _, err := tx.OpenSubscription(ctx, workspace.Subscription{ID: "s", ProjectID: storetest.Project, VPCID: "vpc-of-" + storetest.Project}); err != nil {
			return err
		}
		for i := range subnets {
			s := catalog.Subnet{ID: fmt.Sprint("subnet-", i), ProjectID: storetest.Project, VPCID: "vpc-of-" + storetest.Project, Name: fmt.Sprint("subnet-", i),
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

// order is for a desktop of a new person in the i-th subnet that populate made.
func (e *env) order(i, gb int) desktop.CreateDesktops {
	return desktop.CreateDesktops{
		Caller: workspace.Caller{ProjectID: storetest.Project}, Type: workspace.Dedicated, ProductID: "small", ImageType: catalog.ImageGold, ImageID: "image",
		Root: desktop.VolumeSpec{Type: "SAS", GB: gb}, SubnetIDs: []string{fmt.Sprint("subnet-", i)}, SecurityGroups: []string{desktoptest.SecurityGroupOf(storetest.Project)},
		Desktops: []desktop.NewDesktop{{UserName: fmt.Sprint("user-", i), Name: fmt.Sprint("desk-", i)}},
	}
}
