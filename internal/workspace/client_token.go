package workspace

import (
	"time"
)

// ClientTokenLife is how long a client may repeat a request and get the first answer.
const ClientTokenLife = 24 * time.Hour

// MaxClientToken is the maximum length of a client token, in characters.
const MaxClientToken = 128

// MaxKeptAnswer is the maximum size of an answer that is kept for a repetition, in bytes.
const MaxKeptAnswer = 1 << 20

// ClientToken stores the answer of a request that a client may repeat, because it did not get the answer.
type ClientToken struct {
	ID      string // a hash of project, administrator, operation and the client's token
	Request string // a hash that identifies the content without revealing it: a request can contain a password
	Answer  string // encrypted with the client's token, which is not stored: an answer can contain a password
	Created time.Time
}

// CheckClientToken returns why a client token is not valid, or nil.
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
