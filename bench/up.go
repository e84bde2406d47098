package main

import (
	"context"
	"time"
)

var up = measurement{name: "up", about: "carrel up, until it serves", run: measureUp}

// measureUp starts "carrel up" twice on one data directory, on a host that has the image already.
func measureUp(ctx context.Context, l *lab) ([]row, error) {
	if _, err := l.incus(ctx); err != nil {
		return nil, err
	}
	dir := l.folder()
	var took [2]time.Duration
	for i := range took {
		begun := time.Now()
		s, _, err := l.start(ctx, dir, "up", "incus", nil)
		took[i] = time.Since(begun)
		if err != nil {
			return nil, err
		}
		s.stop()
		l.say("  carrel up serves after %s", seconds(took[i]))
	}
	return []row{
		{what: "carrel up to serving, empty data directory", carrel: seconds(took[0])},
		{what: "carrel up to serving, second run", carrel: seconds(took[1]), target: "5.00 s", reached: new(took[1] < 5*time.Second)},
	}, nil
}
