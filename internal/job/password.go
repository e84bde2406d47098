package job

import (
	"context"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// passwordParallel is how many passwords are hashed at once: sign-ins need the same processors.
const passwordParallel = 2

// hashPassword hashes the password of a user who was added together with others.
func (r *Runner) hashPassword(_ context.Context, s *workspace.SubJob, _ *desktop.Desktop) (plan, error) {
	params, err := workspace.ReadParams[signin.PasswordParams](*s)
	if err != nil {
		return plan{}, err
	}
	return plan{
		limit: time.Hour,
		steps: []Step{{Name: "hashing the password", Do: func(ctx context.Context) error {
			return r.conf.HashPassword(ctx, s.ProjectID, params.UserID)
		}}},
		succeed: func(context.Context, *store.Tx, *desktop.Desktop) error { return nil },
	}, nil
}
