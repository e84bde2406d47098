package main

import (
	"context"
	"fmt"
	"time"
)

var assign = measurement{name: "assign", about: "500 simulated desktops given to 500 people in one call", run: measureAssign}

// What giving them away may take.
const (
	assignAccepted = 100 * time.Millisecond
	assignFinished = 5 * time.Second
	assignRounds   = 3
)

func measureAssign(ctx context.Context, l *lab) ([]row, error) {
	count := l.desktops(500)
	server, err := l.serve(ctx, "sim", nil)
	if err != nil {
		return nil, err
	}
	defer server.stop()
	people, err := server.createPeople(ctx, count)
	if err != nil {
		return nil, err
	}
	desktops, err := server.createSpares(ctx, count)
	if err != nil {
		return nil, err
	}
	if err := awaitMails(ctx, server); err != nil {
		return nil, err
	}
	var accepted, finished sample
	for range assignRounds {
		begun := time.Now()
		id, err := server.assign(ctx, desktops, people)
		took := time.Since(begun)
		if err != nil {
			return nil, err
		}
		if _, err := server.awaitJob(ctx, id, 100*time.Millisecond); err != nil {
			return nil, err
		}
		accepted, finished = append(accepted, took), append(finished, time.Since(begun))
		l.say("  accepted after %s, finished after %s", milliseconds(took), seconds(finished[len(finished)-1]))
		if err := server.takeBack(ctx, desktops); err != nil {
			return nil, err
		}
	}
	return []row{{
		what:   fmt.Sprintf("%d running desktops to %d people in one call (sim), until the answer, median of %d", count, count, assignRounds),
		carrel: milliseconds(accepted.median()), target: milliseconds(assignAccepted), reached: new(accepted.median() <= assignAccepted),
	}, {
		what: "... until every person's display answers", carrel: seconds(finished.median()), target: seconds(assignFinished),
		reached: new(finished.median() <= assignFinished),
	}}, nil
}

// createPeople adds that many people and returns their names.
func (a *caller) createPeople(ctx context.Context, count int) ([]string, error) {
	const most = 200 // in one call
	var names []string
	for first := 0; first < count; first += most {
		var users []map[string]any
		for n := first; n < min(first+most, count); n++ {
			names = append(names, person(n))
			users = append(users, map[string]any{"user_name": person(n), "user_email": person(n) + "@example.com"})
		}
		if err := a.call(ctx, "POST", "/users/batch-create", map[string]any{"users": users}, nil); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// createSpares makes that many desktops that nobody has.
func (a *caller) createSpares(ctx context.Context, count int) ([]string, error) {
	const most = 100 // in one call
	var ids []string
	for first := 0; first < count; first += most {
		var reply struct {
			Job string `json:"job_id"`
		}
		err := a.call(ctx, "POST", "/desktops", map[string]any{
			"desktop_type": "DEDICATED", "product_id": a.ProductID, "image_type": "gold", "image_id": a.ImageID,
			"root_volume": map[string]any{"type": "SAS", "size": 80}, "size": min(most, count-first), "desktop_name": "spare",
		}, &reply)
		if err != nil {
			return nil, err
		}
		j, err := a.awaitJob(ctx, reply.Job, 100*time.Millisecond)
		if err != nil {
			return nil, err
		}
		ids = append(ids, j.desktops()...)
	}
	return ids, nil
}

// assign gives each person a desktop, and returns the job.
func (a *caller) assign(ctx context.Context, desktops, people []string) (string, error) {
	var some, users []map[string]any
	for _, id := range desktops {
		some = append(some, map[string]any{"desktop_id": id})
	}
	for _, name := range people {
		users = append(users, map[string]any{"user_name": name, "user_group": "default"})
	}
	var reply struct {
		Job string `json:"job_id"`
	}
	err := a.call(ctx, "POST", "/desktops/batch-attach", map[string]any{
		"desktops": some, "users": users, "assign_model": map[string]any{"assign_dimension": "USER", "priority_strategy": "USER_NO_DESKTOP"},
	}, &reply)
	return reply.Job, err
}

// takeBack takes desktops from everybody and waits for it.
func (a *caller) takeBack(ctx context.Context, desktops []string) error {
	var reply struct {
		Job string `json:"job_id"`
	}
	if err := a.call(ctx, "POST", "/desktops/detach", map[string]any{"desktop_ids": desktops}, &reply); err != nil {
		return err
	}
	_, err := a.awaitJob(ctx, reply.Job, 50*time.Millisecond)
	return err
}
