package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/lxc/incus/v6/shared/api"

	"carrel/internal/directory"
	"carrel/internal/workspace"
)

var many = measurement{name: "many", about: "50 desktops, from one POST until all displays answer", run: measureMany}

var parallel = measurement{
	name: "parallel", about: "50 desktops with different numbers of launches at once", extra: true, run: measureParallel,
}

// manyPairs is how often the two take turns.
const manyPairs = 2

func measureMany(ctx context.Context, l *lab) ([]row, error) {
	server, err := l.serve(ctx, "incus", nil)
	if err != nil {
		return nil, err
	}
	defer server.stop()
	return l.compareWithBest(ctx, server, ordered{server}, "%d desktops, one POST to all displays answering, mean of %d")
}

// crowd makes desktops by Carrel, as one kind of request has it.
type crowd interface {
	// order asks for desktops by one call and returns the job. The first person is the one of that number, where people matter.
	order(ctx context.Context, first, count int) (job string, err error)
	// ready returns when the desktops may be used, once the job has ended.
	ready(ctx context.Context) error
	// remove removes what was ordered.
	remove(ctx context.Context, desktops []string) error
	// account is whose display tells that the nth person's desktop is ready; empty: the machine is set up for nobody yet.
	account(n int) string
}

// ordered are desktops for people, by a request for desktops.
type ordered struct{ *server }

func (o ordered) order(ctx context.Context, first, count int) (string, error) {
	return o.createDesktops(ctx, first, count)
}

func (o ordered) ready(context.Context) error { return nil }

func (o ordered) remove(ctx context.Context, desktops []string) error {
	return o.deleteDesktops(ctx, desktops)
}

func (o ordered) account(n int) string { return directory.AccountFor(person(n)) }

// compareWithBest takes turns between Carrel and the raw engine with the number of launches at once that suits it best. what has
// places for the number of desktops and of turns.
func (l *lab) compareWithBest(ctx context.Context, s *server, c crowd, what string) ([]row, error) {
	count := l.desktops(50)
	raw, err := l.incus(ctx)
	if err != nil {
		return nil, err
	}
	model, err := modelOf(ctx, raw, s, c)
	if err != nil {
		return nil, err
	}
	best, err := l.bestAtOnce(ctx, raw, model, count)
	if err != nil {
		return nil, err
	}
	var ours, theirs sample
	before, err := s.processorTime()
	if err != nil {
		return nil, err
	}
	for pair := range manyPairs {
		a, err := carrelCrowd(ctx, raw, s, c, count, 1+pair*count)
		if err != nil {
			return nil, err
		}
		b, err := rawCrowd(ctx, raw, model, count, best)
		if err != nil {
			return nil, err
		}
		l.say("  Carrel %s, raw engine %s", seconds(a), seconds(b))
		ours, theirs = append(ours, a), append(theirs, b)
	}
	after, err := s.processorTime()
	if err != nil {
		return nil, err
	}
	own := (after - before) / time.Duration(manyPairs*count)
	return []row{{
		what:      fmt.Sprintf(what, count, manyPairs),
		reference: fmt.Sprintf("%s (%d at once)", seconds(theirs.median()), best),
		carrel:    seconds(ours.median()),
		ratio:     ratio(ours.median(), theirs.median()),
		target:    "1.15 x raw",
		reached:   new(float64(ours.median()) <= 1.15*float64(theirs.median())),
	}, {
		what: "... Carrel's own processor time, for a desktop made and deleted", carrel: milliseconds(own),
	}}, nil
}

// bestAtOnce finds with how many launches at once the raw engine is fastest, unless only one number is to be tried.
func (l *lab) bestAtOnce(ctx context.Context, raw *rawEngine, model rawModel, count int) (best int, err error) {
	atOnce, err := l.numbers("4,8,16")
	if err != nil || len(atOnce) == 1 {
		return atOnce[0], err
	}
	var fastest time.Duration
	for _, n := range atOnce {
		took, err := rawCrowd(ctx, raw, model, count, n)
		if err != nil {
			return 0, err
		}
		l.say("  raw engine, %d at once: %s", n, seconds(took))
		if best == 0 || took < fastest {
			best, fastest = n, took
		}
	}
	return best, nil
}

// measureParallel looks for the best number of launches at once, Carrel's and the raw engine's.
func measureParallel(ctx context.Context, l *lab) ([]row, error) {
	count := l.desktops(50)
	raw, err := l.incus(ctx)
	if err != nil {
		return nil, err
	}
	atOnce, err := l.numbers("4,6,8,12,16")
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, n := range atOnce {
		server, err := l.serve(ctx, "incus", map[string]any{
			"jobs": map[string]any{"parallel": map[string]any{string(workspace.JobCreateDesktops): n}},
		})
		if err != nil {
			return rows, err
		}
		r, err := l.compareCrowds(ctx, raw, server, count, n)
		server.stop()
		if err != nil {
			return rows, err
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func (l *lab) compareCrowds(ctx context.Context, raw *rawEngine, server *server, count, atOnce int) (row, error) {
	model, err := modelOf(ctx, raw, server, ordered{server})
	if err != nil {
		return row{}, err
	}
	ours, err := carrelCrowd(ctx, raw, server, ordered{server}, count, 1)
	if err != nil {
		return row{}, err
	}
	theirs, err := rawCrowd(ctx, raw, model, count, atOnce)
	if err != nil {
		return row{}, err
	}
	l.say("  %d at once: raw engine %s, Carrel %s", atOnce, seconds(theirs), seconds(ours))
	return row{
		what: fmt.Sprintf("%d desktops, %d at once", count, atOnce), reference: seconds(theirs), carrel: seconds(ours), ratio: ratio(ours, theirs),
	}, nil
}

// numbers reads the option -parallel.
func (l *lab) numbers(fallback string) ([]int, error) {
	text := l.options.parallel
	if text == "" {
		text = fallback
	}
	var all []int
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(part)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("-parallel: %q is no number of at least 1", part)
		}
		all = append(all, n)
	}
	return all, nil
}

// rawCrowd makes desktops by Incus alone, so many at once, times them until all displays answer, and removes them.
func rawCrowd(ctx context.Context, raw *rawEngine, model rawModel, count, atOnce int) (time.Duration, error) {
	posts, err := described(model.post, count)
	if err != nil {
		return 0, err
	}
	if err := raw.calm(ctx); err != nil {
		return 0, err
	}
	begun := time.Now()
	if err := rawLaunch(ctx, raw, posts, model.account, atOnce); err != nil {
		return 0, err
	}
	took := time.Since(begun)
	return took, raw.removeAll(ctx)
}

func described(model func() (api.InstancesPost, error), count int) ([]api.InstancesPost, error) {
	posts := make([]api.InstancesPost, count)
	for i := range posts {
		var err error
		if posts[i], err = model(); err != nil {
			return nil, err
		}
	}
	return posts, nil
}

func rawLaunch(ctx context.Context, raw *rawEngine, posts []api.InstancesPost, account string, atOnce int) error {
	return each(ctx, atOnce, posts, func(post api.InstancesPost) error {
		if err := raw.create(post); err != nil {
			return err
		}
		return raw.await(post.Name, account)
	})
}

// carrelCrowd makes desktops by one call of Carrel's API, times it until they are ready, and removes them. The first person is
// the one of that number.
func carrelCrowd(ctx context.Context, raw *rawEngine, s *server, c crowd, count, first int) (time.Duration, error) {
	if err := raw.calm(ctx); err != nil {
		return 0, err
	}
	begun := time.Now()
	id, err := c.order(ctx, first, count)
	if err != nil {
		return 0, err
	}
	j, err := s.awaitJob(ctx, id, 100*time.Millisecond)
	if err == nil {
		err = c.ready(ctx)
	}
	took := time.Since(begun)
	if err != nil {
		return 0, err
	}
	return took, c.remove(ctx, j.desktops())
}
