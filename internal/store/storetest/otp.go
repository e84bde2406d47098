package storetest

import (
	"context"
	"time"

	"carrel/internal/directory"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/work"
	"carrel/internal/workspace"
)

func (w *world) addOTPDevice(d signin.OTPDevice) {
	w.Helper()
	w.update(func(tx *store.Tx) error { return signin.InsertOTPDevice(w.Context(), tx, d) })
}

func (w *world) otpDevices(userID string) []signin.OTPDevice {
	w.Helper()
	return get(w, func(ctx context.Context, tx *store.Tx) ([]signin.OTPDevice, error) {
		return signin.OTPDevices(ctx, tx, userID)
	})
}

func (w *world) putRecoveryCodes(deviceID string, hashes ...string) {
	w.Helper()
	w.update(func(tx *store.Tx) error { return signin.PutRecoveryCodes(w.Context(), tx, deviceID, hashes) })
}

func (w *world) recoveryCodes(deviceID string) int {
	w.Helper()
	return get(w, func(ctx context.Context, tx *store.Tx) (int, error) {
		return signin.CountRecoveryCodes(ctx, tx, deviceID)
	})
}

func (w *world) takeRecoveryCode(deviceID, hash string) error {
	return w.store.Update(w.Context(), func(tx *store.Tx) error {
		found, err := signin.TakeRecoveryCode(w.Context(), tx, deviceID, hash)
		if err == nil && !found {
			err = workspace.Errorf(workspace.CodeForbidden, "there is no such code")
		}
		return err
	})
}

var otp = []behaviour{
	{"an authenticator is read as inserted and as saved", func(w *world) {
		d := signin.OTPDevice{
			ID: "d", UserID: personOf(project), Secret: "sealed", Status: signin.OTPPending, LastStep: 1 << 40,
			Created: w.clock.Now(),
		}
		w.addOTPDevice(d)
		w.same(w.otpDevices(d.UserID), []signin.OTPDevice{d})
		w.same(len(w.otpDevices(personOf(otherProject))), 0)
		d.Status, d.LastStep = signin.OTPRegistered, 1<<40+1
		w.update(func(tx *store.Tx) error { return signin.SaveOTPDevice(w.Context(), tx, d) })
		w.update(func(tx *store.Tx) error {
			return signin.SaveOTPDevice(w.Context(), tx, signin.OTPDevice{ID: "missing", Status: signin.OTPPending})
		})
		w.same(w.otpDevices(d.UserID), []signin.OTPDevice{d})
	}},
	{"a person has one authenticator, whoever comes first", func(w *world) {
		errs := together(5, func(i int) error {
			return w.store.Update(w.Context(), func(tx *store.Tx) error {
				return signin.InsertOTPDevice(w.Context(), tx, signin.OTPDevice{ID: string(rune('a' + i)), UserID: personOf(project), Status: signin.OTPPending})
			})
		})
		w.one(errs, workspace.CodeConflict)
		w.same(len(w.otpDevices(personOf(project))), 1)
		w.refuses(workspace.CodeConflict, func(tx *store.Tx) error {
			return signin.InsertOTPDevice(w.Context(), tx, signin.OTPDevice{ID: "x", UserID: "gone", Status: signin.OTPPending})
		})
	}},
	{"of 20 callers at once one uses up a recovery code", func(w *world) {
		w.addOTPDevice(signin.OTPDevice{ID: "d", UserID: personOf(project), Status: signin.OTPRegistered})
		w.putRecoveryCodes("d", "a", "b")
		w.one(together(20, func(int) error { return w.takeRecoveryCode("d", "a") }), workspace.CodeForbidden)
		w.same(w.recoveryCodes("d"), 1)
		if err := w.takeRecoveryCode("other", "b"); workspace.CodeOf(err) != workspace.CodeForbidden {
			w.Errorf("a code of another authenticator: %v", err)
		}
	}},
	{"new recovery codes take the place of the old ones", func(w *world) {
		w.addOTPDevice(signin.OTPDevice{ID: "d", UserID: personOf(project), Status: signin.OTPRegistered})
		w.putRecoveryCodes("d", "a", "b", "c")
		w.putRecoveryCodes("d", "c", "d")
		w.same(w.recoveryCodes("d"), 2)
		if err := w.takeRecoveryCode("d", "a"); workspace.CodeOf(err) != workspace.CodeForbidden {
			w.Errorf("an old code: %v", err)
		}
		if err := w.takeRecoveryCode("d", "c"); err != nil {
			w.Errorf("a code that is in both: %v", err)
		}
	}},
	{"an authenticator goes with its recovery codes, and with its person", func(w *world) {
		for _, remove := range []func(tx *store.Tx) error{
			func(tx *store.Tx) error { return signin.DeleteOTPDevice(w.Context(), tx, "d") },
			func(tx *store.Tx) error { return directory.DeleteUser(w.Context(), tx, personOf(project)) },
		} {
			w.addOTPDevice(signin.OTPDevice{ID: "d", UserID: personOf(project), Status: signin.OTPRegistered})
			w.putRecoveryCodes("d", "a")
			for range 2 {
				w.update(remove)
			}
			w.same(len(w.otpDevices(personOf(project))), 0)
			w.same(w.recoveryCodes("d"), 0)
		}
	}},
	{"authenticators that were not confirmed in time are removed", func(w *world) {
		w.addOTPDevice(signin.OTPDevice{ID: "pending", UserID: personOf(project), Status: signin.OTPPending, Created: w.clock.Now()})
		w.addOTPDevice(signin.OTPDevice{ID: "in use", UserID: personOf(otherProject), Status: signin.OTPRegistered, Created: w.clock.Now()})
		w.clock.Advance(signin.EnrolmentLife - time.Microsecond)
		sweep := func() {
			w.update(func(tx *store.Tx) error { return work.DeleteExpired(w.Context(), tx, 100) })
		}
		sweep()
		w.same(len(w.otpDevices(personOf(project))), 1)
		w.clock.Advance(time.Microsecond)
		sweep()
		w.same(len(w.otpDevices(personOf(project))), 0)
		w.same(len(w.otpDevices(personOf(otherProject))), 1)
	}},
}
