package job_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"carrel/internal/engine/sim"
	"carrel/internal/workspace"
)

// stuckStore is a store that cannot hold pools whose id begins with "stuck"; it counts how often that was tried.
type stuckStore struct {
	workspace.Store
	tries *int
}

func (s stuckStore) Update(ctx context.Context, f func(workspace.Tx) error) error {
	return s.Store.Update(ctx, func(tx workspace.Tx) error { return f(stuckTx{tx, s.tries}) })
}

type stuckTx struct {
	workspace.Tx
	tries *int
}

func (t stuckTx) LockPool(ctx context.Context, projectID, id string) (workspace.Pool, error) {
	if strings.HasPrefix(id, "stuck") {
		*t.tries++
		return workspace.Pool{}, errors.New("this pool always fails")
	}
	return t.Tx.LockPool(ctx, projectID, id)
}

func TestPoolsThatAlwaysFailKeepNoOthersFromTheirTurn(t *testing.T) {
	const stuck, fine = 120, 30
	inWorld(t, sim.Config{}, func(w *world) {
		ctx := w.t.Context()
		subnets, err := w.service.Catalog.Subnets(ctx, project)
		w.must(err)
		w.must(w.store.Update(ctx, func(tx workspace.Tx) error {
			for i := range stuck + fine {
				id := fmt.Sprintf("stuck-%03d", i)
				if i >= stuck {
					id = fmt.Sprintf("well-%03d", i) // they come last
				}
				p := workspace.Pool{
					ID: id, ProjectID: project, Name: id, Type: workspace.Dynamic, ProductID: product, ImageType: workspace.ImageGold,
					ImageID: image, Root: workspace.PoolVolume{ID: workspace.NewID(), Type: "SAS", GB: 80},
					SubnetIDs: []string{subnets[0].ID}, EnterpriseID: "0", Created: tx.Now(), Updated: tx.Now(),
				}
				keeping(1)(&p)
				if err := tx.InsertPool(ctx, p, nil); err != nil {
					return err
				}
			}
			return nil
		}))
		tries := 0
		service := workspace.NewServices(workspace.Config{Store: stuckStore{w.store, &tries}})
		look := func() {
			if _, err := service.Pools.TendPools(ctx); err == nil || !strings.Contains(err.Error(), "this pool always fails") {
				t.Errorf("looking after the pools gave %v", err)
			}
		}
		look()
		look()
		if n := len(w.desktops()); n != fine {
			t.Errorf("after two looks %d of %d pools have their desktop", n, fine)
		}

		tries = 0
		for range 3600 {
			w.pass(time.Second)
			if due, err := service.Pools.TendPools(ctx); err != nil && due.Looked == 0 {
				t.Fatal(err)
			}
		}
		if most := stuck * 3600 / 60; tries > most || tries < stuck {
			t.Errorf("in an hour the failing pools were tried %d times; want %d to %d", tries, stuck, most)
		}
	})
}
