package iam

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"carrel/internal/clientaddr"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// checkPassword returns the user with this name and password.
func (s *Service) checkPassword(r *http.Request, u passwordUser) (Caller, error) {
	switch {
	case u.ID == "" && u.Name == "":
		return Caller{}, invalid("auth.identity.password.user.name", "must be given")
	case u.ID == "" && u.Domain == (nameRef{}):
		return Caller{}, invalid("auth.identity.password.user.domain", "must be given with its name or id")
	case u.Password == "":
		return Caller{}, invalid("auth.identity.password.user.password", "must be given")
	}
	ctx := context.WithoutCancel(r.Context()) // hanging up must not spare the count
	caller, err := s.findUser(ctx, u)
	if err != nil && !isMissing(err) {
		return caller, err
	}
	a := attemptOf(r, caller, u)
	if err := s.chargeAttempt(ctx, r, a); err != nil {
		return Caller{}, err
	}
	if caller.Admin.ID == "" {
		s.Passwords.VerifyNothing(u.Password)
		return Caller{}, wrongPassword()
	}
	ok, rehash := s.Passwords.Verify(u.Password, caller.Admin.PasswordHash)
	if !ok {
		return Caller{}, wrongPassword()
	}
	if !caller.Admin.Enabled {
		return Caller{}, forbidden("the user %s is disabled: an administrator can enable it", caller.Admin.Name)
	}
	return caller, s.notePassword(ctx, caller.Admin, u.Password, rehash, a)
}

func wrongPassword() *Refusal {
	return &Refusal{Status: http.StatusUnauthorized, Code: codePassword, Message: "The username or password is wrong."}
}

func (s *Service) findUser(ctx context.Context, u passwordUser) (c Caller, err error) {
	err = s.Store.View(ctx, func(tx *store.Tx) (err error) {
		if u.ID != "" {
			c, err = ReadCaller(ctx, tx, u.ID)
		} else {
			c, err = ReadCallerByName(ctx, tx, u.Domain.ID, u.Domain.Name, u.Name)
		}
		return err
	})
	return c, err
}

// attemptOf returns an attempt that is counted by the user if it exists, else by the name.
func attemptOf(r *http.Request, c Caller, u passwordUser) workspace.Attempt {
	a := workspace.Attempt{Subject: adminSubject(c.Admin.ID), Network: network(r)}
	if c.Admin.ID == "" {
		a.Subject = workspace.UnknownSubject(strings.ToLower("admin/" + u.ID + "/" + u.Domain.ID + "/" + u.Domain.Name + "/" + u.Name))
	}
	return a
}

func adminSubject(adminID string) string { return "admin:" + adminID }

// network returns the network whose attempts are counted together.
func network(r *http.Request) string { return clientaddr.Network(clientaddr.Of(r)) }

// chargeAttempt counts an attempt as failed before it is checked, and waits for its turn while the caller does.
func (s *Service) chargeAttempt(ctx context.Context, r *http.Request, a workspace.Attempt) error {
	var wait time.Duration
	err := s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		wait, err = workspace.ChargeAttempt(ctx, tx, a, tx.Now())
		return err
	})
	if pause, ok := errors.AsType[*workspace.PauseError](err); ok {
		return tooMany(pause)
	}
	if err != nil {
		return err
	}
	return workspace.WaitTurn(r.Context(), wait)
}

// notePassword resets the failed attempts after a correct password, and stores a new hash if the cost of the old one is outdated.
func (s *Service) notePassword(ctx context.Context, a Admin, password string, rehash bool, attempt workspace.Attempt) error {
	var hash string
	if rehash {
		var err error
		if hash, err = s.Passwords.Hash(password); err != nil {
			return fmt.Errorf("hashing a password anew: %w", err)
		}
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := workspace.NoteSuccess(ctx, tx, attempt); err != nil || hash == "" {
			return err
		}
		return SetPasswordHash(ctx, tx, a.ID, a.PasswordHash, hash)
	})
}
