package portal_test

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"carrel/internal/directory"
	"carrel/internal/secret"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// All have the address of this machine. Nobody has signed in from there before.
func TestFiveHundredBehindOneAddressSignInWhileOneGuesses(t *testing.T) {
	const people, guesses = 500, 300
	e := newEnv(t)
	passwords, err := secret.NewPasswords(secret.Cost{MemoryKiB: 64, Passes: 1, Lanes: 1})
	e.must(err)
	hash, err := passwords.Hash(password)
	e.must(err)
	e.must(e.store.Update(t.Context(), func(tx *store.Tx) error {
		var users []directory.User
		for i := range people {
			users = append(users, directory.User{ID: workspace.NewID(), ProjectID: project, Name: fmt.Sprint("person-", i), PasswordHash: hash, EnterpriseID: "0"})
		}
		return directory.InsertUsers(t.Context(), tx, users)
	}))
	signIn := func(name, password string) int {
		return e.browser().call("POST", "sign-in", fmt.Sprintf(`{"user_name":%q,"password":%q}`, name, password)).status
	}
	var all sync.WaitGroup
	guess := make(chan int)
	for range 20 {
		all.Go(func() {
			for i := range guess {
				if got := signIn(fmt.Sprint("guessed-", i), "Wrong-one-1"); got != http.StatusUnauthorized && got != http.StatusTooManyRequests {
					t.Errorf("a guess: %d", got)
				}
			}
		})
	}
	for i := range guesses / 2 {
		guess <- i
	}
	var in atomic.Int32
	person := make(chan int)
	for range 250 {
		all.Go(func() {
			for i := range person {
				if got := signIn(fmt.Sprint("person-", i), password); got == http.StatusOK {
					in.Add(1)
				} else {
					t.Errorf("person %d: %d", i, got)
				}
			}
		})
	}
	for i := range people {
		person <- i
		if i < guesses/2 {
			guess <- guesses/2 + i
		}
	}
	close(person)
	close(guess)
	all.Wait()
	if in.Load() != people {
		t.Errorf("%d of %d are signed in", in.Load(), people)
	}
}
