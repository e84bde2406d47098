package signin

import (
	"context"
	"slices"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// SetLanguage remembers the language of a person's portal and mails: "en", "zh", or empty for the browser's. CodeInvalid.
func (s *SignInService) SetLanguage(ctx context.Context, v Visitor, language string) error {
	if !slices.Contains([]string{"", "en", "zh"}, language) {
		return workspace.Invalid("language", "%q is unknown, use en or zh", language)
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		u, err := tx.LockUser(ctx, v.ProjectID, v.ID)
		if err != nil || u.Language == language {
			return err
		}
		u.Language = language
		return tx.SaveUser(ctx, u)
	})
}

// Worker reads somebody who may use desktops now.
func Worker(ctx context.Context, tx *store.Tx, codes SecondFactor, userID string) (workspace.User, error) {
	u, err := tx.ReadUser(ctx, "", userID)
	if workspace.CodeOf(err) == workspace.CodeUserNotFound {
		return workspace.User{}, SignedOut()
	}
	if err != nil {
		return workspace.User{}, err
	}
	if u.MustChangePassword {
		return workspace.User{}, &workspace.Error{Code: workspace.CodeForbidden, Message: "choose a new password first"}
	}
	if codes == SecondFactorRequired {
		_, found, err := otpDevice(ctx, tx, u.ID, OTPRegistered)
		if err == nil && !found {
			err = &workspace.Error{Code: workspace.CodeForbidden, Message: "set up an authenticator app first"}
		}
		if err != nil {
			return workspace.User{}, err
		}
	}
	return u, MayWork(u, tx.Now())
}
