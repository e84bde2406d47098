package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"carrel/internal/workspace"
)

// Once makes f run once for each token of a client: repeating a request, also on another replica or after a crash, returns the
// answer of the first. The effects of f, the token and the answer are one transaction. workspace.CodeTokenReused if the client
// sent another request with the token. Without a token f runs each time. What f changes is the act of c, as with By; a repetition
// leaves no audit record.
func Once[T any](ctx context.Context, c workspace.Caller, operation string, request any, f func(*Tx) (T, error)) func(*Tx) (T, error) {
	f = As(c, f)
	if c.Token == "" {
		return f
	}
	return func(tx *Tx) (answer T, err error) {
		token := requestToken(c, operation, request, tx.Now())
		former, taken, err := tx.TakeClientToken(ctx, token)
		if err != nil {
			return answer, err
		}
		if !taken {
			return answerOf[T](former, token.Request)
		}
		if answer, err = f(tx); err != nil {
			return answer, err
		}
		text, err := json.Marshal(answer)
		if err != nil {
			return answer, fmt.Errorf("writing the answer of %s: %w", operation, err)
		}
		token.Answer = string(text)
		return answer, tx.AnswerClientToken(ctx, token)
	}
}

// Answered returns the answer that a request got before, for operations that check something before their transaction.
func Answered[T any](ctx context.Context, s Transactions, c workspace.Caller, operation string, request any) (answer T, found bool, err error) {
	if c.Token == "" {
		return answer, false, nil
	}
	err = s.View(ctx, func(tx *Tx) error {
		token := requestToken(c, operation, request, tx.Now())
		var former workspace.ClientToken
		if former, found, err = tx.ClientToken(ctx, token.ID); err != nil || !found {
			return err
		}
		answer, err = answerOf[T](former, token.Request)
		return err
	})
	return answer, found, err
}

// requestToken returns the row of a request. The request's fingerprint is keyed with the token, which is not stored.
func requestToken(c workspace.Caller, operation string, request any, now time.Time) workspace.ClientToken {
	body, err := json.Marshal(request)
	if err != nil {
		panic(err) // requests are this program's own structs of plain fields
	}
	mac := hmac.New(sha256.New, []byte(c.Token))
	mac.Write(body)
	id := workspace.HashToken(strings.Join([]string{c.ProjectID, c.Actor.ID, operation, c.Token}, "\n"))
	return workspace.ClientToken{ID: id, Request: hex.EncodeToString(mac.Sum(nil)), Created: now}
}

func answerOf[T any](former workspace.ClientToken, request string) (answer T, err error) {
	if former.Request != request {
		return answer, workspace.Errorf(workspace.CodeTokenReused, "X-Client-Token: was sent with another request at %s, use a new one for each request",
			former.Created.Format(time.RFC3339))
	}
	if err := json.Unmarshal([]byte(former.Answer), &answer); err != nil {
		return answer, fmt.Errorf("reading the answer that a client's token had: %w", err)
	}
	return answer, nil
}
