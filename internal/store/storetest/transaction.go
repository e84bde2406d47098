package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/core"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

var transactions = []behaviour{
	{"an update that fails leaves nothing", func(w *world) {
		failure := errors.New("on second thoughts")
		err := w.store.Update(w.Context(), func(tx *store.Tx) error {
			if err := directory.InsertUsers(w.Context(), tx, []directory.User{{ID: "u", ProjectID: project, Name: "new"}}); err != nil {
				return err
			}
			return failure
		})
		if !errors.Is(err, failure) {
			w.Errorf("got %v, want the function's own error", err)
		}
		w.refuses(workspace.CodeUserNotFound, func(tx *store.Tx) error {
			_, err := directory.ReadUser(w.Context(), tx, project, "u")
			return err
		})
	}},
	{"an update that panics leaves nothing and holds nobody up", func(w *world) {
		func() {
			defer func() { recover() }()
			w.store.Update(w.Context(), func(tx *store.Tx) error {
				if err := directory.DeleteUser(w.Context(), tx, personOf(project)); err != nil {
					return err
				}
				panic("a bug")
			})
		}()
		w.update(func(tx *store.Tx) error {
			_, err := directory.ReadUser(w.Context(), tx, project, personOf(project))
			return err
		})
	}},
	{"a view cannot write", func(w *world) {
		err := w.store.View(w.Context(), func(tx *store.Tx) error { return directory.DeleteUser(w.Context(), tx, personOf(project)) })
		if err == nil {
			w.Error("a view deleted a user")
		}
	}},
	{"a view sees one state of the database", func(w *world) {
		count := func(tx *store.Tx) int {
			_, total, err := directory.Users(w.Context(), tx, directory.UserQuery{ProjectID: project})
			if err != nil {
				w.Fatal(err)
			}
			return total
		}
		w.view(func(tx *store.Tx) error {
			before := count(tx)
			w.update(func(tx *store.Tx) error { return directory.DeleteUser(w.Context(), tx, personOf(project)) })
			if after := count(tx); after != before {
				w.Errorf("counted %d, then %d in one view", before, after)
			}
			return nil
		})
		w.view(func(tx *store.Tx) error {
			if n := count(tx); n != 0 {
				w.Errorf("counted %d in the next view, want 0", n)
			}
			return nil
		})
	}},
	{"the time is UTC with microseconds and stands still", func(w *world) {
		clock := func() time.Time { return time.Now().In(time.FixedZone("elsewhere", 3600)) }
		s := w.database.Open(w, clock)
		err := s.Update(w.Context(), func(tx *store.Tx) error {
			now := tx.Now()
			if now.Location() != time.UTC || now != now.Truncate(time.Microsecond) {
				w.Errorf("the time is %v, want UTC with microseconds", now)
			}
			if tx.Now() != now {
				w.Error("time has passed within a transaction")
			}
			return nil
		})
		w.all([]error{err})
	}},
	{"an update whose insert was refused cannot be committed by overlooking that", func(w *world) {
		w.addDesktop("taken")
		for _, refused := range []func(*store.Tx) error{
			func(tx *store.Tx) error {
				return directory.InsertUsers(w.Context(), tx, []directory.User{{ID: "a", ProjectID: project, Name: "fresh"}, {ID: "b", ProjectID: project, Name: "PERSON"}})
			},
			func(tx *store.Tx) error {
				return desktop.InsertDesktops(w.Context(), tx, []desktop.Desktop{newDesktop("pc"), newDesktop("Taken")})
			},
		} {
			w.refuses(workspace.CodeNameTaken, func(tx *store.Tx) error {
				if err := refused(tx); err == nil {
					w.Error("a name was given twice")
				}
				return nil
			})
		}
		w.view(func(tx *store.Tx) error {
			_, users, err := directory.Users(w.Context(), tx, directory.UserQuery{ProjectID: project})
			if err != nil {
				return err
			}
			_, desktops, err := desktop.Desktops(w.Context(), tx, desktop.DesktopQuery{ProjectID: project})
			w.same([]int{users, desktops}, []int{1, 1})
			return err
		})
	}},
	{"a caller who gives up while another holds the row is let go", func(w *world) {
		lock := func(tx *store.Tx) error {
			_, err := directory.LockUser(w.Context(), tx, project, personOf(project))
			return err
		}
		w.update(func(tx *store.Tx) error {
			if err := lock(tx); err != nil {
				return err
			}
			impatient, stop := context.WithTimeout(w.Context(), 50*time.Millisecond)
			defer stop()
			err := w.store.Update(impatient, func(tx *store.Tx) error {
				_, err := directory.LockUser(impatient, tx, project, personOf(project))
				return err
			})
			if !errors.Is(err, context.DeadlineExceeded) {
				w.Errorf("got %v, want the context's error", err)
			}
			return nil
		})
		w.update(lock)
	}},
	{"20 callers who change a row that they locked lose nothing", func(w *world) {
		w.all(together(20, func(int) error {
			return w.store.Update(w.Context(), func(tx *store.Tx) error {
				u, err := directory.LockUser(w.Context(), tx, project, personOf(project))
				if err != nil {
					return err
				}
				u.Phone += "1"
				return directory.SaveUser(w.Context(), tx, u)
			})
		}))
		if n := len(w.person().Phone); n != 20 {
			w.Errorf("%d changes are left of 20", n)
		}
	}},
	{"callers who lock the same desktops in any order all get them", func(w *world) {
		var ids []string
		for i := range 10 {
			ids = append(ids, w.addDesktop(fmt.Sprint("pc", i)).ID)
		}
		w.all(together(16, func(int) error {
			mine := append([]string{}, ids...)
			rand.Shuffle(len(mine), func(i, j int) { mine[i], mine[j] = mine[j], mine[i] })
			return w.store.Update(w.Context(), func(tx *store.Tx) error {
				locked, err := desktop.LockDesktops(w.Context(), tx, project, mine)
				if err != nil {
					return err
				}
				for _, d := range locked {
					d.Fault += "."
					if err := desktop.SaveDesktop(w.Context(), tx, d); err != nil {
						return err
					}
				}
				return nil
			})
		}))
		for _, id := range ids {
			if d := w.desktop(id); len(d.Fault) != 16 {
				w.Errorf("%s was changed %d times, want 16", d.Name, len(d.Fault))
			}
		}
	}},
}

var service = []behaviour{
	{"a project without the service is told to open it", func(w *world) {
		w.refuses(workspace.CodeNotSubscribed, func(tx *store.Tx) error {
			_, err := tx.Subscription(w.Context(), project)
			return err
		})
	}},
	{"a subscription stays as it was opened first", func(w *world) {
		want := workspace.Subscription{ID: "s-1", ProjectID: project, VPCID: "vpc-1", Opened: w.clock.Now()}
		for _, n := range []string{"1", "2"} {
			opened := workspace.Subscription{ID: "s-" + n, ProjectID: project, VPCID: "vpc-" + n, Opened: w.clock.Now()}
			w.update(func(tx *store.Tx) error {
				got, err := tx.OpenSubscription(w.Context(), opened)
				w.same(got, want)
				return err
			})
			w.view(func(tx *store.Tx) error {
				got, err := tx.Subscription(w.Context(), project)
				w.same(got, want)
				return err
			})
		}
	}},
	{"8 replicas that start at once make one network, one default subnet, one default group and one of the infrastructure", func(w *world) {
		service := core.NewServices(core.Config{Store: w.store})
		subnets := []catalog.NewSubnet{
			{Name: "a", CIDR: "10.1.0.0/16", Gateway: "10.1.0.1", Network: "net-a"}, {Name: "b", CIDR: "10.2.0.0/16", Gateway: "10.2.0.1", Network: "net-b"},
		}
		w.all(together(8, func(int) error { return service.Catalog.Subscribe(w.Context(), "fresh", "10.0.0.0/8", subnets) }))
		w.view(func(tx *store.Tx) error {
			vpcs, err := catalog.VPCs(w.Context(), tx, "fresh")
			w.same(len(vpcs), 1)
			made, err2 := catalog.Subnets(w.Context(), tx, "fresh")
			w.same(len(made), 2)
			groups, err3 := catalog.SecurityGroups(w.Context(), tx, "fresh")
			w.same(len(groups), 2)
			return errors.Join(err, err2, err3)
		})
	}},
	{"a project has no second default subnet or security group", func(w *world) {
		w.refuses(workspace.CodeConflict, func(tx *store.Tx) error {
			for _, id := range []string{"d1", "d2"} {
				err := catalog.InsertSecurityGroup(w.Context(), tx, catalog.SecurityGroup{ID: id, ProjectID: "fresh", Default: true, Created: w.clock.Now()})
				if err != nil {
					return err
				}
			}
			return nil
		})
		w.refuses(workspace.CodeConflict, func(tx *store.Tx) error {
			if err := catalog.InsertVPC(w.Context(), tx, catalog.VPC{ID: "v", ProjectID: "fresh", Created: w.clock.Now()}); err != nil {
				return err
			}
			for _, id := range []string{"d1", "d2"} {
				err := catalog.InsertSubnet(w.Context(), tx, catalog.Subnet{ID: id, ProjectID: "fresh", VPCID: "v", Default: true, Created: w.clock.Now()})
				if err != nil {
					return err
				}
			}
			return nil
		})
	}},
}
