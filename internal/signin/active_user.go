package signin

import (
	"context"

	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// ReadActiveUser reads a user who may use desktops now.
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
