package store

import (
	"context"
	"encoding/json"
	"fmt"

	"carrel/internal/workspace"
)

// Once makes f run once for each token of a client, where no Requests runs the whole request: repeating it returns the result of the first,
// which is stored in the same transaction, encrypted with the token. workspace.CodeTokenReused if the client sent another request with the
// token. Without a token f runs each time. What f changes is the act of c, as with By; a repetition leaves no audit record.
func Once[T any](ctx context.Context, c workspace.Caller, operation string, request any, f func(*Tx) (T, error)) func(*Tx) (T, error) {
	f = As(c, f)
	if c.Token == "" {
		return f
	}
	return func(tx *Tx) (result T, err error) {
		c.Operation = operation
		q := workspace.Request{Caller: c, Token: c.Token}
		if q.Content, err = json.Marshal(request); err != nil {
			return result, fmt.Errorf("reading the request of %s: %w", operation, err)
		}
		token := tokenOf(q, tx.Now())
		former, taken, err := tx.TakeClientToken(ctx, token)
		if err != nil {
			return result, err
		}
		if !taken {
			answer, err := answerOf(q, former, token)
			if err == nil {
				err = json.Unmarshal([]byte(answer.Body), &result)
			}
			return result, err
		}
		if result, err = f(tx); err != nil {
			return result, err
		}
		text, err := json.Marshal(result)
		if err != nil {
			return result, fmt.Errorf("writing the answer of %s: %w", operation, err)
		}
		if token.Answer, err = seal(q, token.ID, workspace.Answer{Body: string(text)}); err != nil {
			return result, err
		}
		return result, tx.AnswerClientToken(ctx, token)
	}
}
