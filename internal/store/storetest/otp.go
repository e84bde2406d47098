package storetest

import (
	"context"
	"time"

	"carrel/internal/store"
	"carrel/internal/work"
	"carrel/internal/workspace"
)

func (w *world) addOTPDevice(d workspace.OTPDevice) {
	w.Helper()
	w.update(func(tx *store.Tx) error { return tx.InsertOTPDevice(w.Context(), d) })
}

func (w *world) otpDevices(userID string) []workspace.OTPDevice {
	w.Helper()
	return get(w, func(ctx context.Context, tx *store.Tx) ([]workspace.OTPDevice, error) {
		return tx.OTPDevices(ctx, userID)
	})
}

func (w *world) putRecoveryCodes(deviceID string, hashes ...string) {
	w.Helper()
	w.update(func(tx *store.Tx) error { return tx.PutRecoveryCodes(w.Context(), deviceID, hashes) })
}

func (w *world) recoveryCodes(deviceID string) int {
	w.Helper()
	return get(w, func(ctx context.Context, tx *store.Tx) (int, error) { return tx.CountRecoveryCodes(ctx, deviceID) })
}

func (w *world) takeRecoveryCode(deviceID, hash string) error {
	return w.store.Update(w.Context(), func(tx *store.Tx) error {
		found, err := tx.TakeRecoveryCode(w.Context(), deviceID, hash)
		if err == nil && !found {
			err = workspace.Errorf(workspace.CodeForbidden, "there is no such code")
		}
		return err
	})
}

var otp = []behaviour{
	{"an authenticator is read as inserted and as saved", func(w *world) {
		d := workspace.OTPDevice{
			ID: "d", UserID: personOf(project), Secret: "sealed", Status: workspace.OTPPending, LastStep: 1 << 40,
			Created: w.clock.Now(),
		}
		w.addOTPDevice(d)
		w.same(w.otpDevices(d.UserID), []workspace.OTPDevice{d})
		w.same(len(w.otpDevices(personOf(otherProject))), 0)
		d.Status, d.LastStep = workspace.OTPRegistered, 1<<40+1
		w.update(func(tx *store.Tx) error { return tx.SaveOTPDevice(w.Context(), d) })
		w.update(func(tx *store.Tx) error {
			return tx.SaveOTPDevice(w.Context(), workspace.OTPDevice{ID: "missing", Status: workspace.OTPPending})
		})
		w.same(w.otpDevices(d.UserID), []workspace.OTPDevice{d})
	}},
	{"a person has one authenticator, whoever comes first", func(w *world) {
		errs := together(5, func(i int) error {
			return w.store.Update(w.Context(), func(tx *store.Tx) error {
				return tx.InsertOTPDevice(w.Context(), workspace.OTPDevice{ID: string(rune('a' + i)), UserID: personOf(project), Status: workspace.OTPPending})
			})
		})
		w.one(errs, workspace.CodeConflict)
		w.same(len(w.otpDevices(personOf(project))), 1)
		w.refuses(workspace.CodeConflict, func(tx *store.Tx) error {
			return tx.InsertOTPDevice(w.Context(), workspace.OTPDevice{ID: "x", UserID: "gone", Status: workspace.OTPPending})
		})
	}},
	{"of 20 callers at once one uses up a recovery code", func(w *world) {
		w.addOTPDevice(workspace.OTPDevice{ID: "d", UserID: personOf(project), Status: workspace.OTPRegistered})
		w.putRecoveryCodes("d", "a", "b")
		w.one(together(20, func(int) error { return w.takeRecoveryCode("d", "a") }), workspace.CodeForbidden)
		w.same(w.recoveryCodes("d"), 1)
		if err := w.takeRecoveryCode("other", "b"); workspace.CodeOf(err) != workspace.CodeForbidden {
			w.Errorf("a code of another authenticator: %v", err)
		}
	}},
	{"new recovery codes take the place of the old ones", func(w *world) {
		w.addOTPDevice(workspace.OTPDevice{ID: "d", UserID: personOf(project), Status: workspace.OTPRegistered})
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
			func(tx *store.Tx) error { return tx.DeleteOTPDevice(w.Context(), "d") },
			func(tx *store.Tx) error { return tx.DeleteUser(w.Context(), personOf(project)) },
		} {
			w.addOTPDevice(workspace.OTPDevice{ID: "d", UserID: personOf(project), Status: workspace.OTPRegistered})
			w.putRecoveryCodes("d", "a")
			for range 2 {
				w.update(remove)
			}
			w.same(len(w.otpDevices(personOf(project))), 0)
			w.same(w.recoveryCodes("d"), 0)
		}
	}},
	{"authenticators that were not confirmed in time are removed", func(w *world) {
		w.addOTPDevice(workspace.OTPDevice{ID: "pending", UserID: personOf(project), Status: workspace.OTPPending, Created: w.clock.Now()})
		w.addOTPDevice(workspace.OTPDevice{ID: "in use", UserID: personOf(otherProject), Status: workspace.OTPRegistered, Created: w.clock.Now()})
		w.clock.Advance(workspace.EnrolmentLife - time.Microsecond)
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
