package storetest

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/pool"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// same checks that two values are equal, times included.
func (w *world) same(got, want any) {
	w.Helper()
	if !reflect.DeepEqual(got, want) {
		w.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// all of a list, which tests keep short.
var everything = workspace.Page{Limit: 1000}

var catalogs = []behaviour{
	{"products are read as they were put, and replaced by id", func(w *world) {
		p := catalog.Product{ID: "p", CPUs: 2, MemoryMiB: 4096, Processes: 3000, Architecture: "x86", OSType: "Linux", DiskType: "SSD", DiskGB: 80,
			PackageType: "general", Description: `it's "fine" \ ? 100 %`, Status: "normal"}
		w.update(func(tx *store.Tx) error { return catalog.PutProducts(w.Context(), tx, []catalog.Product{p}) })
		p.CPUs, p.Description = 4, ""
		w.update(func(tx *store.Tx) error { return catalog.PutProducts(w.Context(), tx, []catalog.Product{p}) })
		w.same(get(w, func(ctx context.Context, tx *store.Tx) (catalog.Product, error) {
			return catalog.ReadProduct(ctx, tx, "p")
		}), p)
		w.refuses(workspace.CodeProductNotFound, func(tx *store.Tx) error {
			_, err := catalog.ReadProduct(w.Context(), tx, "q")
			return err
		})
	}},
	{"products are filtered, the smallest first", func(w *world) {
		w.update(func(tx *store.Tx) error {
			return catalog.PutProducts(w.Context(), tx, []catalog.Product{
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
			c.query.Page = everything
			w.view(func(tx *store.Tx) error {
				got, total, err := catalog.Products(w.Context(), tx, c.query)
				w.same(ids(got, func(p catalog.Product) string { return p.ID }), c.want)
				w.same(total, len(c.want))
				return err
			})
		}
	}},
	{"images are read as they were put", func(w *world) {
		i := catalog.Image{ID: "i", ProjectID: project, Type: catalog.ImagePrivate, Name: "mine", OSType: "Linux", OSVersion: "Debian GNU/Linux 12",
			Architecture: "x86", VM: true, MinMemoryMiB: 1024, MinDiskGB: 80, EngineID: "carrel/debian", Created: w.clock.Now()}
		w.update(func(tx *store.Tx) error { return catalog.PutImages(w.Context(), tx, []catalog.Image{i}) })
		w.same(get(w, func(ctx context.Context, tx *store.Tx) (catalog.Image, error) {
			return catalog.ReadImage(ctx, tx, project, "i")
		}), i)
	}},
	{"an image that is gone is read, but not listed, until it is put again", func(w *world) {
		i := catalog.Image{ID: "i", Type: catalog.ImageGold, Name: "gold", Created: w.clock.Now()}
		listed := func(ctx context.Context, tx *store.Tx) (int, error) {
			_, total, err := catalog.Images(ctx, tx, catalog.ImageQuery{ProjectID: project, Page: everything})
			return total, err
		}
		read := func(ctx context.Context, tx *store.Tx) (catalog.Image, error) {
			return catalog.ReadImage(ctx, tx, project, "i")
		}
		w.update(func(tx *store.Tx) error { return catalog.PutImages(w.Context(), tx, []catalog.Image{i}) })
		w.update(func(tx *store.Tx) error { return catalog.MarkGone(w.Context(), tx, []string{"i", "none"}) })
		w.same(get(w, listed), 0)
		w.same(get(w, read).Gone, true)
		w.update(func(tx *store.Tx) error { return catalog.PutImages(w.Context(), tx, []catalog.Image{i}) })
		w.same(get(w, listed), 1)
		w.same(get(w, read), i)
	}},
	{"a project uses its own images and those of all", func(w *world) {
		w.update(func(tx *store.Tx) error {
			return catalog.PutImages(w.Context(), tx, []catalog.Image{
				{ID: "gold", Type: catalog.ImageGold, Name: "b", Created: w.clock.Now()},
				{ID: "mine", ProjectID: project, Type: catalog.ImagePrivate, Name: "a", Created: w.clock.Now().Add(time.Second)},
				{ID: "theirs", ProjectID: otherProject, Type: catalog.ImagePrivate, Name: "c", Created: w.clock.Now()},
			})
		})
		w.refuses(workspace.CodeImageNotFound, func(tx *store.Tx) error {
			_, err := catalog.ReadImage(w.Context(), tx, project, "theirs")
			return err
		})
		for _, c := range []struct {
			query catalog.ImageQuery
			want  []string
		}{
			{catalog.ImageQuery{ProjectID: project}, []string{"mine", "gold"}},
			{catalog.ImageQuery{ProjectID: project, Descending: true}, []string{"gold", "mine"}},
			{catalog.ImageQuery{ProjectID: project, SortBy: "created_at"}, []string{"gold", "mine"}},
			{catalog.ImageQuery{ProjectID: project, Type: catalog.ImageGold}, []string{"gold"}},
			{catalog.ImageQuery{}, []string{"mine", "gold", "theirs"}},
		} {
			c.query.Page = everything
			w.view(func(tx *store.Tx) error {
				got, total, err := catalog.Images(w.Context(), tx, c.query)
				w.same(ids(got, func(i catalog.Image) string { return i.ID }), c.want)
				w.same(total, len(c.want))
				return err
			})
		}
	}},
	{"zones and volume types may be put twice", func(w *world) {
		zones := []catalog.Zone{{ID: "az-1"}, {ID: "az-2", Default: true}}
		types := []catalog.VolumeType{{ID: "SAS"}, {ID: "SSD"}}
		for range 2 {
			w.update(func(tx *store.Tx) error {
				if err := catalog.PutZones(w.Context(), tx, zones); err != nil {
					return err
				}
				return catalog.PutVolumeTypes(w.Context(), tx, types)
			})
		}
		w.same(get(w, func(ctx context.Context, tx *store.Tx) ([]catalog.Zone, error) { return catalog.Zones(ctx, tx) }), zones)
		w.same(get(w, func(ctx context.Context, tx *store.Tx) ([]catalog.VolumeType, error) {
			return catalog.VolumeTypes(ctx, tx)
		}), types)
	}},
	{"a zone that is the default from now on is the only one", func(w *world) {
		inTurn := [][]catalog.Zone{
			{{ID: "m", Default: true}, {ID: "n"}},
			{{ID: "a", Default: true}}, // m was renamed
			{{ID: "a"}, {ID: "z", Default: true}},
		}
		defaults := func() (out []string) {
			for _, z := range get(w, func(ctx context.Context, tx *store.Tx) ([]catalog.Zone, error) { return catalog.Zones(ctx, tx) }) {
				if z.Default {
					out = append(out, z.ID)
				}
			}
			return out
		}
		for i, want := range []string{"m", "a", "z"} {
			w.all(together(3, func(int) error { // replicas that start at the same time
				return w.store.Update(w.Context(), func(tx *store.Tx) error { return catalog.PutZones(w.Context(), tx, inTurn[i]) })
			}))
			w.same(defaults(), []string{want})
		}
	}},
}

var networks = []behaviour{
	{"VPCs, subnets and security groups are read as they were inserted, by project", func(w *world) {
		now := w.clock.Now()
		vpc := catalog.VPC{ID: "v", ProjectID: "p", Name: "net", CIDR: "10.9.0.0/16", Created: now}
		subnet := catalog.Subnet{ID: "s", ProjectID: "p", VPCID: "v", Name: "desktops", CIDR: "10.9.1.0/24", Gateway: "10.9.1.1",
			DNS: []string{"10.9.1.1", "9.9.9.9"}, Network: "carrel0", Default: true, Created: now}
		group := catalog.SecurityGroup{ID: "g", ProjectID: "p", Name: "default", Description: "out only", Default: true, Created: now}
		w.update(func(tx *store.Tx) error {
			if err := catalog.InsertVPC(w.Context(), tx, vpc); err != nil {
				return err
			}
			if err := catalog.InsertSubnet(w.Context(), tx, subnet); err != nil {
				return err
			}
			return catalog.InsertSecurityGroup(w.Context(), tx, group)
		})
		w.same(get(w, func(ctx context.Context, tx *store.Tx) ([]catalog.VPC, error) { return catalog.VPCs(ctx, tx, "p") }), []catalog.VPC{vpc})
		w.same(get(w, func(ctx context.Context, tx *store.Tx) ([]catalog.Subnet, error) {
			return catalog.Subnets(ctx, tx, "p")
		}), []catalog.Subnet{subnet})
		w.same(get(w, func(ctx context.Context, tx *store.Tx) ([]catalog.SecurityGroup, error) {
			return catalog.SecurityGroups(ctx, tx, "p")
		}),
			[]catalog.SecurityGroup{group})
		everybodys := get(w, func(ctx context.Context, tx *store.Tx) ([]catalog.Subnet, error) { return catalog.Subnets(ctx, tx, "") })
		w.same(len(everybodys), 3)
	}},
	{"subnets are used while a desktop is on them or a pool makes desktops there", func(w *world) {
		for i := range 3 {
			w.addSubnet(fmt.Sprintf("used-%d", i), fmt.Sprintf("10.8.%d.0/24", i), fmt.Sprintf("10.8.%d.1", i))
		}
		used := func() []string {
			return get(w, func(ctx context.Context, tx *store.Tx) ([]string, error) {
				return catalog.UsedSubnets(ctx, tx, project)
			})
		}
		w.same(len(used()), 0)
		w.addDesktop("D", func(d *desktop.Desktop) { d.SubnetID, d.Address = "used-1", "10.8.1.9" })
		w.addPool("p", func(p *pool.Pool) { p.SubnetIDs = []string{"elsewhere", "used-2"} })
		w.same(used(), []string{"used-1", "used-2"})
	}},
	{"an address that the engine has in use is not given out until it is free again", func(w *world) {
		reserve := func(addresses ...string) {
			var all []catalog.Reservation
			for _, a := range addresses {
				all = append(all, catalog.Reservation{SubnetID: subnetOf(project), Address: a, Holder: "machine at " + a})
			}
			w.update(func(tx *store.Tx) error { return catalog.PutReservations(w.Context(), tx, subnetOf(project), all) })
		}
		reserve("10.0.0.4", "10.0.0.6")
		reserve("10.0.0.4", "10.0.0.6") // a look that finds the same
		w.addDesktop("D", func(d *desktop.Desktop) { d.Address = "10.0.0.5" })
		w.update(func(tx *store.Tx) error {
			return catalog.ReserveAddress(w.Context(), tx, catalog.Reservation{SubnetID: subnetOf(project), Address: "10.0.0.7"})
		})
		w.same(w.freeAddresses(subnetOf(project), 2), []string{"10.0.0.8", "10.0.0.9"})
		w.same(w.freeAddresses(subnetOf(otherProject), 1), []string{"10.1.0.4"})
		w.same(get(w, func(ctx context.Context, tx *store.Tx) ([]catalog.Reservation, error) {
			return catalog.Reservations(ctx, tx, subnetOf(project), []string{"10.0.0.6", "10.0.0.8"})
		}), []catalog.Reservation{{SubnetID: subnetOf(project), Address: "10.0.0.6", Holder: "machine at 10.0.0.6"}})
		reserve()
		w.same(get(w, func(ctx context.Context, tx *store.Tx) (int, error) {
			r, err := catalog.Reservations(ctx, tx, subnetOf(project), []string{"10.0.0.4", "10.0.0.6", "10.0.0.7"})
			return len(r), err
		}), 0)
	}},
	{"an installation gets one id, whoever asks first", func(w *world) {
		id := func() string {
			return get(w, func(ctx context.Context, tx *store.Tx) (string, error) { return catalog.Installation(ctx, tx) })
		}
		w.same(id(), "")
		for _, wish := range []string{"first", "second"} {
			w.update(func(tx *store.Tx) error {
				got, err := catalog.PutInstallation(w.Context(), tx, wish)
				w.same(got, "first")
				return err
			})
		}
		w.same(id(), "first")
	}},
	{"addresses start behind the reserved ones and go on behind the last", func(w *world) {
		w.same(w.freeAddresses(subnetOf(project), 2), []string{"10.0.0.4", "10.0.0.5"})
		w.same(w.freeAddresses(subnetOf(project), 2), []string{"10.0.0.6", "10.0.0.7"})
	}},
	{"addresses that desktops have are left out, however they got them", func(w *world) {
		w.addDesktop("pc", func(d *desktop.Desktop) { d.Address = "10.0.0.5" })
		w.same(w.freeAddresses(subnetOf(project), 3), []string{"10.0.0.4", "10.0.0.6", "10.0.0.7"})
	}},
	{"the search for addresses begins again at the end of the subnet, and never gives out the gateway", func(w *world) {
		w.addSubnet("small", "192.168.7.0/28", "192.168.7.9")
		first := w.freeAddresses("small", 8)
		w.same(first, []string{"192.168.7.4", "192.168.7.5", "192.168.7.6", "192.168.7.7", "192.168.7.8", "192.168.7.10", "192.168.7.11", "192.168.7.12"})
		w.same(w.freeAddresses("small", 4), []string{"192.168.7.13", "192.168.7.14", "192.168.7.4", "192.168.7.5"})
	}},
	{"a subnet that is full says so", func(w *world) {
		w.addSubnet("small", "192.168.7.0/29", "192.168.7.1")
		w.same(w.freeAddresses("small", 3), []string{"192.168.7.4", "192.168.7.5", "192.168.7.6"})
		w.refuses(workspace.CodeNoAddress, func(tx *store.Tx) error {
			_, err := catalog.FreeAddresses(w.Context(), tx, "small", 4)
			return err
		})
		w.refuses(workspace.CodeSubnetNotFound, func(tx *store.Tx) error {
			_, err := catalog.FreeAddresses(w.Context(), tx, "missing", 1)
			return err
		})
	}},
	{"the only free address of a large subnet is found", func(w *world) {
		w.addSubnet("large", "10.8.0.0/21", "10.8.0.1")
		all := w.freeAddresses("large", 2043) // 2048 but for network, 3 reserved and broadcast
		hole := slices.Index(all, "10.8.5.77")
		used := slices.Delete(slices.Clone(all), hole, hole+1)
		w.update(func(tx *store.Tx) error {
			var made []desktop.Desktop
			for _, a := range used {
				made = append(made, desktop.Desktop{ID: workspace.NewID(), ProjectID: project, Name: "pc-" + a, SubnetID: "large", Address: a})
			}
			return desktop.InsertDesktops(w.Context(), tx, made)
		})
		w.same(w.freeAddresses("large", 1), []string{"10.8.5.77"})
		w.same(w.freeAddresses("large", 1), []string{"10.8.5.77"})
	}},
	{"20 callers at once get different addresses", func(w *world) {
		w.all(together(20, func(i int) error {
			return w.store.Update(w.Context(), func(tx *store.Tx) error {
				a, err := catalog.FreeAddresses(w.Context(), tx, subnetOf(project), 1)
				if err != nil {
					return err
				}
				d := newDesktop("pc-" + a[0])
				d.Address = a[0]
				return desktop.InsertDesktops(w.Context(), tx, []desktop.Desktop{d})
			})
		}))
	}},
}

func (w *world) addSubnet(id, cidr, gateway string) {
	w.Helper()
	w.update(func(tx *store.Tx) error {
		return catalog.InsertSubnet(w.Context(), tx, catalog.Subnet{ID: id, ProjectID: project, VPCID: "vpc-of-" + project, CIDR: cidr, Gateway: gateway})
	})
}

func (w *world) freeAddresses(subnet string, n int) []string {
	w.Helper()
	return do(w, func(ctx context.Context, tx *store.Tx) ([]string, error) {
		return catalog.FreeAddresses(ctx, tx, subnet, n)
	})
}
