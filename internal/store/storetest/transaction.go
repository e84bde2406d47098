package storetest

import (
	"context"
	"errors"
	"time"

	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

var transactions = map[string]func(*Env){
	"an update that fails leaves nothing": func(e *Env) {
		failure := errors.New("on second thoughts")
		err := e.Store.Update(e.Context(), func(tx *store.Tx) error {
			if err := directory.InsertUsers(e.Context(), tx, []directory.User{{ID: "u", ProjectID: Project, Name: "new"}}); err != nil {
				return err
			}
			return failure
		})
		if !errors.Is(err, failure) {
			e.Errorf("got %v, want the function's own error", err)
		}
		e.Refuses(workspace.CodeUserNotFound, func(tx *store.Tx) error {
			_, err := directory.ReadUser(e.Context(), tx, Project, "u")
			return err
		})
	},
	"an update that panics leaves nothing and holds nobody up": func(e *Env) {
		func() {
			defer func() { recover() }()
			e.Store.Update(e.Context(), func(tx *store.Tx) error {
				if err := directory.DeleteUser(e.Context(), tx, UserOf(Project)); err != nil {
					return err
				}
				panic("a bug")
			})
		}()
		e.Update(func(tx *store.Tx) error {
			_, err := directory.ReadUser(e.Context(), tx, Project, UserOf(Project))
			return err
		})
	},
	"a view cannot write": func(e *Env) {
		err := e.Store.View(e.Context(), func(tx *store.Tx) error { return directory.DeleteUser(e.Context(), tx, UserOf(Project)) })
		if err == nil {
			e.Error("a view deleted a user")
		}
	},
	"a view sees one state of the database": func(e *Env) {
		count := func(tx *store.Tx) int {
			_, total, err := directory.Users(e.Context(), tx, directory.UserQuery{ProjectID: Project})
			if err != nil {
				e.Fatal(err)
			}
			return total
		}
		e.View(func(tx *store.Tx) error {
			before := count(tx)
			e.Update(func(tx *store.Tx) error { return directory.DeleteUser(e.Context(), tx, UserOf(Project)) })
			if after := count(tx); after != before {
				e.Errorf("counted %d, then %d in one view", before, after)
			}
			return nil
		})
		e.View(func(tx *store.Tx) error {
			if n := count(tx); n != 0 {
				e.Errorf("counted %d in the next view, want 0", n)
			}
			return nil
		})
	},
	"the time is UTC with microseconds and stands still": func(e *Env) {
		clock := func() time.Time { return time.Now().In(time.FixedZone("elsewhere", 3600)) }
		s := e.Database.Open(e, clock)
		err := s.Update(e.Context(), func(tx *store.Tx) error {
			now := tx.Now()
			if now.Location() != time.UTC || now != now.Truncate(time.Microsecond) {
				e.Errorf("the time is %v, want UTC with microseconds", now)
			}
			if tx.Now() != now {
				e.Error("time has passed within a transaction")
			}
			return nil
		})
		e.All([]error{err})
	},
	"an update whose insert was refused cannot be committed by overlooking that": func(e *Env) {
		e.Refuses(workspace.CodeNameTaken, func(tx *store.Tx) error {
			err := directory.InsertUsers(e.Context(), tx, []directory.User{{ID: "a", ProjectID: Project, Name: "fresh"}, {ID: "b", ProjectID: Project, Name: "PERSON"}})
			if err == nil {
				e.Error("a name was given twice")
			}
			return nil
		})
		e.View(func(tx *store.Tx) error {
			_, users, err := directory.Users(e.Context(), tx, directory.UserQuery{ProjectID: Project})
			e.Same(users, 1)
			return err
		})
	},
	"a caller who gives up while another holds the row is let go": func(e *Env) {
		lock := func(tx *store.Tx) error {
			_, err := directory.LockUser(e.Context(), tx, Project, UserOf(Project))
			return err
		}
		e.Update(func(tx *store.Tx) error {
			if err := lock(tx); err != nil {
				return err
			}
			impatient, stop := context.WithTimeout(e.Context(), 50*time.Millisecond)
			defer stop()
			err := e.Store.Update(impatient, func(tx *store.Tx) error {
				_, err := directory.LockUser(impatient, tx, Project, UserOf(Project))
				return err
			})
			if !errors.Is(err, context.DeadlineExceeded) {
				e.Errorf("got %v, want the context's error", err)
			}
			return nil
		})
		e.Update(lock)
	},
	"20 callers who change a row that they locked lose nothing": func(e *Env) {
		e.All(Together(20, func(int) error {
			return e.Store.Update(e.Context(), func(tx *store.Tx) error {
				u, err := directory.LockUser(e.Context(), tx, Project, UserOf(Project))
				if err != nil {
					return err
				}
				u.Phone += "1"
				return directory.SaveUser(e.Context(), tx, u)
			})
		}))
		if n := len(e.ReadUser().Phone); n != 20 {
			e.Errorf("%d changes are left of 20", n)
		}
	},
}
