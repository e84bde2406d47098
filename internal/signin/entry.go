package signin

import (
	"context"
	"time"

	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// EntryLife is how long the link that "carrel up" prints can be used.
const EntryLife = time.Hour

// entryHash keeps entries apart from sign-ins, whose table they share: the one is no good as the other.
func entryHash(token string) string { return "entry-" + workspace.HashToken(token) }

// NewEntry makes a token that signs a user in without a password, once, within EntryLife. It is for those who run the control
// plane; nothing on the network makes one.
func (s *Service) NewEntry(ctx context.Context, userID string) (string, error) {
	token := workspace.NewToken()
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		return InsertSignIn(ctx, tx, SignIn{TokenHash: entryHash(token), UserID: userID, Created: tx.Now(), Expires: tx.Now().Add(EntryLife)})
	})
	return token, err
}

// Enter uses an entry up and begins a sign-in, half of one for who uses codes. CodeBadCredentials when it is unknown, used or has expired, or the user may not
// work. The lock on the user decides between two callers.
func (s *Service) Enter(ctx context.Context, token string) (SignInResult, error) {
	return store.Update(ctx, s.Store, func(tx *store.Tx) (SignInResult, error) {
		entry, err := ReadSignIn(ctx, tx, entryHash(token))
		if err != nil {
			return SignInResult{}, err
		}
		u, err := directory.LockUser(ctx, tx, "", entry.UserID)
		if err != nil {
			return SignInResult{}, err
		}
		if _, err := ReadSignIn(ctx, tx, entry.TokenHash); err != nil {
			return SignInResult{}, err
		}
		if err := MayWork(u, tx.Now()); err != nil {
			return SignInResult{}, err
		}
		if err := DeleteSignIn(ctx, tx, entry.TokenHash); err != nil {
			return SignInResult{}, err
		}
		return s.admit(ctx, tx, u)
	})
}
