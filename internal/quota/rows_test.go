package quota_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/desktop/desktoptest"
	"carrel/internal/directory"
	"carrel/internal/quota"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

type env struct {
	*desktoptest.Env
	service *quota.Service
}

func TestRows(t *testing.T) {
	storetest.RunRows(t, func(e *storetest.Env) *env {
		made := &env{desktoptest.NewEnv(e), &quota.Service{Store: e.Store}}
		e.Update(func(tx *store.Tx) error {
			_, err := tx.OpenSubscription(e.Context(), workspace.Subscription{ID: "s", ProjectID: storetest.Project, Opened: tx.Now()})
			if err != nil {
				return err
			}
			return catalog.PutProducts(e.Context(), tx, []catalog.Product{{ID: "small", CPUs: 2, MemoryMiB: 4096}})
		})
		return made
	}, map[string]map[string]func(*env){"Quotas": quotas})
}

func (e *env) set(projectID string, limits map[quota.Resource]int64) {
	e.Helper()
	change := quota.Change{}
	for r, n := range limits {
		change[r] = &n
	}
	e.must(e.service.Set(e.Context(), workspace.System("account", "", "test"), projectID, change))
}

func (e *env) must(err error) {
	e.Helper()
	if err != nil {
		e.Fatal(err)
	}
}

func (e *env) limit(projectID string, r quota.Resource) int64 {
	return e.standing(projectID, "", r).Limit
}

func (e *env) standing(projectID, zone string, r quota.Resource) quota.Standing {
	e.Helper()
	all, err := e.service.Of(e.Context(), projectID, zone)
	e.must(err)
	at := slices.IndexFunc(all, func(s quota.Standing) bool { return s.Resource == r })
	return all[at]
}

// sized makes a new desktop of the product small, in a zone.
func sized(zone string, status desktop.DesktopStatus) func(*desktop.Desktop) {
	return func(d *desktop.Desktop) {
		d.ProductID, d.Zone, d.Status = "small", zone, status
		d.Root = desktop.NewVolume(desktop.VolumeSpec{Type: "SAS", GB: 80}, 0, d.Created)
		d.Data = []desktop.Volume{desktop.NewVolume(desktop.VolumeSpec{Type: "SSD", GB: 10}, 1, d.Created)}
	}
}

// hold tries to take amounts of the project's quotas.
func (e *env) hold(wanted quota.Amounts) error {
	return e.Store.Update(e.Context(), func(tx *store.Tx) error {
		a, err := quota.Hold(e.Context(), tx, storetest.Project)
		if err != nil {
			return err
		}
		return a.Admit(e.Context(), tx, wanted)
	})
}

var quotas = map[string]func(*env){
	"a project has the quotas of all projects where it has none of its own": func(e *env) {
		e.Same(e.limit(storetest.Project, quota.Users), int64(-1))
		e.set("", map[quota.Resource]int64{quota.Users: 5, quota.Desktops: 7})
		e.set(storetest.Project, map[quota.Resource]int64{quota.Users: 9, quota.Cores: -1})
		e.Same(e.limit(storetest.Project, quota.Users), int64(9))
		e.Same(e.limit(storetest.Project, quota.Desktops), int64(7))
		e.Same(e.limit(storetest.Project, quota.Cores), int64(-1))
		e.Same(e.limit(storetest.OtherProject, quota.Users), int64(5))
		e.must(e.service.Set(e.Context(), workspace.System("account", "", "test"), storetest.Project, quota.Change{quota.Users: nil}))
		e.Same(e.limit(storetest.Project, quota.Users), int64(5))
		e.set(storetest.Project, map[quota.Resource]int64{quota.Users: -1})
		e.Same(e.limit(storetest.Project, quota.Users), int64(-1))
		many := int64(quota.MaxAmount + 1)
		if err := e.service.Set(e.Context(), workspace.Caller{}, "", quota.Change{quota.Users: &many}); workspace.CodeOf(err) != workspace.CodeInvalid {
			e.Errorf("a limit that is too large: %v", err)
		}
	},
	"desktops in every state count, with their disks, and users": func(e *env) {
		for i, status := range []desktop.DesktopStatus{desktop.StatusCreating, desktop.StatusActive, desktop.StatusShutoff, desktop.StatusError} {
			e.AddDesktop(string(rune('a'+i)), sized([]string{"z-1", "z-2"}[i%2], status))
		}
		for _, c := range []struct {
			zone string
			want []int64
		}{{"", []int64{4, 8, 4 * 4096, 8, 360, 1}}, {"z-1", []int64{2, 4, 2 * 4096, 4, 180, 1}}, {"z-3", []int64{0, 0, 0, 0, 0, 1}}} {
			for i, r := range quota.Resources {
				e.Same(e.standing(storetest.Project, c.zone, r).Used, c.want[i])
			}
		}
	},
	"what a sub-job adds counts until it ends": func(e *env) {
		d := e.AddDesktop("a", sized("z", desktop.StatusShutoff))
		e.AddJob("j", 1, func(s *workspace.SubJob) { s.DesktopID = d.ID })
		sub := storetest.Get(e, func(ctx context.Context, tx *store.Tx) (workspace.Job, error) {
			return tx.Job(ctx, storetest.Project, "j", true)
		}).SubJobs[0]
		e.Update(func(tx *store.Tx) error {
			return quota.InsertGrowths(e.Context(), tx, storetest.Project, map[string]quota.Amounts{sub.ID: {quota.Cores: 6, quota.Volumes: 1, quota.Gigabytes: 50}})
		})
		e.Same(e.standing(storetest.Project, "", quota.Cores).Used, int64(8))
		e.Same(e.standing(storetest.Project, "", quota.Gigabytes).Used, int64(140))
		e.set(storetest.Project, map[quota.Resource]int64{quota.Cores: 8, quota.Volumes: 3})
		readmit := func() error {
			return e.Store.Update(e.Context(), func(tx *store.Tx) error {
				a, err := quota.Hold(e.Context(), tx, storetest.Project)
				if err != nil {
					return err
				}
				return a.Readmit(e.Context(), tx, []string{sub.ID})
			})
		}
		e.must(readmit())
		e.set(storetest.Project, map[quota.Resource]int64{quota.Cores: 7})
		if err := readmit(); workspace.CodeOf(err) != workspace.CodeQuotaExceeded {
			e.Errorf("run again beyond the quota: %v", err)
		}
		e.Update(func(tx *store.Tx) error {
			_, err := tx.NewRaw("UPDATE sub_jobs SET state = 'FAILED'").Exec(e.Context())
			return err
		})
		e.Same(e.standing(storetest.Project, "", quota.Cores).Used, int64(2))
	},
	"of callers at once no more get something than the quota allows": func(e *env) {
		e.set(storetest.Project, map[quota.Resource]int64{quota.Users: 4}) // one is there
		done := 0
		for _, err := range storetest.Together(12, func(i int) error {
			return e.Store.Update(e.Context(), func(tx *store.Tx) error {
				a, err := quota.Hold(e.Context(), tx, storetest.Project)
				if err != nil {
					return err
				}
				if err := a.Admit(e.Context(), tx, quota.Amounts{quota.Users: 1}); err != nil {
					return err
				}
				return directory.InsertUsers(e.Context(), tx, []directory.User{{ID: workspace.NewID(), ProjectID: storetest.Project, Name: fmt.Sprint("user-", i)}})
			})
		}) {
			switch workspace.CodeOf(err) {
			case workspace.CodeQuotaExceeded:
			default:
				e.must(err)
				done++
			}
		}
		e.Same(done, 3)
		e.Same(e.standing(storetest.Project, "", quota.Users).Used, int64(4))
	},
	"what a transaction has taken counts for what it takes next": func(e *env) {
		e.set(storetest.Project, map[quota.Resource]int64{quota.Desktops: 3})
		err := e.Store.Update(e.Context(), func(tx *store.Tx) error {
			a, err := quota.Hold(e.Context(), tx, storetest.Project)
			e.must(err)
			e.must(a.Admit(e.Context(), tx, quota.Amounts{quota.Desktops: 2}))
			taken, short, err := a.AdmitUpTo(e.Context(), tx, quota.Amounts{quota.Desktops: 1}, 5)
			e.must(err)
			e.Same(taken, 1)
			e.Same(workspace.CodeOf(short), workspace.CodeQuotaExceeded)
			return a.Admit(e.Context(), tx, quota.Amounts{quota.Desktops: 1})
		})
		if workspace.CodeOf(err) != workspace.CodeQuotaExceeded {
			e.Errorf("a fourth desktop of three: %v", err)
		}
	},
	"a project without an open service gets nothing": func(e *env) {
		e.must(e.hold(quota.Amounts{quota.Desktops: 1}))
		e.Update(func(tx *store.Tx) error {
			s, err := tx.HoldSubscription(e.Context(), storetest.Project)
			if err != nil {
				return err
			}
			s.Locked, s.LockReason = tx.Now(), "unpaid"
			return tx.SaveSubscription(e.Context(), s)
		})
		if err := e.hold(quota.Amounts{}); workspace.CodeOf(err) != workspace.CodeServiceLocked {
			e.Errorf("a locked one: %v", err)
		}
	},
}
