package storetest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/pool"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

var catalogs = map[string]func(*env){
	"products are read as they were put, and replaced by id": func(e *env) {
		p := catalog.Product{ID: "p", CPUs: 2, MemoryMiB: 4096, Processes: 3000, Architecture: "x86", OSType: "Linux", DiskType: "SSD", DiskGB: 80,
			PackageType: "general", Description: `it's "fine" \ ? 100 %`, Status: "normal"}
		e.Update(func(tx *store.Tx) error { return catalog.PutProducts(e.Context(), tx, []catalog.Product{p}) })
		p.CPUs, p.Description = 4, ""
		e.Update(func(tx *store.Tx) error { return catalog.PutProducts(e.Context(), tx, []catalog.Product{p}) })
		e.Same(Get(e, func(ctx context.Context, tx *store.Tx) (catalog.Product, error) {
			return catalog.ReadProduct(ctx, tx, "p")
		}), p)
		e.Refuses(workspace.CodeProductNotFound, func(tx *store.Tx) error {
			_, err := catalog.ReadProduct(e.Context(), tx, "q")
			return err
		})
	},
	"products are filtered, the smallest first": func(e *env) {
		e.Update(func(tx *store.Tx) error {
			return catalog.PutProducts(e.Context(), tx, []catalog.Product{
				{ID: "large", CPUs: 8, OSType: "Linux", Architecture: "x86", PackageType: "general"},
				{ID: "small", CPUs: 2, OSType: "Linux", Architecture: "arm", PackageType: "general"},
				{ID: "windows", CPUs: 4, OSType: "Windows", Architecture: "x86", PackageType: "special"},
			})
		})
		for _, c := range []struct {
			query catalog.ProductQuery
			want  []string
		}{
			{catalog.ProductQuery{}, []string{"small", "windows", "large"}},
			{catalog.ProductQuery{OSType: "Linux"}, []string{"small", "large"}},
			{catalog.ProductQuery{Architecture: "x86"}, []string{"windows", "large"}},
			{catalog.ProductQuery{PackageType: "special"}, []string{"windows"}},
			{catalog.ProductQuery{ID: "large"}, []string{"large"}},
		} {
			c.query.Page = Everything
			e.View(func(tx *store.Tx) error {
				got, total, err := catalog.Products(e.Context(), tx, c.query)
				e.Same(IDs(got, func(p catalog.Product) string { return p.ID }), c.want)
				e.Same(total, len(c.want))
				return err
			})
		}
	},
	"images are read as they were put": func(e *env) {
		i := catalog.Image{ID: "i", ProjectID: Project, Type: catalog.ImagePrivate, Name: "mine", OSType: "Linux", OSVersion: "Debian GNU/Linux 12",
			Architecture: "x86", VM: true, MinMemoryMiB: 1024, MinDiskGB: 80, EngineID: "carrel/debian", Created: e.Clock.Now()}
		e.Update(func(tx *store.Tx) error { return catalog.PutImages(e.Context(), tx, []catalog.Image{i}) })
		e.Same(Get(e, func(ctx context.Context, tx *store.Tx) (catalog.Image, error) {
			return catalog.ReadImage(ctx, tx, Project, "i")
		}), i)
	},
	"an image that is gone is read, but not listed, until it is put again": func(e *env) {
		i := catalog.Image{ID: "i", Type: catalog.ImageGold, Name: "gold", Created: e.Clock.Now()}
		listed := func(ctx context.Context, tx *store.Tx) (int, error) {
			_, total, err := catalog.Images(ctx, tx, catalog.ImageQuery{ProjectID: Project, Page: Everything})
			return total, err
		}
		read := func(ctx context.Context, tx *store.Tx) (catalog.Image, error) {
			return catalog.ReadImage(ctx, tx, Project, "i")
		}
		e.Update(func(tx *store.Tx) error { return catalog.PutImages(e.Context(), tx, []catalog.Image{i}) })
		e.Update(func(tx *store.Tx) error { return catalog.MarkGone(e.Context(), tx, []string{"i", "none"}) })
		e.Same(Get(e, listed), 0)
		e.Same(Get(e, read).Gone, true)
		e.Update(func(tx *store.Tx) error { return catalog.PutImages(e.Context(), tx, []catalog.Image{i}) })
		e.Same(Get(e, listed), 1)
		e.Same(Get(e, read), i)
	},
	"a project uses its own images and those of all": func(e *env) {
		e.Update(func(tx *store.Tx) error {
			return catalog.PutImages(e.Context(), tx, []catalog.Image{
				{ID: "gold", Type: catalog.ImageGold, Name: "b", Created: e.Clock.Now()},
				{ID: "mine", ProjectID: Project, Type: catalog.ImagePrivate, Name: "a", Created: e.Clock.Now().Add(time.Second)},
				{ID: "theirs", ProjectID: OtherProject, Type: catalog.ImagePrivate, Name: "c", Created: e.Clock.Now()},
			})
		})
		e.Refuses(workspace.CodeImageNotFound, func(tx *store.Tx) error {
			_, err := catalog.ReadImage(e.Context(), tx, Project, "theirs")
			return err
		})
		for _, c := range []struct {
			query catalog.ImageQuery
			want  []string
		}{
			{catalog.ImageQuery{ProjectID: Project}, []string{"mine", "gold"}},
			{catalog.ImageQuery{ProjectID: Project, Descending: true}, []string{"gold", "mine"}},
			{catalog.ImageQuery{ProjectID: Project, SortBy: "created_at"}, []string{"gold", "mine"}},
			{catalog.ImageQuery{ProjectID: Project, Type: catalog.ImageGold}, []string{"gold"}},
			{catalog.ImageQuery{}, []string{"mine", "gold", "theirs"}},
		} {
			c.query.Page = Everything
			e.View(func(tx *store.Tx) error {
				got, total, err := catalog.Images(e.Context(), tx, c.query)
				e.Same(IDs(got, func(i catalog.Image) string { return i.ID }), c.want)
				e.Same(total, len(c.want))
				return err
			})
		}
	},
	"zones and volume types may be put twice": func(e *env) {
		zones := []catalog.Zone{{ID: "az-1"}, {ID: "az-2", Default: true}}
		types := []catalog.VolumeType{{ID: "SAS"}, {ID: "SSD"}}
		for range 2 {
			e.Update(func(tx *store.Tx) error {
				if err := catalog.PutZones(e.Context(), tx, zones); err != nil {
					return err
				}
				return catalog.PutVolumeTypes(e.Context(), tx, types)
			})
		}
		e.Same(Get(e, func(ctx context.Context, tx *store.Tx) ([]catalog.Zone, error) { return catalog.Zones(ctx, tx) }), zones)
		e.Same(Get(e, func(ctx context.Context, tx *store.Tx) ([]catalog.VolumeType, error) {
			return catalog.VolumeTypes(ctx, tx)
		}), types)
	},
	"a zone that is the default from now on is the only one": func(e *env) {
		inTurn := [][]catalog.Zone{
			{{ID: "m", Default: true}, {ID: "n"}},
			{{ID: "a", Default: true}}, // m was renamed
			{{ID: "a"}, {ID: "z", Default: true}},
		}
		defaults := func() (out []string) {
			for _, z := range Get(e, func(ctx context.Context, tx *store.Tx) ([]catalog.Zone, error) { return catalog.Zones(ctx, tx) }) {
				if z.Default {
					out = append(out, z.ID)
				}
			}
			return out
		}
		for i, want := range []string{"m", "a", "z"} {
			e.All(Together(3, func(int) error { // replicas that start at the same time
				return e.Store.Update(e.Context(), func(tx *store.Tx) error { return catalog.PutZones(e.Context(), tx, inTurn[i]) })
			}))
			e.Same(defaults(), []string{want})
		}
	},
}

var networks = map[string]func(*env){
	"VPCs, subnets and security groups are read as they were inserted, by project": func(e *env) {
		now := e.Clock.Now()
		vpc := catalog.VPC{ID: "v", ProjectID: "p", Name: "net", CIDR: "10.9.0.0/16", Created: now}
		subnet := catalog.Subnet{ID: "s", ProjectID: "p", VPCID: "v", Name: "desktops", CIDR: "10.9.1.0/24", Gateway: "10.9.1.1",
			DNS: []string{"10.9.1.1", "9.9.9.9"}, Network: "carrel0", Default: true, Created: now}
		group := catalog.SecurityGroup{ID: "g", ProjectID: "p", Name: "default", Description: "out only", Default: true, Created: now}
		e.Update(func(tx *store.Tx) error {
			if err := catalog.InsertVPC(e.Context(), tx, vpc); err != nil {
				return err
			}
			if err := catalog.InsertSubnet(e.Context(), tx, subnet); err != nil {
				return err
			}
			return catalog.InsertSecurityGroup(e.Context(), tx, group)
		})
		e.Same(Get(e, func(ctx context.Context, tx *store.Tx) ([]catalog.VPC, error) { return catalog.VPCs(ctx, tx, "p") }), []catalog.VPC{vpc})
		e.Same(Get(e, func(ctx context.Context, tx *store.Tx) ([]catalog.Subnet, error) {
			return catalog.Subnets(ctx, tx, "p")
		}), []catalog.Subnet{subnet})
		e.Same(Get(e, func(ctx context.Context, tx *store.Tx) ([]catalog.SecurityGroup, error) {
			return catalog.SecurityGroups(ctx, tx, "p")
		}),
			[]catalog.SecurityGroup{group})
		everybodys := Get(e, func(ctx context.Context, tx *store.Tx) ([]catalog.Subnet, error) { return catalog.Subnets(ctx, tx, "") })
		e.Same(len(everybodys), 3)
	},
	"subnets are used while a desktop is on them or a pool makes desktops there": func(e *env) {
		for i := range 3 {
			e.addSubnet(fmt.Sprintf("used-%d", i), fmt.Sprintf("10.8.%d.0/24", i), fmt.Sprintf("10.8.%d.1", i))
		}
		used := func() []string {
			return Get(e, func(ctx context.Context, tx *store.Tx) ([]string, error) {
				return catalog.UsedSubnets(ctx, tx, Project)
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
				all = append(all, catalog.Reservation{SubnetID: SubnetOf(Project), Address: a, Holder: "machine at " + a})
			}
			e.Update(func(tx *store.Tx) error { return catalog.PutReservations(e.Context(), tx, SubnetOf(Project), all) })
		}
		reserve("10.0.0.4", "10.0.0.6")
		reserve("10.0.0.4", "10.0.0.6") // a look that finds the same
		e.AddDesktop("D", func(d *desktop.Desktop) { d.Address = "10.0.0.5" })
		e.Update(func(tx *store.Tx) error {
			return catalog.ReserveAddress(e.Context(), tx, catalog.Reservation{SubnetID: SubnetOf(Project), Address: "10.0.0.7"})
		})
		e.Same(e.freeAddresses(SubnetOf(Project), 2), []string{"10.0.0.8", "10.0.0.9"})
		e.Same(e.freeAddresses(SubnetOf(OtherProject), 1), []string{"10.1.0.4"})
		e.Same(Get(e, func(ctx context.Context, tx *store.Tx) ([]catalog.Reservation, error) {
			return catalog.Reservations(ctx, tx, SubnetOf(Project), []string{"10.0.0.6", "10.0.0.8"})
		}), []catalog.Reservation{{SubnetID: SubnetOf(Project), Address: "10.0.0.6", Holder: "machine at 10.0.0.6"}})
		reserve()
		e.Same(Get(e, func(ctx context.Context, tx *store.Tx) (int, error) {
			r, err := catalog.Reservations(ctx, tx, SubnetOf(Project), []string{"10.0.0.4", "10.0.0.6", "10.0.0.7"})
			return len(r), err
		}), 0)
	},
	"an installation gets one id, whoever asks first": func(e *env) {
		id := func() string {
			return Get(e, func(ctx context.Context, tx *store.Tx) (string, error) { return catalog.Installation(ctx, tx) })
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
		e.Same(e.freeAddresses(SubnetOf(Project), 2), []string{"10.0.0.4", "10.0.0.5"})
		e.Same(e.freeAddresses(SubnetOf(Project), 2), []string{"10.0.0.6", "10.0.0.7"})
	},
	"addresses that desktops have are left out, however they got them": func(e *env) {
		e.AddDesktop("pc", func(d *desktop.Desktop) { d.Address = "10.0.0.5" })
		e.Same(e.freeAddresses(SubnetOf(Project), 3), []string{"10.0.0.4", "10.0.0.6", "10.0.0.7"})
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
				made = append(made, desktop.Desktop{ID: workspace.NewID(), ProjectID: Project, Name: "pc-" + a, SubnetID: "large", Address: a})
			}
			return desktop.InsertDesktops(e.Context(), tx, made)
		})
		e.Same(e.freeAddresses("large", 1), []string{"10.8.5.77"})
		e.Same(e.freeAddresses("large", 1), []string{"10.8.5.77"})
	},
	"20 callers at once get different addresses": func(e *env) {
		e.All(Together(20, func(i int) error {
			return e.Store.Update(e.Context(), func(tx *store.Tx) error {
				a, err := catalog.FreeAddresses(e.Context(), tx, SubnetOf(Project), 1)
				if err != nil {
					return err
				}
				d := NewDesktop("pc-" + a[0])
				d.Address = a[0]
				return desktop.InsertDesktops(e.Context(), tx, []desktop.Desktop{d})
			})
		}))
	},
}

func (e *env) addSubnet(id, cidr, gateway string) {
	e.Helper()
	e.Update(func(tx *store.Tx) error {
		return catalog.InsertSubnet(e.Context(), tx, catalog.Subnet{ID: id, ProjectID: Project, VPCID: "vpc-of-" + Project, CIDR: cidr, Gateway: gateway})
	})
}

func (e *env) freeAddresses(subnet string, n int) []string {
	e.Helper()
	return Do(e, func(ctx context.Context, tx *store.Tx) ([]string, error) {
		return catalog.FreeAddresses(ctx, tx, subnet, n)
	})
}
