package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/workspace"
)

type device struct {
	ID       string `bun:",pk"`
	UserID   string
	Secret   string
	Status   workspace.OTPStatus
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

// InsertOTPDevice implements workspace.OTPRows.
func (t *Tx) InsertOTPDevice(ctx context.Context, d workspace.OTPDevice) error {
	n, err := Affected(t.Inserting(&otpDeviceRow{device: device(d)}).On("CONFLICT DO NOTHING").Exec(ctx))
	if err == nil && n == 0 {
		return t.Refuse(workspace.Errorf(workspace.CodeConflict, "there is an authenticator already"))
	}
	return t.Dangling(err)
}

// OTPDevices implements workspace.OTPRows.
func (t *Tx) OTPDevices(ctx context.Context, userID string) ([]workspace.OTPDevice, error) {
	var rows []otpDeviceRow
	err := t.NewSelect().Model(&rows).Where("user_id = ?", userID).Scan(ctx)
	return Convert(rows, func(r otpDeviceRow) workspace.OTPDevice { return workspace.OTPDevice(r.device) }), err
}

// SaveOTPDevice implements workspace.OTPRows.
func (t *Tx) SaveOTPDevice(ctx context.Context, d workspace.OTPDevice) error {
	row := otpDeviceRow{device: device(d)}
	_, err := t.NewUpdate().Model(&row).Column("status", "last_step").WherePK().Exec(ctx)
	return err
}

// DeleteOTPDevice implements workspace.OTPRows. Foreign keys take the recovery codes along.
func (t *Tx) DeleteOTPDevice(ctx context.Context, id string) error {
	if err := t.ForgetSubject(ctx, workspace.CodesSubject(id)); err != nil {
		return err
	}
	_, err := t.NewDelete().Model((*otpDeviceRow)(nil)).Where("id = ?", id).Exec(ctx)
	return err
}

// PutRecoveryCodes implements workspace.OTPRows.
func (t *Tx) PutRecoveryCodes(ctx context.Context, deviceID string, hashes []string) error {
	_, err := t.NewDelete().Model((*recoveryCodeRow)(nil)).Where("device_id = ?", deviceID).Exec(ctx)
	if err != nil || len(hashes) == 0 {
		return err
	}
	rows := Convert(hashes, func(hash string) recoveryCodeRow { return recoveryCodeRow{DeviceID: deviceID, Hash: hash} })
	_, err = t.Inserting(&rows).Exec(ctx)
	return t.Dangling(err)
}

// TakeRecoveryCode implements workspace.OTPRows.
func (t *Tx) TakeRecoveryCode(ctx context.Context, deviceID, hash string) (bool, error) {
	n, err := Affected(t.NewDelete().Model((*recoveryCodeRow)(nil)).Where("device_id = ? AND hash = ?", deviceID, hash).Exec(ctx))
	return n > 0, err
}

// CountRecoveryCodes implements workspace.OTPRows.
func (t *Tx) CountRecoveryCodes(ctx context.Context, deviceID string) (int, error) {
	n, err := t.NewSelect().Model((*recoveryCodeRow)(nil)).Where("device_id = ?", deviceID).Count(ctx)
	return int(n), err
}
