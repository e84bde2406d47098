package main

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// each does something for every item, for at most so many at once, until one fails or ctx ends.
func each[T any](ctx context.Context, atOnce int, items []T, do func(T) error) error {
	group, working := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, item := range items {
		if working.Err() != nil {
			break
		}
		group.Go(func() error { return do(item) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}
