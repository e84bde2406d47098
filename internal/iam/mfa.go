package iam

import (
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Methods of tokens.
const (
	methodPassword = "password"
	methodToken    = "token"
	methodCode     = "totp"
	methodAgency   = "assume_role"
)

// serial is how the API refers to an authenticator.
func serial(accountID string, d Device) string { return "iam:" + accountID + ":mfa:" + d.Name }

// BeginEnrolment replaces an authenticator of the caller's own that was never bound, and returns the new one with its secret in base32, which is
// returned nowhere else. It has no effect on sign-ins until BindDevice.
func (s *Service) BeginEnrolment(ctx context.Context, c workspace.Caller, userID, name string) (Device, string, error) {
	if err := checkName("virtual_mfa_device.name", name); err != nil {
		return Device{}, "", err
	}
	secret := signin.NewTOTPSecret()
	d, err := store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (Device, error) {
		if _, err := LockAdmin(ctx, tx, c.ProjectID, userID); err != nil {
			return Device{}, noneSuch(err, "user", userID)
		}
		old, err := LockDevice(ctx, tx, userID)
		switch {
		case err == nil && old.Registered:
			return Device{}, conflict("the user has an authenticator already: unbind it first")
		case err == nil:
			err = DeleteDevice(ctx, tx, old)
		case isMissing(err):
			err = nil
		}
		if err != nil {
			return Device{}, err
		}
		d := Device{ID: newID(), AdminID: userID, Name: name, Created: tx.Now()}
		d.Secret = s.Box.Seal(secret, deviceContext(d.ID))
		return d, InsertDevice(ctx, tx, d)
	}))
	return d, secret, err
}

// BindDevice makes codes necessary for a user, whose two codes in a row prove that the app has the secret. The attempt has been counted (chargeCode).
func (s *Service) BindDevice(ctx context.Context, c workspace.Caller, network, userID, serialNumber, first, second string) error {
	return s.withDevice(ctx, c, network, userID, serialNumber, func(tx *store.Tx, d Device, secret []byte) error {
		if d.Registered {
			return conflict("the authenticator is bound already")
		}
		if !tx.Now().Before(d.Created.Add(signin.EnrolmentLife)) {
			return conflict("this took longer than %v: create the authenticator again", signin.EnrolmentLife)
		}
		step, ok := signin.MatchTOTP(secret, first, tx.Now(), 0)
		next, okNext := signin.MatchTOTP(secret, second, tx.Now(), step)
		if !ok || !okNext || next != step+1 {
			return invalid("authentication_code_second", "the codes are not two in a row of this authenticator, enter one and then the next")
		}
		d.Registered, d.LastStep = true, next
		return errors.Join(SaveDevice(ctx, tx, d), SetMFA(ctx, tx, userID, true))
	})
}

// UnbindDevice removes a user's authenticator. Users show a code of their own, and the attempt has been counted (chargeCode); administrators need
// none for others.
func (s *Service) UnbindDevice(ctx context.Context, c workspace.Caller, network, userID, serialNumber, code string) error {
	remove := func(tx *store.Tx, d Device) error {
		return errors.Join(DeleteDevice(ctx, tx, d), SetMFA(ctx, tx, userID, false))
	}
	if userID != c.Actor.ID {
		return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
			d, err := deviceOf(ctx, tx, c.ProjectID, userID, serialNumber)
			if err != nil {
				return err
			}
			return remove(tx, d)
		}))
	}
	return s.withDevice(ctx, c, network, userID, serialNumber, func(tx *store.Tx, d Device, secret []byte) error {
		if _, ok := signin.MatchTOTP(secret, code, tx.Now(), d.LastStep); d.Registered && !ok {
			return wrongCode()
		}
		return remove(tx, d)
	})
}

// deviceOf locks the authenticator of a user of the account.
func deviceOf(ctx context.Context, tx *store.Tx, accountID, userID, serialNumber string) (Device, error) {
	if _, err := ReadAdmin(ctx, tx, accountID, userID); err != nil {
		return Device{}, noneSuch(err, "user", userID)
	}
	d, err := LockDevice(ctx, tx, userID)
	if err == nil && serialNumber != serial(accountID, d) {
		err = ErrNoIdentity
	}
	return d, noneSuch(err, "authenticator", serialNumber)
}

func wrongCode() *Refusal {
	return &Refusal{Status: http.StatusUnauthorized, Code: codePassword, Message: "The code is wrong, or was used before."}
}

// withDevice runs f with the locked authenticator of a user and its secret. If f accepts the code, the attempt, which has been counted (chargeCode),
// counts no longer.
func (s *Service) withDevice(ctx context.Context, c workspace.Caller, network, userID, serialNumber string, f func(*store.Tx, Device, []byte) error) error {
	ctx = context.WithoutCancel(ctx) // hanging up must not leave the count of a right code
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		d, err := deviceOf(ctx, tx, c.ProjectID, userID, serialNumber)
		if err != nil {
			return err
		}
		secret, err := s.secretOf(d)
		if err != nil {
			return err
		}
		if err := f(tx, d, secret); err != nil {
			return err
		}
		return workspace.NoteSuccess(ctx, tx, codeAttempt(d, network))
	}))
}

func codeAttempt(d Device, network string) workspace.Attempt {
	return workspace.Attempt{Subject: workspace.CodesSubject(d.ID), Network: network, Code: true}
}

// chargeCode counts an attempt as failed before it is checked, in a transaction of its own: a request that is refused undoes what it did. Codes are
// never held: those that are not refused are looked at.
func (s *Service) chargeCode(ctx context.Context, accountID, network, userID, serialNumber string) error {
	ctx = context.WithoutCancel(ctx) // hanging up must not spare the count
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		d, err := deviceOf(ctx, tx, accountID, userID, serialNumber)
		if err != nil {
			return err
		}
		_, err = workspace.ChargeAttempt(ctx, tx, codeAttempt(d, network), tx.Now())
		return err
	})
	if pause, ok := errors.AsType[*workspace.PauseError](err); ok {
		return tooMany(pause)
	}
	return err
}

func (s *Service) secretOf(d Device) ([]byte, error) {
	text, err := s.Box.Open(d.Secret, deviceContext(d.ID))
	if err != nil {
		return nil, fmt.Errorf("opening the secret of an authenticator: %w", err)
	}
	secret, err := base32.StdEncoding.DecodeString(string(text))
	if err != nil {
		return nil, fmt.Errorf("reading the secret of an authenticator: %w", err)
	}
	return secret, nil
}

func tooMany(pause *workspace.PauseError) *Refusal {
	return &Refusal{
		Status: http.StatusTooManyRequests, Code: codeTooMany, RetryAfter: max(time.Until(pause.Until), time.Second),
		Message: "too many wrong passwords for this user from your network, wait as long as Retry-After says and try again",
	}
}

// checkCode checks the second factor of a user whose password was right: who has bound an authenticator has to show a code of it, once.
func (s *Service) checkCode(r *http.Request, c Caller, shown bool, given codeUser) error {
	switch {
	case shown && given.ID != "" && given.ID != c.Admin.ID:
		return invalid("auth.identity.totp.user.id", "is another user than that of the password")
	case shown && !c.Admin.MFA:
		return invalid("auth.identity.methods", "the user has no authenticator, leave the method totp out")
	case !shown && c.Admin.MFA:
		return &Refusal{
			Status: http.StatusUnauthorized, Code: codeNeedsCode,
			Message: `The user has an authenticator: send auth.identity.methods ["password", "totp"] and auth.identity.totp.user.passcode.`,
		}
	case !shown:
		return nil
	}
	ctx := r.Context()
	d, err := store.View(ctx, s.Store, func(tx *store.Tx) (Device, error) { return ReadDevice(ctx, tx, c.Admin.ID) })
	if err != nil {
		return noneSuch(err, "authenticator of", c.Admin.Name)
	}
	number := serial(c.Account.ID, d)
	if err := s.chargeCode(ctx, c.Account.ID, network(r), c.Admin.ID, number); err != nil {
		return err
	}
	// Signing in changes nothing that is recorded, so the caller is nobody.
	return s.withDevice(ctx, workspace.Caller{ProjectID: c.Account.ID}, network(r), c.Admin.ID, number, func(tx *store.Tx, d Device, secret []byte) error {
		step, ok := signin.MatchTOTP(secret, strings.TrimSpace(given.Passcode), tx.Now(), d.LastStep)
		if !ok {
			return wrongCode()
		}
		d.LastStep = step
		return SaveDevice(ctx, tx, d)
	})
}
