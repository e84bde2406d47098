package signin

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

type device struct {
	ID       string `bun:",pk"`
	UserID   string
	Secret   string
	Status   OTPStatus
	LastStep int64
	Created  time.Time
}

type otpDeviceRow struct {
	bun.BaseModel `bun:"table:otp_devices"`
	device
}

type recoveryCodeRow struct {
	bun.BaseModel `bun:"table:recovery_codes"`

	DeviceID string
	Hash     string
}

// InsertOTPDevice adds a device. It returns CodeConflict if the user has one, or does not exist.
func InsertOTPDevice(ctx context.Context, t *store.Tx, d OTPDevice) error {
	n, err := store.Affected(t.Inserting(&otpDeviceRow{device: device(d)}).On("CONFLICT DO NOTHING").Exec(ctx))
	if err == nil && n == 0 {
		return t.Refuse(workspace.Errorf(workspace.CodeConflict, "an authenticator app is already set up"))
	}
	return t.Dangling(err)
}

// OTPDevices reads the authenticators of a user.
func OTPDevices(ctx context.Context, t *store.Tx, userID string) ([]OTPDevice, error) {
	var rows []otpDeviceRow
	err := t.NewSelect().Model(&rows).Where("user_id = ?", userID).Scan(ctx)
	return store.Convert(rows, func(r otpDeviceRow) OTPDevice { return OTPDevice(r.device) }), err
}

// SaveOTPDevice writes what changes: status and last step. A missing row is a success.
func SaveOTPDevice(ctx context.Context, t *store.Tx, d OTPDevice) error {
	row := otpDeviceRow{device: device(d)}
	_, err := t.NewUpdate().Model(&row).Column("status", "last_step").WherePK().Exec(ctx)
	return err
}

// DeleteOTPDevice removes a device with its recovery codes. A missing row is a success.
// Foreign keys take the recovery codes along.
func DeleteOTPDevice(ctx context.Context, t *store.Tx, id string) error {
	if err := t.ForgetSubject(ctx, workspace.CodesSubject(id)); err != nil {
		return err
	}
	t.Audit(workspace.Resource{Type: workspace.ResourceOTPDevice, ID: id}, "")
	_, err := t.NewDelete().Model((*otpDeviceRow)(nil)).Where("id = ?", id).Exec(ctx)
	return err
}

// PutRecoveryCodes replaces all recovery codes of a device with those of these hashes.
func PutRecoveryCodes(ctx context.Context, t *store.Tx, deviceID string, hashes []string) error {
	_, err := t.NewDelete().Model((*recoveryCodeRow)(nil)).Where("device_id = ?", deviceID).Exec(ctx)
	if err != nil || len(hashes) == 0 {
		return err
	}
	rows := store.Convert(hashes, func(hash string) recoveryCodeRow { return recoveryCodeRow{DeviceID: deviceID, Hash: hash} })
	_, err = t.Inserting(&rows).Exec(ctx)
	return t.Dangling(err)
}

// TakeRecoveryCode removes a code and reports whether it existed. Of two concurrent callers only one succeeds.
func TakeRecoveryCode(ctx context.Context, t *store.Tx, deviceID, hash string) (bool, error) {
	n, err := store.Affected(t.NewDelete().Model((*recoveryCodeRow)(nil)).Where("device_id = ? AND hash = ?", deviceID, hash).Exec(ctx))
	return n > 0, err
}

// CountRecoveryCodes counts a user's remaining recovery codes.
func CountRecoveryCodes(ctx context.Context, t *store.Tx, deviceID string) (int, error) {
	n, err := t.NewSelect().Model((*recoveryCodeRow)(nil)).Where("device_id = ?", deviceID).Count(ctx)
	return int(n), err
}
