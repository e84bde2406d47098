package store

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"carrel/internal/workspace"
)

// Requests runs requests that may be repeated, or that are only rehearsed. It is safe for concurrent use, also by several processes
// on one database.
type Requests struct {
	Store Transactions
}

// errUndone makes a transaction roll back that did what it was to do.
var errUndone = errors.New("the transaction was to be rolled back")

// Run answers a request in one transaction: every View and Update that serve makes with its context is a part of it, so serve must
// do nothing that cannot be rolled back. It is called again if the database asks for that.
//
// With a token serve runs once: a repetition, also on another replica or after a crash, gets the first answer, which is stored in
// the transaction of the change. The row of the token decides between callers at once: the second waits until the first has
// committed or failed. A refused request leaves its token free. CodeTokenReused if the client sent another request with the token;
// CodeTooLarge if the answer is larger than workspace.MaxKeptAnswer.
//
// With Rehearse all is rolled back, and the answer has what would have changed.
func (r Requests) Run(ctx context.Context, q workspace.Request, serve func(context.Context) workspace.Answer) (answer workspace.Answer, err error) {
	err = r.Store.Update(ctx, func(tx *Tx) (err error) {
		if q.Rehearse {
			tx.rehearsal = &workspace.Rehearsal{Made: map[string]bool{}}
		}
		answer, err = answered(ctx, tx, q, serve)
		answer.Rehearsal = tx.rehearsal
		switch {
		case tx.again != nil:
			return tx.again
		case err == nil && (q.Rehearse || answer.Refused()):
			return errUndone
		}
		return err
	})
	if errors.Is(err, errUndone) {
		err = nil
	}
	return answer, err
}

// Together runs f in one transaction: every View and Update that it makes with its context is a part of it, so it must do nothing that cannot be
// rolled back. It is called again if the database asks for that. If f fails, nothing was done.
func (r Requests) Together(ctx context.Context, f func(context.Context) error) error {
	return r.Store.Update(ctx, func(tx *Tx) error {
		err := f(within(ctx, tx))
		if tx.again != nil {
			return tx.again
		}
		return err
	})
}

// Former returns the answer that a request with a token had, and whether it had one. CodeTokenReused if the client sent another request with the
// token.
func (r Requests) Former(ctx context.Context, q workspace.Request) (answer workspace.Answer, there bool, err error) {
	err = r.Store.View(ctx, func(tx *Tx) error {
		token := tokenOf(q, tx.Now())
		former, found, err := tx.ClientToken(ctx, token.ID)
		if err != nil || !found {
			return err
		}
		there = true
		answer, err = answerOf(q, former, token)
		return err
	})
	return answer, there && err == nil, err
}

// answered runs serve, or returns the answer that the token of the request has.
func answered(ctx context.Context, tx *Tx, q workspace.Request, serve func(context.Context) workspace.Answer) (answer workspace.Answer, err error) {
	if q.Token == "" {
		return serve(within(ctx, tx)), nil
	}
	token := tokenOf(q, tx.Now())
	former, taken, err := tx.TakeClientToken(ctx, token)
	if err != nil {
		return answer, err
	}
	if !taken {
		return answerOf(q, former, token)
	}
	answer = serve(within(ctx, tx))
	if answer.Refused() {
		return answer, nil
	}
	if token.Answer, err = seal(q, token.ID, answer); err != nil {
		return answer, err
	}
	return answer, tx.AnswerClientToken(ctx, token)
}

// tokenOf returns the row of a request. The fingerprint of its content is keyed with the token, which is not stored.
func tokenOf(q workspace.Request, now time.Time) workspace.ClientToken {
	mac := hmac.New(sha256.New, []byte(q.Token))
	mac.Write(q.Content)
	id := workspace.HashToken(strings.Join([]string{q.ProjectID, q.Actor.ID, q.Operation, q.Token}, "\n"))
	return workspace.ClientToken{ID: id, Request: hex.EncodeToString(mac.Sum(nil)), Created: now}
}

// answerOf returns the answer that a request had before.
func answerOf(q workspace.Request, former, token workspace.ClientToken) (answer workspace.Answer, err error) {
	if former.Request != token.Request {
		return answer, workspace.Errorf(workspace.CodeTokenReused, "X-Client-Token: was sent with another request at %s, use a new one for each request",
			former.Created.Format(time.RFC3339))
	}
	sealed, err := base64.RawStdEncoding.DecodeString(former.Answer)
	if err != nil {
		return answer, fmt.Errorf("reading the answer that a client's token had: %w", err)
	}
	box, err := boxOf(q.Token, token.ID)
	if err != nil {
		return answer, err
	}
	text, err := box.Open(nil, nil, sealed, nil)
	if err == nil {
		err = json.Unmarshal(text, &answer)
	}
	if err != nil {
		return answer, fmt.Errorf("reading the answer that a client's token had: %w", err)
	}
	return answer, nil
}

// seal returns an answer in the form that is stored.
func seal(q workspace.Request, id string, answer workspace.Answer) (string, error) {
	if n := len(answer.Body); n > workspace.MaxKeptAnswer {
		return "", workspace.Errorf(workspace.CodeTooLarge, "X-Client-Token: the answer has %d KB, at most %d can be kept for a repetition: ask for less at once, or send no token",
			n>>10, workspace.MaxKeptAnswer>>10)
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return "", fmt.Errorf("writing the answer of %s: %w", q.Operation, err)
	}
	box, err := boxOf(q.Token, id)
	if err != nil {
		return "", err
	}
	return base64.RawStdEncoding.EncodeToString(box.Seal(nil, nil, text, nil)), nil //nolint:gosec // the cipher makes a random nonce itself, and takes none
}

// boxOf encrypts with a client's token, for the row with an id: who reads the database alone cannot read a password that an answer has.
func boxOf(token, id string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, []byte(token), nil, "client token "+id, 32)
	if err != nil {
		return nil, fmt.Errorf("making the key of a client's token: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("making the key of a client's token: %w", err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}
