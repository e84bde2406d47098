package iam

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Failed passwords are counted per user and per address over a window. An attempt counts before it is judged, so that a
// thousand at once are no more than the limit; success takes it back.
const (
	passwordWindow     = 15 * time.Minute
	maxTriesPerUser    = 10
	maxTriesPerAddress = 50
)

// checkPassword returns the user whose name and password these are.
func (s *Service) checkPassword(r *http.Request, u passwordUser) (store.Caller, error) {
	switch {
	case u.ID == "" && u.Name == "":
		return store.Caller{}, invalid("auth.identity.password.user.name", "must be given")
	case u.ID == "" && u.Domain == (nameRef{}):
		return store.Caller{}, invalid("auth.identity.password.user.domain", "must be given with its name or id")
	case u.Password == "":
		return store.Caller{}, invalid("auth.identity.password.user.password", "must be given")
	}
	ctx := context.WithoutCancel(r.Context()) // hanging up must not spare the count
	caller, err := s.findUser(ctx, u)
	if err != nil && !isMissing(err) {
		return caller, err
	}
	tries := triesOf(r, caller, u)
	if err := s.countTry(ctx, tries); err != nil {
		return store.Caller{}, err
	}
	if caller.Admin.ID == "" {
		s.Passwords.VerifyNothing(u.Password)
		return store.Caller{}, wrongPassword()
	}
	ok, rehash := s.Passwords.Verify(u.Password, caller.Admin.PasswordHash)
	if !ok {
		return store.Caller{}, wrongPassword()
	}
	return caller, s.notePassword(ctx, caller.Admin, u.Password, rehash, tries)
}

func wrongPassword() *Refusal {
	return &Refusal{Status: http.StatusUnauthorized, Code: codePassword, Message: "The username or password is wrong."}
}

func (s *Service) findUser(ctx context.Context, u passwordUser) (c store.Caller, err error) {
	err = s.Store.ViewIdentity(ctx, func(tx *store.IdentityTx) (err error) {
		if u.ID != "" {
			c, err = tx.Caller(ctx, u.ID)
		} else {
			c, err = tx.CallerByName(ctx, u.Domain.ID, u.Domain.Name, u.Name)
		}
		return err
	})
	return c, err
}

// tries are the counters that an attempt belongs to.
type tries struct{ user, address string }

// triesOf counts by the user if there is one, else by the name that was tried.
func triesOf(r *http.Request, c store.Caller, u passwordUser) tries {
	who := c.Admin.ID
	if who == "" {
		who = strings.ToLower(u.ID + "/" + u.Domain.ID + "/" + u.Domain.Name + "/" + u.Name)
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	return tries{user: "user:" + hexSHA256([]byte(who)), address: "address:" + host}
}

func (s *Service) countTry(ctx context.Context, t tries) error {
	var wait time.Duration
	err := s.Store.UpdateIdentity(ctx, func(tx *store.IdentityTx) error {
		wait = 0
		for _, c := range []struct {
			key   string
			limit int
		}{{t.address, maxTriesPerAddress}, {t.user, maxTriesPerUser}} {
			n, since, err := tx.CountTry(ctx, c.key, passwordWindow)
			if err != nil {
				return err
			}
			if n > c.limit {
				wait = max(wait, since.Add(passwordWindow).Sub(tx.Now()), time.Second)
			}
		}
		return tx.DeleteTriesBefore(ctx, tx.Now().Add(-passwordWindow))
	})
	if err != nil {
		return err
	}
	if wait > 0 {
		return &Refusal{
			Status: http.StatusTooManyRequests, Code: codeTooMany, RetryAfter: wait,
			Message: "too many wrong passwords for this user or from this address, wait and try again",
		}
	}
	return nil
}

// notePassword forgets the attempts of a user who knew the password, and stores a new hash when the old one is of
// yesterday's cost.
func (s *Service) notePassword(ctx context.Context, a store.Admin, password string, rehash bool, t tries) error {
	var hash string
	if rehash {
		var err error
		if hash, err = s.Passwords.Hash(password); err != nil {
			return fmt.Errorf("hashing a password anew: %w", err)
		}
	}
	return s.Store.UpdateIdentity(ctx, func(tx *store.IdentityTx) error {
		if err := tx.TakeBackTry(ctx, t.address); err != nil {
			return err
		}
		if err := tx.ForgetTries(ctx, t.user); err != nil || hash == "" {
			return err
		}
		return tx.SetPasswordHash(ctx, a.ID, a.PasswordHash, hash)
	})
}

// NewAdmin describes an administrator to add.
type NewAdmin struct {
	AccountID string
	Name      string
	Password  string
	Role      Role
}

// CreateAdmin adds an administrator and returns their id. Two callers cannot add the same name.
func (s *Service) CreateAdmin(ctx context.Context, a NewAdmin) (string, error) {
	if !a.Role.May(Read) {
		return "", invalid("role", "%q is unknown, use %s or %s", a.Role, RoleAdmin, RoleReader)
	}
	if err := workspace.CheckUserName("user.name", a.Name, workspace.MaxLinuxUserName); err != nil {
		return "", err
	}
	if err := workspace.CheckPassword("user.password", a.Password, a.Name); err != nil {
		return "", err
	}
	hash, err := s.Passwords.Hash(a.Password)
	if err != nil {
		return "", fmt.Errorf("hashing the password: %w", err)
	}
	id := newID()
	return id, s.Store.UpdateIdentity(ctx, func(tx *store.IdentityTx) error {
		return tx.InsertAdmin(ctx, store.Admin{ID: id, AccountID: a.AccountID, Name: a.Name, PasswordHash: hash, Role: string(a.Role), Created: tx.Now()})
	})
}
