package catalog_test

import (
	"context"
	"fmt"
	"slices"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/desktop/desktoptest"
	"carrel/internal/pool"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

var networks = map[string]func(*env){
	"VPCs, subnets and security groups are read as they were inserted, by project": func(e *env) {
		now := e.Clock.Now()
		vpc := catalog.VPC{ID: "v", ProjectID: "p", Name: "net", CIDR: "10.9.0.0/16", EnterpriseID: "0", Created: now, Updated: now}
		subnet := catalog.Subnet{ID: "s", ProjectID: "p", VPCID: "v", Name: "desktops", CIDR: "10.9.1.0/24", Gateway: "10.9.1.1",
			DNS: []string{"10.9.1.1", "9.9.9.9"}, Network: "carrel0", Default: true, Created: now, Updated: now}
		group := catalog.SecurityGroup{ID: "g", ProjectID: "p", Name: "default", Description: "out only", EnterpriseID: "0", Default: true, Created: now, Updated: now}
		e.Update(func(tx *store.Tx) error {
			if err := catalog.InsertVPC(e.Context(), tx, vpc); err != nil {
				return err
			}
			if err := catalog.InsertSubnet(e.Context(), tx, subnet); err != nil {
				return err
			}
			return catalog.InsertSecurityGroup(e.Context(), tx, group)
		})
		e.Same(storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]catalog.VPC, error) { return catalog.VPCs(ctx, tx, "p") }), []catalog.VPC{vpc})
		e.Same(storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]catalog.Subnet, error) {
			return catalog.Subnets(ctx, tx, "p")
		}), []catalog.Subnet{subnet})
		e.Same(storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]catalog.SecurityGroup, error) {
			return catalog.SecurityGroups(ctx, tx, "p")
		}),
			[]catalog.SecurityGroup{group})
		everybodys := storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]catalog.Subnet, error) { return catalog.Subnets(ctx, tx, "") })
		e.Same(len(everybodys), 3)
	},
	"subnets are used while a desktop is on them or a pool makes desktops there": func(e *env) {
		for i := range 3 {
			e.addSubnet(fmt.Sprintf("used-%d", i), fmt.Sprintf("10.8.%d.0/24", i), fmt.Sprintf("10.8.%d.1", i))
		}
		used := func() []string {
			return storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]string, error) {
				return catalog.UsedSubnets(ctx, tx, storetest.Project)
			})
		}
		e.Same(len(used()), 0)
		e.AddDesktop("D", func(d *desktop.Desktop) { d.SubnetID, d.Address = "used-1", "10.8.1.9" })
		e.AddPool("p", func(p *pool.Pool) { p.SubnetIDs = []string{"elsewhere", "used-2"} })
		e.Same(used(), []string{"used-1", "used-2"})
	},
	"an address that the engine has in use is not given out until it is free again": func(e *env) {
		reserve := func(addresses ...string) {
			var all []catalog.Reservation
			for _, a := range addresses {
				all = append(all, catalog.Reservation{SubnetID: desktoptest.SubnetOf(storetest.Project), Address: a, Holder: "machine at " + a})
			}
			e.Update(func(tx *store.Tx) error {
				return catalog.PutReservations(e.Context(), tx, desktoptest.SubnetOf(storetest.Project), all)
			})
		}
		reserve("10.0.0.4", "10.0.0.6")
		reserve("10.0.0.4", "10.0.0.6") // a look that finds the same
		e.AddDesktop("D", func(d *desktop.Desktop) { d.Address = "10.0.0.5" })
		e.Update(func(tx *store.Tx) error {
			return catalog.ReserveAddress(e.Context(), tx, catalog.Reservation{SubnetID: desktoptest.SubnetOf(storetest.Project), Address: "10.0.0.7"})
		})
		e.Same(e.freeAddresses(desktoptest.SubnetOf(storetest.Project), 2), []string{"10.0.0.8", "10.0.0.9"})
		e.Same(e.freeAddresses(desktoptest.SubnetOf(storetest.OtherProject), 1), []string{"10.1.0.4"})
		e.Same(storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]catalog.Reservation, error) {
			return catalog.Reservations(ctx, tx, desktoptest.SubnetOf(storetest.Project), []string{"10.0.0.6", "10.0.0.8"})
		}), []catalog.Reservation{{SubnetID: desktoptest.SubnetOf(storetest.Project), Address: "10.0.0.6", Holder: "machine at 10.0.0.6"}})
		reserve()
		e.Same(storetest.Get(e, func(ctx context.Context, tx *store.Tx) (int, error) {
			r, err := catalog.Reservations(ctx, tx, desktoptest.SubnetOf(storetest.Project), []string{"10.0.0.4", "10.0.0.6", "10.0.0.7"})
			return len(r), err
		}), 0)
	},
	"an installation gets one id, whoever asks first": func(e *env) {
		id := func() string {
			return storetest.Get(e, func(ctx context.Context, tx *store.Tx) (string, error) { return catalog.Installation(ctx, tx) })
		}
		e.Same(id(), "")
		for _, wish := range []string{"first", "second"} {
			e.Update(func(tx *store.Tx) error {
				got, err := catalog.PutInstallation(e.Context(), tx, wish)
				e.Same(got, "first")
				return err
			})
		}
		e.Same(id(), "first")
	},
	"addresses start behind the reserved ones and go on behind the last": func(e *env) {
		e.Same(e.freeAddresses(desktoptest.SubnetOf(storetest.Project), 2), []string{"10.0.0.4", "10.0.0.5"})
		e.Same(e.freeAddresses(desktoptest.SubnetOf(storetest.Project), 2), []string{"10.0.0.6", "10.0.0.7"})
	},
	"addresses that desktops have are left out, however they got them": func(e *env) {
		e.AddDesktop("pc", func(d *desktop.Desktop) { d.Address = "10.0.0.5" })
		e.Same(e.freeAddresses(desktoptest.SubnetOf(storetest.Project), 3), []string{"10.0.0.4", "10.0.0.6", "10.0.0.7"})
	},
	"the search for addresses begins again at the end of the subnet, and never gives out the gateway": func(e *env) {
		e.addSubnet("small", "192.168.7.0/28", "192.168.7.9")
		first := e.freeAddresses("small", 8)
		e.Same(first, []string{"192.168.7.4", "192.168.7.5", "192.168.7.6", "192.168.7.7", "192.168.7.8", "192.168.7.10", "192.168.7.11", "192.168.7.12"})
		e.Same(e.freeAddresses("small", 4), []string{"192.168.7.13", "192.168.7.14", "192.168.7.4", "192.168.7.5"})
	},
	"a subnet that is full says so": func(e *env) {
		e.addSubnet("small", "192.168.7.0/29", "192.168.7.1")
		e.Same(e.freeAddresses("small", 3), []string{"192.168.7.4", "192.168.7.5", "192.168.7.6"})
		e.Refuses(workspace.CodeNoAddress, func(tx *store.Tx) error {
			_, err := catalog.FreeAddresses(e.Context(), tx, "small", 4)
			return err
		})
		e.Refuses(workspace.CodeSubnetNotFound, func(tx *store.Tx) error {
			_, err := catalog.FreeAddresses(e.Context(), tx, "missing", 1)
			return err
		})
	},
	"the only free address of a large subnet is found": func(e *env) {
		e.addSubnet("large", "10.8.0.0/21", "10.8.0.1")
		all := e.freeAddresses("large", 2043) // 2048 but for network, 3 reserved and broadcast
		hole := slices.Index(all, "10.8.5.77")
		used := slices.Delete(slices.Clone(all), hole, hole+1)
		e.Update(func(tx *store.Tx) error {
			var made []desktop.Desktop
			for _, a := range used {
				made = append(made, desktop.Desktop{ID: workspace.NewID(), ProjectID: storetest.Project, Name: "pc-" + a, SubnetID: "large", Address: a})
			}
			return desktop.InsertDesktops(e.Context(), tx, made)
		})
		e.Same(e.freeAddresses("large", 1), []string{"10.8.5.77"})
		e.Same(e.freeAddresses("large", 1), []string{"10.8.5.77"})
	},
	"20 callers at once get different addresses": func(e *env) {
		e.All(storetest.Together(20, func(i int) error {
			return e.Store.Update(e.Context(), func(tx *store.Tx) error {
				a, err := catalog.FreeAddresses(e.Context(), tx, desktoptest.SubnetOf(storetest.Project), 1)
				if err != nil {
					return err
				}
				d := desktoptest.NewDesktop("pc-" + a[0])
				d.Address = a[0]
				return desktop.InsertDesktops(e.Context(), tx, []desktop.Desktop{d})
			})
		}))
	},
}

func (e *env) addSubnet(id, cidr, gateway string) {
	e.Helper()
	e.Update(func(tx *store.Tx) error {
		return catalog.InsertSubnet(e.Context(), tx, catalog.Subnet{ID: id, ProjectID: storetest.Project, VPCID: "vpc-of-" + storetest.Project, CIDR: cidr, Gateway: gateway})
	})
}

func (e *env) freeAddresses(subnet string, n int) []string {
	e.Helper()
	return storetest.Do(e, func(ctx context.Context, tx *store.Tx) ([]string, error) {
		return catalog.FreeAddresses(ctx, tx, subnet, n)
	})
}
