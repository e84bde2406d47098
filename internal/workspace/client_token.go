package workspace

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// ClientTokenLife is how long a client may send a request again and get the first answer.
const ClientTokenLife = 24 * time.Hour

// MaxClientToken is how many characters a client's token may have.
const MaxClientToken = 128

// ClientToken remembers what a request came to that a client may send again, because it never saw the answer.
type ClientToken struct {
	ID      string // a hash of project, administrator, operation and the client's token
	Request string // tells requests apart without telling what is in them: a request can hold a password
	Answer  string // JSON
	Created time.Time
}

// ClientTokenRows is what the domain asks of the store about clients' tokens. They end with DeleteExpired.
type ClientTokenRows interface {
	// TakeClientToken writes a token without an answer, or reads the row that has it already: the primary key decides between two
	// callers, of whom the second waits until the first has committed or failed.
	TakeClientToken(ctx context.Context, t ClientToken) (former ClientToken, taken bool, err error)
	ClientToken(ctx context.Context, id string) (former ClientToken, found bool, err error)
	// AnswerClientToken writes the answer of a token that this transaction took.
	AnswerClientToken(ctx context.Context, t ClientToken) error
}

// CheckClientToken says why a client's token cannot be one, or nil.
func CheckClientToken(field, token string) error {
	if len(token) > MaxClientToken {
		return Invalid(field, "%d characters, at most %d are allowed", len(token), MaxClientToken)
	}
	for _, r := range token {
		if r <= ' ' || r > '~' {
			return Invalid(field, "use visible ASCII characters, such as a UUID")
		}
	}
	return nil
}

// Once makes f run once for each token of a client: a request that is sent again, also to another replica or after a crash, gets the
// answer of the first. What f does, the token and the answer are one transaction. CodeTokenReused when the client sends another
// request with the token. Without a token f runs each time.
func Once[T any](ctx context.Context, c Caller, operation string, request any, f func(Tx) (T, error)) func(Tx) (T, error) {
	if c.Token == "" {
		return f
	}
	return func(tx Tx) (answer T, err error) {
		token := clientToken(c, operation, request, tx.Now())
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

// Answered finds the answer that a request got before, for operations that look at more before their transaction.
func Answered[T any](ctx context.Context, s Store, c Caller, operation string, request any) (answer T, found bool, err error) {
	if c.Token == "" {
		return answer, false, nil
	}
	err = s.View(ctx, func(tx Tx) error {
		token := clientToken(c, operation, request, tx.Now())
		var former ClientToken
		if former, found, err = tx.ClientToken(ctx, token.ID); err != nil || !found {
			return err
		}
		answer, err = answerOf[T](former, token.Request)
		return err
	})
	return answer, found, err
}

// clientToken is the row of a request. The request's fingerprint is keyed with the token, which is not stored.
func clientToken(c Caller, operation string, request any, now time.Time) ClientToken {
	body, err := json.Marshal(request)
	if err != nil {
		panic(err) // requests are this package's own structs of plain fields
	}
	mac := hmac.New(sha256.New, []byte(c.Token))
	mac.Write(body)
	id := HashToken(strings.Join([]string{c.ProjectID, c.AdminID, operation, c.Token}, "\n"))
	return ClientToken{ID: id, Request: hex.EncodeToString(mac.Sum(nil)), Created: now}
}

func answerOf[T any](former ClientToken, request string) (answer T, err error) {
	if former.Request != request {
		return answer, Errorf(CodeTokenReused, "X-Client-Token: was sent with another request at %s, use a new one for each request",
			former.Created.Format(time.RFC3339))
	}
	if err := json.Unmarshal([]byte(former.Answer), &answer); err != nil {
		return answer, fmt.Errorf("reading the answer that a client's token had: %w", err)
	}
	return answer, nil
}
