package workspace

import (
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
