package main

import (
	"context"
	"fmt"
	"time"

	"github.com/lxc/incus/v6/shared/api"

	"carrel/internal/rollout/progress"
)

// rebuildTurns is how often a pool and as many raw machines are rebuilt.
const rebuildTurns = 2

// rebuildPool rebuilds all desktops of a pool by one call, a canary first and then as many at once as is usual, and as many machines
// by Incus alone, as many at once. A desktop is done when the new system is set up inside.
func rebuildPool(ctx context.Context, l *lab) ([]row, error) {
	count := l.desktops(20)
	server, err := l.serveExample(ctx)
	if err != nil {
		return nil, err
	}
	defer server.stop()
	raw, c := l.engine, pooled{server}
	model, err := modelOf(ctx, raw, server, c)
	if err != nil {
		return nil, err
	}
	posts, err := described(model.post, count)
	if err != nil {
		return nil, err
	}
	if err := rawLaunch(ctx, raw, posts, model.account, progress.DefaultParallel); err != nil {
		return nil, err
	}
	id, err := c.order(ctx, 1, count)
	if err != nil {
		return nil, err
	}
	made, err := server.awaitJob(ctx, id, 100*time.Millisecond)
	if err != nil {
		return nil, err
	}
	var ours, theirs sample
	for range rebuildTurns {
		a, err := carrelRollout(ctx, raw, server)
		if err != nil {
			return nil, err
		}
		b, err := rawRollout(ctx, raw, posts)
		if err != nil {
			return nil, err
		}
		l.say("  a pool of %d: Carrel %s, raw engine %s", count, seconds(a), seconds(b))
		ours, theirs = append(ours, a/time.Duration(count)), append(theirs, b/time.Duration(count))
	}
	return []row{{
		what:      fmt.Sprintf("rebuild of a pool of %d, %d at a time, for each desktop, mean of %d", count, progress.DefaultParallel, rebuildTurns),
		reference: seconds(theirs.median()), carrel: seconds(ours.median()), ratio: ratio(ours.median(), theirs.median()),
	}}, c.remove(ctx, made.desktops())
}

// carrelRollout times a rebuild of the example's pool with the image that it has.
func carrelRollout(ctx context.Context, raw *rawEngine, s *server) (time.Duration, error) {
	pool, err := s.steadyPool(ctx, examplePool)
	if err != nil {
		return 0, err
	}
	if err := raw.calm(ctx); err != nil {
		return 0, err
	}
	begun := time.Now()
	var reply struct {
		Job string `json:"job_id"`
	}
	if err := s.call(ctx, "POST", "/desktop-pools/"+pool.ID+"/rebuild", map[string]any{"image_type": "gold", "image_id": exampleImage}, &reply); err != nil {
		return 0, err
	}
	_, err = s.awaitJob(ctx, reply.Job, 100*time.Millisecond)
	return time.Since(begun), err
}

// rawRollout times the rebuild of the machines with the image that they have.
func rawRollout(ctx context.Context, raw *rawEngine, machines []api.InstancesPost) (time.Duration, error) {
	if err := raw.calm(ctx); err != nil {
		return 0, err
	}
	begun := time.Now()
	err := each(ctx, progress.DefaultParallel, machines, func(m api.InstancesPost) error {
		if err := raw.rebuild(m.Name, m.Source.Fingerprint); err != nil {
			return err
		}
		return raw.await(m.Name)
	})
	return time.Since(begun), err
}
