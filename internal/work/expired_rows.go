package work

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"carrel/internal/directory"
	"carrel/internal/export"
	"carrel/internal/signin"
	"carrel/internal/store"
)

// DeleteExpired deletes, at most limit of each kind: expired sign-ins, tickets, password tokens and client tokens, authenticators
// that were not confirmed within EnrolmentLife, records of messages older than NotificationLife, attempts and known places that
// are too old to count, and exports that expired longer than export.Memory ago.
func DeleteExpired(ctx context.Context, t *store.Tx, limit int) error {
	for _, table := range []string{"sign_ins", "tickets", "password_tokens"} {
		_, err := t.NewRaw("DELETE FROM ? WHERE token_hash IN (SELECT token_hash FROM ? WHERE expires <= ? ORDER BY expires LIMIT ?)",
			bun.Ident(table), bun.Ident(table), t.Now(), limit).Exec(ctx)
		if err != nil {
			return fmt.Errorf("removing what has expired of %s: %w", table, err)
		}
	}
	_, err := t.NewRaw("DELETE FROM otp_devices WHERE id IN (SELECT id FROM otp_devices WHERE status = ? AND created <= ? ORDER BY created LIMIT ?)",
		signin.OTPPending, t.Now().Add(-signin.EnrolmentLife), limit).Exec(ctx)
	if err != nil {
		return fmt.Errorf("removing authenticators that were not confirmed: %w", err)
	}
	_, err = t.NewRaw("DELETE FROM notifications WHERE id IN (SELECT id FROM notifications WHERE ended <= ? ORDER BY ended LIMIT ?)",
		t.Now().Add(-directory.NotificationLife), limit).Exec(ctx)
	if err != nil {
		return fmt.Errorf("removing old records of messages: %w", err)
	}
	_, err = t.NewRaw("DELETE FROM exports WHERE id IN (SELECT id FROM exports WHERE expires <= ? ORDER BY expires LIMIT ?)",
		t.Now().Add(-export.Memory), limit).Exec(ctx)
	if err != nil {
		return fmt.Errorf("removing old exports: %w", err)
	}
	if err := t.DeleteOldAttempts(ctx, limit); err != nil {
		return err
	}
	return t.DeleteClientTokens(ctx, limit)
}
