package signin

import (
	"context"
	"crypto/subtle"
	"fmt"
	"strings"

	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// PasswordParams are the parameters of a sub-job of JobHashPasswords.
type PasswordParams struct {
	UserID string `json:"user_id"`
}

// sealedPrefix marks, in User.PasswordHash, a password that waits to be hashed.
const sealedPrefix = "sealed:"

func passwordSeal(userID string) string { return "passwords/" + userID }

func SealPassword(box workspace.Sealer, userID, password string) string {
	return sealedPrefix + box.Seal(password, passwordSeal(userID))
}

func sealedPassword(u directory.User) (sealed string, is bool) {
	return strings.CutPrefix(u.PasswordHash, sealedPrefix)
}

// verifyPassword says whether a password is a person's, and whether it should be hashed anew. It takes as long whatever is stored.
func (s *Service) verifyPassword(u directory.User, password string) (ok, rehash bool) {
	sealed, is := sealedPassword(u)
	if !is {
		return s.Passwords.Verify(password, u.PasswordHash)
	}
	s.Passwords.VerifyNothing(password)
	plain, err := s.Box.Open(sealed, passwordSeal(u.ID))
	if err != nil {
		return false, false
	}
	return subtle.ConstantTimeCompare(plain, []byte(password)) == 1, true
}

// HashLater records the job that hashes the sealed passwords of new people and returns its id, or empty when none has one.
func HashLater(ctx context.Context, tx *store.Tx, c workspace.Caller, users []directory.User) (string, error) {
	job := workspace.Job{ID: workspace.NewID(), ProjectID: c.ProjectID, Type: workspace.JobHashPasswords, RequestID: c.RequestID, Created: tx.Now()}
	for _, u := range users {
		if _, is := sealedPassword(u); is {
			sub := job.NextSubJob(PasswordParams{UserID: u.ID})
			sub.UserName = u.Name
			job.SubJobs = append(job.SubJobs, sub)
		}
	}
	if len(job.SubJobs) == 0 {
		return "", nil
	}
	return job.ID, tx.InsertJob(ctx, job)
}

// HashSealedPassword hashes a user's password if it is sealed. It succeeds if the user is deleted or has got another password.
// CodeConflict if the password cannot be decrypted.
func (s *Service) HashSealedPassword(ctx context.Context, projectID, userID string) error {
	u, err := store.View(ctx, s.Store, func(tx *store.Tx) (directory.User, error) { return directory.ReadUser(ctx, tx, projectID, userID) })
	sealed, is := sealedPassword(u)
	switch {
	case workspace.CodeOf(err) == workspace.CodeUserNotFound:
		return nil
	case err != nil || !is:
		return err
	}
	plain, err := s.Box.Open(sealed, passwordSeal(u.ID))
	if err != nil {
		return &workspace.Error{Code: workspace.CodeConflict, Message: "the password was sealed with another key than the data directory has: give the person a new one", Err: err}
	}
	hash, err := s.Passwords.Hash(string(plain))
	if err != nil {
		return fmt.Errorf("hashing a password: %w", err)
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		now, err := directory.LockUser(ctx, tx, projectID, userID)
		if workspace.CodeOf(err) == workspace.CodeUserNotFound || err == nil && now.PasswordHash != u.PasswordHash {
			return nil
		}
		if err != nil {
			return err
		}
		now.PasswordHash = hash
		return directory.SaveUser(ctx, tx, now)
	})
}
