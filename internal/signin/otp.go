package signin

import (
	"context"
	"slices"
	"time"

	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// SecondFactor says whether users sign in to the portal with a code in addition to the password. The zero value is off.
type SecondFactor string

// The choices.
const (
	SecondFactorOff      SecondFactor = "off"      // no user needs a code, even with an authenticator
	SecondFactorOptional SecondFactor = "optional" // who has set up an authenticator is asked
	SecondFactorRequired SecondFactor = "required" // who has none must set one up before anything else
)

// Valid reports whether f is one of the choices.
func (f SecondFactor) Valid() bool {
	return f == SecondFactorOff || f == SecondFactorOptional || f == SecondFactorRequired
}

func (f SecondFactor) offered() bool { return f == SecondFactorOptional || f == SecondFactorRequired }

// EnrolmentLife is how long a user has to confirm a new authenticator.
const EnrolmentLife = 15 * time.Minute

// OTPDevice is a user's authenticator app. A user has at most one.
type OTPDevice struct {
	ID       string
	UserID   string
	Secret   string // sealed, with otpSeal as the context
	Status   OTPStatus
	LastStep int64 // time step of the code that was used last; that and earlier ones are refused
	Created  time.Time
}

// OTPStatus is the state of an authenticator.
type OTPStatus string

// The states.
const (
	OTPPending    OTPStatus = "UNREGISTER" // shown, not confirmed; ends after EnrolmentLife
	OTPRegistered OTPStatus = "REGISTERED"
)

func otpSeal(deviceID string) string { return "otp-devices/" + deviceID }

// registeredDevice reads a user's authenticator that gives codes, and reports whether there is one.
func registeredDevice(ctx context.Context, tx *store.Tx, userID string) (OTPDevice, bool, error) {
	devices, err := OTPDevices(ctx, tx, userID)
	if err != nil {
		return OTPDevice{}, false, err
	}
	for _, d := range devices {
		if d.Status == OTPRegistered {
			return d, true, nil
		}
	}
	return OTPDevice{}, false, nil
}

// OTPDevices lists a user's authenticators for an administrator, or returns CodeUserNotFound.
func (s *Service) OTPDevices(ctx context.Context, projectID, userID string) (directory.User, []OTPDevice, error) {
	var u directory.User
	devices, err := store.View(ctx, s.Store, func(tx *store.Tx) (_ []OTPDevice, err error) {
		if u, err = directory.ReadUser(ctx, tx, projectID, userID); err != nil {
			return nil, err
		}
		return OTPDevices(ctx, tx, userID)
	})
	return u, devices, err
}

// UnbindOTPDevices removes 1 to 100 authenticators of a user, with their recovery codes: the user then signs in without a code, or sets one
// up again if required. Unknown ids are ignored. Errors: CodeUserNotFound, CodeInvalid.
func (s *Service) UnbindOTPDevices(ctx context.Context, c workspace.Caller, userID string, ids []string) error {
	if err := workspace.CheckIDs("otp_ids", ids); err != nil {
		return err
	}
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		u, err := directory.LockUser(ctx, tx, c.ProjectID, userID)
		if err != nil {
			return err
		}
		devices, err := OTPDevices(ctx, tx, u.ID)
		if err != nil {
			return err
		}
		for _, d := range devices {
			if !slices.Contains(ids, d.ID) {
				continue
			}
			if err := DeleteOTPDevice(ctx, tx, d.ID); err != nil {
				return err
			}
		}
		return nil
	}))
}

// forgiveCodes resets a user's delay after wrong codes.
func forgiveCodes(ctx context.Context, tx *store.Tx, userID string) error {
	d, found, err := registeredDevice(ctx, tx, userID)
	if err != nil || !found {
		return err
	}
	return tx.ForgetTallies(ctx, workspace.CodesSubject(d.ID))
}
