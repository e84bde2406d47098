package work

import (
	"context"
	"fmt"
	"time"

	"carrel/internal/directory"
	"carrel/internal/export"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Retention is how long records are kept that nothing but time ends, as an installation wants it.
type Retention struct {
	JobDays    int `yaml:"job_days"`    // after a job's last sub-job has ended, with the sub-jobs and the rebuild that it was
	NoticeDays int `yaml:"notice_days"` // after a message was sent to a pool
	ScriptDays int `yaml:"script_days"` // after a task ended that runs scripts, with what the scripts printed
	UsageDays  int `yaml:"usage_days"`  // after a user was last connected to a desktop by a display
	AuditDays  int `yaml:"audit_days"`  // after what an audit record is about; see audit.Service.Prune
}

// DefaultRetention is what an installation keeps that says nothing about it.
var DefaultRetention = Retention{JobDays: 180, NoticeDays: 180, ScriptDays: 180, UsageDays: 400, AuditDays: 365}

// DeleteExpired deletes what is kept no longer, at most limit rows of each table, oldest first. It returns whether a table reached the
// limit, so that there may be more to delete.
func DeleteExpired(ctx context.Context, t *store.Tx, r Retention, limit int) (more bool, err error) {
	days := func(n int) time.Time { return t.Now().AddDate(0, 0, -n) }
	for _, old := range []struct {
		table, key, when, also string
		before                 time.Time
	}{
		{"sign_ins", "token_hash", "expires", "", t.Now()},
		{"tickets", "token_hash", "expires", "", t.Now()},
		{"password_tokens", "token_hash", "expires", "", t.Now()},
		{"otp_devices", "id", "created", "status = '" + string(signin.OTPPending) + "'", t.Now().Add(-signin.EnrolmentLife)},
		{"iam_mfa_devices", "id", "created", "NOT registered", t.Now().Add(-signin.EnrolmentLife)},
		{"notifications", "id", "ended", "", t.Now().Add(-directory.NotificationLife)},
		{"exports", "id", "expires", "", t.Now().Add(-export.Memory)},
		{"orders", "id", "created", "", days(r.JobDays)},
		{"pool_notices", "id", "created", "", days(r.NoticeDays)},
		{"script_records", "id", "ended", "", days(r.ScriptDays)},
		{"script_tasks", "id", "ended", "", days(r.ScriptDays)},
		{"usage_sessions", "id", "ended", "", days(r.UsageDays)},
		{"sign_in_attempts", "subject, network", "until", "", t.Now().Add(-workspace.TallyLife)},
		{"known_places", "subject, network", "used", "", t.Now().Add(-workspace.PlaceLife)},
		{"client_tokens", "id", "created", "", t.Now().Add(-workspace.ClientTokenLife)},
	} {
		n, err := t.DeleteOld(ctx, old.table, old.key, old.when, old.also, old.before, limit)
		if err != nil {
			return false, fmt.Errorf("deleting what is kept no longer of %s: %w", old.table, err)
		}
		more = more || n >= limit
	}
	n, err := t.DeleteOldJobs(ctx, days(r.JobDays), keptSubJobs, limit)
	if err != nil {
		return false, fmt.Errorf("deleting old jobs: %w", err)
	}
	return more || n >= limit, nil
}
