package order_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"carrel/internal/order"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

type env struct {
	*storetest.Env
	orders *order.Service
}

var caller = workspace.Caller{ProjectID: storetest.Project, Actor: workspace.Actor{ID: "admin-id", Name: "admin"}}

func TestRows(t *testing.T) {
	storetest.RunRows(t, func(e *storetest.Env) *env {
		return &env{e, &order.Service{Store: e.Store, Requests: &store.Requests{Store: e.Store}}}
	}, map[string]map[string]func(*env){"Orders": orders})
}

func (e *env) place(kind string, fulfil func(context.Context, string) (string, error)) (string, error) {
	e.Helper()
	id, _, err := e.orders.Place(e.Context(), caller, order.Order{Type: kind, EnterpriseID: "0"}, fulfil)
	return id, err
}

func (e *env) list(q order.Query) []string {
	e.Helper()
	q.ProjectID, q.Page = storetest.Project, storetest.Everything
	found, total, err := e.orders.List(e.Context(), q)
	e.Same(err, nil)
	e.Same(total, len(found))
	return storetest.IDs(found, func(o order.Order) string { return o.Type })
}

// job writes a job, as what an order is for does.
func (e *env) job(ctx context.Context, _ string) (string, error) {
	id := workspace.NewID()
	return id, e.Store.Update(ctx, func(tx *store.Tx) error {
		return tx.InsertJob(ctx, workspace.Job{ID: id, ProjectID: storetest.Project, Type: workspace.JobCreateDesktops, Created: tx.Now()})
	})
}

func (e *env) jobs() int {
	e.Helper()
	return storetest.Get(e, func(ctx context.Context, tx *store.Tx) (int, error) {
		n, err := tx.NewSelect().Table("jobs").Count(ctx)
		return int(n), err
	})
}

var orders = map[string]func(*env){
	"an order is there together with the job that fulfils it": func(e *env) {
		_, jobID, err := e.orders.Place(e.Context(), caller, order.Order{Type: "createDesktops", Period: order.Period{PeriodType: 2, PeriodNum: 6}}, e.job)
		e.Same(err, nil)
		found, _, err := e.orders.List(e.Context(), order.Query{ProjectID: storetest.Project, JobID: jobID, Page: storetest.Everything})
		e.Same(err, nil)
		e.Same([]any{len(found), found[0].ActorName, found[0].Period.PeriodNum, e.jobs()}, []any{1, "admin", 6, 1})
	},
	"an order that cannot be fulfilled leaves nothing": func(e *env) {
		refused := errors.New("refused")
		_, err := e.place("createDesktops", func(ctx context.Context, _ string) (string, error) {
			if _, err := e.job(ctx, ""); err != nil {
				return "", err
			}
			return "", refused
		})
		e.Same(errors.Is(err, refused), true)
		e.Same(len(e.list(order.Query{})), 0)
		e.Same(e.jobs(), 0)
	},
	"orders are listed newest first": func(e *env) {
		for _, kind := range []string{"a", "b", "c"} {
			_, err := e.place(kind, func(context.Context, string) (string, error) { return "", nil })
			e.Same(err, nil)
			e.Clock.Advance(time.Second)
		}
		e.Same(e.list(order.Query{}), []string{"c", "b", "a"})
		e.Same(e.list(order.Query{Type: "b"}), []string{"b"})
	},
	"a period that cannot be is refused": func(e *env) {
		for _, p := range []order.Period{{PeriodType: 1}, {PeriodType: 5}, {PeriodNum: -1}, {PeriodNum: 10000}} {
			_, _, err := e.orders.Place(e.Context(), caller, order.Order{Type: "x", Period: p}, e.job)
			e.Same(workspace.CodeOf(err), workspace.CodeInvalid)
		}
		e.Same(e.jobs(), 0)
	},
}
