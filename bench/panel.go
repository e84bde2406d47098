package main

import (
	"context"
	"fmt"
	"time"

	"github.com/lxc/incus/v6/shared/api"

	"carrel/internal/directory"
	"carrel/internal/workspace"
)

var panel = measurement{name: "panel", about: "one desktop, from the POST until its panel is drawn", run: measurePanel}

// birth is what one desktop needed from the first call on.
type birth struct{ created, started, display, panel time.Duration }

func measurePanel(ctx context.Context, l *lab) ([]row, error) {
	raw, server, model, err := l.contest(ctx)
	if err != nil {
		return nil, err
	}
	defer server.stop()
	starts, stop, err := raw.watch()
	if err != nil {
		return nil, err
	}
	defer stop()
	var ours, theirs []birth
	for i := range l.desktops(10) {
		if err := raw.calm(ctx); err != nil {
			return nil, err
		}
		b, err := rawBirth(ctx, raw, starts, model)
		if err != nil {
			return nil, err
		}
		theirs = append(theirs, b)
		if err := raw.calm(ctx); err != nil {
			return nil, err
		}
		c, err := carrelBirth(ctx, raw, server, starts, i)
		if err != nil {
			return nil, err
		}
		ours = append(ours, c)
		l.say("  %2d  raw engine %s, Carrel %s", i+1, seconds(b.panel), seconds(c.panel))
	}
	return panelRows(ours, theirs), nil
}

func panelRows(ours, theirs []birth) []row {
	compare := func(what string, pick func(birth) time.Duration) row {
		a, b := pickAll(ours, pick), pickAll(theirs, pick)
		return row{
			what:      what,
			reference: fmt.Sprintf("%s (p90 %s)", seconds(b.median()), seconds(b.quantile(0.9))),
			carrel:    fmt.Sprintf("%s (p90 %s)", seconds(a.median()), seconds(a.quantile(0.9))),
			ratio:     ratio(a.median(), b.median()),
		}
	}
	first := compare(fmt.Sprintf("POST to the panel drawn, median of %d", len(ours)), func(b birth) time.Duration { return b.panel })
	first.target = "2.00 s"
	first.reached = new(pickAll(ours, func(b birth) time.Duration { return b.panel }).median() <= 2*time.Second)
	return []row{
		first,
		compare("... of that: until the display answers", func(b birth) time.Duration { return b.display }),
		compare("... until Incus has started the machine", func(b birth) time.Duration { return b.started }),
		compare("... until Incus has made the machine", func(b birth) time.Duration { return b.created }),
	}
}

// rawModel is how to make desktops without Carrel that are like Carrel's, and whose display to await in them: nobody's if empty.
type rawModel struct {
	post    func() (api.InstancesPost, error)
	account string
}

// contest starts Carrel on Incus and makes a first desktop for somebody: raw makes others like model. The caller stops the server.
func (l *lab) contest(ctx context.Context) (raw *rawEngine, s *server, model rawModel, err error) {
	if raw, err = l.incus(ctx); err != nil {
		return nil, nil, model, err
	}
	if s, err = l.serve(ctx, "incus", nil); err != nil {
		return nil, nil, model, err
	}
	if model, err = modelOf(ctx, raw, s, ordered{s}); err != nil {
		s.stop()
		return nil, nil, model, err
	}
	return raw, s, model, nil
}

// modelOf makes a first desktop, which warms what a first one warms, and returns how to make others like it without Carrel.
func modelOf(ctx context.Context, raw *rawEngine, s *server, c crowd) (m rawModel, err error) {
	id, err := c.order(ctx, 0, 1)
	if err != nil {
		return m, err
	}
	j, err := s.awaitJob(ctx, id, 50*time.Millisecond)
	if err != nil {
		return m, err
	}
	m.account = c.account(0)
	if m.post, err = raw.like("d-" + j.desktops()[0]); err != nil {
		return m, err
	}
	return m, c.remove(ctx, j.desktops())
}

// rawBirth makes one desktop by Incus alone, times it and removes it.
func rawBirth(ctx context.Context, raw *rawEngine, starts <-chan moments, model rawModel) (b birth, err error) {
	post, err := model.post()
	if err != nil {
		return b, err
	}
	account := directory.AccountFor(person(0))
	begun := time.Now()
	created := make(chan error, 1)
	go func() { created <- raw.create(post) }()
	var m moments
	select {
	case m = <-starts:
	case err := <-created:
		if err != nil {
			return b, err
		}
		m = <-starts
	case <-ctx.Done():
		return b, ctx.Err()
	}
	display := make(chan error, 1)
	go func() {
		err := raw.await(m.name, account)
		b.display = time.Since(begun)
		display <- err
	}()
	err = raw.await(m.name, "--panel", account)
	b.panel = time.Since(begun)
	if failed := <-display; err == nil {
		err = failed
	}
	b.created, b.started = m.created.Sub(begun), m.started.Sub(begun)
	if err != nil {
		return b, err
	}
	return b, raw.remove(m.name)
}

// carrelBirth makes one desktop by Carrel's API, times it and deletes it. The display is what Carrel waits for itself.
func carrelBirth(ctx context.Context, raw *rawEngine, s *server, starts <-chan moments, n int) (b birth, err error) {
	begun := time.Now()
	id, err := s.createDesktops(ctx, n+1, 1)
	if err != nil {
		return b, err
	}
	var m moments
	select {
	case m = <-starts:
	case <-ctx.Done():
		return b, ctx.Err()
	}
	err = raw.await(m.name, "--panel", directory.AccountFor(person(n+1)))
	b.panel = time.Since(begun)
	if err != nil {
		return b, err
	}
	j, err := s.awaitJob(ctx, id, 20*time.Millisecond)
	if err != nil {
		return b, err
	}
	ended, err := s.endings(string(workspace.JobCreateDesktops))
	if err != nil {
		return b, err
	}
	b.created, b.started = m.created.Sub(begun), m.started.Sub(begun)
	b.display = ended[j.desktops()[0]].Sub(begun)
	return b, s.deleteDesktops(ctx, j.desktops())
}
