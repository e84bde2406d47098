package signin

import (
	"context"
	"encoding/base32"
	"errors"
	"fmt"

	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// CodesState is what a user sees about the codes.
type CodesState struct {
	Policy       SecondFactor // for this user
	On           bool
	RecoveryLeft int  // recovery codes that were not used
	MustEnrol    bool // an authenticator must be set up before anything else
}

// CodesOf returns whether a visitor uses codes, and how many recovery codes are left.
func (s *Service) CodesOf(ctx context.Context, v Visitor) (CodesState, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) (CodesState, error) {
		f, err := readFactor(ctx, tx, v.ID)
		state := CodesState{Policy: f.config.policy(s.SecondFactor, f.must)}
		if err != nil || !state.Policy.offered() {
			return state, err
		}
		if !f.registered() {
			state.MustEnrol = f.mustEnrol(s.SecondFactor, v)
			return state, nil
		}
		state.On = true
		state.RecoveryLeft, err = CountRecoveryCodes(ctx, tx, f.device.ID)
		return state, err
	})
}

// BeginEnrolment generates and returns a secret for a user's authenticator app, in base32; it is returned nowhere else. It has no effect until
// ConfirmEnrolment, and replaces an unconfirmed one. It returns CodeForbidden if codes are off or a new password must be chosen first, and
// CodeConflict if the user has an authenticator. Concurrent calls are serialised by the lock on the user.
func (s *Service) BeginEnrolment(ctx context.Context, v Visitor) (string, error) {
	return store.Update(ctx, s.Store, func(tx *store.Tx) (string, error) {
		u, f, err := s.mayEnrol(ctx, tx, v)
		if err != nil {
			return "", err
		}
		if f.found {
			if err := DeleteOTPDevice(ctx, tx, f.device.ID); err != nil {
				return "", err
			}
		}
		secret, id := NewTOTPSecret(), workspace.NewID()
		return secret, InsertOTPDevice(ctx, tx, OTPDevice{
			ID: id, UserID: u.ID, Secret: s.Box.Seal(secret, otpSeal(id)), Status: OTPPending, Created: tx.Now(),
		})
	})
}

// mayEnrol returns a visitor who may set up an authenticator, with the pending one. The user's row is locked.
func (s *Service) mayEnrol(ctx context.Context, tx *store.Tx, v Visitor) (directory.User, factor, error) {
	if !s.SecondFactor.offered() {
		return directory.User{}, factor{}, codesUnused()
	}
	u, err := directory.LockUser(ctx, tx, v.ProjectID, v.ID)
	if err != nil {
		return directory.User{}, factor{}, err
	}
	if u.MustChangePassword {
		return directory.User{}, factor{}, &workspace.Error{Code: workspace.CodeForbidden, Message: "choose a new password first"}
	}
	f, err := readFactor(ctx, tx, u.ID)
	switch {
	case err != nil:
		return directory.User{}, factor{}, err
	case !f.config.policy(s.SecondFactor, f.must).offered():
		return directory.User{}, factor{}, codesUnused()
	case f.registered():
		return directory.User{}, factor{}, &workspace.Error{Code: workspace.CodeConflict, Message: "you use an authenticator already, remove it first"}
	}
	return u, f, MayUseDesktops(u, tx.Now())
}

func codesUnused() error {
	return &workspace.Error{Code: workspace.CodeForbidden, Message: "codes are not used here"}
}

// ConfirmEnrolment turns codes on for a user whose code proves that the app has the secret, ends the user's other sign-ins, and returns the
// recovery codes, which are returned nowhere else. It returns CodeConflict if no enrolment was begun within EnrolmentLife; other errors as
// BeginEnrolment and useCode.
func (s *Service) ConfirmEnrolment(ctx context.Context, v Visitor, code string) ([]string, error) {
	return s.withCode(ctx, v.Caller("ConfirmEnrolment"), func(tx *store.Tx) (codes []string, refusal, err error) {
		u, f, err := s.mayEnrol(ctx, tx, v)
		if err != nil {
			return nil, nil, err
		}
		d := f.device
		if !f.found || !tx.Now().Before(d.Created.Add(EnrolmentLife)) {
			return nil, nil, &workspace.Error{Code: workspace.CodeConflict, Message: "this took too long: begin again"}
		}
		if refusal, err = s.useCode(ctx, tx, u, d, code); refusal != nil || err != nil {
			return nil, refusal, err
		}
		if err := keepOnly(ctx, tx, v); err != nil {
			return nil, nil, err
		}
		codes, err = putRecoveryCodes(ctx, tx, d.ID)
		return codes, nil, err
	})
}

// keepOnly ends all sign-ins of a user except the present one, which goes on with an authenticator.
func keepOnly(ctx context.Context, tx *store.Tx, v Visitor) error {
	kept, err := ReadSignIn(ctx, tx, v.SignInHash)
	if err != nil {
		return err
	}
	if err := DeleteSignInsOf(ctx, tx, v.ID); err != nil {
		return err
	}
	kept.MustEnrol = false
	return InsertSignIn(ctx, tx, kept)
}

func putRecoveryCodes(ctx context.Context, tx *store.Tx, deviceID string) ([]string, error) {
	codes := newRecoveryCodes()
	hashes := make([]string, len(codes))
	for i, code := range codes {
		tidy, _ := tidyCode(code)
		hashes[i] = recoveryHash(deviceID, tidy)
	}
	return codes, PutRecoveryCodes(ctx, tx, deviceID, hashes)
}

// RenewRecoveryCodes replaces a user's recovery codes; code must be valid. Errors as useCode; CodeConflict if the user has no
// authenticator.
func (s *Service) RenewRecoveryCodes(ctx context.Context, v Visitor, code string) ([]string, error) {
	return s.withCode(ctx, v.Caller("RenewRecoveryCodes"), func(tx *store.Tx) ([]string, error, error) {
		f, refusal, err := s.ownFactor(ctx, tx, v, code)
		if refusal != nil || err != nil {
			return nil, refusal, err
		}
		codes, err := putRecoveryCodes(ctx, tx, f.device.ID)
		return codes, nil, err
	})
}

// RemoveAuthenticator turns codes off for a user; code must be valid. A user who must use codes then has to set up another app before anything
// else. Errors as RenewRecoveryCodes.
func (s *Service) RemoveAuthenticator(ctx context.Context, v Visitor, code string) error {
	_, err := s.withCode(ctx, v.Caller("RemoveAuthenticator"), func(tx *store.Tx) ([]string, error, error) {
		f, refusal, err := s.ownFactor(ctx, tx, v, code)
		if refusal != nil || err != nil {
			return nil, refusal, err
		}
		if err := DeleteOTPDevice(ctx, tx, f.device.ID); err != nil {
			return nil, nil, err
		}
		if f.config.policy(s.SecondFactor, f.must) != SecondFactorRequired {
			return nil, nil, nil
		}
		return nil, nil, mustEnrolAgain(ctx, tx, v.ID)
	})
	return err
}

// ownFactor returns the factor of a user with an authenticator after checking the code.
func (s *Service) ownFactor(ctx context.Context, tx *store.Tx, v Visitor, code string) (f factor, refusal, err error) {
	u, err := directory.LockUser(ctx, tx, v.ProjectID, v.ID)
	if err != nil {
		return f, nil, err
	}
	f, err = readFactor(ctx, tx, u.ID)
	if err == nil && !f.registered() {
		err = &workspace.Error{Code: workspace.CodeConflict, Message: "you use no authenticator"}
	}
	if err != nil {
		return f, nil, err
	}
	refusal, err = s.useCode(ctx, tx, u, f.device, code)
	return f, refusal, err
}

// withCode runs f in a transaction that also commits if f refuses, so that wrong codes are counted. Otherwise it is the act of c, which is
// recorded if it has an operation.
func (s *Service) withCode(ctx context.Context, c workspace.Caller, f func(*store.Tx) (codes []string, refusal, err error)) ([]string, error) {
	type outcome struct {
		codes   []string
		refusal error
	}
	o, err := store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (o outcome, err error) {
		if o.codes, o.refusal, err = f(tx); o.refusal == nil && err == nil && c.Operation != "" {
			tx.Audit(c.Target, "")
		}
		return o, err
	}))
	if err == nil {
		err = o.refusal
	}
	if err != nil {
		return nil, err
	}
	return o.codes, nil
}

// useCode redeems a code of a user's app, or a recovery code; the user's row is locked. The first one registers the device. The refusal is
// CodeForbidden for a wrong or used code, or a *PauseError after too many wrong ones.
func (s *Service) useCode(ctx context.Context, tx *store.Tx, u directory.User, d OTPDevice, code string) (refusal, err error) {
	rules, err := RulesOf(u.SignInRules)
	if err != nil {
		return nil, err
	}
	a := workspace.Attempt{Subject: workspace.CodesSubject(d.ID), Network: workspace.OriginOf(ctx).Network, Code: true, Lockout: rules.Lockout.lockout()}
	if _, err := workspace.ChargeAttempt(ctx, tx, a, tx.Now()); err != nil { // codes are never held: those that are not refused are looked at
		if pause, ok := errors.AsType[*workspace.PauseError](err); ok {
			return pause, nil
		}
		return nil, err
	}
	right, err := s.matchCode(ctx, tx, &d, code)
	if err != nil {
		return nil, err
	}
	if right {
		if err := workspace.NoteSuccess(ctx, tx, a); err != nil {
			return nil, err
		}
		d.Status = OTPRegistered
		return nil, SaveOTPDevice(ctx, tx, d)
	}
	return &workspace.Error{Code: workspace.CodeForbidden, Message: "this code is wrong or was used before"}, nil
}

// matchCode reports whether a code is valid, and redeems it.
func (s *Service) matchCode(ctx context.Context, tx *store.Tx, d *OTPDevice, code string) (bool, error) {
	tidy, recovery := tidyCode(code)
	if recovery {
		return TakeRecoveryCode(ctx, tx, d.ID, recoveryHash(d.ID, tidy))
	}
	text, err := s.Box.Open(d.Secret, otpSeal(d.ID))
	if err != nil {
		return false, fmt.Errorf("opening the secret of an authenticator: %w", err)
	}
	secret, err := base32.StdEncoding.DecodeString(string(text))
	if err != nil {
		return false, fmt.Errorf("reading the secret of an authenticator: %w", err)
	}
	step, ok := MatchTOTP(secret, tidy, tx.Now(), d.LastStep)
	if ok {
		d.LastStep = step
	}
	return ok, nil
}
