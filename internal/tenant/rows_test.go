package tenant_test

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/core"
	"carrel/internal/desktop"
	"carrel/internal/desktop/desktoptest"
	"carrel/internal/iam"
	"carrel/internal/pool/pooltest"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/tenant"
	"carrel/internal/work"
	"carrel/internal/workspace"
)

type env struct {
	*pooltest.Env
	service *tenant.Service
	iam     *iam.Service
}

const account = "account"

// networks are the range of the tests: four blocks.
var networks = catalog.Range{Prefix: netip.MustParsePrefix("10.200.0.0/22"), Bits: 24}

func TestRows(t *testing.T) {
	storetest.RunRows(t, func(e *storetest.Env) *env {
		made := &env{
			Env:     pooltest.NewEnv(e),
			service: core.NewServices(core.Config{Store: e.Store, Networks: networks, LockProject: iam.LockNamedProject}).Tenants,
			iam:     &iam.Service{Store: e.Store, ProjectHolds: work.ProjectHolds, ReleaseProject: work.ReleaseProject},
		}
		e.Update(func(tx *store.Tx) error {
			if err := iam.InsertAccount(e.Context(), tx, iam.Account{ID: account, Name: "house"}); err != nil {
				return err
			}
			return iam.InsertProject(e.Context(), tx, iam.Project{ID: storetest.Project, AccountID: account, Name: "first", Enabled: true})
		})
		return made
	}, map[string]map[string]func(*env){"Services": services})
}

// project makes a project without a service.
func (e *env) project(name string) workspace.Caller {
	e.Helper()
	p, err := e.iam.CreateProject(e.Context(), workspace.Caller{ProjectID: account}, iam.NewProject{Name: name})
	e.must(err)
	return workspace.Caller{ProjectID: p.ID}
}

// caller is one of the project that has a network.
var caller = workspace.Caller{ProjectID: storetest.Project}

func (e *env) must(err error) {
	e.Helper()
	if err != nil {
		e.Fatal(err)
	}
}

func (e *env) refuses(err error, code workspace.Code, parts ...string) {
	e.Helper()
	if workspace.CodeOf(err) != code || err == nil {
		e.Errorf("got %v, want %s", err, code)
		return
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			e.Errorf("%v does not say %q", err, part)
		}
	}
}

func (e *env) open(c workspace.Caller) (string, error) {
	return e.service.Open(e.Context(), tenant.Open{Caller: c, AccountID: account})
}

// opened opens a service, as the runner does.
func (e *env) opened(c workspace.Caller) {
	e.Helper()
	job, err := e.open(c)
	e.must(err)
	e.Update(func(tx *store.Tx) error { return tenant.Opened(e.Context(), tx, e.sub(tx, c, job)) })
	e.Same(e.status(c), workspace.ServiceOpen)
}

func (e *env) sub(tx *store.Tx, c workspace.Caller, job string) workspace.SubJob {
	j, err := tx.Job(e.Context(), c.ProjectID, job, true)
	e.must(err)
	return j.SubJobs[0]
}

func (e *env) status(c workspace.Caller) workspace.ServiceStatus {
	e.Helper()
	s, err := e.service.Status(e.Context(), c.ProjectID)
	e.must(err)
	return s.Status
}

func (e *env) enterprise(c workspace.Caller) string {
	e.Helper()
	s, err := e.service.Status(e.Context(), c.ProjectID)
	e.must(err)
	return s.EnterpriseID
}

func (e *env) subnets(projectID string) []catalog.Subnet {
	e.Helper()
	return storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]catalog.Subnet, error) {
		return catalog.Subnets(ctx, tx, projectID)
	})
}

func (e *env) require(c workspace.Caller) error {
	return e.Store.View(e.Context(), func(tx *store.Tx) error { return store.RequireSubscription(e.Context(), tx, c.ProjectID) })
}

var services = map[string]func(*env){
	"a project without a network gets one, and the service is open once it is there": func(e *env) {
		c := e.project("lab")
		e.refuses(e.require(c), workspace.CodeNotSubscribed, "POST /v2/"+c.ProjectID+"/workspaces")
		job, err := e.open(c)
		e.must(err)
		e.Same(e.status(c), workspace.ServiceOpening)
		e.refuses(e.require(c), workspace.CodeConflict, "being opened")
		_, err = e.open(c)
		e.refuses(err, workspace.CodeConflict, job)
		made := e.subnets(c.ProjectID)
		e.Same(len(made), 1)
		e.Same(made[0].CIDR, "10.200.0.0/24")
		e.Same(made[0].Gateway, "10.200.0.1")
		e.Same(made[0].Default, true)
		e.Update(func(tx *store.Tx) error { return tenant.Opened(e.Context(), tx, e.sub(tx, c, job)) })
		e.must(e.require(c))
		e.Same(e.enterprise(c), "lab")
		_, err = e.open(c)
		e.refuses(err, workspace.CodeConflict, "open already")
	},
	"one that cannot be opened says why, gives its network back, and is opened again": func(e *env) {
		c := e.project("lab")
		job, err := e.open(c)
		e.must(err)
		e.Update(func(tx *store.Tx) error {
			return tenant.NotOpened(e.Context(), tx, e.sub(tx, c, job), "the engine says no")
		})
		e.Same(e.status(c), workspace.ServiceFailed)
		e.refuses(e.require(c), workspace.CodeNotSubscribed, "the engine says no", "POST /v2/")
		e.Same(len(e.subnets(c.ProjectID)), 0)
		e.Update(func(tx *store.Tx) error { return tenant.Opened(e.Context(), tx, e.sub(tx, c, job)) }) // a worker that comes too late
		e.Same(e.status(c), workspace.ServiceFailed)
		e.opened(c)
		e.Same(len(e.subnets(c.ProjectID)), 1)
	},
	"projects that are opened at once share no network, as long as there are any": func(e *env) {
		var all []workspace.Caller
		for i := range 6 {
			all = append(all, e.project(fmt.Sprint("p-", i)))
		}
		done := 0
		for _, err := range storetest.Together(len(all), func(i int) error {
			_, err := e.open(all[i])
			return err
		}) {
			if err == nil {
				done++
			} else {
				e.refuses(err, workspace.CodeConflict, "project_networks.range")
			}
		}
		e.Same(done, 4)
		seen := map[string]bool{}
		for _, c := range all {
			for _, s := range e.subnets(c.ProjectID) {
				if seen[s.CIDR] || seen[s.Network] {
					e.Errorf("%s (%s) is used twice", s.CIDR, s.Network)
				}
				seen[s.CIDR], seen[s.Network] = true, true
			}
		}
		e.Same(len(seen), 8)
	},
	"a network of the engine belongs to one project": func(e *env) {
		c := e.project("lab")
		e.opened(c)
		e.Refuses(workspace.CodeConflict, func(tx *store.Tx) error {
			s := e.subnets(c.ProjectID)[0]
			s.ID, s.ProjectID, s.VPCID, s.Default = "copy", storetest.Project, "vpc-of-"+storetest.Project, false
			return catalog.InsertSubnet(e.Context(), tx, s)
		})
	},
	"of a project that is opened and deleted at once, either nothing is left or it is there with its service": func(e *env) {
		for i := range 8 {
			c := e.project(fmt.Sprint("p-", i))
			errs := storetest.Together(2, func(n int) error {
				if n == 0 {
					_, err := e.open(c)
					return err
				}
				return e.iam.DeleteProject(e.Context(), workspace.Caller{ProjectID: account}, c.ProjectID)
			})
			deleted, made := errs[1] == nil, len(e.subnets(c.ProjectID))
			if deleted == (errs[0] == nil) {
				e.Errorf("opening: %v, deleting: %v", errs[0], errs[1])
			}
			if deleted != (made == 0) {
				e.Errorf("deleted: %v, and it has %d networks", deleted, made)
			}
			if deleted {
				e.refuses(errs[0], workspace.CodeProjectNotFound)
				continue
			}
			e.Update(func(tx *store.Tx) error { // the range is small
				s, err := tx.HoldSubscription(e.Context(), c.ProjectID)
				if err != nil {
					return err
				}
				s.Status = workspace.ServiceClosed
				return tx.SaveSubscription(e.Context(), s)
			})
			e.must(e.iam.DeleteProject(e.Context(), workspace.Caller{ProjectID: account}, c.ProjectID))
			e.Same(len(e.subnets(c.ProjectID)), 0)
		}
	},
	"a service with desktops or pools is not closed, and says how many": func(e *env) {
		e.opened(caller)
		e.AddDesktop("a")
		e.AddDesktop("b")
		e.AddPool("p")
		_, err := e.service.Close(e.Context(), caller)
		e.refuses(err, workspace.CodeConflict, "2 desktops and 1 desktop pool")
		e.Same(e.status(caller), workspace.ServiceOpen)
	},
	"a service is closed, twice, and opened again with the network that it had": func(e *env) {
		e.opened(caller)
		before := e.subnets(storetest.Project)
		job, err := e.service.Close(e.Context(), caller)
		e.must(err)
		again, err := e.service.Close(e.Context(), caller)
		e.must(err)
		e.Same(again, job)
		e.refuses(e.require(caller), workspace.CodeNotSubscribed)
		e.Same(e.enterprise(caller), "")
		e.opened(caller)
		e.Same(e.subnets(storetest.Project), before)
		_, err = e.service.Close(e.Context(), e.project("never"))
		e.refuses(err, workspace.CodeNotSubscribed)
	},
	"a desktop and a closed service are never there together": func(e *env) {
		e.opened(caller)
		errs := storetest.Together(8, func(i int) error {
			if i%2 == 0 {
				_, err := e.service.Close(e.Context(), caller)
				return err
			}
			return e.Store.Update(e.Context(), func(tx *store.Tx) error {
				if _, err := tx.LockSubscription(e.Context(), storetest.Project); err != nil {
					return err
				}
				d := desktoptest.NewDesktop(fmt.Sprint("d-", i))
				return desktop.InsertDesktops(e.Context(), tx, []desktop.Desktop{d})
			})
		})
		s := e.status(caller)
		held := storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]string, error) {
			return tenant.Holds(ctx, tx, storetest.Project)
		})
		if (s == workspace.ServiceClosed) == (len(held) > 0) {
			e.Errorf("the service is %s and has %v: %v", s, held, errs)
		}
	},
	"subnets in use stay with the service, others can be taken out": func(e *env) {
		e.opened(caller)
		first := e.subnets(storetest.Project)[0]
		e.Update(func(tx *store.Tx) error {
			return catalog.InsertSubnet(e.Context(), tx, catalog.Subnet{
				ID: "second", ProjectID: storetest.Project, VPCID: first.VPCID, Name: "second", CIDR: "10.9.0.0/16", Gateway: "10.9.0.1", Created: tx.Now(),
			})
		})
		change := func(ids ...string) error {
			_, err := e.service.Update(e.Context(), caller, tenant.Change{SubnetIDs: ids})
			return err
		}
		e.must(change("second"))
		used := storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]catalog.Subnet, error) {
			return tenant.UsedSubnets(ctx, tx, storetest.Project)
		})
		e.Same(len(used), 1)
		e.Same(used[0].ID, "second")
		e.Same(used[0].Default, true)
		e.must(change(first.ID, "second"))
		e.AddDesktop("a", func(d *desktop.Desktop) { d.Address = "10.0.0.9" })
		e.refuses(change("second"), workspace.CodeConflict, first.ID)
		e.refuses(change("third"), workspace.CodeSubnetNotFound, "third")
		e.refuses(change("second", first.ID, first.ID), workspace.CodeInvalid, "twice")
	},
	"an enterprise id is one project's, whatever its case": func(e *env) {
		a, b := e.project("acme"), e.project("b")
		e.opened(a)
		e.opened(b)
		e.refuses(e.service.SetEnterpriseID(e.Context(), b, "ACME"), workspace.CodeNameTaken, "ACME")
		e.Same(e.enterprise(b), "b")
		for id, want := range map[string]bool{"Acme": true, "B": false, "other": false} {
			used, err := e.service.EnterpriseInUse(e.Context(), b.ProjectID, id)
			e.must(err)
			e.Same(used, want)
		}
		for _, id := range []string{"", "-a", "a b", "ä", strings.Repeat("a", 33)} {
			e.refuses(e.service.SetEnterpriseID(e.Context(), b, id), workspace.CodeInvalid, "enterprise_id")
		}
		e.One(storetest.Together(2, func(i int) error {
			return e.service.SetEnterpriseID(e.Context(), []workspace.Caller{a, b}[i], []string{"Same", "same"}[i])
		}), workspace.CodeNameTaken)
	},
	"a project whose name is another's enterprise id has its own id for one": func(e *env) {
		a, b := e.project("first-one"), e.project("Second")
		e.opened(a)
		e.must(e.service.SetEnterpriseID(e.Context(), a, "second"))
		e.opened(b)
		e.Same(e.enterprise(b), b.ProjectID)
		e.Same(e.enterprise(a), "second")
	},
	"a locked service refuses with the reason until it is unlocked": func(e *env) {
		e.opened(caller)
		e.must(e.service.Lock(e.Context(), caller, "moving house"))
		e.refuses(e.require(caller), workspace.CodeServiceLocked, "moving house", "lock-status")
		_, err := e.service.Close(e.Context(), caller)
		e.refuses(err, workspace.CodeServiceLocked)
		lock, err := e.service.LockOf(e.Context(), storetest.Project)
		e.must(err)
		e.Same(lock, tenant.Lock{Since: e.Clock.Now(), Reason: "moving house"})
		for range 2 {
			job, err := e.service.Unlock(e.Context(), caller)
			e.must(err)
			e.Same(e.Job(job).Counts.Status(), workspace.JobSuccess)
		}
		e.must(e.require(caller))
		e.refuses(e.service.Lock(e.Context(), caller, ""), workspace.CodeInvalid, "reason")
		e.refuses(e.service.Lock(e.Context(), e.project("never"), "x"), workspace.CodeNotSubscribed)
	},
	"a worker of an earlier attempt neither opens the service nor fails it": func(e *env) {
		c := e.project("lab")
		first, err := e.open(c)
		e.must(err)
		e.Update(func(tx *store.Tx) error {
			return tenant.NotOpened(e.Context(), tx, e.sub(tx, c, first), "the engine says no")
		})
		failed, err := e.service.Status(e.Context(), c.ProjectID)
		e.must(err)
		e.Same(failed.VPCID, "") // it went with the attempt
		second, err := e.open(c)
		e.must(err)
		e.Update(func(tx *store.Tx) error { return tenant.Opened(e.Context(), tx, e.sub(tx, c, first)) })
		e.Same(e.status(c), workspace.ServiceOpening)
		e.Update(func(tx *store.Tx) error {
			return tenant.NotOpened(e.Context(), tx, e.sub(tx, c, first), "the engine says no")
		})
		e.Same(e.status(c), workspace.ServiceOpening)
		e.Update(func(tx *store.Tx) error { return tenant.Opened(e.Context(), tx, e.sub(tx, c, second)) })
		e.Same(e.status(c), workspace.ServiceOpen)
	},
	"a lock holds since it was first set, with the last reason": func(e *env) {
		e.opened(caller)
		e.must(e.service.Lock(e.Context(), caller, "moving house"))
		since := e.Clock.Now()
		e.Clock.Advance(time.Hour)
		e.must(e.service.Lock(e.Context(), caller, "still moving"))
		lock, err := e.service.LockOf(e.Context(), storetest.Project)
		e.must(err)
		e.Same(lock, tenant.Lock{Since: since, Reason: "still moving"})
	},
	"a service that is opened again has its settings anew": func(e *env) {
		e.opened(caller)
		for _, name := range []string{"create_unknown_users", "run_scripts"} {
			e.must(e.service.Set(e.Context(), caller, tenant.Setting{Name: name}))
		}
		_, err := e.service.Close(e.Context(), caller)
		e.must(err)
		e.opened(caller)
		all, err := e.service.Settings(e.Context(), storetest.Project, "")
		e.must(err)
		e.Same(all, []tenant.Setting{{"create_unknown_users", true}, {"run_scripts", true}})
	},
	"settings are on, and are switched by name": func(e *env) {
		e.opened(caller)
		read := func() []tenant.Setting {
			all, err := e.service.Settings(e.Context(), storetest.Project, "")
			e.must(err)
			return all
		}
		e.Same(read(), []tenant.Setting{{"create_unknown_users", true}, {"run_scripts", true}})
		e.must(e.service.Set(e.Context(), caller, tenant.Setting{Name: "run_scripts"}))
		e.Same(read(), []tenant.Setting{{"create_unknown_users", true}, {"run_scripts", false}})
		e.refuses(e.service.Set(e.Context(), caller, tenant.Setting{Name: "x"}), workspace.CodeUnsupported, "create_unknown_users, run_scripts")
	},
}
