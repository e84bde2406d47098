package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/core"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/pool"
	"carrel/internal/pool/autoscale"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

var reconcile = measurement{name: "reconcile", about: "one look at 100 pools with 10,000 desktops that are all due", run: measureReconcile}

// What is looked at, how often, and the target.
const (
	reconcilePools    = 100
	reconcileMembers  = 100 // of each
	reconcileRounds   = 20
	reconcileTarget   = 100 * time.Millisecond
	reconcileProject  = "bench"
	reconcilePeople   = 20 // of each pool, who have a desktop
	reconcileAddress0 = 10<<24 + 100
)

// measureReconcile measures what the control plane does when every pool has changed: it reads them, decides, and settles them. Nothing
// is to be done in any of them, which is how it mostly is.
func measureReconcile(ctx context.Context, l *lab) ([]row, error) {
	dir := l.folder()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	s, err := store.Open(ctx, filepath.Join(dir, "reconcile.db"), store.WithLog(slog.New(slog.DiscardHandler)))
	if err != nil {
		return nil, err
	}
	defer s.Close() //nolint:errcheck // it is thrown away
	pools, err := populatePools(ctx, s, l.desktops(reconcilePools))
	if err != nil {
		return nil, err
	}
	service := core.NewServices(core.Config{Store: s})
	var took sample
	for round := range reconcileRounds + 1 {
		if err := makeDue(ctx, s, pools); err != nil {
			return nil, err
		}
		begun := time.Now()
		done, err := service.Reconciler.ReconcilePools(ctx)
		if err != nil {
			return nil, err
		}
		if round == 0 {
			continue // it writes the first decision about each pool
		}
		if done.Looked != len(pools) || len(done.Pools) > 0 {
			return nil, fmt.Errorf("looked at %d of %d pools and did something in %d", done.Looked, len(pools), len(done.Pools))
		}
		took = append(took, time.Since(begun))
	}
	reached := took.median() < reconcileTarget
	return []row{{
		what:   fmt.Sprintf("one look at %d pools with %d desktops, median of %d", len(pools), len(pools)*reconcileMembers, len(took)),
		carrel: fmt.Sprintf("%s (p90 %s)", milliseconds(took.median()), milliseconds(took.quantile(0.9))),
		target: "< " + milliseconds(reconcileTarget), reached: &reached,
	}}, nil
}

// populatePools fills a database with pools that scale by themselves and have just what they need.
func populatePools(ctx context.Context, s *store.Store, n int) ([]string, error) {
	err := s.Update(ctx, func(tx *store.Tx) error {
		if err := catalog.InsertVPC(ctx, tx, catalog.VPC{ID: "vpc", ProjectID: reconcileProject, CIDR: "10.0.0.0/8"}); err != nil {
			return err
		}
		if err := catalog.InsertSubnet(ctx, tx, catalog.Subnet{ID: "subnet", ProjectID: reconcileProject, VPCID: "vpc", Name: "net", CIDR: "10.0.0.0/8", Gateway: "10.0.0.1"}); err != nil {
			return err
		}
		people := make([]directory.User, reconcilePeople)
		for i := range people {
			people[i] = directory.User{ID: fmt.Sprint("user-", i), ProjectID: reconcileProject, Name: fmt.Sprint("user-", i)}
		}
		return directory.InsertUsers(ctx, tx, people)
	})
	ids := make([]string, n)
	for i := 0; i < n && err == nil; i++ {
		ids[i] = fmt.Sprint("pool-", i)
		err = s.Update(ctx, func(tx *store.Tx) error { return populatePool(ctx, tx, ids[i], i) })
	}
	return ids, err
}

func populatePool(ctx context.Context, tx *store.Tx, id string, number int) error {
	now := tx.Now()
	p := pool.Pool{
		ID: id, ProjectID: reconcileProject, Name: id, Type: pool.Dynamic, SubnetIDs: []string{"subnet"}, RetentionMinutes: 600, Autoscaling: true,
		Policy:  autoscale.Policy{Type: autoscale.AutoCreated, MaxAutoCreated: reconcileMembers, MinIdle: 10, IdleMinutes: new(600), AutoIsolation: true},
		Created: now, Updated: now,
	}
	var grants []pool.Grant
	for i := range reconcilePeople {
		grants = append(grants, pool.Grant{PoolID: id, Type: pool.GrantUser, ObjectID: fmt.Sprint("user-", i), Group: workspace.GroupDefault, Created: now})
	}
	if err := pool.InsertPool(ctx, tx, p, grants); err != nil {
		return err
	}
	desktops := make([]desktop.Desktop, reconcileMembers)
	for i := range desktops {
		address := reconcileAddress0 + number*reconcileMembers + i
		desktops[i] = desktop.Desktop{
			ID: fmt.Sprintf("%s-%03d", id, i), ProjectID: reconcileProject, PoolID: id, Type: workspace.Pooled, Name: fmt.Sprintf("%s-%03d", id, i),
			SubnetID: "subnet", Address: fmt.Sprintf("10.%d.%d.%d", address>>16&255, address>>8&255, address&255), AutoCreated: true,
			Status: desktop.StatusActive, Login: desktop.LoginRegistered, Created: now, Updated: now,
			Root: desktop.Volume{ID: fmt.Sprintf("root-%s-%03d", id, i), Type: "SAS", GB: 80, Created: now},
		}
	}
	if err := desktop.InsertDesktops(ctx, tx, desktops); err != nil {
		return err
	}
	members, err := desktop.Members(ctx, tx, id)
	if err != nil {
		return err
	}
	for i, m := range members {
		was := m.Binding
		m.IdleSince = now
		if i < reconcilePeople {
			m = m.AfterBinding(fmt.Sprint("user-", i), now)
		}
		if _, err := desktop.SaveMember(ctx, tx, m, was, workspace.GroupDefault); err != nil {
			return err
		}
	}
	return nil
}

// makeDue has all pools looked at, as if something had changed in each.
func makeDue(ctx context.Context, s *store.Store, pools []string) error {
	return s.Update(ctx, func(tx *store.Tx) error {
		due := make(map[string]time.Time, len(pools))
		for _, id := range pools {
			due[id] = tx.Now()
		}
		seen, err := desktop.DuePools(ctx, tx, len(pools))
		if err != nil {
			return err
		}
		return desktop.SettlePools(ctx, tx, seen, due)
	})
}
