package signin

import (
	"context"
	"slices"

	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// SetLanguage remembers the language of a person's portal and mails: "en", "zh", or empty for the browser's. CodeInvalid.
func (s *Service) SetLanguage(ctx context.Context, v Visitor, language string) error {
	if !slices.Contains([]string{"", "en", "zh"}, language) {
		return workspace.Invalid("language", "%q is unknown, use en or zh", language)
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		u, err := directory.LockUser(ctx, tx, v.ProjectID, v.ID)
		if err != nil || u.Language == language {
			return err
		}
		u.Language = language
		return directory.SaveUser(ctx, tx, u)
	})
}

// ReadActiveUser reads somebody who may use desktops now.
func ReadActiveUser(ctx context.Context, tx *store.Tx, codes SecondFactor, userID string) (directory.User, error) {
	u, err := directory.ReadUser(ctx, tx, "", userID)
	if workspace.CodeOf(err) == workspace.CodeUserNotFound {
		return directory.User{}, SignedOut()
	}
	if err != nil {
		return directory.User{}, err
	}
	if u.MustChangePassword {
		return directory.User{}, &workspace.Error{Code: workspace.CodeForbidden, Message: "choose a new password first"}
	}
	if codes == SecondFactorRequired {
		_, found, err := otpDevice(ctx, tx, u.ID, OTPRegistered)
		if err == nil && !found {
			err = &workspace.Error{Code: workspace.CodeForbidden, Message: "set up an authenticator app first"}
		}
		if err != nil {
			return directory.User{}, err
		}
	}
	return u, MayUseDesktops(u, tx.Now())
}
