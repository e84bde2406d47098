package iam_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"carrel/internal/iam"
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

func identity[T any](t *testing.T, s *store.Store, f func(*store.Tx) (T, error)) (out T, err error) {
	t.Helper()
	err = s.Update(t.Context(), func(tx *store.Tx) (err error) {
		out, err = f(tx)
		return err
	})
	return out, err
}

// change makes a change that must succeed.
func change(t *testing.T, s *store.Store, f func(*store.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

// addCaller adds an account with a project and an administrator, all named after it.
func addCaller(t *testing.T, s *store.Store, name string) {
	t.Helper()
	change(t, s, func(tx *store.Tx) error {
		ctx := t.Context()
		return errors.Join(
			iam.InsertAccount(ctx, tx, iam.Account{ID: "account-" + name, Name: name, Created: tx.Now()}),
			iam.InsertProject(ctx, tx, iam.Project{ID: "project-" + name, AccountID: "account-" + name, Name: "here", Created: tx.Now()}),
			iam.InsertAdmin(ctx, tx, iam.Admin{ID: "admin-" + name, AccountID: "account-" + name, Name: "Root", PasswordHash: "h", Role: "admin", Created: tx.Now()}),
		)
	})
}

func TestIdentitiesAreFoundInTheirAccountOnly(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		ctx := t.Context()
		addCaller(t, s, "a")
		addCaller(t, s, "b")
		for name, find := range map[string]func(*store.Tx) (string, error){
			"by id": func(tx *store.Tx) (string, error) {
				c, err := iam.ReadCaller(ctx, tx, "admin-a")
				return c.Account.Name, err
			},
			"by names, whatever the case": func(tx *store.Tx) (string, error) {
				c, err := iam.ReadCallerByName(ctx, tx, "", "a", "rOOT")
				return c.Account.Name, err
			},
			"by the account's id and name": func(tx *store.Tx) (string, error) {
				c, err := iam.ReadCallerByName(ctx, tx, "account-a", "x", "root")
				return c.Account.Name, err
			},
			"the project, by account and id": func(tx *store.Tx) (string, error) {
				p, err := iam.ReadProject(ctx, tx, "account-a", "project-a")
				return p.AccountID[8:], err
			},
		} {
			if got, err := identity(t, s, find); err != nil || got != "a" {
				t.Errorf("%s: found %q, %v", name, got, err)
			}
		}
		for name, find := range map[string]func(*store.Tx) (string, error){
			"another account's project": func(tx *store.Tx) (string, error) {
				p, err := iam.ReadProject(ctx, tx, "account-b", "project-a")
				return p.ID, err
			},
			"a user of no account": func(tx *store.Tx) (string, error) {
				c, err := iam.ReadCallerByName(ctx, tx, "", "c", "root")
				return c.Admin.ID, err
			},
			"an unknown user": func(tx *store.Tx) (string, error) {
				c, err := iam.ReadCallerByName(ctx, tx, "", "a", "nobody")
				return c.Admin.ID, err
			},
			"a user by an unknown id":      func(tx *store.Tx) (string, error) { c, err := iam.ReadCaller(ctx, tx, "x"); return c.Admin.ID, err },
			"an unknown key":               func(tx *store.Tx) (string, error) { k, err := iam.ReadAccessKey(ctx, tx, "x"); return k.ID, err },
			"an unknown token":             func(tx *store.Tx) (string, error) { k, err := iam.ReadToken(ctx, tx, "x"); return k.Hash, err },
			"what no first start has made": func(tx *store.Tx) (string, error) { b, err := iam.ReadBootstrap(ctx, tx); return b.AdminID, err },
			"a row to lock": func(tx *store.Tx) (string, error) {
				a, err := iam.LockAdmin(ctx, tx, "account-a", "x")
				return a.ID, err
			},
		} {
			if got, err := identity(t, s, find); !errors.Is(err, iam.ErrNoIdentity) {
				t.Errorf("%s: found %q, %v", name, got, err)
			}
		}
		_, err := identity(t, s, func(tx *store.Tx) (struct{}, error) {
			return struct{}{}, iam.InsertAdmin(ctx, tx, iam.Admin{ID: "other", AccountID: "account-a", Name: "ROOT", Created: tx.Now()})
		})
		if !errors.Is(err, iam.ErrIdentityTaken) {
			t.Errorf("the same name in capitals: %v", err)
		}
		admins, err := identity(t, s, func(tx *store.Tx) ([]iam.Admin, error) {
			return iam.Admins(ctx, tx, iam.AdminQuery{AccountID: "account-a", Page: storetest.Everything})
		})
		if err != nil || len(admins) != 1 || admins[0].Name != "Root" || !admins[0].Created.Equal(c.Now()) {
			t.Errorf("administrators: %v, %v", admins, err)
		}
		projects, err := identity(t, s, func(tx *store.Tx) ([]iam.Project, error) {
			return iam.Projects(ctx, tx, iam.ProjectQuery{AccountID: "account-b", Page: storetest.Everything})
		})
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
				results <- s.Update(t.Context(), func(tx *store.Tx) error {
					if err := iam.InsertAccount(t.Context(), tx, iam.Account{ID: id, Name: id, Created: tx.Now()}); err != nil {
						return err
					}
					return iam.InsertBootstrap(t.Context(), tx, iam.Bootstrap{AccountID: id})
				})
			}()
		}
		won := 0
		for range starters {
			switch err := <-results; {
			case err == nil:
				won++
			case !errors.Is(err, iam.ErrIdentityTaken):
				t.Errorf("a starter failed with %v", err)
			}
		}
		first, err := identity(t, s, func(tx *store.Tx) (iam.Bootstrap, error) { return iam.ReadBootstrap(t.Context(), tx) })
		if won != 1 || err != nil || first.AccountID == "" {
			t.Errorf("%d won; %+v, %v", won, first, err)
		}
	})
}

func TestTemporaryKeysEndWithWhatTheyWereMadeOf(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		ctx := t.Context()
		addCaller(t, s, "a")
		change(t, s, func(tx *store.Tx) error {
			expires := tx.Now().Add(time.Hour)
			return errors.Join(
				iam.InsertAccessKey(ctx, tx, iam.AccessKey{ID: "k", AdminID: "admin-a", Active: true, Created: tx.Now()}),
				iam.InsertToken(ctx, tx, iam.Token{Hash: "t", AdminID: "admin-a", Method: "password", Issued: tx.Now(), Expires: expires}),
				iam.InsertAccessKey(ctx, tx, iam.AccessKey{ID: "of-token", AdminID: "admin-a", Created: tx.Now(), Temporary: true, Expires: expires, MadeOf: "t"}),
				iam.InsertAccessKey(ctx, tx, iam.AccessKey{ID: "of-key", AdminID: "admin-a", Created: tx.Now(), Temporary: true, Expires: expires, MadeOf: "key:k"}),
				iam.InsertAccessKey(ctx, tx, iam.AccessKey{ID: "of-old", AdminID: "admin-a", Created: tx.Now(), Temporary: true, Expires: expires}),
				iam.HoldCredential(ctx, tx, "t"), iam.HoldCredential(ctx, tx, "key:k"),
			)
		})
		left := func() (ids []string) {
			t.Helper()
			change(t, s, func(tx *store.Tx) error {
				ids = nil
				for _, id := range []string{"k", "of-token", "of-key", "of-old"} {
					if _, err := iam.ReadAccessKey(ctx, tx, id); err == nil {
						ids = append(ids, id)
					}
				}
				return nil
			})
			return ids
		}
		change(t, s, func(tx *store.Tx) error {
			return errors.Join(iam.DeleteToken(ctx, tx, "t"), iam.DeleteToken(ctx, tx, ""))
		})
		if got := left(); !slices.Equal(got, []string{"k", "of-key", "of-old"}) {
			t.Errorf("after the token: %v", got)
		}
		change(t, s, func(tx *store.Tx) error { return iam.DeleteAccessKey(ctx, tx, "k") })
		if got := left(); !slices.Equal(got, []string{"of-old"}) {
			t.Errorf("after the key: %v", got)
		}
		for _, gone := range []string{"t", "key:k", ""} {
			_, err := identity(t, s, func(tx *store.Tx) (int, error) { return 0, iam.HoldCredential(ctx, tx, gone) })
			if !errors.Is(err, iam.ErrNoIdentity) {
				t.Errorf("%q: %v", gone, err)
			}
		}
	})
}

func TestKeysAndTokensAreSweptWhenTheyHaveExpired(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		ctx := t.Context()
		addCaller(t, s, "a")
		change(t, s, func(tx *store.Tx) error {
			return errors.Join(
				iam.InsertAccessKey(ctx, tx, iam.AccessKey{ID: "permanent", AdminID: "admin-a", Created: tx.Now()}),
				iam.InsertAccessKey(ctx, tx, iam.AccessKey{ID: "temporary", AdminID: "admin-a", Created: tx.Now(), Temporary: true, Expires: tx.Now().Add(time.Hour)}),
				iam.InsertToken(ctx, tx, iam.Token{Hash: "t", AdminID: "admin-a", Method: "password", Issued: tx.Now(), Expires: tx.Now().Add(time.Hour)}),
				iam.InsertToken(ctx, tx, iam.Token{Hash: "revoked", AdminID: "admin-a", Method: "token", Issued: tx.Now(), Expires: tx.Now().Add(time.Hour)}),
				iam.DeleteToken(ctx, tx, "revoked"), iam.DeleteToken(ctx, tx, "revoked"),
			)
		})
		left := func() (ids []string) {
			t.Helper()
			change(t, s, func(tx *store.Tx) error {
				ids = nil
				if err := errors.Join(iam.DeleteKeysExpiredBefore(ctx, tx, tx.Now()), iam.DeleteTokensExpiredBefore(ctx, tx, tx.Now())); err != nil {
					return err
				}
				for _, id := range []string{"permanent", "temporary"} {
					if _, err := iam.ReadAccessKey(ctx, tx, id); err == nil {
						ids = append(ids, id)
					}
				}
				for _, hash := range []string{"t", "revoked"} {
					if _, err := iam.ReadToken(ctx, tx, hash); err == nil {
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
		keys, err := identity(t, s, func(tx *store.Tx) ([]iam.AccessKey, error) { return iam.AccessKeys(ctx, tx, "admin-a") })
		if err != nil || len(keys) != 1 {
			t.Errorf("keys: %v, %v", keys, err)
		}
	})
}

func TestAPasswordHashIsReplacedOnlyWhileItIsTheSame(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		addCaller(t, s, "a")
		change(t, s, func(tx *store.Tx) error {
			return errors.Join(iam.SetPasswordHash(t.Context(), tx, "admin-a", "h", "new"), iam.SetPasswordHash(t.Context(), tx, "admin-a", "h", "late"))
		})
		c, err := identity(t, s, func(tx *store.Tx) (iam.Caller, error) { return iam.ReadCaller(t.Context(), tx, "admin-a") })
		if err != nil || c.Admin.PasswordHash != "new" {
			t.Errorf("the hash is %q, %v", c.Admin.PasswordHash, err)
		}
	})
}
