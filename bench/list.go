package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"carrel/internal/workspace"
)

var list = measurement{name: "list", about: "a page of 100 among 10,000 simulated desktops", run: measureList}

// How many requests are sent for each figure.
const (
	listRequests = 2000
	listClients  = 8
)

func measureList(ctx context.Context, l *lab) ([]row, error) {
	count := l.desktops(10_000)
	server, err := l.serve(ctx, "sim", map[string]any{"jobs": map[string]any{"parallel": map[string]any{string(workspace.JobCreateDesktops): 64}}})
	if err != nil {
		return nil, err
	}
	defer server.stop()
	if err := l.fill(ctx, server, count); err != nil {
		return nil, err
	}
	if err := awaitMails(ctx, server); err != nil {
		return nil, err
	}
	var rows []row
	for _, path := range []string{"/desktops", "/desktops/detail"} {
		for _, clients := range []int{1, listClients} {
			asked, err := askPages(ctx, server, path, clients)
			if err != nil {
				return nil, err
			}
			rows = append(rows, asked.rows(fmt.Sprintf("GET %s, page of 100 among %d, %s", path, count, clientsText(clients)))...)
		}
	}
	return rows, nil
}

// listing is what asking for pages has taken.
type listing struct {
	pages, pings sample
	processor    time.Duration // of the control plane, for one page
}

// askPages asks for the first page of a list, and for nothing in particular, in turns: whatever else the machine does hits both.
func askPages(ctx context.Context, s *server, path string, clients int) (l listing, err error) {
	const turns = 4
	for range turns {
		some, err := ask(ctx, s, "/healthz", clients, listRequests/turns)
		if err != nil {
			return l, err
		}
		l.pings = append(l.pings, some...)
		before, err := s.processorTime()
		if err != nil {
			return l, err
		}
		if some, err = ask(ctx, s, "/v2/"+s.ProjectID+path+"?limit=100", clients, listRequests/turns); err != nil {
			return l, err
		}
		l.pages = append(l.pages, some...)
		after, err := s.processorTime()
		if err != nil {
			return l, err
		}
		l.processor += after - before
	}
	l.processor /= time.Duration(len(l.pages))
	return l, nil
}

func (l listing) rows(what string) []row {
	p99 := l.pages.quantile(0.99)
	return []row{
		{
			what:      what + ", p99 (median)",
			reference: fmt.Sprintf("%s (%s), /healthz", milliseconds(l.pings.quantile(0.99)), milliseconds(l.pings.median())),
			carrel:    fmt.Sprintf("%s (%s)", milliseconds(p99), milliseconds(l.pages.median())),
			ratio:     ratio(p99, l.pings.quantile(0.99)),
			target:    "10 ms", reached: new(p99 <= 10*time.Millisecond),
		},
		{what: "… its processor time for one", carrel: milliseconds(l.processor)},
	}
}

func clientsText(n int) string {
	if n == 1 {
		return "one client"
	}
	return fmt.Sprintf("%d clients at once", n)
}

// fill makes that many desktops through the API.
func (l *lab) fill(ctx context.Context, s *server, count int) error {
	const most = 100 // desktops in one call
	var jobs []string
	for first := 0; first < count; first += most {
		id, err := s.createDesktops(ctx, first, min(most, count-first))
		if err != nil {
			return err
		}
		jobs = append(jobs, id)
	}
	begun := time.Now()
	for i, id := range jobs {
		if _, err := s.awaitJob(ctx, id, 100*time.Millisecond); err != nil {
			return err
		}
		if (i+1)%20 == 0 {
			l.say("  %d of %d desktops made after %s", (i+1)*most, count, time.Since(begun).Round(time.Second))
		}
	}
	return nil
}

// awaitMails waits until the messages to all the new people have gone out, which is no part of reading lists.
func awaitMails(ctx context.Context, s *server) error {
	for {
		var metrics string
		if _, err := s.send(ctx, "GET", "/metrics", nil, &metrics); err != nil {
			return err
		}
		if strings.Contains(metrics, "\ncarrel_mails_waiting 0\n") {
			return nil
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// ask sends a number of requests from so many clients, each of which sends one after the other.
func ask(ctx context.Context, s *server, path string, clients, requests int) (sample, error) {
	var mu sync.Mutex
	var all sample
	err := each(ctx, clients, make([]struct{}, clients), func(struct{}) error {
		own := make(sample, 0, requests/clients)
		for range requests / clients {
			begun := time.Now()
			if _, err := s.send(ctx, "GET", path, nil, nil); err != nil {
				return err
			}
			own = append(own, time.Since(begun))
		}
		mu.Lock()
		defer mu.Unlock()
		all = append(all, own...)
		return nil
	})
	return all, err
}
