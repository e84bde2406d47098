package signin

import (
	"context"
	"time"
	"unicode/utf8"

	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// UpdateUser asks to change a person. What is nil stays as it is.
type UpdateUser struct {
	workspace.Caller
	ID                   string
	Email                *string
	Phone                *string
	Description          *string
	Activation           *directory.Activation
	Expires              *time.Time // zero: never
	MayChangePassword    *bool
	MustChangePassword   *bool
	PasswordNeverExpires *bool
	Disabled             *bool
}

// Apply returns u as it would be afterwards, or what is wrong with the request. now is the time against which a new expiry is
// checked; one that is past already may stay.
func (r *UpdateUser) Apply(u directory.User, now time.Time) (directory.User, error) {
	before := u
	workspace.Set(&u.Email, r.Email)
	workspace.Set(&u.Phone, r.Phone)
	workspace.Set(&u.Description, r.Description)
	workspace.Set(&u.Activation, r.Activation)
	workspace.Set(&u.Expires, r.Expires)
	workspace.Set(&u.MayChangePassword, r.MayChangePassword)
	workspace.Set(&u.MustChangePassword, r.MustChangePassword)
	workspace.Set(&u.PasswordNeverExpires, r.PasswordNeverExpires)
	workspace.Set(&u.Disabled, r.Disabled)
	u.Updated = now
	if err := CheckUserTexts(u.Email, u.Description); err != nil {
		return directory.User{}, err
	}
	if r.Phone != nil { // one from before numbers were checked may stay
		if err := directory.CheckPhone("user_phone", u.Phone); err != nil {
			return directory.User{}, err
		}
	}
	unreachable := u.Email == "" && u.PasswordHash == "" && (before.Email != "" || before.Activation != u.Activation)
	switch {
	case u.Activation != directory.ActivateByUser && u.Activation != directory.ActivateByAdmin:
		return directory.User{}, UnknownActivation(u.Activation)
	case u.Activation == directory.ActivateByUser && unreachable:
		return directory.User{}, workspace.Invalid("user_email", "must be given with active_type USER_ACTIVATE: the link to choose a password goes there")
	case u.Expires.Before(now) && !u.Expires.IsZero() && u.Expires.UnixMilli() != before.Expires.UnixMilli():
		return directory.User{}, workspace.Invalid("account_expires", "%s is past", u.Expires.Format(time.RFC3339))
	}
	return u, nil
}

func CheckUserTexts(email, description string) error {
	if utf8.RuneCountInString(description) > directory.MaxUserDescription {
		return workspace.Invalid("description", "at most %d characters are allowed", directory.MaxUserDescription)
	}
	return directory.CheckEmail("user_email", email)
}

func UnknownActivation(a directory.Activation) error {
	return workspace.Invalid("active_type", "%q is unknown, use USER_ACTIVATE or ADMIN_ACTIVATE", a)
}

// UpdateUser changes a user. Disabling ends their sign-ins immediately and their open displays within a second; so does an expiry
// when it comes. A user without a password who gets a first mail address is invited. CodeUserNotFound, CodeInvalid,
// CodeUnsupported.
func (s *Service) UpdateUser(ctx context.Context, r UpdateUser) error {
	return s.Store.Update(ctx, store.By(r.Caller, func(tx *store.Tx) error {
		before, err := directory.LockUser(ctx, tx, r.ProjectID, r.ID)
		if err != nil {
			return err
		}
		u, err := r.Apply(before, tx.Now())
		if err != nil {
			return err
		}
		if err := directory.SaveUser(ctx, tx, u); err != nil {
			return err
		}
		if u.Disabled && !before.Disabled {
			if err := DeleteSignInsOf(ctx, tx, u.ID); err != nil {
				return err
			}
		}
		if before.Email != "" || u.Activation != directory.ActivateByUser {
			return nil
		}
		return directory.InsertMails(ctx, tx, directory.FirstPasswordMails([]directory.User{u}, tx.Now()))
	}))
}
