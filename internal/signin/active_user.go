package signin

import (
	"context"

	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// ReadActiveUser reads a visitor who may use desktops now. codes is the operator's choice, which holds at once; what a project requires holds
// from the next sign-in.
func ReadActiveUser(ctx context.Context, tx *store.Tx, codes SecondFactor, v Visitor) (directory.User, error) {
	u, err := directory.ReadUser(ctx, tx, "", v.ID)
	if workspace.CodeOf(err) == workspace.CodeUserNotFound {
		return directory.User{}, SignedOut()
	}
	if err != nil {
		return directory.User{}, err
	}
	if u.MustChangePassword {
		return directory.User{}, &workspace.Error{Code: workspace.CodeForbidden, Message: "choose a new password first"}
	}
	if codes == SecondFactorRequired || v.MustEnrol {
		f, err := readFactor(ctx, tx, u.ID)
		if err != nil {
			return directory.User{}, err
		}
		if f.mustEnrol(codes, v) {
			return directory.User{}, &workspace.Error{Code: workspace.CodeForbidden, Message: "set up an authenticator app first"}
		}
	}
	return u, MayUseDesktops(u, tx.Now())
}
