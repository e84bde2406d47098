package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Health reports whether this process can serve. It is safe for concurrent use.
type Health struct {
	limit    time.Duration
	log      *slog.Logger
	draining atomic.Bool
	mu       sync.Mutex // guards checks
	checks   []*check
	warnings []warning
}

// warning is a condition that operators should look at and that does not affect readiness.
type warning struct {
	name string
	text func() string
}

// Readiness is the response of /readyz. It names what fails; the reason is only in the log, since the endpoint is public.
type Readiness struct {
	Ready    bool          `json:"ready"`
	Draining bool          `json:"draining"`
	Checks   []CheckResult `json:"checks"` // in the order in which they were added; none while draining
	Warnings []string      `json:"warnings,omitempty"`
}

// CheckResult is one check of a Readiness.
type CheckResult struct {
	Name    string  `json:"name"`
	OK      bool    `json:"ok"`
	Problem string  `json:"problem,omitempty"`
	Seconds float64 `json:"seconds"`
}

// NewHealth returns a Health without checks. Each check has the given time limit.
func NewHealth(limit time.Duration, log *slog.Logger) *Health {
	return &Health{limit: limit, log: log}
}

// AddCheck makes readiness depend on run, which should return when its context ends. A run that does not is not started a
// second time; the check fails until it returns.
func (h *Health) AddCheck(name string, run func(context.Context) error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.checks = append(h.checks, &check{name: name, run: run, limit: h.limit, log: h.log})
}

// AddWarning adds the result of text to Readiness, unless it is empty. It does not make the process unready: routing requests elsewhere would
// not help.
func (h *Health) AddWarning(name string, text func() string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.warnings = append(h.warnings, warning{name, text})
}

// Drain makes the process unready permanently, so that no new requests are routed to it while it finishes its work.
func (h *Health) Drain() { h.draining.Store(true) }

// Ready runs all checks in parallel. Concurrent callers share one run of each.
func (h *Health) Ready(ctx context.Context) Readiness {
	if h.draining.Load() {
		return Readiness{Draining: true, Checks: []CheckResult{}}
	}
	h.mu.Lock()
	checks, warnings := h.checks, h.warnings
	h.mu.Unlock()
	r := Readiness{Ready: true, Checks: make([]CheckResult, len(checks))}
	var all sync.WaitGroup
	for i, c := range checks {
		all.Go(func() { r.Checks[i] = c.result(ctx) })
	}
	all.Wait()
	for _, result := range r.Checks {
		r.Ready = r.Ready && result.OK
	}
	for _, w := range warnings {
		if text := w.text(); text != "" {
			r.Warnings = append(r.Warnings, w.name+": "+text)
		}
	}
	return r
}

type check struct {
	name  string
	run   func(context.Context) error
	limit time.Duration
	log   *slog.Logger

	mu      sync.Mutex // guards what follows
	current *attempt   // nil when none is under way
	failing bool       // as logged last
}

// attempt is one run of a check; err may be read once done is closed.
type attempt struct {
	done chan struct{}
	err  error
}

var errTooSlow = errors.New("no answer in time")

func (c *check) result(ctx context.Context) CheckResult {
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	a := c.join()
	err := errTooSlow
	select {
	case <-a.done:
		err = a.err
	case <-ctx.Done():
	}
	if !errors.Is(ctx.Err(), context.Canceled) { // a caller who left has learned nothing
		c.note(err)
	}
	result := CheckResult{Name: c.name, OK: err == nil, Seconds: time.Since(start).Seconds()}
	switch {
	case errors.Is(err, errTooSlow) || errors.Is(err, context.DeadlineExceeded):
		result.Problem = fmt.Sprintf("no answer within %v", c.limit)
	case err != nil:
		result.Problem = "failing; the log says why"
	}
	return result
}

// join returns the run that is under way, or starts one.
func (c *check) join() *attempt {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current != nil {
		return c.current
	}
	a := &attempt{done: make(chan struct{})}
	c.current = a
	go func() {
		// Not the caller's context: others may have joined.
		ctx, cancel := context.WithTimeout(context.Background(), c.limit)
		defer cancel()
		a.err = c.run(ctx)
		c.mu.Lock()
		c.current = nil
		c.mu.Unlock()
		close(a.done)
	}()
	return a
}

// note logs when a check begins to fail and when it has recovered.
func (c *check) note(err error) {
	c.mu.Lock()
	changed := c.failing != (err != nil)
	c.failing = err != nil
	c.mu.Unlock()
	switch {
	case changed && err != nil:
		c.log.Warn("readiness check fails", "check", c.name, "error", err)
	case changed:
		c.log.Info("readiness check has recovered", "check", c.name)
	}
}
