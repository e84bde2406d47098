package workspace

import (
	"context"
	"time"
	"unicode/utf8"
)

// UpdateUser asks to change a person. What is nil stays as it is.
type UpdateUser struct {
	Caller
	ID                   string
	Email                *string
	Phone                *string
	Description          *string
	Activation           *Activation
	Expires              *time.Time // zero: never
	MayChangePassword    *bool
	MustChangePassword   *bool
	PasswordNeverExpires *bool
	Disabled             *bool
	Unsupported          []string
}

// Apply returns u as it would be afterwards, or what is wrong with the request. now is the time against which a new expiry is
// judged; one that is past already may stay.
func (r *UpdateUser) Apply(u User, now time.Time) (User, error) {
	for _, field := range r.Unsupported {
		return User{}, Unsupported(field, "not offered here; leave it out")
	}
	before := u
	Set(&u.Email, r.Email)
	Set(&u.Phone, r.Phone)
	Set(&u.Description, r.Description)
	Set(&u.Activation, r.Activation)
	Set(&u.Expires, r.Expires)
	Set(&u.MayChangePassword, r.MayChangePassword)
	Set(&u.MustChangePassword, r.MustChangePassword)
	Set(&u.PasswordNeverExpires, r.PasswordNeverExpires)
	Set(&u.Disabled, r.Disabled)
	u.Updated = now
	if err := CheckUserTexts(u.Email, u.Description); err != nil {
		return User{}, err
	}
	if r.Phone != nil { // one from before numbers were checked may stay
		if err := CheckPhone("user_phone", u.Phone); err != nil {
			return User{}, err
		}
	}
	unreachable := u.Email == "" && u.PasswordHash == "" && (before.Email != "" || before.Activation != u.Activation)
	switch {
	case u.Activation != ActivateByUser && u.Activation != ActivateByAdmin:
		return User{}, UnknownActivation(u.Activation)
	case u.Activation == ActivateByUser && unreachable:
		return User{}, Invalid("user_email", "must be given with active_type USER_ACTIVATE: the link to choose a password goes there")
	case u.Expires.Before(now) && !u.Expires.IsZero() && u.Expires.UnixMilli() != before.Expires.UnixMilli():
		return User{}, Invalid("account_expires", "%s is past", u.Expires.Format(time.RFC3339))
	}
	return u, nil
}

func Set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

func CheckUserTexts(email, description string) error {
	if utf8.RuneCountInString(description) > MaxUserDescription {
		return Invalid("description", "at most %d characters are allowed", MaxUserDescription)
	}
	return CheckEmail("user_email", email)
}

func UnknownActivation(a Activation) error {
	return Invalid("active_type", "%q is unknown, use USER_ACTIVATE or ADMIN_ACTIVATE", a)
}

// UpdateUser changes a person. Disabling ends their sign-ins, and the displays that they have open within a second; so does an
// expiry when it comes. Somebody who gets their first mail address while they have no password is invited. CodeUserNotFound,
// CodeInvalid, CodeUnsupported.
func (s *SignInService) UpdateUser(ctx context.Context, r UpdateUser) error {
	return s.Store.Update(ctx, func(tx Tx) error {
		before, err := tx.LockUser(ctx, r.ProjectID, r.ID)
		if err != nil {
			return err
		}
		u, err := r.Apply(before, tx.Now())
		if err != nil {
			return err
		}
		if err := tx.SaveUser(ctx, u); err != nil {
			return err
		}
		if u.Disabled && !before.Disabled {
			if err := tx.DeleteSignInsOf(ctx, u.ID); err != nil {
				return err
			}
		}
		if before.Email != "" || u.Activation != ActivateByUser {
			return nil
		}
		return tx.InsertMails(ctx, FirstPasswordMails([]User{u}, tx.Now()))
	})
}
