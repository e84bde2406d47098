package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"carrel/internal/workspace"
)

var queue = measurement{name: "queue", about: "100,000 simulated desktops ordered as fast as the API takes them", extra: true, run: measureQueue}

// What is ordered, and what is aimed at.
const (
	queuePerRequest = 100
	queueParallel   = 256
	queueStages     = 10
	queueRate       = 500 // desktops a second
)

// measureQueue orders desktops in one request after the other, without waiting for any, and follows how they are made: on SQLite,
// or on the PostgreSQL that CARREL_TEST_POSTGRES names.
func measureQueue(ctx context.Context, l *lab) ([]row, error) {
	count := l.desktops(100_000)
	database, arguments := "SQLite", []string(nil)
	if url := os.Getenv("CARREL_TEST_POSTGRES"); url != "" {
		database, arguments = "PostgreSQL", []string{"--database", url}
	}
	server, err := l.serve(ctx, "sim", map[string]any{
		"jobs":     map[string]any{"parallel": map[string]any{string(workspace.JobCreateDesktops): queueParallel}},
		"networks": []map[string]any{{"name": networkName, "cidr": "10.240.0.0/14"}},
	}, arguments...)
	if err != nil {
		return nil, err
	}
	defer server.stop()

	following, stop := context.WithCancel(ctx)
	defer stop()
	ordered := make(chan orders, 1)
	go func() { ordered <- order(following, server, count) }()
	made, err := follow(following, l, server, count)
	if err != nil {
		return nil, err
	}
	placed := <-ordered
	if placed.err != nil {
		return nil, placed.err
	}
	return append(placed.rows(database), made.rows(database)...), nil
}

// orders is how long each request for desktops took.
type orders struct {
	answers sample
	took    time.Duration // all of them together
	err     error
}

// order asks for that many desktops, in one request after the other.
func order(ctx context.Context, s *server, count int) (o orders) {
	begun := time.Now()
	for first := 0; first < count; first += queuePerRequest {
		asked := time.Now()
		if _, o.err = s.orderDesktops(ctx, first, min(queuePerRequest, count-first), false); o.err != nil {
			return o
		}
		o.answers = append(o.answers, time.Since(asked))
	}
	o.took = time.Since(begun)
	return o
}

func (o orders) rows(database string) []row {
	tenth := max(len(o.answers)/10, 1)
	first, last := o.answers[:tenth], o.answers[len(o.answers)-tenth:]
	return []row{{
		what:      fmt.Sprintf("%s: POST of %d desktops, median (p99) of the last tenth of %d", database, queuePerRequest, len(o.answers)),
		reference: fmt.Sprintf("%s (%s), first tenth", milliseconds(first.median()), milliseconds(first.quantile(0.99))),
		carrel:    fmt.Sprintf("%s (%s)", milliseconds(last.median()), milliseconds(last.quantile(0.99))),
		ratio:     ratio(last.median(), first.median()),
	}}
}

// stage is what it took to make a part of the desktops.
type stage struct {
	made      int // at its end
	waiting   int // ordered and not made, at its end
	desktops  int
	took      time.Duration
	processor time.Duration // of the control plane, orders included
}

type stages []stage

// follow watches until that many desktops are made.
func follow(ctx context.Context, l *lab, s *server, count int) (all stages, err error) {
	each := max(count/queueStages, 1)
	begun, made := time.Now(), 0
	used, err := s.processorTime()
	if err != nil {
		return nil, err
	}
	for made < count {
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		now, requested, err := s.progress(ctx)
		if err != nil {
			return nil, err
		}
		if now < min((len(all)+1)*each, count) {
			continue
		}
		usedNow, err := s.processorTime()
		if err != nil {
			return nil, err
		}
		all = append(all, stage{
			made: now, waiting: requested*queuePerRequest - now, desktops: now - made, took: time.Since(begun), processor: usedNow - used,
		})
		last := all[len(all)-1]
		l.say("  %d made, %d waiting: %.0f a second, %s of processor time for one", now, last.waiting, last.rate(), milliseconds(last.each()))
		begun, made, used = time.Now(), now, usedNow
	}
	return all, nil
}

// progress reads how many desktops have been made and how many orders were taken.
func (s *server) progress(ctx context.Context) (made, requests int, err error) {
	var metrics string
	if _, err := s.send(ctx, "GET", "/metrics", nil, &metrics); err != nil {
		return 0, 0, err
	}
	lines := bufio.NewScanner(strings.NewReader(metrics))
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), "} ")
		var into *int
		switch {
		case strings.HasPrefix(name, `carrel_sub_job_seconds_count{`) && strings.Contains(name, `type="createDesktops"`):
			if !strings.Contains(name, `state="SUCCESS"`) {
				return 0, 0, fmt.Errorf("a desktop could not be made: %s", lines.Text())
			}
			into = &made
		case strings.HasPrefix(name, `carrel_api_request_seconds_count{`) && strings.Contains(name, `"CreateDesktop"`):
			into = &requests
		default:
			continue
		}
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return 0, 0, fmt.Errorf("reading the metrics: %w", err)
		}
		*into += int(n)
	}
	return made, requests, lines.Err()
}

func (s stage) rate() float64       { return float64(s.desktops) / s.took.Seconds() }
func (s stage) each() time.Duration { return s.processor / time.Duration(max(s.desktops, 1)) }

func (all stages) rows(database string) (rows []row) {
	for _, s := range all {
		rows = append(rows, row{
			what:   fmt.Sprintf("%s: until %d desktops were made, %d ordered ones waiting", database, s.made, s.waiting),
			carrel: fmt.Sprintf("%.0f a second, %s of processor time for one", s.rate(), milliseconds(s.each())),
			target: fmt.Sprintf("%d a second", queueRate), reached: new(s.rate() >= queueRate),
		})
	}
	return rows
}
