package catalog_test

import (
	"context"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

var catalogs = map[string]func(*env){
	"products are read as they were put, and replaced by id": func(e *env) {
		p := catalog.Product{ID: "p", CPUs: 2, MemoryMiB: 4096, Processes: 3000, Architecture: "x86", OSType: "Linux", DiskType: "SSD", DiskGB: 80,
			PackageType: "general", Description: `it's "fine" \ ? 100 %`, Status: "normal"}
		e.Update(func(tx *store.Tx) error { return catalog.PutProducts(e.Context(), tx, []catalog.Product{p}) })
		p.CPUs, p.Description = 4, ""
		e.Update(func(tx *store.Tx) error { return catalog.PutProducts(e.Context(), tx, []catalog.Product{p}) })
		e.Same(storetest.Get(e, func(ctx context.Context, tx *store.Tx) (catalog.Product, error) {
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
			c.query.Page = storetest.Everything
			e.View(func(tx *store.Tx) error {
				got, total, err := catalog.Products(e.Context(), tx, c.query)
				e.Same(storetest.IDs(got, func(p catalog.Product) string { return p.ID }), c.want)
				e.Same(total, len(c.want))
				return err
			})
		}
	},
	"images are read as they were put": func(e *env) {
		i := catalog.Image{ID: "i", ProjectID: storetest.Project, Type: catalog.ImagePrivate, Name: "own", OSType: "Linux", OSVersion: "Debian GNU/Linux 12",
			Architecture: "x86", VM: true, MinMemoryMiB: 1024, MinDiskGB: 80, EngineID: "carrel/debian", Created: e.Clock.Now()}
		e.Update(func(tx *store.Tx) error { return catalog.PutImages(e.Context(), tx, []catalog.Image{i}) })
		e.Same(storetest.Get(e, func(ctx context.Context, tx *store.Tx) (catalog.Image, error) {
			return catalog.ReadImage(ctx, tx, storetest.Project, "i")
		}), i)
	},
	"an image that is gone is read, but not listed, until it is put again": func(e *env) {
		i := catalog.Image{ID: "i", Type: catalog.ImageGold, Name: "gold", Created: e.Clock.Now()}
		listed := func(ctx context.Context, tx *store.Tx) (int, error) {
			_, total, err := catalog.Images(ctx, tx, catalog.ImageQuery{ProjectID: storetest.Project, Page: storetest.Everything})
			return total, err
		}
		read := func(ctx context.Context, tx *store.Tx) (catalog.Image, error) {
			return catalog.ReadImage(ctx, tx, storetest.Project, "i")
		}
		e.Update(func(tx *store.Tx) error { return catalog.PutImages(e.Context(), tx, []catalog.Image{i}) })
		e.Update(func(tx *store.Tx) error { return catalog.MarkGone(e.Context(), tx, []string{"i", "none"}) })
		e.Same(storetest.Get(e, listed), 0)
		e.Same(storetest.Get(e, read).Gone, true)
		e.Update(func(tx *store.Tx) error { return catalog.PutImages(e.Context(), tx, []catalog.Image{i}) })
		e.Same(storetest.Get(e, listed), 1)
		e.Same(storetest.Get(e, read), i)
	},
	"a project uses its own images and those of all": func(e *env) {
		e.Update(func(tx *store.Tx) error {
			return catalog.PutImages(e.Context(), tx, []catalog.Image{
				{ID: "gold", Type: catalog.ImageGold, Name: "b", Created: e.Clock.Now()},
				{ID: "own", ProjectID: storetest.Project, Type: catalog.ImagePrivate, Name: "a", Created: e.Clock.Now().Add(time.Second)},
				{ID: "theirs", ProjectID: storetest.OtherProject, Type: catalog.ImagePrivate, Name: "c", Created: e.Clock.Now()},
			})
		})
		e.Refuses(workspace.CodeImageNotFound, func(tx *store.Tx) error {
			_, err := catalog.ReadImage(e.Context(), tx, storetest.Project, "theirs")
			return err
		})
		for _, c := range []struct {
			query catalog.ImageQuery
			want  []string
		}{
			{catalog.ImageQuery{ProjectID: storetest.Project}, []string{"own", "gold"}},
			{catalog.ImageQuery{ProjectID: storetest.Project, Descending: true}, []string{"gold", "own"}},
			{catalog.ImageQuery{ProjectID: storetest.Project, SortBy: "created_at"}, []string{"gold", "own"}},
			{catalog.ImageQuery{ProjectID: storetest.Project, Type: catalog.ImageGold}, []string{"gold"}},
			{catalog.ImageQuery{}, []string{"own", "gold", "theirs"}},
		} {
			c.query.Page = storetest.Everything
			e.View(func(tx *store.Tx) error {
				got, total, err := catalog.Images(e.Context(), tx, c.query)
				e.Same(storetest.IDs(got, func(i catalog.Image) string { return i.ID }), c.want)
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
		e.Same(storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]catalog.Zone, error) { return catalog.Zones(ctx, tx) }), zones)
		e.Same(storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]catalog.VolumeType, error) {
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
			for _, z := range storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]catalog.Zone, error) { return catalog.Zones(ctx, tx) }) {
				if z.Default {
					out = append(out, z.ID)
				}
			}
			return out
		}
		for i, want := range []string{"m", "a", "z"} {
			e.All(storetest.Together(3, func(int) error { // replicas that start at the same time
				return e.Store.Update(e.Context(), func(tx *store.Tx) error { return catalog.PutZones(e.Context(), tx, inTurn[i]) })
			}))
			e.Same(defaults(), []string{want})
		}
	},
}
