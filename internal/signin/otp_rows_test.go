package signin_test

import (
	"context"
	"time"

	"carrel/internal/directory"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/work"
	"carrel/internal/workspace"
)

func (e *env) addOTPDevice(d signin.OTPDevice) {
	e.Helper()
	e.Update(func(tx *store.Tx) error { return signin.InsertOTPDevice(e.Context(), tx, d) })
}

func (e *env) otpDevices(userID string) []signin.OTPDevice {
	e.Helper()
	return storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]signin.OTPDevice, error) {
		return signin.OTPDevices(ctx, tx, userID)
	})
}

func (e *env) putRecoveryCodes(deviceID string, hashes ...string) {
	e.Helper()
	e.Update(func(tx *store.Tx) error { return signin.PutRecoveryCodes(e.Context(), tx, deviceID, hashes) })
}

func (e *env) recoveryCodes(deviceID string) int {
	e.Helper()
	return storetest.Get(e, func(ctx context.Context, tx *store.Tx) (int, error) {
		return signin.CountRecoveryCodes(ctx, tx, deviceID)
	})
}

func (e *env) takeRecoveryCode(deviceID, hash string) error {
	return e.Store.Update(e.Context(), func(tx *store.Tx) error {
		found, err := signin.TakeRecoveryCode(e.Context(), tx, deviceID, hash)
		if err == nil && !found {
			err = workspace.Errorf(workspace.CodeForbidden, "there is no such code")
		}
		return err
	})
}

var otp = map[string]func(*env){
	"an authenticator is read as inserted and as saved": func(e *env) {
		d := signin.OTPDevice{
			ID: "d", UserID: storetest.UserOf(storetest.Project), Secret: "sealed", Status: signin.OTPPending, LastStep: 1 << 40,
			Created: e.Clock.Now(),
		}
		e.addOTPDevice(d)
		e.Same(e.otpDevices(d.UserID), []signin.OTPDevice{d})
		e.Same(len(e.otpDevices(storetest.UserOf(storetest.OtherProject))), 0)
		d.Status, d.LastStep = signin.OTPRegistered, 1<<40+1
		e.Update(func(tx *store.Tx) error { return signin.SaveOTPDevice(e.Context(), tx, d) })
		e.Update(func(tx *store.Tx) error {
			return signin.SaveOTPDevice(e.Context(), tx, signin.OTPDevice{ID: "missing", Status: signin.OTPPending})
		})
		e.Same(e.otpDevices(d.UserID), []signin.OTPDevice{d})
	},
	"a person has one authenticator, whoever comes first": func(e *env) {
		errs := storetest.Together(5, func(i int) error {
			return e.Store.Update(e.Context(), func(tx *store.Tx) error {
				return signin.InsertOTPDevice(e.Context(), tx, signin.OTPDevice{ID: string(rune('a' + i)), UserID: storetest.UserOf(storetest.Project), Status: signin.OTPPending})
			})
		})
		e.One(errs, workspace.CodeConflict)
		e.Same(len(e.otpDevices(storetest.UserOf(storetest.Project))), 1)
		e.Refuses(workspace.CodeConflict, func(tx *store.Tx) error {
			return signin.InsertOTPDevice(e.Context(), tx, signin.OTPDevice{ID: "x", UserID: "gone", Status: signin.OTPPending})
		})
	},
	"of 20 callers at once one uses up a recovery code": func(e *env) {
		e.addOTPDevice(signin.OTPDevice{ID: "d", UserID: storetest.UserOf(storetest.Project), Status: signin.OTPRegistered})
		e.putRecoveryCodes("d", "a", "b")
		e.One(storetest.Together(20, func(int) error { return e.takeRecoveryCode("d", "a") }), workspace.CodeForbidden)
		e.Same(e.recoveryCodes("d"), 1)
		if err := e.takeRecoveryCode("other", "b"); workspace.CodeOf(err) != workspace.CodeForbidden {
			e.Errorf("a code of another authenticator: %v", err)
		}
	},
	"new recovery codes take the place of the old ones": func(e *env) {
		e.addOTPDevice(signin.OTPDevice{ID: "d", UserID: storetest.UserOf(storetest.Project), Status: signin.OTPRegistered})
		e.putRecoveryCodes("d", "a", "b", "c")
		e.putRecoveryCodes("d", "c", "d")
		e.Same(e.recoveryCodes("d"), 2)
		if err := e.takeRecoveryCode("d", "a"); workspace.CodeOf(err) != workspace.CodeForbidden {
			e.Errorf("an old code: %v", err)
		}
		if err := e.takeRecoveryCode("d", "c"); err != nil {
			e.Errorf("a code that is in both: %v", err)
		}
	},
	"an authenticator goes with its recovery codes, and with its person": func(e *env) {
		for _, remove := range []func(tx *store.Tx) error{
			func(tx *store.Tx) error { return signin.DeleteOTPDevice(e.Context(), tx, "d") },
			func(tx *store.Tx) error {
				return directory.DeleteUser(e.Context(), tx, storetest.UserOf(storetest.Project))
			},
		} {
			e.addOTPDevice(signin.OTPDevice{ID: "d", UserID: storetest.UserOf(storetest.Project), Status: signin.OTPRegistered})
			e.putRecoveryCodes("d", "a")
			for range 2 {
				e.Update(remove)
			}
			e.Same(len(e.otpDevices(storetest.UserOf(storetest.Project))), 0)
			e.Same(e.recoveryCodes("d"), 0)
		}
	},
	"authenticators that were not confirmed in time are removed": func(e *env) {
		e.addOTPDevice(signin.OTPDevice{ID: "pending", UserID: storetest.UserOf(storetest.Project), Status: signin.OTPPending, Created: e.Clock.Now()})
		e.addOTPDevice(signin.OTPDevice{ID: "in use", UserID: storetest.UserOf(storetest.OtherProject), Status: signin.OTPRegistered, Created: e.Clock.Now()})
		e.Clock.Advance(signin.EnrolmentLife - time.Microsecond)
		sweep := func() {
			e.Update(func(tx *store.Tx) error {
				_, err := work.DeleteExpired(e.Context(), tx, work.DefaultRetention, 100)
				return err
			})
		}
		sweep()
		e.Same(len(e.otpDevices(storetest.UserOf(storetest.Project))), 1)
		e.Clock.Advance(time.Microsecond)
		sweep()
		e.Same(len(e.otpDevices(storetest.UserOf(storetest.Project))), 0)
		e.Same(len(e.otpDevices(storetest.UserOf(storetest.OtherProject))), 1)
	},
}
