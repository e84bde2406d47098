package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"carrel/internal/workspace"
)

var seat = measurement{name: "seat", about: "opening a warm pool: a new desktop each time, until the first picture", run: measureSeat}

// seatTarget is how long a person may have to wait.
const seatTarget = 500 * time.Millisecond

// measureSeat has people open a pool of idle desktops one after another, each for the first time: the click gets them a desktop,
// their account is made inside, and its display is shown.
func measureSeat(ctx context.Context, l *lab) ([]row, error) {
	if _, err := l.incus(ctx); err != nil {
		return nil, err
	}
	server, err := l.serve(ctx, "incus", nil)
	if err != nil {
		return nil, err
	}
	defer server.stop()
	password := "Desk-" + workspace.NewToken()[:10]
	pool, people, err := server.warmPool(ctx, l.desktops(20), password)
	if err != nil {
		return nil, err
	}
	var first sample
	for _, person := range people {
		click, err := poolVisitor(ctx, server, pool, person, password)
		if err != nil {
			return nil, err
		}
		var v viewing
		if err := v.view(ctx, click); err != nil {
			return nil, fmt.Errorf("the pool of %s: %w", person, err)
		}
		first = append(first, v.first...)
		l.say("  %2d  %s", len(first), seconds(v.first[0]))
	}
	reached := first.median() < seatTarget
	return []row{{
		what:   fmt.Sprintf("click on a warm pool to the first picture of a new desktop, median of %d", len(first)),
		carrel: fmt.Sprintf("%s (p90 %s)", milliseconds(first.median()), milliseconds(first.quantile(0.9))),
		target: "< " + milliseconds(seatTarget), reached: &reached,
	}}, nil
}

// warmPool makes a pool of n desktops and n people who may use it, and waits until all desktops are ready.
func (s *server) warmPool(ctx context.Context, n int, password string) (id string, people []string, err error) {
	var grants []map[string]any
	for i := range n {
		var made struct{ ID string }
		person := fmt.Sprint("seated-", i)
		err := s.call(ctx, "POST", "/users", map[string]any{
			"user_name": person, "active_type": "ADMIN_ACTIVATE", "password": password, "next_login_change_password": false,
		}, &made)
		if err != nil {
			return "", nil, err
		}
		people = append(people, person)
		grants = append(grants, map[string]any{"object_type": "USER", "object_id": made.ID, "object_name": person, "user_group": "default"})
	}
	var reply struct {
		Job string `json:"job_id"`
	}
	err = s.call(ctx, "POST", "/desktop-pools", map[string]any{
		"name": "warm", "type": "DYNAMIC", "size": n, "product_id": s.ProductID, "image_type": "gold", "image_id": s.ImageID,
		"root_volume": map[string]any{"type": "SAS", "size": 80}, "subnet_ids": []string{s.SubnetID}, "authorized_objects": grants,
	}, &reply)
	if err != nil {
		return "", nil, err
	}
	if _, err := s.awaitJob(ctx, reply.Job, 100*time.Millisecond); err != nil {
		return "", nil, err
	}
	var list struct {
		Pools []struct{ ID string } `json:"desktop_pools"`
	}
	if err := s.call(ctx, "GET", "/desktop-pools?name=warm", nil, &list); err != nil {
		return "", nil, err
	}
	if len(list.Pools) == 0 {
		return "", nil, errors.New("the pool is not listed")
	}
	return list.Pools[0].ID, people, nil
}

// poolVisitor signs in to the portal, and returns what a click on the pool does.
func poolVisitor(ctx context.Context, s *server, pool, person, password string) (opener, error) {
	b, err := s.browser(ctx, person, password)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) (io.ReadWriteCloser, error) {
		var opened struct{ Outcome, Ticket string }
		if err := b.post(ctx, "/portal/api/pools/"+pool+"/open", "{}", &opened); err != nil {
			return nil, fmt.Errorf("opening the pool: %w", err)
		}
		if opened.Ticket == "" {
			return nil, fmt.Errorf("opening the pool gave %s and no ticket", opened.Outcome)
		}
		return s.display(ctx, opened.Ticket)
	}, nil
}
