package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/workspace"
)

type otpDevice struct {
	ID       string `bun:",pk"`
	UserID   string
	Secret   string
	Status   workspace.OTPStatus
	LastStep int64
	Created  time.Time
}

type otpDeviceRow struct {
	bun.BaseModel `bun:"table:otp_devices"`
	otpDevice
}

type recoveryCodeRow struct {
	bun.BaseModel `bun:"table:recovery_codes"`

	DeviceID string
	Hash     string
}

// InsertOTPDevice implements workspace.OTPRows.
func (t *tx) InsertOTPDevice(ctx context.Context, d workspace.OTPDevice) error {
	n, err := affected(t.inserting(&otpDeviceRow{otpDevice: otpDevice(d)}).On("CONFLICT DO NOTHING").Exec(ctx))
	if err == nil && n == 0 {
		return t.refuse(workspace.Errorf(workspace.CodeConflict, "there is an authenticator already"))
	}
	return t.dangling(err)
}

// OTPDevices implements workspace.OTPRows.
func (t *tx) OTPDevices(ctx context.Context, userID string) ([]workspace.OTPDevice, error) {
	var rows []otpDeviceRow
	err := t.NewSelect().Model(&rows).Where("user_id = ?", userID).Scan(ctx)
	return convert(rows, func(r otpDeviceRow) workspace.OTPDevice { return workspace.OTPDevice(r.otpDevice) }), err
}

// SaveOTPDevice implements workspace.OTPRows.
func (t *tx) SaveOTPDevice(ctx context.Context, d workspace.OTPDevice) error {
	row := otpDeviceRow{otpDevice: otpDevice(d)}
	_, err := t.NewUpdate().Model(&row).Column("status", "last_step").WherePK().Exec(ctx)
	return err
}

// DeleteOTPDevice implements workspace.OTPRows. Foreign keys take the recovery codes along.
func (t *tx) DeleteOTPDevice(ctx context.Context, id string) error {
	if err := t.forgetSubject(ctx, workspace.CodesSubject(id)); err != nil {
		return err
	}
	_, err := t.NewDelete().Model((*otpDeviceRow)(nil)).Where("id = ?", id).Exec(ctx)
	return err
}

// PutRecoveryCodes implements workspace.OTPRows.
func (t *tx) PutRecoveryCodes(ctx context.Context, deviceID string, hashes []string) error {
	_, err := t.NewDelete().Model((*recoveryCodeRow)(nil)).Where("device_id = ?", deviceID).Exec(ctx)
	if err != nil || len(hashes) == 0 {
		return err
	}
	rows := convert(hashes, func(hash string) recoveryCodeRow { return recoveryCodeRow{DeviceID: deviceID, Hash: hash} })
	_, err = t.inserting(&rows).Exec(ctx)
	return t.dangling(err)
}

// TakeRecoveryCode implements workspace.OTPRows.
func (t *tx) TakeRecoveryCode(ctx context.Context, deviceID, hash string) (bool, error) {
	n, err := affected(t.NewDelete().Model((*recoveryCodeRow)(nil)).Where("device_id = ? AND hash = ?", deviceID, hash).Exec(ctx))
	return n > 0, err
}

// CountRecoveryCodes implements workspace.OTPRows.
func (t *tx) CountRecoveryCodes(ctx context.Context, deviceID string) (int, error) {
	n, err := t.NewSelect().Model((*recoveryCodeRow)(nil)).Where("device_id = ?", deviceID).Count(ctx)
	return int(n), err
}
