package store_test

import (
	"fmt"
	"testing"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/pool"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

// company fills a store with desktops of one project, each with two volumes, a tag, a security group and a person.
func company(b testing.TB, s store.Transactions, desktops int) {
	b.Helper()
	ctx := b.Context()
	must(b, s.Update(ctx, func(tx *store.Tx) error {
		if err := catalog.InsertVPC(ctx, tx, catalog.VPC{ID: "vpc", ProjectID: "p"}); err != nil {
			return err
		}
		if err := catalog.InsertSubnet(ctx, tx, catalog.Subnet{ID: "subnet", ProjectID: "p", VPCID: "vpc", CIDR: "10.0.0.0/8", Gateway: "10.0.0.1"}); err != nil {
			return err
		}
		return catalog.InsertSecurityGroup(ctx, tx, catalog.SecurityGroup{ID: "group", ProjectID: "p"})
	}))
	const part = 500
	for n := 0; n < desktops; n += part {
		must(b, s.Update(ctx, func(tx *store.Tx) error {
			addresses, err := catalog.FreeAddresses(ctx, tx, "subnet", part)
			if err != nil {
				return err
			}
			var users []directory.User
			var made []desktop.Desktop
			for i, a := range addresses {
				id := workspace.NewID()
				u := directory.User{ID: id, ProjectID: "p", Name: fmt.Sprintf("user-%06d", n+i), Created: tx.Now()}
				users = append(users, u)
				made = append(made, desktop.Desktop{
					ID: id, ProjectID: "p", Type: workspace.Dedicated, Name: fmt.Sprintf("PC-%06d", n+i), HostName: fmt.Sprintf("pc-%06d", n+i), SubnetID: "subnet",
					Address: a, ProductID: "workspace.c2.large.linux", ImageID: "image", Zone: "zone", EnterpriseID: "0",
					SecurityGroups: []string{"group"}, Tags: []workspace.Tag{{Key: "team", Value: fmt.Sprint(i % 20)}},
					Root:   desktop.Volume{ID: id + "-root", Type: "SSD", GB: 80, Device: "/dev/sda", Name: "system", Created: tx.Now()},
					Data:   []desktop.Volume{{ID: id + "-data", Type: "SSD", GB: 10, Device: "/dev/sdb", Name: "data-1", Created: tx.Now()}},
					Status: desktop.StatusActive, Login: desktop.LoginRegistered,
					Assignments: []desktop.Assignment{{UserID: u.ID, Group: workspace.GroupSudo, Created: tx.Now()}},
					Created:     tx.Now().Add(time.Duration(i) * time.Microsecond), Updated: tx.Now(),
				})
			}
			if err := directory.InsertUsers(ctx, tx, users); err != nil {
				return err
			}
			return desktop.InsertDesktops(ctx, tx, made)
		}))
	}
}

// estate fills a store with pools that scale by themselves, and desktops of theirs of which every second is somebody's.
func estate(b testing.TB, s store.Transactions, pools, desktops int) {
	b.Helper()
	ctx := b.Context()
	company(b, s, 0)
	for n := range pools {
		p := pool.Pool{ID: workspace.NewID(), ProjectID: "p", Name: fmt.Sprint("pool-", n), Autoscaling: true}
		must(b, s.Update(ctx, func(tx *store.Tx) error {
			if err := pool.InsertPool(ctx, tx, p, nil); err != nil {
				return err
			}
			var users []directory.User
			var made []desktop.Desktop
			for i := range desktops {
				id := workspace.NewID()
				users = append(users, directory.User{ID: id, ProjectID: "p", Name: fmt.Sprintf("user-%d-%d", n, i), Created: tx.Now()})
				made = append(made, desktop.Desktop{
					ID: id, ProjectID: "p", PoolID: p.ID, Type: workspace.Pooled, AutoCreated: i%3 == 0, Name: fmt.Sprintf("PC-%d-%d", n, i), SubnetID: "subnet",
					ProductID: "workspace.c2.large.linux", ImageID: "6f0f7b6c2c9d4d6e8a1d7a52f9a1b0c3", Status: desktop.StatusActive,
					Login: desktop.LoginRegistered, Created: tx.Now(), Updated: tx.Now(),
				})
			}
			if err := directory.InsertUsers(ctx, tx, users); err != nil {
				return err
			}
			return desktop.InsertDesktops(ctx, tx, made)
		}))
		must(b, s.Update(ctx, func(tx *store.Tx) error {
			members, err := desktop.Members(ctx, tx, p.ID)
			for i := 0; i < len(members) && err == nil; i++ {
				m := members[i]
				m.IdleSince = tx.Now()
				if i%2 == 0 {
					m = m.AfterBinding(m.DesktopID, tx.Now()).AfterReturn(tx.Now())
				}
				_, err = desktop.SaveMember(ctx, tx, m, desktop.Binding{}, workspace.GroupSudo)
			}
			return err
		}))
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// databases runs a benchmark on SQLite, and on PostgreSQL where there is one.
func databases(b *testing.B, run func(b *testing.B, s store.Transactions)) {
	b.Run("sqlite", func(b *testing.B) { run(b, storetest.SQLite(b).Open(b, time.Now)) })
	b.Run("postgres", func(b *testing.B) { run(b, storetest.Postgres(b).Open(b, time.Now)) })
}

func BenchmarkDesktops(b *testing.B) {
	databases(b, func(b *testing.B, s store.Transactions) {
		company(b, s, 10_000)
		for name, q := range map[string]desktop.DesktopQuery{
			"first":   {Page: workspace.Page{Limit: 100}},
			"brief":   {Page: workspace.Page{Limit: 100}, Brief: true},
			"last":    {Page: workspace.Page{Limit: 100, Offset: 9900}},
			"by-name": {Page: workspace.Page{Limit: 100, Offset: 5000}, SortBy: desktop.ByName, Descending: true},
			"named":   {Page: workspace.Page{Limit: 100}, Name: "pc-0012"},
			"tagged":  {Page: workspace.Page{Limit: 100}, Tags: desktop.TagQuery{All: []desktop.TagCondition{{Key: "team", Values: []string{"7"}}}}},
			"persons": {Page: workspace.Page{Limit: 100}, UserNames: []string{"user-000123"}},
			"address": {Page: workspace.Page{Limit: 100}, Address: "10.0.1.1"},
		} {
			q.ProjectID = "p"
			b.Run(name, func(b *testing.B) {
				for b.Loop() {
					must(b, s.View(b.Context(), func(tx *store.Tx) error { _, _, err := desktop.Desktops(b.Context(), tx, q); return err }))
				}
			})
		}
	})
}

func BenchmarkCount(b *testing.B) {
	databases(b, func(b *testing.B, s store.Transactions) {
		company(b, s, 100_000)
		b.ResetTimer()
		for b.Loop() {
			must(b, s.View(b.Context(), func(tx *store.Tx) error {
				_, total, err := desktop.Desktops(b.Context(), tx, desktop.DesktopQuery{ProjectID: "p"})
				if err == nil && total != 100_000 {
					err = fmt.Errorf("counted %d", total)
				}
				return err
			}))
		}
	})
}

// BenchmarkClaim claims and finishes a sub-job behind a history of 50,000.
func BenchmarkClaim(b *testing.B) {
	databases(b, func(b *testing.B, s store.Transactions) {
		ctx := b.Context()
		add := func(n int, state workspace.SubJobState) {
			must(b, s.Update(ctx, func(tx *store.Tx) error {
				j := workspace.Job{ID: workspace.NewID(), ProjectID: "p", Type: workspace.JobCreateDesktops, Created: tx.Now()}
				for i := range n {
					j.SubJobs = append(j.SubJobs, workspace.SubJob{ID: workspace.NewID(), ProjectID: "p", Type: j.Type, Position: i, State: state, RunAt: tx.Now(), Created: tx.Now()})
				}
				return tx.InsertJob(ctx, j)
			}))
		}
		for range 50 {
			add(1000, workspace.SubJobSuccess)
		}
		add(5000, workspace.SubJobWaiting)
		b.ResetTimer()
		for b.Loop() {
			must(b, s.Update(ctx, func(tx *store.Tx) error {
				claimed, err := tx.ClaimSubJobs(ctx, "w", map[workspace.JobType]int{workspace.JobCreateDesktops: 1}, time.Minute)
				if err != nil || len(claimed) == 0 {
					return err
				}
				claimed[0].State = workspace.SubJobSuccess
				_, err = tx.SaveSubJob(ctx, claimed[0])
				return err
			}))
		}
	})
}

// BenchmarkCommit writes a row in a transaction of its own.
func BenchmarkCommit(b *testing.B) {
	databases(b, func(b *testing.B, s store.Transactions) {
		for b.Loop() {
			must(b, s.Update(b.Context(), func(tx *store.Tx) error {
				return directory.InsertMails(b.Context(), tx, []directory.Mail{{ID: workspace.NewID(), RunAt: tx.Now(), Created: tx.Now()}})
			}))
		}
	})
}

// BenchmarkMembers reads 10,000 desktops of 100 pools, as each evaluation of all pools does.
func BenchmarkMembers(b *testing.B) {
	databases(b, func(b *testing.B, s store.Transactions) {
		estate(b, s, 100, 100)
		b.Run("members", func(b *testing.B) {
			for b.Loop() {
				must(b, s.View(b.Context(), func(tx *store.Tx) error {
					members, err := desktop.Members(b.Context(), tx)
					if err == nil && len(members) != 10_000 {
						err = fmt.Errorf("read %d", len(members))
					}
					return err
				}))
			}
		})
		b.Run("pools", func(b *testing.B) {
			for b.Loop() {
				must(b, s.View(b.Context(), func(tx *store.Tx) error {
					_, _, err := pool.Pools(b.Context(), tx, pool.PoolQuery{Page: workspace.Page{Limit: 1000}})
					return err
				}))
			}
		})
	})
}
