package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/quota"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

// limit sets quotas of the project; -1 is no limit.
func (e *env) limit(limits map[quota.Resource]int64) {
	e.Helper()
	change := quota.Change{}
	for r, n := range limits {
		change[r] = &n
	}
	if err := e.service.Quotas.Set(e.Context(), workspace.System(e.first.DomainID, "", "set-quota"), e.first.ProjectID, change); err != nil {
		e.Fatal(err)
	}
}

// uses reads what the project uses of a resource.
func (e *env) uses(r quota.Resource) int64 {
	e.Helper()
	all, err := e.service.Quotas.Of(e.Context(), e.first.ProjectID, "")
	if err != nil {
		e.Fatal(err)
	}
	for _, s := range all {
		if s.Resource == r {
			return s.Used
		}
	}
	return -1
}

// exceeded checks that an answer is the refusal of a quota, with its figures and what to do.
func (e *env) exceeded(a answer, r quota.Resource, parts ...string) {
	e.Helper()
	e.refused(a, http.StatusConflict, workspace.CodeQuotaExceeded, "quota "+string(r)+": the project may have ")
	for _, part := range append(parts, "delete ", "carrel quota set") {
		if !strings.Contains(a.text("error_msg"), part) {
			e.Errorf("%s lacks %q", a.raw, part)
		}
	}
}

// Every order that adds something is refused when it exceeds the quota of that, says by how much, and changes nothing. With room for exactly what it
// adds it is not.
func TestOrdersBeyondAQuotaAreRefused(t *testing.T) {
	onBoth(t, func(e *env) {
		top := e.TB
		id, _ := e.pool(object{"size": 2, "data_volumes": []object{{"type": "SSD", "size": 10}}})
		e.endWork(id)
		e.update(func(tx *store.Tx) error { return moreProducts(e, tx) })
		disk := e.ok(e.get("/desktop-pools/"+id)).text("data_volumes", 0, "id")
		user := func(name string) object { return object{"user_name": name, "user_email": name + "@example.org"} }
		for name, c := range map[string]struct {
			target string
			body   object
			quota  quota.Resource
			adds   int64
			noun   string
		}{
			"desktops":              {"/desktops", order(object{"size": 3, "desktop_name": "d"}), quota.Desktops, 3, "desktops"},
			"their processors":      {"/desktops", order(object{"size": 3, "desktop_name": "d"}), quota.Cores, 6, "processors"},
			"their memory":          {"/desktops", order(object{"size": 3, "desktop_name": "d"}), quota.Memory, 3 * 4096, "MB of memory"},
			"their disks":           {"/desktops", order(object{"size": 3, "desktop_name": "d", "data_volumes": []object{{"type": "SAS", "size": 10}}}), quota.Volumes, 6, "disks"},
			"what disks hold":       {"/desktops", order(object{"size": 3, "desktop_name": "d", "data_volumes": []object{{"type": "SAS", "size": 10}}}), quota.Gigabytes, 270, "GB of disks"},
			"their users":           {"/desktops", order(object{"desktops": desktopsFor("zoe", "zed"), "email_notification": false}), quota.Users, 2, "users"},
			"a pool":                {"/desktop-pools", e.poolOrder(object{"name": "POOL09", "size": 4}), quota.Desktops, 4, "desktops"},
			"what a pool holds":     {"/desktop-pools", e.poolOrder(object{"name": "POOL09", "size": 4}), quota.Gigabytes, 320, "GB of disks"},
			"more desktops of one":  {"/desktop-pools/" + id + "/expand", object{"size": 5}, quota.Desktops, 5, "desktops"},
			"their cores":           {"/desktop-pools/" + id + "/expand", object{"size": 5}, quota.Cores, 10, "processors"},
			"a larger product":      {"/desktop-pools/" + id + "/resize", object{"product_id": "large", "mode": "STOP_DESKTOP"}, quota.Cores, 4, "processors"},
			"its memory":            {"/desktop-pools/" + id + "/resize", object{"product_id": "large", "mode": "STOP_DESKTOP"}, quota.Memory, 2 * 4096, "MB of memory"},
			"more disks":            {"/desktop-pools/" + id + "/volumes/batch-add", object{"volumes": []object{{"type": "SAS", "size": 20}}}, quota.Volumes, 2, "disks"},
			"what more disks hold":  {"/desktop-pools/" + id + "/volumes/batch-add", object{"volumes": []object{{"type": "SAS", "size": 20}}}, quota.Gigabytes, 40, "GB of disks"},
			"larger disks":          {"/desktop-pools/" + id + "/volumes/batch-expand", object{"volumes": []object{{"id": disk, "size": 30}}}, quota.Gigabytes, 40, "GB of disks"},
			"a user":                {"/users", user("yan"), quota.Users, 1, "users"},
			"several users":         {"/users/batch-create", object{"users": []object{user("yan"), user("yves")}}, quota.Users, 2, "users"},
			"a user in an order":    {"/desktops/attach", object{"desktops": []object{{"desktop_id": e.spares(1, nil)[0], "user_name": "xi", "user_email": "xi@example.org"}}}, quota.Users, 1, "users"},
			"two in an order of it": {"/desktops", order(object{"desktops": desktopsFor("uma", "udo")}), quota.Desktops, 2, "desktops"},
		} {
			t := top.(*testing.T)
			t.Run(name, func(t *testing.T) {
				e.TB = t
				defer func() { e.TB = top }()
				used := e.uses(c.quota)
				e.limit(map[quota.Resource]int64{c.quota: used + c.adds - 1})
				a := e.post(c.target, c.body)
				e.exceeded(a, c.quota, fmt.Sprintf("may have %d %s and has %d, %d more are asked for", used+c.adds-1, c.noun, used, c.adds))
				if now := e.uses(c.quota); now != used {
					t.Errorf("used %d, now %d", used, now)
				}
				e.exceeded(e.do("POST", e.path(c.target), c.body, dryly), c.quota)
				e.limit(map[quota.Resource]int64{c.quota: used + c.adds})
				if a := e.do("POST", e.path(c.target), c.body, dryly); a.status != http.StatusOK {
					t.Errorf("with room for it: %d %s", a.status, a.raw)
				}
				e.limit(map[quota.Resource]int64{c.quota: -1})
			})
		}
	})
}

// moreProducts adds a product with twice as much of everything.
func moreProducts(e *env, tx *store.Tx) error {
	p, err := catalog.ReadProduct(e.Context(), tx, product)
	if err != nil {
		return err
	}
	p.ID, p.CPUs, p.MemoryMiB = "large", 2*p.CPUs, 2*p.MemoryMiB
	return catalog.PutProducts(e.Context(), tx, []catalog.Product{p})
}

// Of two orders at once for the last free place one is refused: the lock of the subscription's row decides.
func TestOfTwoOrdersForTheLastPlaceOneIsRefused(t *testing.T) {
	onBoth(t, func(e *env) {
		id, _ := e.pool(object{"size": 1})
		e.endWork(id)
		for round, orders := range [][2]func(n int) answer{
			{
				func(n int) answer {
					return e.post("/desktops", order(object{"size": 1, "desktop_name": fmt.Sprint("d", n)}))
				},
				func(n int) answer {
					return e.post("/desktops", order(object{"size": 1, "desktop_name": fmt.Sprint("e", n)}))
				},
			},
			{
				func(n int) answer {
					return e.post("/desktops", order(object{"size": 1, "desktop_name": fmt.Sprint("f", n)}))
				},
				func(int) answer { return e.post("/desktop-pools/"+id+"/expand", object{"size": 1}) },
			},
			{
				func(n int) answer {
					return e.post("/desktop-pools", e.poolOrder(object{"name": fmt.Sprint("POOL1", n), "size": 1}))
				},
				func(n int) answer {
					return e.post("/desktops", order(object{"size": 1, "desktop_name": fmt.Sprint("g", n)}))
				},
			},
		} {
			for n := range 4 {
				used := e.uses(quota.Desktops)
				e.limit(map[quota.Resource]int64{quota.Desktops: used + 1})
				var answers [2]answer
				storetest.Together(2, func(i int) error {
					answers[i] = orders[i](10*round + n)
					return nil
				})
				if (answers[0].status == http.StatusOK) == (answers[1].status == http.StatusOK) {
					e.Fatalf("round %d: %d %s, %d %s", round, answers[0].status, answers[0].raw, answers[1].status, answers[1].raw)
				}
				for _, a := range answers {
					if a.status != http.StatusOK {
						e.exceeded(a, quota.Desktops, fmt.Sprintf("and has %d, 1 more", used+1))
					}
				}
				if now := e.uses(quota.Desktops); now != used+1 {
					e.Errorf("%d desktops, want %d", now, used+1)
				}
				e.endWork(id)
			}
		}
	})
}

// What a change frees is free only when it is done.
func TestASmallerProductFreesNothingBeforeItIsThere(t *testing.T) {
	e := newEnv(t)
	e.update(func(tx *store.Tx) error { return moreProducts(e, tx) })
	id, _ := e.pool(object{"size": 2, "product_id": "large"})
	e.endWork(id)
	used := e.uses(quota.Cores)
	e.limit(map[quota.Resource]int64{quota.Cores: used})
	e.ok(e.post("/desktop-pools/"+id+"/resize", object{"product_id": product, "mode": "STOP_DESKTOP"}))
	if now := e.uses(quota.Cores); now != used {
		t.Errorf("%d processors, want %d", now, used)
	}
	e.exceeded(e.post("/desktops", order(object{"size": 1, "desktop_name": "d"})), quota.Cores)
}

// What failed is done again only if there is still room for it.
func TestARetryBeyondAQuotaIsRefused(t *testing.T) {
	onBoth(t, func(e *env) {
		id, desktops := e.pool(object{"size": 2})
		e.endWork(id)
		used := e.uses(quota.Gigabytes)
		e.limit(map[quota.Resource]int64{quota.Gigabytes: used + 40})
		job := e.ok(e.post("/desktop-pools/"+id+"/volumes/batch-add", object{"volumes": []object{{"type": "SAS", "size": 20}}})).text("job_id")
		if now := e.uses(quota.Gigabytes); now != used+40 {
			t.Errorf("what is ordered counts: %d, want %d", now, used+40)
		}
		var ids []string
		for _, sub := range e.ok(e.get("/workspace-jobs/" + job)).list("sub_jobs") {
			ids = append(ids, answer{body: sub}.text("id"))
		}
		e.update(func(tx *store.Tx) error {
			return tx.EndSubJobs(e.Context(), ids, workspace.SubJobFailed, workspace.CodeNoCapacity, "no room")
		})
		for _, d := range desktops {
			e.set(d, func(d *desktop.Desktop) { d.Task, d.TaskOwner = workspace.NoTask, "" })
		}
		if now := e.uses(quota.Gigabytes); now != used {
			t.Errorf("what has failed does not count: %d, want %d", now, used)
		}
		again := func() answer { return e.post("/workspace-jobs/"+job+"/actions", object{"op_type": "retry"}) }
		e.limit(map[quota.Resource]int64{quota.Gigabytes: used + 39})
		e.exceeded(again(), quota.Gigabytes, fmt.Sprintf("may have %d GB of disks and has %d, 40 more are asked for", used+39, used))
		if s := e.ok(e.get("/workspace-jobs/" + job)).text("status"); s != "FAIL" {
			t.Errorf("after the refusal the job is %s", s)
		}
		e.limit(map[quota.Resource]int64{quota.Gigabytes: used + 40})
		e.ok(again())
		if now := e.uses(quota.Gigabytes); now != used+40 {
			t.Errorf("what runs again counts: %d, want %d", now, used+40)
		}
	})
}
