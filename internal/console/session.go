package console

import (
	"context"
	"time"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// session is a sign-in of an administrator in a browser. It ends with its token, whatever ends that.
type session struct {
	row
	token string
}

// isIdle reports whether a sign-in that was last used at a time has ended since.
func isIdle(lastUsed, now time.Time, limit time.Duration) bool { return now.Sub(lastUsed) >= limit }

// noteEvery is how far behind the stored time of the last use may be: so few writes are enough for a limit.
func noteEvery(limit time.Duration) time.Duration { return limit / 30 }

// begin keeps a token under a new secret, which it returns: what a browser sent before is no sign-in's, whoever set it there.
func (c *Console) begin(ctx context.Context, token, adminID string) (secret string, err error) {
	secret = workspace.NewToken()
	id := workspace.HashToken(secret)
	return secret, c.Store.Update(ctx, func(tx *store.Tx) error {
		return insertRow(ctx, tx, row{
			ID: id, TokenHash: workspace.HashToken(token), AdminID: adminID, SealedToken: c.Box.Seal(token, sealedFor(id)), Created: tx.Now(), LastUsed: tx.Now(),
		})
	})
}

// sealedFor is the context of a sealed token: one that was copied to another row cannot be opened.
func sealedFor(id string) string { return "console session " + id }

// find returns the sign-in of a secret, or CodeBadCredentials if there is none, or no longer. With use, it is used now.
func (c *Console) find(ctx context.Context, secret string, use bool) (session, error) {
	var s session
	if secret == "" {
		return s, notSignedIn()
	}
	var late, over bool
	err := c.Store.View(ctx, func(tx *store.Tx) (err error) {
		s.row, err = readRow(ctx, tx, workspace.HashToken(secret))
		over = isIdle(s.LastUsed, tx.Now(), c.Idle)
		late = isIdle(s.LastUsed, tx.Now(), noteEvery(c.Idle))
		return err
	})
	if err != nil {
		return s, err
	}
	if s.token, err = c.open(s.row); err != nil {
		return s, err
	}
	if over {
		if err := c.revoke(ctx, s.token); err != nil {
			return s, err
		}
		return session{}, notSignedIn()
	}
	if use && late {
		return s, c.Store.Update(ctx, func(tx *store.Tx) error { return noteUse(ctx, tx, s.ID, tx.Now()) })
	}
	return s, nil
}

func notSignedIn() error {
	return workspace.Errorf(workspace.CodeBadCredentials, "nobody is signed in here, or no longer: sign in")
}

func (c *Console) open(r row) (string, error) {
	token, err := c.Box.Open(r.SealedToken, sealedFor(r.ID))
	return string(token), err
}

// allOf returns the sign-ins of the user who has one.
func (c *Console) allOf(ctx context.Context, one session) ([]session, error) {
	rows, err := store.View(ctx, c.Store, func(tx *store.Tx) ([]row, error) { return rowsOf(ctx, tx, one.AdminID) })
	var all []session
	for _, r := range rows {
		token, openErr := c.open(r)
		if openErr != nil {
			return nil, openErr
		}
		all = append(all, session{r, token})
	}
	return all, err
}
