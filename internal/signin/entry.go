package signin

import (
	"context"
	"time"

	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// EntryLife is how long the sign-in link that "carrel up" prints is valid.
const EntryLife = time.Hour

// entryHash distinguishes entries from sign-ins, which are in the same table: neither is accepted as the other.
func entryHash(token string) string { return "entry-" + workspace.HashToken(token) }

// NewEntry returns a single-use token that signs a user in without a password, valid for EntryLife. It is for operators of the control plane
// and not reachable over the network.
func (s *Service) NewEntry(ctx context.Context, userID string) (string, error) {
	token := workspace.NewToken()
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		return InsertSignIn(ctx, tx, SignIn{TokenHash: entryHash(token), UserID: userID, Created: tx.Now(), Expires: tx.Now().Add(EntryLife)})
	})
	return token, err
}

// Enter redeems an entry and begins a sign-in, a half one for users of codes. It returns CodeBadCredentials if the entry is unknown, used or
// expired, or the user may not work. Concurrent calls are serialised by the lock on the user.
func (s *Service) Enter(ctx context.Context, token string) (SignInResult, error) {
	r, err := s.enter(ctx, token)
	s.noteRefusal(ctx, "Enter", workspace.CredentialEntry, directory.User{}, err)
	return r, err
}

func (s *Service) enter(ctx context.Context, token string) (SignInResult, error) {
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
		if err := MayUseDesktops(u, tx.Now()); err != nil {
			return SignInResult{}, err
		}
		if err := DeleteSignIn(ctx, tx, entry.TokenHash); err != nil {
			return SignInResult{}, err
		}
		return s.admit(ctx, tx, u, "Enter", workspace.CredentialEntry)
	})
}
