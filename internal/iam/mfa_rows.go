package iam

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Device is a user's authenticator app. A user has at most one.
type Device struct {
	bun.BaseModel `bun:"table:iam_mfa_devices,alias:d"`
	ID            string `bun:",pk"`
	AdminID       string `audit:"-"`
	Name          string
	Secret        string // sealed, with deviceContext
	Registered    bool   // a code has proved that the app has the secret; otherwise it ends after signin.EnrolmentLife
	LastStep      int64  `audit:"-"` // time step of the code that was used last; that and earlier ones are refused
	Created       time.Time
}

func deviceContext(id string) string { return "iam-mfa-devices/" + id }

func resourceOfDevice(d Device) workspace.Resource {
	return workspace.Resource{Type: ResourceDevice, ID: d.ID, Name: d.Name}
}

// InsertDevice inserts an authenticator. ErrIdentityTaken if the user has one.
func InsertDevice(ctx context.Context, t *store.Tx, d Device) error {
	t.AuditInsert(resourceOfDevice(d), &d)
	return insertRow(ctx, t, &d)
}

// ReadDevice reads a user's authenticator.
func ReadDevice(ctx context.Context, t *store.Tx, adminID string) (d Device, err error) {
	return d, store.Read(ctx, t.NewSelect().Model(&d).Where("d.admin_id = ?", adminID), ErrNoIdentity)
}

// LockDevice is ReadDevice and locks the row until the transaction ends: a code is used once.
func LockDevice(ctx context.Context, t *store.Tx, adminID string) (d Device, err error) {
	err = lockRow(ctx, t, &d, "d", resourceOfDevice, "d.admin_id = ?", adminID)
	return d, err
}

// Devices reads a page of an account's registered authenticators, ordered by their users' ids.
func Devices(ctx context.Context, t *store.Tx, accountID string, p workspace.Page) ([]Device, error) {
	found := []Device{}
	return found, t.NewSelect().Model(&found).Where("d.admin_id IN (SELECT id FROM admins WHERE account_id = ?)", accountID).
		Where("d.registered").Order("d.admin_id").Offset(int64(p.Offset)).Limit(int64(p.Limit)).Scan(ctx)
}

// SaveDevice writes what changes of a locked authenticator.
func SaveDevice(ctx context.Context, t *store.Tx, d Device) error {
	t.AuditSave(resourceOfDevice(d), &d)
	_, err := t.NewUpdate().Model(&d).Column("registered", "last_step").WherePK().Exec(ctx)
	return err
}

// DeleteDevice deletes an authenticator and forgets its wrong codes. A missing row is a success.
func DeleteDevice(ctx context.Context, t *store.Tx, d Device) error {
	t.AuditDelete(resourceOfDevice(d))
	if err := t.ForgetSubject(ctx, workspace.CodesSubject(d.ID)); err != nil {
		return err
	}
	_, err := t.NewDelete().Model((*Device)(nil)).Where("id = ?", d.ID).Exec(ctx)
	return err
}

// SetMFA notes with a user whether signing in needs a code.
func SetMFA(ctx context.Context, t *store.Tx, adminID string, needed bool) error {
	_, err := t.NewUpdate().Model((*Admin)(nil)).Set("mfa = ?", needed).Where("id = ?", adminID).Exec(ctx)
	return err
}
