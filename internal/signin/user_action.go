package signin

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"

	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// UserAction is what an administrator can do to a person's access.
type UserAction string

// The actions.
const (
	LockOut       UserAction = "LOCK"      // no sign-in; those that are there end, and open displays within a second
	LetIn         UserAction = "UNLOCK"    // sign-in is possible again, at once even after too many failures
	ResetPassword UserAction = "RESET_PWD" // the password is void and a link to choose another is mailed
)

// ActOnUser locks a person out, lets them in, or has them choose a new password. Doing what is done already succeeds.
// CodeUserNotFound; CodeInvalid for an unknown action, and when there is no mail address for the link.
func (s *Service) ActOnUser(ctx context.Context, c workspace.Caller, id string, action UserAction) error {
	if !slices.Contains([]UserAction{LockOut, LetIn, ResetPassword}, action) {
		return workspace.Invalid("op_type", "%q is unknown, use LOCK, UNLOCK or RESET_PWD", action)
	}
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		u, err := directory.LockUser(ctx, tx, c.ProjectID, id)
		if err != nil {
			return err
		}
		u.Updated = tx.Now()
		switch action {
		case LockOut:
			u.Locked = true
			if err := directory.SaveUser(ctx, tx, u); err != nil {
				return err
			}
			return DeleteSignInsOf(ctx, tx, u.ID)
		case LetIn:
			u.Locked = false
			if err := directory.SaveUser(ctx, tx, u); err != nil {
				return err
			}
			if err := tx.ForgetTallies(ctx, workspace.UserSubject(u.ID)); err != nil {
				return err
			}
			return forgiveCodes(ctx, tx, u.ID)
		default:
			if u.Email == "" {
				return workspace.Invalid("op_type", "user %q has no mail address that a link could go to: set one, or ask for a random password", u.Name)
			}
			if err := replacePassword(ctx, tx, u, ""); err != nil {
				return err
			}
			return directory.InsertMails(ctx, tx, []directory.Mail{directory.MailTo(u, directory.MailPasswordReset, tx.Now())})
		}
	}))
}

// RandomPassword gives a person a password that they must change when they next sign in, ends their sign-ins, and returns it:
// it is shown nowhere else. With mailed they are also sent a link to choose one themselves; the password is not mailed.
// CodeUserNotFound; CodeInvalid when they have no mail address.
func (s *Service) RandomPassword(ctx context.Context, c workspace.Caller, id string, mailed bool) (string, error) {
	u, err := store.View(ctx, s.Store, func(tx *store.Tx) (directory.User, error) { return directory.ReadUser(ctx, tx, c.ProjectID, id) })
	if err != nil {
		return "", err
	}
	rules, err := RulesOf(u.SignInRules)
	if err != nil {
		return "", err
	}
	password := newPassword(rules.Password, u.Name)
	hash, err := s.Passwords.Hash(password)
	if err != nil {
		return "", fmt.Errorf("hashing a password: %w", err)
	}
	err = s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		u, err := directory.LockUser(ctx, tx, c.ProjectID, id)
		if err != nil {
			return err
		}
		if mailed && u.Email == "" {
			return workspace.Invalid("notification_type", "user %q has no mail address", u.Name)
		}
		u.MustChangePassword = true
		if err := replacePassword(ctx, tx, u, hash); err != nil || !mailed {
			return err
		}
		return directory.InsertMails(ctx, tx, []directory.Mail{directory.MailTo(u, directory.MailPasswordReset, tx.Now())})
	}))
	if err != nil {
		return "", err
	}
	return password, nil
}

// passwordLetters are 64 that are not easily taken for one another.
const passwordLetters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789-_.+=:@"

// newPassword makes a password of at least 96 random bits for the user with this name.
func newPassword(rules PasswordRules, userName string) string {
	b := make([]byte, max(16, rules.MinLength))
	for {
		rand.Read(b) // never fails: crypto/rand ends the program instead
		for i := range b {
			b[i] = passwordLetters[b[i]%byte(len(passwordLetters))]
		}
		if rules.Check("password", string(b), userName) == nil {
			return string(b)
		}
	}
}

// Invite mails a person the link to choose their first password once more. CodeUserNotFound; CodeInvalid when they have no mail
// address, CodeConflict when they have a password.
func (s *Service) Invite(ctx context.Context, c workspace.Caller, id string) error {
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		u, err := directory.LockUser(ctx, tx, c.ProjectID, id)
		switch {
		case err != nil:
			return err
		case u.Email == "":
			return workspace.Invalid("user_id", "user %q has no mail address, set one first", u.Name)
		case u.PasswordHash != "":
			return workspace.Errorf(workspace.CodeConflict, "user %q has chosen a password already: use RESET_PWD to have them choose another", u.Name)
		}
		return directory.InsertMails(ctx, tx, directory.FirstPasswordMails([]directory.User{u}, tx.Now()))
	}))
}
