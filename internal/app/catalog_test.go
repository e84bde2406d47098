package app

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"testing"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/engine"
	"carrel/internal/engine/sim"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

// emptied is an engine whose images were deleted, as long as gone is set.
type emptied struct {
	engine.Engine
	gone bool
}

func (e *emptied) Images(ctx context.Context) ([]engine.Image, error) {
	if e.gone {
		return nil, nil
	}
	return e.Engine.Images(ctx)
}

func TestTheListOfImagesFollowsTheEngine(t *testing.T) {
	db := storetest.Open(t, storetest.SQLitePath(t), nil)
	simulation, err := sim.Open(sim.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := simulation.Close(); err != nil {
			t.Error(err)
		}
	})
	e := &emptied{Engine: simulation}
	if err := syncCatalog(t.Context(), db, e, Defaults()); err != nil {
		t.Fatal(err)
	}
	images := func() []catalog.Image {
		t.Helper()
		if err := refreshImages(t.Context(), db, e, "mine", slog.New(slog.DiscardHandler)); err != nil {
			t.Fatal(err)
		}
		var listed []catalog.Image
		err := db.View(t.Context(), func(tx *store.Tx) (err error) {
			listed, _, err = catalog.Images(t.Context(), tx, catalog.ImageQuery{Page: workspace.Page{Limit: 100}})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return listed
	}
	before := images()
	if len(before) == 0 {
		t.Fatal("there are no images to begin with")
	}
	e.gone = true
	if left := images(); len(left) != 0 {
		t.Errorf("the engine has no images, listed are %+v", left)
	}
	e.gone = false
	if again := images(); len(again) != len(before) || again[0].ID != before[0].ID {
		t.Errorf("they came back as %+v, they were %+v", again, before)
	}
}

func TestImagesOfProjectsFollowTheEngine(t *testing.T) {
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	owned := []catalog.Image{
		{ID: "stays", EngineID: "e1"}, {ID: "goes", EngineID: "e2"}, {ID: "comes back", EngineID: "e3", Gone: true}, {ID: "stays away", EngineID: "e4", Gone: true},
	}
	old, fresh := now.Add(-orphanAge-time.Second), now.Add(-time.Hour)
	there := []engine.Image{
		{ID: "gold"},
		{ID: "e1", Publication: "p1", Installation: "mine", Made: old},
		{ID: "e3", Publication: "p3", Installation: "mine", Made: old},
		{ID: "orphan", Publication: "p5", Installation: "mine", Made: old},
		{ID: "in the making", Publication: "p6", Installation: "mine", Made: fresh},
		{ID: "another's", Publication: "p7", Installation: "theirs", Made: old},
	}
	c := changesOfOwned(owned, there, "mine", now)
	if !slices.Equal(c.gone, []string{"goes"}) || !slices.Equal(c.back, []string{"comes back"}) || !slices.Equal(c.orphans, []string{"orphan"}) {
		t.Errorf("the changes are %+v", c)
	}
}

func TestProductsAreThoseOfTheConfiguration(t *testing.T) {
	db := storetest.Open(t, storetest.SQLitePath(t), nil)
	simulation, err := sim.Open(sim.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := simulation.Close(); err != nil {
			t.Error(err)
		}
	})
	offered := func(c Config) map[string]string {
		t.Helper()
		if err := syncCatalog(t.Context(), db, simulation, c); err != nil {
			t.Fatal(err)
		}
		of := map[string]string{}
		err := db.View(t.Context(), func(tx *store.Tx) error {
			products, _, err := catalog.Products(t.Context(), tx, catalog.ProductQuery{Page: workspace.Page{Limit: 100}})
			for _, p := range products {
				if p.Status != catalog.ProductAbandoned {
					of[p.ID] = p.OSType
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return of
	}
	c := Defaults()
	c.Products = []Product{
		{ID: "small.linux", CPUs: 1, MemoryMiB: 2048}, {ID: "large", CPUs: 2, MemoryMiB: 4096},
		{ID: "huge", CPUs: 4, MemoryMiB: 8192}, {ID: "special", CPUs: 4, MemoryMiB: 8192, OSType: "Windows"},
	}
	both := map[string]string{
		"small.linux": "Linux", "small.windows": "Windows", "large": "Linux", "large.windows": "Windows", "huge": "Linux", "special": "Windows",
	}
	if got := offered(c); !maps.Equal(got, both) {
		t.Errorf("offered are %v, want %v", got, both)
	}
	c.BothSystems = false
	if got := offered(c); !maps.Equal(got, map[string]string{"small.linux": "Linux", "large": "Linux", "huge": "Linux", "special": "Windows"}) {
		t.Errorf("offered without the other system are %v", got)
	}
	c.BothSystems = true
	if got := offered(c); !maps.Equal(got, both) {
		t.Errorf("offered again are %v, want %v", got, both)
	}
}

func TestAnImageThatStaysIsNotWrittenAgain(t *testing.T) {
	known := catalog.Image{ID: "a", Name: "one"}
	renamed := catalog.Image{ID: "b", Name: "two"}
	fresh, gone := compareImages([]catalog.Image{known, {ID: "b", Name: "old"}, {ID: "c"}}, []catalog.Image{known, renamed, {ID: "d"}})
	if len(fresh) != 2 || fresh[0] != renamed || fresh[1].ID != "d" || len(gone) != 1 || gone[0] != "c" {
		t.Errorf("to write %+v, gone %v", fresh, gone)
	}
}
