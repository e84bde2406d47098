package tenant

import (
	"context"
	"time"
	"unicode/utf8"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// MaxReason is the maximum length of the reason of a lock, in characters.
const MaxReason = 255

// Lock is the lock of a project's service.
type Lock struct {
	Since  time.Time // zero: it is not locked
	Reason string
}

// LockOf reads the lock of a project's service. One that was never opened is not locked.
func (s *Service) LockOf(ctx context.Context, projectID string) (Lock, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) (Lock, error) {
		now, err := tx.Subscription(ctx, projectID)
		return Lock{now.Locked, now.LockReason}, gone(err)
	})
}

// Lock locks the service of a project: until it is unlocked, everything that creates, changes or deletes desktops, pools and users is refused with the
// reason. Desktops keep running, and people keep working in them. Locking it again replaces the reason. CodeNotSubscribed unless it is open, CodeInvalid.
func (s *Service) Lock(ctx context.Context, c workspace.Caller, reason string) error {
	if n := utf8.RuneCountInString(reason); n < 1 || n > MaxReason {
		return workspace.Invalid("reason", "%d characters, use 1 to %d", n, MaxReason)
	}
	if !utf8.ValidString(reason) {
		return workspace.Invalid("reason", "is not UTF-8")
	}
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		now, err := tx.HoldSubscription(ctx, c.ProjectID)
		if err != nil {
			return err
		}
		if err := now.Usable(); err != nil && workspace.CodeOf(err) != workspace.CodeServiceLocked {
			return err
		}
		if now.Locked.IsZero() {
			now.Locked = tx.Now()
		}
		now.LockReason = reason
		return tx.SaveSubscription(ctx, now)
	}))
}

// Unlock unlocks the service of a project, and returns the id of a job that has ended. One that is not locked is a success. CodeNotSubscribed.
func (s *Service) Unlock(ctx context.Context, c workspace.Caller) (string, error) {
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (string, error) {
		now, err := tx.HoldSubscription(ctx, c.ProjectID)
		if err != nil {
			return "", err
		}
		if now.Status == workspace.ServiceClosed {
			return "", workspace.NotSubscribed(c.ProjectID)
		}
		now.Locked, now.LockReason = time.Time{}, ""
		if err := tx.SaveSubscription(ctx, now); err != nil {
			return "", err
		}
		return endedJob(ctx, tx, c, workspace.JobUnlockService)
	}))
}

// Status reads a project's service, also one that was never opened, which is closed.
func (s *Service) Status(ctx context.Context, projectID string) (workspace.Subscription, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) (workspace.Subscription, error) {
		now, err := tx.Subscription(ctx, projectID)
		if workspace.CodeOf(err) == workspace.CodeNotSubscribed {
			return workspace.Subscription{ProjectID: projectID, Status: workspace.ServiceClosed}, nil
		}
		return now, err
	})
}
