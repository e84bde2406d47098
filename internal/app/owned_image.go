package app

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/engine"
	"carrel/internal/job"
	"carrel/internal/store"
)

// orphanAge is after how long an image that no project has is deleted in the engine: by then no job makes it any more.
const orphanAge = 24 * job.ImageLimit

// ownedChanges are what is to change of projects' images.
type ownedChanges struct {
	gone    []string // ids: the engine no longer has them
	back    []string // ids: the engine has them again
	orphans []string // the engine's ids: made by this installation for a job that has failed, or twice
}

// changesOfOwned compares projects' images, as they were before the engine's were listed, with those. It is a pure function.
func changesOfOwned(owned []catalog.Image, there []engine.Image, installation string, now time.Time) (c ownedChanges) {
	exists, named := map[string]bool{}, map[string]bool{}
	for _, i := range there {
		exists[i.ID] = true
	}
	for _, i := range owned {
		named[i.EngineID] = true
		switch {
		case !i.Gone && !exists[i.EngineID]:
			c.gone = append(c.gone, i.ID)
		case i.Gone && exists[i.EngineID]:
			c.back = append(c.back, i.ID)
		}
	}
	for _, i := range there {
		if i.Publication != "" && i.Installation == installation && !named[i.ID] && now.Sub(i.Made) > orphanAge {
			c.orphans = append(c.orphans, i.ID)
		}
	}
	return c
}

// compareOwned marks projects' images that have gone from the engine, or come back, and deletes those that no project has.
func compareOwned(
	ctx context.Context, s store.Transactions, e engine.Engine, owned []catalog.Image, there []engine.Image, installation string, log *slog.Logger,
) error {
	now, err := store.View(ctx, s, func(tx *store.Tx) (time.Time, error) { return tx.Now(), nil })
	if err != nil {
		return err
	}
	c := changesOfOwned(owned, there, installation, now)
	if len(c.gone)+len(c.back) > 0 {
		log.InfoContext(ctx, "images of projects have changed in the engine", "gone", c.gone, "back", c.back)
		err := s.Update(ctx, func(tx *store.Tx) error {
			if err := catalog.MarkGone(ctx, tx, c.gone); err != nil {
				return err
			}
			return catalog.MarkBack(ctx, tx, c.back)
		})
		if err != nil {
			return err
		}
	}
	for _, id := range c.orphans {
		log.WarnContext(ctx, "deleting an image that was made of a desktop and belongs to nobody", "image", id)
		if err := e.DeleteImage(ctx, id); err != nil {
			return fmt.Errorf("deleting the image %s: %w", id, err)
		}
	}
	return nil
}
