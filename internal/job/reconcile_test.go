package job_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/engine/sim"
	"carrel/internal/pool"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

func TestPoolsThatAlwaysFailKeepNoOthersFromTheirTurn(t *testing.T) {
	const stuck, fine = 120, 30
	inEnv(t, sim.Config{}, func(e *env) {
		ctx := e.t.Context()
		subnets, err := e.service.Catalog.Subnets(ctx, project)
		e.must(err)
		e.must(e.store.Update(ctx, func(tx *store.Tx) error {
			for i := range stuck + fine {
				id := fmt.Sprintf("stuck-%03d", i)
				if i >= stuck {
					id = fmt.Sprintf("well-%03d", i) // they come last
				}
				p := pool.Pool{
					ID: id, ProjectID: project, Name: id, Type: pool.Dynamic, ProductID: product, ImageType: catalog.ImageGold,
					ImageID: image, Root: pool.PoolVolume{ID: workspace.NewID(), Type: "SAS", GB: 80},
					SubnetIDs: []string{subnets[0].ID}, EnterpriseID: "0", Created: tx.Now(), Updated: tx.Now(),
				}
				keeping(1)(&p)
				if err := pool.InsertPool(ctx, tx, p, nil); err != nil {
					return err
				}
			}
			return nil
		}))
		tries := 0
		e.statements.refuse = func(statement string) bool { // who reads a pool alone holds it
			stuck := strings.Contains(statement, "p.id = ") && strings.Contains(statement, "'stuck-")
			if stuck {
				tries++
			}
			return stuck
		}
		look := func() {
			if _, err := e.service.Reconciler.ReconcilePools(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("looking after the pools gave %v", err)
			}
		}
		look()
		look()
		if n := len(e.desktops()); n != fine {
			t.Errorf("after two looks %d of %d pools have their desktop", n, fine)
		}

		tries = 0
		for range 3600 {
			e.pass(time.Second)
			if due, err := e.service.Reconciler.ReconcilePools(ctx); err != nil && due.Looked == 0 {
				t.Fatal(err)
			}
		}
		if most := stuck * 3600 / 60; tries > most || tries < stuck {
			t.Errorf("in an hour the failing pools were tried %d times; want %d to %d", tries, stuck, most)
		}
	})
}
