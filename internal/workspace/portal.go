package workspace

import (
	"context"
	"slices"
)

// SetLanguage remembers the language of a person's portal and mails: "en", "zh", or empty for the browser's. CodeInvalid.
func (s *SignInService) SetLanguage(ctx context.Context, v Visitor, language string) error {
	if !slices.Contains([]string{"", "en", "zh"}, language) {
		return Invalid("language", "%q is unknown, use en or zh", language)
	}
	return s.Store.Update(ctx, func(tx Tx) error {
		u, err := tx.LockUser(ctx, v.ProjectID, v.ID)
		if err != nil || u.Language == language {
			return err
		}
		u.Language = language
		return tx.SaveUser(ctx, u)
	})
}

// Worker reads somebody who may use desktops now.
func Worker(ctx context.Context, tx Tx, codes SecondFactor, userID string) (User, error) {
	u, err := tx.ReadUser(ctx, "", userID)
	if CodeOf(err) == CodeUserNotFound {
		return User{}, SignedOut()
	}
	if err != nil {
		return User{}, err
	}
	if u.MustChangePassword {
		return User{}, &Error{Code: CodeForbidden, Message: "choose a new password first"}
	}
	if codes == SecondFactorRequired {
		_, found, err := otpDevice(ctx, tx, u.ID, OTPRegistered)
		if err == nil && !found {
			err = &Error{Code: CodeForbidden, Message: "set up an authenticator app first"}
		}
		if err != nil {
			return User{}, err
		}
	}
	return u, MayWork(u, tx.Now())
}
