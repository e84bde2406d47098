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

func TestTemporaryKeysEndWithWhatTheyWereMadeOf(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		ctx := t.Context()
		addCaller(t, s, "a")
		change(t, s, func(tx *store.IdentityTx) error {
			expires := tx.Now().Add(time.Hour)
			return errors.Join(
				tx.InsertAccessKey(ctx, store.AccessKey{ID: "k", AdminID: "admin-a", Created: tx.Now()}),
				tx.InsertToken(ctx, store.Token{Hash: "t", AdminID: "admin-a", Method: "password", Issued: tx.Now(), Expires: expires}),
				tx.InsertAccessKey(ctx, store.AccessKey{ID: "of-token", AdminID: "admin-a", Created: tx.Now(), Temporary: true, Expires: expires, MadeOf: "t"}),
				tx.InsertAccessKey(ctx, store.AccessKey{ID: "of-key", AdminID: "admin-a", Created: tx.Now(), Temporary: true, Expires: expires, MadeOf: "key:k"}),
				tx.InsertAccessKey(ctx, store.AccessKey{ID: "of-old", AdminID: "admin-a", Created: tx.Now(), Temporary: true, Expires: expires}),
				tx.HoldCredential(ctx, "t"), tx.HoldCredential(ctx, "key:k"),
			)
		})
		left := func() (ids []string) {
			t.Helper()
			change(t, s, func(tx *store.IdentityTx) error {
				ids = nil
				for _, id := range []string{"k", "of-token", "of-key", "of-old"} {
					if _, err := tx.AccessKey(ctx, id); err == nil {
						ids = append(ids, id)
					}
				}
				return nil
			})
			return ids
		}
		change(t, s, func(tx *store.IdentityTx) error {
			return errors.Join(tx.DeleteToken(ctx, "t"), tx.DeleteToken(ctx, ""))
		})
		if got := left(); !slices.Equal(got, []string{"k", "of-key", "of-old"}) {
			t.Errorf("after the token: %v", got)
		}
		change(t, s, func(tx *store.IdentityTx) error { return tx.DeleteAccessKey(ctx, "k") })
		if got := left(); !slices.Equal(got, []string{"of-old"}) {
			t.Errorf("after the key: %v", got)
		}
		for _, gone := range []string{"t", "key:k", ""} {
			_, err := identity(t, s, func(tx *store.IdentityTx) (int, error) { return 0, tx.HoldCredential(ctx, gone) })
			if !errors.Is(err, store.ErrNoIdentity) {
				t.Errorf("%q: %v", gone, err)
			}
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
