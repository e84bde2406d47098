package signin

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Rules are a project's rules for passwords and for failed attempts. They are stored with the project's subscription, as JSON, so that what
// reads a user or the subscription reads them, too.
type Rules struct {
	Password PasswordRules `json:"password"`
	Lockout  LockoutRules  `json:"lockout"`
}

// LockoutRules say when a user is locked out after wrong passwords or codes. The zero value stands for the usual pauses, which grow with each
// failure (workspace.SignInPause).
type LockoutRules struct {
	Attempts int `json:"attempts"` // the last of so many failures in a row locks
	Minutes  int `json:"minutes"`
}

// Limits of rules. Passwords cannot be weaker than the usual rules have them.
const (
	MaxPasswordAge     = 3650 // days
	MaxPasswordHistory = 24
	MinLockoutAttempts = 3
	MaxLockoutAttempts = 50
	MaxLockoutMinutes  = 24 * 60
)

// usualRules are those of a project that has set none.
func usualRules() Rules {
	return Rules{Password: PasswordRules{MinLength: MinPassword, MinKinds: minKinds}}
}

// RulesOf reads rules as they are stored.
func RulesOf(text string) (Rules, error) {
	r := usualRules()
	if text == "" {
		return r, nil
	}
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return Rules{}, fmt.Errorf("reading a project's sign-in rules: %w", err)
	}
	return r, nil
}

// check returns why rules cannot be, or nil.
func (r Rules) check() error {
	within := func(field string, n, least, most int) error {
		if n < least || n > most {
			return workspace.Invalid(field, "%d is out of range, use %d to %d", n, least, most)
		}
		return nil
	}
	for _, err := range []error{
		within("password.min_length", r.Password.MinLength, MinPassword, MaxPassword),
		within("password.min_kinds", r.Password.MinKinds, minKinds, allKinds),
		within("password.max_age_days", r.Password.MaxAgeDays, 0, MaxPasswordAge),
		within("password.history", r.Password.History, 0, MaxPasswordHistory),
	} {
		if err != nil {
			return err
		}
	}
	if r.Lockout == (LockoutRules{}) {
		return nil
	}
	if err := within("lockout.attempts", r.Lockout.Attempts, MinLockoutAttempts, MaxLockoutAttempts); err != nil {
		return err
	}
	return within("lockout.minutes", r.Lockout.Minutes, 1, MaxLockoutMinutes)
}

// lockout returns the rules for counting attempts.
func (r LockoutRules) lockout() workspace.Lockout {
	return workspace.Lockout{Attempts: r.Attempts, Time: time.Duration(r.Minutes) * time.Minute}
}

// changes lists what differs, for an audit record.
func (r Rules) changes(after Rules) []workspace.FieldChange {
	var all []workspace.FieldChange
	for _, f := range []struct {
		name     string
		old, new int
	}{
		{"password.min_length", r.Password.MinLength, after.Password.MinLength},
		{"password.min_kinds", r.Password.MinKinds, after.Password.MinKinds},
		{"password.max_age_days", r.Password.MaxAgeDays, after.Password.MaxAgeDays},
		{"password.history", r.Password.History, after.Password.History},
		{"lockout.attempts", r.Lockout.Attempts, after.Lockout.Attempts},
		{"lockout.minutes", r.Lockout.Minutes, after.Lockout.Minutes},
	} {
		if f.old != f.new {
			all = append(all, workspace.FieldChange{Field: f.name, Old: strconv.Itoa(f.old), New: strconv.Itoa(f.new)})
		}
	}
	return all
}

// RulesChange asks to change rules. What is nil stays as it is.
type RulesChange struct {
	MinLength, MinKinds, MaxAgeDays, History *int
	LockoutAttempts, LockoutMinutes          *int
}

// apply returns r as it would be afterwards. The age of passwords counts from now at the earliest when it begins to be limited, so that nobody
// has to choose a new one at once.
func (c RulesChange) apply(r Rules, now time.Time) Rules {
	unlimited := r.Password.MaxAgeDays == 0
	workspace.Set(&r.Password.MinLength, c.MinLength)
	workspace.Set(&r.Password.MinKinds, c.MinKinds)
	workspace.Set(&r.Password.MaxAgeDays, c.MaxAgeDays)
	workspace.Set(&r.Password.History, c.History)
	workspace.Set(&r.Lockout.Attempts, c.LockoutAttempts)
	workspace.Set(&r.Lockout.Minutes, c.LockoutMinutes)
	if unlimited && r.Password.MaxAgeDays != 0 {
		r.Password.AgeFrom = now
	}
	return r
}

// Rules returns the rules of a project. CodeNotSubscribed.
func (s *Service) Rules(ctx context.Context, projectID string) (Rules, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) (Rules, error) {
		o, err := tx.Subscription(ctx, projectID)
		if err != nil {
			return Rules{}, err
		}
		return RulesOf(o.SignInRules)
	})
}

// UpdateRules changes the rules of a project and returns them. They hold for passwords that are chosen and attempts that are made from now on.
// CodeInvalid, CodeNotSubscribed. Concurrent calls are serialised by the lock on the subscription.
func (s *Service) UpdateRules(ctx context.Context, c workspace.Caller, change RulesChange) (Rules, error) {
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (Rules, error) {
		o, err := tx.LockSubscription(ctx, c.ProjectID)
		if err != nil {
			return Rules{}, err
		}
		before, err := RulesOf(o.SignInRules)
		if err != nil {
			return Rules{}, err
		}
		after := change.apply(before, tx.Now())
		if err := after.check(); err != nil {
			return Rules{}, err
		}
		text, err := json.Marshal(after)
		if err != nil {
			return Rules{}, fmt.Errorf("writing a project's sign-in rules: %w", err)
		}
		if before.Password.History > 0 && after.Password.History == 0 {
			if err := deleteFormerPasswords(ctx, tx, c.ProjectID); err != nil {
				return Rules{}, err
			}
		}
		tx.Audit(workspace.Resource{Type: workspace.ResourceSignInRules, ID: c.ProjectID}, "", before.changes(after)...)
		o.SignInRules = string(text)
		return after, tx.SaveSubscription(ctx, o)
	}))
}
