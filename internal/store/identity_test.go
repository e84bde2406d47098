package store_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"carrel/internal/store"
	"carrel/internal/store/storetest"
)

// eachDatabase runs a test on SQLite and on PostgreSQL, with a clock that the test moves.
func eachDatabase(t *testing.T, test func(t *testing.T, s *store.Store, c *storetest.Clock)) {
	for name, url := range map[string]func(testing.TB) string{"SQLite": storetest.SQLitePath, "Postgres": storetest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			c := storetest.NewClock()
			test(t, storetest.Open(t, url(t), c.Now), c)
		})
	}
}

func identity[T any](t *testing.T, s *store.Store, f func(*store.IdentityTx) (T, error)) (out T, err error) {
	t.Helper()
	err = s.UpdateIdentity(t.Context(), func(tx *store.IdentityTx) (err error) {
		out, err = f(tx)
		return err
	})
	return out, err
}

// change makes a change that must succeed.
func change(t *testing.T, s *store.Store, f func(*store.IdentityTx) error) {
	t.Helper()
	if err := s.UpdateIdentity(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

// addCaller adds an account with a project and an administrator, all named after it.
func addCaller(t *testing.T, s *store.Store, name string) {
	t.Helper()
	change(t, s, func(tx *store.IdentityTx) error {
		ctx := t.Context()
		return errors.Join(
			tx.InsertAccount(ctx, store.Account{ID: "account-" + name, Name: name, Created: tx.Now()}),
			tx.InsertProject(ctx, store.Project{ID: "project-" + name, AccountID: "account-" + name, Name: "here", Created: tx.Now()}),
			tx.InsertAdmin(ctx, store.Admin{ID: "admin-" + name, AccountID: "account-" + name, Name: "Root", PasswordHash: "h", Role: "admin", Created: tx.Now()}),
		)
	})
}

func TestIdentitiesAreFoundInTheirAccountOnly(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		ctx := t.Context()
		addCaller(t, s, "a")
		addCaller(t, s, "b")
		for name, find := range map[string]func(*store.IdentityTx) (string, error){
			"by id": func(tx *store.IdentityTx) (string, error) {
				c, err := tx.Caller(ctx, "admin-a")
				return c.Account.Name, err
			},
			"by names, whatever the case": func(tx *store.IdentityTx) (string, error) {
				c, err := tx.CallerByName(ctx, "", "a", "rOOT")
				return c.Account.Name, err
			},
			"by the account's id and name": func(tx *store.IdentityTx) (string, error) {
				c, err := tx.CallerByName(ctx, "account-a", "x", "root")
				return c.Account.Name, err
			},
			"the project, by account and id": func(tx *store.IdentityTx) (string, error) {
				p, err := tx.Project(ctx, "account-a", "project-a")
				return p.AccountID[8:], err
			},
		} {
			if got, err := identity(t, s, find); err != nil || got != "a" {
				t.Errorf("%s: found %q, %v", name, got, err)
			}
		}
		for name, find := range map[string]func(*store.IdentityTx) (string, error){
			"another account's project": func(tx *store.IdentityTx) (string, error) {
				p, err := tx.Project(ctx, "account-b", "project-a")
				return p.ID, err
			},
			"a user of no account": func(tx *store.IdentityTx) (string, error) {
				c, err := tx.CallerByName(ctx, "", "c", "root")
				return c.Admin.ID, err
			},
			"an unknown user": func(tx *store.IdentityTx) (string, error) {
				c, err := tx.CallerByName(ctx, "", "a", "nobody")
				return c.Admin.ID, err
			},
			"a user by an unknown id":      func(tx *store.IdentityTx) (string, error) { c, err := tx.Caller(ctx, "x"); return c.Admin.ID, err },
			"an unknown key":               func(tx *store.IdentityTx) (string, error) { k, err := tx.AccessKey(ctx, "x"); return k.ID, err },
			"an unknown token":             func(tx *store.IdentityTx) (string, error) { k, err := tx.Token(ctx, "x"); return k.Hash, err },
			"what no first start has made": func(tx *store.IdentityTx) (string, error) { b, err := tx.Bootstrap(ctx); return b.AdminID, err },
			"a row to lock":                func(tx *store.IdentityTx) (string, error) { return "", tx.LockAdmin(ctx, "x") },
		} {
			if got, err := identity(t, s, find); !errors.Is(err, store.ErrNoIdentity) {
				t.Errorf("%s: found %q, %v", name, got, err)
			}
		}
		_, err := identity(t, s, func(tx *store.IdentityTx) (struct{}, error) {
			return struct{}{}, tx.InsertAdmin(ctx, store.Admin{ID: "other", AccountID: "account-a", Name: "ROOT", Created: tx.Now()})
		})
		if !errors.Is(err, store.ErrIdentityTaken) {
			t.Errorf("the same name in capitals: %v", err)
		}
		admins, err := identity(t, s, func(tx *store.IdentityTx) ([]store.Admin, error) { return tx.Admins(ctx, "account-a") })
		if err != nil || len(admins) != 1 || admins[0].Name != "Root" || !admins[0].Created.Equal(c.Now()) {
			t.Errorf("administrators: %v, %v", admins, err)
		}
		projects, err := identity(t, s, func(tx *store.IdentityTx) ([]store.Project, error) { return tx.Projects(ctx, "account-b") })
		if err != nil || len(projects) != 1 || projects[0].ID != "project-b" {
			t.Errorf("projects: %v, %v", projects, err)
		}
	})
}

func TestOneOfManyFirstStartsWins(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		const starters = 8
		results := make(chan error, starters)
		for i := range starters {
			go func() {
				id := string(rune('a' + i))
				results <- s.UpdateIdentity(t.Context(), func(tx *store.IdentityTx) error {
					if err := tx.InsertAccount(t.Context(), store.Account{ID: id, Name: id, Created: tx.Now()}); err != nil {
						return err
					}
					return tx.InsertBootstrap(t.Context(), store.Bootstrap{AccountID: id})
				})
			}()
		}
		won := 0
		for range starters {
			switch err := <-results; {
			case err == nil:
				won++
			case !errors.Is(err, store.ErrIdentityTaken):
				t.Errorf("a starter failed with %v", err)
			}
		}
		first, err := identity(t, s, func(tx *store.IdentityTx) (store.Bootstrap, error) { return tx.Bootstrap(t.Context()) })
		if won != 1 || err != nil || first.AccountID == "" {
			t.Errorf("%d won; %+v, %v", won, first, err)
		}
	})
}

func TestWrongSignaturesInARowLockAKey(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		ctx := t.Context()
		addCaller(t, s, "a")
		change(t, s, func(tx *store.IdentityTx) error {
			return tx.InsertAccessKey(ctx, store.AccessKey{ID: "k", AdminID: "admin-a", SealedSecret: "s", Created: tx.Now()})
		})
		until := c.Now().Add(time.Minute)
		fail := func() store.AccessKey {
			k, err := identity(t, s, func(tx *store.IdentityTx) (store.AccessKey, error) {
				if err := tx.NoteKeyFailure(ctx, "k", 2, until); err != nil {
					return store.AccessKey{}, err
				}
				return tx.AccessKey(ctx, "k")
			})
			if err != nil {
				t.Fatal(err)
			}
			return k
		}
		fail()
		if k := fail(); k.Failures != 2 || !k.LockedUntil.IsZero() {
			t.Errorf("after two: %+v", k)
		}
		change(t, s, func(tx *store.IdentityTx) error { return tx.NoteKeyUse(ctx, "k") })
		fail()
		if k := fail(); k.Failures != 2 || !k.LockedUntil.IsZero() || !k.LastUsed.Equal(c.Now()) {
			t.Errorf("after two more, with a success between: %+v", k)
		}
		if k := fail(); k.Failures != 0 || !k.LockedUntil.Equal(until) {
			t.Errorf("after three in a row: %+v", k)
		}
	})
}

func TestKeysAndTokensAreSweptWhenTheyHaveExpired(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		ctx := t.Context()
		addCaller(t, s, "a")
		change(t, s, func(tx *store.IdentityTx) error {
			return errors.Join(
				tx.InsertAccessKey(ctx, store.AccessKey{ID: "permanent", AdminID: "admin-a", Created: tx.Now()}),
				tx.InsertAccessKey(ctx, store.AccessKey{ID: "temporary", AdminID: "admin-a", Created: tx.Now(), Temporary: true, Expires: tx.Now().Add(time.Hour)}),
				tx.InsertToken(ctx, store.Token{Hash: "t", AdminID: "admin-a", Method: "password", Issued: tx.Now(), Expires: tx.Now().Add(time.Hour)}),
				tx.InsertToken(ctx, store.Token{Hash: "revoked", AdminID: "admin-a", Method: "token", Issued: tx.Now(), Expires: tx.Now().Add(time.Hour)}),
				tx.DeleteToken(ctx, "revoked"), tx.DeleteToken(ctx, "revoked"),
			)
		})
		left := func() (ids []string) {
			t.Helper()
			change(t, s, func(tx *store.IdentityTx) error {
				ids = nil
				if err := errors.Join(tx.DeleteKeysExpiredBefore(ctx, tx.Now()), tx.DeleteTokensExpiredBefore(ctx, tx.Now())); err != nil {
					return err
				}
				for _, id := range []string{"permanent", "temporary"} {
					if _, err := tx.AccessKey(ctx, id); err == nil {
						ids = append(ids, id)
					}
				}
				for _, hash := range []string{"t", "revoked"} {
					if _, err := tx.Token(ctx, hash); err == nil {
						ids = append(ids, hash)
					}
				}
				return nil
			})
			return ids
		}
		if got := left(); !slices.Equal(got, []string{"permanent", "temporary", "t"}) {
			t.Errorf("before they expire: %v", got)
		}
		c.Advance(time.Hour + time.Second)
		if got := left(); !slices.Equal(got, []string{"permanent"}) {
			t.Errorf("afterwards: %v", got)
		}
		keys, err := identity(t, s, func(tx *store.IdentityTx) ([]store.AccessKey, error) { return tx.AccessKeys(ctx, "admin-a") })
		if err != nil || len(keys) != 1 {
			t.Errorf("keys: %v, %v", keys, err)
		}
	})
}

func TestTriesAreCountedByWindowEvenAtOnce(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		ctx := t.Context()
		begun := c.Now()
		count := func() int {
			n, err := identity(t, s, func(tx *store.IdentityTx) (int, error) {
				n, since, err := tx.CountTry(ctx, "k", time.Minute)
				if err == nil && !since.Equal(begun) {
					t.Errorf("the window began at %v, want %v", since, begun)
				}
				return n, err
			})
			if err != nil {
				t.Error(err)
			}
			return n
		}
		const callers = 8
		counts := make(chan int, callers)
		for range callers {
			go func() { counts <- count() }()
		}
		var got []int
		for range callers {
			got = append(got, <-counts)
		}
		slices.Sort(got)
		if !slices.Equal(got, []int{1, 2, 3, 4, 5, 6, 7, 8}) {
			t.Errorf("callers at once got %v", got)
		}
		change(t, s, func(tx *store.IdentityTx) error { return tx.TakeBackTry(ctx, "k") })
		if n := count(); n != 8 {
			t.Errorf("after taking one back: %d", n)
		}
		c.Advance(time.Minute + time.Second)
		begun = c.Now()
		if n := count(); n != 1 {
			t.Errorf("in a new window: %d", n)
		}
		count()
		change(t, s, func(tx *store.IdentityTx) error { return tx.ForgetTries(ctx, "k") })
		if n := count(); n != 1 {
			t.Errorf("after forgetting: %d", n)
		}
		c.Advance(time.Hour)
		begun = c.Now()
		change(t, s, func(tx *store.IdentityTx) error { return tx.DeleteTriesBefore(ctx, tx.Now()) })
		if n := count(); n != 1 {
			t.Errorf("after sweeping: %d", n)
		}
	})
}

func TestAPasswordHashIsReplacedOnlyWhileItIsTheSame(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		addCaller(t, s, "a")
		change(t, s, func(tx *store.IdentityTx) error {
			return errors.Join(tx.SetPasswordHash(t.Context(), "admin-a", "h", "new"), tx.SetPasswordHash(t.Context(), "admin-a", "h", "late"))
		})
		c, err := identity(t, s, func(tx *store.IdentityTx) (store.Caller, error) { return tx.Caller(t.Context(), "admin-a") })
		if err != nil || c.Admin.PasswordHash != "new" {
			t.Errorf("the hash is %q, %v", c.Admin.PasswordHash, err)
		}
	})
}
