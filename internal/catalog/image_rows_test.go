package catalog_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

var caller = workspace.Caller{ProjectID: storetest.Project}

// own adds images of the project with the names, each a second newer than the one before.
func (e *env) own(names ...string) {
	e.Helper()
	e.Update(func(tx *store.Tx) error {
		for n, name := range names {
			at := e.Clock.Now().Add(time.Duration(n) * time.Second)
			i := catalog.Image{
				ID: name, ProjectID: storetest.Project, Type: catalog.ImagePrivate, Name: name, OSType: "Linux", OSVersion: "Debian GNU/Linux 13", Architecture: "x86",
				MinDiskGB: 40, EngineID: "engine-" + name, Created: at, Updated: at,
			}
			if err := catalog.PutImages(e.Context(), tx, []catalog.Image{i}); err != nil {
				return err
			}
		}
		return nil
	})
}

func (e *env) found(q catalog.CloudImageQuery) []string {
	e.Helper()
	return storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]string, error) {
		images, err := catalog.CloudImages(ctx, tx, q)
		return storetest.IDs(images, func(i catalog.Image) string { return i.ID }), err
	})
}

var cloudImages = map[string]func(*env){
	"pages that begin after a marker hold every image once, in every order": func(e *env) {
		e.own("c", "a", "e", "b", "d")
		for _, by := range []string{"created_at", "updated_at", "name", "min_disk", "min_ram", "size", "id"} {
			for _, descending := range []bool{false, true} {
				q := catalog.CloudImageQuery{ProjectID: storetest.Project, SortBy: by, Descending: descending, Limit: 100}
				all := e.found(q)
				var paged []string
				for q.Limit = 2; ; q.Marker = paged[len(paged)-1] {
					page := e.found(q)
					if len(page) == 0 {
						break
					}
					paged = append(paged, page...)
				}
				e.Same(paged, all)
				e.Same(len(all), 5)
			}
		}
		e.Same(e.found(catalog.CloudImageQuery{ProjectID: storetest.Project, SortBy: "created_at", Limit: 9}), []string{"c", "a", "e", "b", "d"})
	},
	"times bound a list": func(e *env) {
		e.own("a", "b", "c")
		at := e.Clock.Now().Add(time.Second)
		for operator, want := range map[string][]string{"<": {"a"}, "<=": {"a", "b"}, "=": {"b"}, "<>": {"a", "c"}, ">=": {"b", "c"}, ">": {"c"}} {
			q := catalog.CloudImageQuery{ProjectID: storetest.Project, SortBy: "name", Limit: 9, Created: []catalog.TimeBound{{Operator: operator, Time: at}}}
			e.Same(e.found(q), want)
		}
	},
	"of two changes at once neither is lost": func(e *env) {
		e.own("a")
		name, disk := "b", 70
		service := catalog.Service{Store: e.Store}
		changes := []catalog.ImageChange{{Name: &name}, {MinDiskGB: &disk}}
		e.All(storetest.Together(2, func(n int) error {
			_, err := service.UpdateImage(e.Context(), caller, "a", changes[n])
			return err
		}))
		i, err := service.CloudImage(e.Context(), storetest.Project, "a")
		e.Same(err, nil)
		e.Same([]any{i.Name, i.MinDiskGB}, []any{"b", 70})
	},
	"an image that is being deleted is gone for everybody, and its row goes when it is forgotten": func(e *env) {
		e.own("a", "b")
		e.Update(func(tx *store.Tx) error {
			i, err := catalog.LockOwnImage(e.Context(), tx, storetest.Project, "a")
			if err != nil {
				return err
			}
			return catalog.BeginDeletingImage(e.Context(), tx, i)
		})
		e.Refuses(workspace.CodeCloudImageNotFound, func(tx *store.Tx) error {
			_, err := catalog.LockOwnImage(e.Context(), tx, storetest.Project, "a")
			return err
		})
		e.Same(e.found(catalog.CloudImageQuery{ProjectID: storetest.Project, SortBy: "id", Limit: 9}), []string{"b"})
		deleting := func(ctx context.Context, tx *store.Tx) ([]string, error) {
			images, err := catalog.DeletingImages(ctx, tx, 9)
			return storetest.IDs(images, func(i catalog.Image) string { return i.ID }), err
		}
		e.Same(storetest.Get(e, deleting), []string{"a"})
		e.Update(func(tx *store.Tx) error { return catalog.ForgetImage(e.Context(), tx, "b") }) // is not being deleted
		e.Update(func(tx *store.Tx) error { return catalog.ForgetImage(e.Context(), tx, "a") })
		e.Same(len(storetest.Get(e, deleting)), 0)
		e.Same(e.found(catalog.CloudImageQuery{ProjectID: storetest.Project, SortBy: "id", Limit: 9}), []string{"b"})
	},
	"an order and a deletion at once leave either a desktop with its image or none": func(e *env) {
		for round := range 5 {
			id := fmt.Sprint("image", round)
			e.own(id)
			held := make(chan bool, 1)
			e.All(storetest.Together(2, func(n int) error {
				return e.Store.Update(e.Context(), func(tx *store.Tx) error {
					if n == 0 {
						i, err := catalog.HoldImage(e.Context(), tx, storetest.Project, id)
						held <- !i.Gone
						return err
					}
					i, err := catalog.LockOwnImage(e.Context(), tx, storetest.Project, id)
					if err != nil {
						return err
					}
					return catalog.BeginDeletingImage(e.Context(), tx, i)
				})
			}))
			e.Same(slices.Contains([]bool{true, false}, <-held), true) // one waited for the other; neither failed
		}
	},
}
