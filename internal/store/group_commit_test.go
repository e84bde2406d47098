package store_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

// TestThoseThatShareACommitFailAlone has many writers at once, of whom some fail, some panic and some lose patience in the middle.
func TestThoseThatShareACommitFailAlone(t *testing.T) {
	s := storetest.Open(t, filepath.Join(t.TempDir(), "db"), time.Now)
	failure := errors.New("on second thoughts")
	const writers = 60
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			defer func() { _ = recover() }()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			err := s.Update(ctx, func(tx *store.Tx) error {
				if err := directory.InsertUsers(ctx, tx, []directory.User{{ID: fmt.Sprint(i), Name: fmt.Sprint("user-", i)}}); err != nil {
					return err
				}
				switch i % 4 {
				case 1:
					return failure
				case 2:
					panic(failure)
				case 3:
					cancel()
					_, err := catalog.Zones(ctx, tx)
					return err
				}
				return nil
			})
			switch i % 4 {
			case 0:
				if err != nil {
					t.Errorf("writer %d: %v", i, err)
				}
			case 1:
				if !errors.Is(err, failure) {
					t.Errorf("writer %d: %v, want its own failure", i, err)
				}
			case 3:
				if !errors.Is(err, context.Canceled) {
					t.Errorf("writer %d: %v, want that it was cancelled", i, err)
				}
			}
		})
	}
	all.Wait()
	must(t, s.View(t.Context(), func(tx *store.Tx) error {
		users, _, err := directory.Users(t.Context(), tx, directory.UserQuery{Page: workspace.Page{Limit: writers}})
		for _, u := range users {
			var i int
			if _, err := fmt.Sscan(u.ID, &i); err != nil || i%4 != 0 {
				t.Errorf("writer %s left a row", u.ID)
			}
		}
		if len(users) != writers/4 {
			t.Errorf("%d rows, want %d", len(users), writers/4)
		}
		return err
	}))
}
