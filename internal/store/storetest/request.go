package storetest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// order writes a job as a part of a request, or alone.
func (e *Env) order(ctx context.Context, id string) error {
	return e.Store.Update(ctx, func(tx *store.Tx) error {
		return tx.InsertJob(ctx, workspace.Job{ID: id, ProjectID: Project, Type: workspace.JobOperateDesktops, Created: tx.Now()})
	})
}

// ordered counts the jobs with these ids.
func (e *Env) ordered(ids ...string) (n int) {
	e.Helper()
	for _, id := range ids {
		err := e.Store.View(e.Context(), func(tx *store.Tx) error { _, err := tx.Job(e.Context(), Project, id, false); return err })
		switch {
		case err == nil:
			n++
		case workspace.CodeOf(err) != workspace.CodeJobNotFound:
			e.Fatal(err)
		}
	}
	return n
}

func (e *Env) run(q workspace.Request, serve func(context.Context) workspace.Answer) workspace.Answer {
	e.Helper()
	answer, err := store.Requests{Store: e.Store}.Run(e.Context(), q, serve)
	if err != nil {
		e.Fatalf("Run: %v", err)
	}
	return answer
}

// request is one of an administrator.
func request(token, content string) workspace.Request {
	caller := workspace.Caller{ProjectID: Project, Operation: "Order", Actor: workspace.Actor{ID: "admin", Kind: workspace.ActorAdministrator}}
	return workspace.Request{Caller: caller, Token: token, Content: []byte(content)}
}

var good = workspace.Answer{Status: 200, Kind: "application/json", Body: `{"password": "Books-and-ink-7"}`}

var requests = map[string]func(*Env){
	"what a request does is there, and its answer is that of a repetition": func(e *Env) {
		served := 0
		for range 3 {
			answer := e.run(request("t", "x"), func(ctx context.Context) workspace.Answer {
				served++
				if err := e.order(ctx, "j"); err != nil {
					e.Fatal(err)
				}
				return good
			})
			e.Same(answer, good)
		}
		e.Same(served, 1)
		e.Same(e.ordered("j"), 1)
		_, err := store.Requests{Store: e.Store}.Run(e.Context(), request("t", "y"), func(context.Context) workspace.Answer { return good })
		e.Same(workspace.CodeOf(err), workspace.CodeTokenReused)
	},
	"a token is of one administrator, project and operation": func(e *Env) {
		served := 0
		serve := func(context.Context) workspace.Answer { served++; return good }
		for _, change := range []func(*workspace.Request){
			func(*workspace.Request) {}, func(r *workspace.Request) { r.Actor.ID = "other" }, func(r *workspace.Request) { r.ProjectID = OtherProject },
			func(r *workspace.Request) { r.Operation = "Other" },
		} {
			q := request("t", "x")
			change(&q)
			e.run(q, serve)
		}
		e.Same(served, 4)
	},
	"a refused request undoes all its parts and leaves its token free": func(e *Env) {
		refused := workspace.Answer{Status: 409, Body: "{}"}
		e.Same(e.run(request("t", "x"), func(ctx context.Context) workspace.Answer {
			if err := e.order(ctx, "j1"); err != nil {
				e.Fatal(err)
			}
			if err := e.order(ctx, "j2"); err != nil {
				e.Fatal(err)
			}
			return refused
		}), refused)
		e.Same(e.ordered("j1", "j2"), 0)
		e.Same(e.run(request("t", "y"), func(context.Context) workspace.Answer { return good }), good)
	},
	"a part that fails is undone alone, and the next one goes on": func(e *Env) {
		e.run(request("t", "x"), func(ctx context.Context) workspace.Answer {
			if err := e.order(ctx, "j1"); err != nil {
				e.Fatal(err)
			}
			if err := e.order(ctx, "j1"); err == nil { // refused by the primary key, after which PostgreSQL takes no more statements
				e.Error("a job was made twice")
			}
			err := e.Store.Update(ctx, func(tx *store.Tx) error {
				if err := tx.InsertJob(ctx, workspace.Job{ID: "j2", ProjectID: Project, Created: tx.Now()}); err != nil {
					return err
				}
				return workspace.Errorf(workspace.CodeConflict, "no")
			})
			e.Same(workspace.CodeOf(err), workspace.CodeConflict)
			if err := e.order(ctx, "j3"); err != nil {
				e.Fatal(err)
			}
			err = e.Store.View(ctx, func(tx *store.Tx) error { _, err := tx.Job(ctx, Project, "j3", false); return err })
			if err != nil {
				e.Errorf("a part does not see an earlier one: %v", err)
			}
			return good
		})
		e.Same(e.ordered("j1", "j3"), 2)
		e.Same(e.ordered("j2"), 0)
	},
	"what is rehearsed changes nothing and wakes nobody": func(e *Env) {
		work := e.Store.Work(e.Context())
		e.AddJob("first", 1)
		e.signalled(work)
		q := request("t", "x")
		q.Rehearse = true
		for range 2 {
			answer := e.run(q, func(ctx context.Context) workspace.Answer {
				err := e.Store.Update(ctx, store.By(q.Caller, func(tx *store.Tx) error {
					job := workspace.Job{ID: "j", ProjectID: Project, Type: workspace.JobOperateDesktops, Created: tx.Now()}
					sub := job.NextSubJob(struct{}{})
					sub.DesktopID = "d"
					job.SubJobs = append(job.SubJobs, sub)
					return tx.InsertJob(ctx, job)
				}))
				if err != nil {
					e.Fatal(err)
				}
				return good
			})
			e.Same(answer.Status, 200)
			e.Same(answer.Rehearsal.Made["j"], true)
			e.Same(len(answer.Rehearsal.SubJobs), 1)
			e.Same(len(answer.Rehearsal.Records), 1)
		}
		e.Same(e.ordered("j"), 0)
		e.Same(len(e.Claim("w", 2)), 1)
		if e.Database.WakesOthers { // where the signal of the first job comes once more, through the server
			return
		}
		select {
		case <-work:
			e.Error("a worker was woken")
		default:
		}
	},
	"of several at once with a token one runs, and the others get its answer": func(e *Env) {
		var served atomic.Int32
		answers := make([]workspace.Answer, 6)
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() {
				answer, err := store.Requests{Store: e.Store}.Run(e.Context(), request("t", "x"), func(ctx context.Context) workspace.Answer {
					served.Add(1)
					if err := e.order(ctx, "j"); err != nil {
						e.Error(err)
					}
					return workspace.Answer{Status: 200, Body: fmt.Sprint(i)}
				})
				if err != nil {
					e.Error(err)
				}
				answers[i] = answer
			})
		}
		all.Wait()
		e.Same(int(served.Load()), 1)
		for _, a := range answers {
			e.Same(a, answers[0])
		}
	},
	"the database holds an answer only in a form that needs the token": func(e *Env) {
		e.run(request("secret-token", "x"), func(context.Context) workspace.Answer { return good })
		var rows []struct{ ID, Request, Answer string }
		e.View(func(tx *store.Tx) error {
			return tx.NewRaw("SELECT id, request, answer FROM client_tokens").Scan(e.Context(), &rows)
		})
		e.Same(len(rows), 1)
		if text := fmt.Sprint(rows); strings.Contains(text, "secret-token") || strings.Contains(text, "Books") {
			e.Errorf("the row is %s", text)
		}
	},
	"an answer that is too large is refused, and nothing has changed": func(e *Env) {
		_, err := store.Requests{Store: e.Store}.Run(e.Context(), request("t", "x"), func(ctx context.Context) workspace.Answer {
			if err := e.order(ctx, "j"); err != nil {
				e.Fatal(err)
			}
			return workspace.Answer{Status: 200, Body: strings.Repeat("x", workspace.MaxKeptAnswer+1)}
		})
		e.Same(workspace.CodeOf(err), workspace.CodeTooLarge)
		e.Same(e.ordered("j"), 0)
	},
	"another process gives the answer after the first has ended": func(e *Env) {
		e.run(request("t", "x"), func(ctx context.Context) workspace.Answer { return good })
		other := store.Requests{Store: e.Database.Open(e.T, e.Clock.Now)}
		answer, err := other.Run(e.Context(), request("t", "x"), func(context.Context) workspace.Answer {
			e.Error("it runs again")
			return good
		})
		e.Same(err, nil)
		e.Same(answer, good)
	},
	"a request that ends in the middle has done nothing, and can be repeated": func(e *Env) {
		func() {
			defer func() { e.Same(recover(), "killed") }()
			e.run(request("t", "x"), func(ctx context.Context) workspace.Answer {
				if err := e.order(ctx, "j"); err != nil {
					e.Error(err)
				}
				panic("killed")
			})
		}()
		e.Same(e.ordered("j"), 0)
		e.Same(e.run(request("t", "x"), func(ctx context.Context) workspace.Answer { return good }), good)
	},
	"a request whose token is not used for a day is a new one": func(e *Env) {
		served := 0
		serve := func(context.Context) workspace.Answer { served++; return good }
		e.run(request("t", "x"), serve)
		e.Clock.Advance(workspace.ClientTokenLife - 1e9)
		e.run(request("t", "x"), serve)
		e.Same(served, 1)
		e.Clock.Advance(1e9)
		e.run(request("t", "y"), serve)
		e.Same(served, 2)
	},
}
