package workspace

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// PauseError refuses an attempt that comes too soon. It is a CodeRateLimited.
type PauseError struct{ Until time.Time }

func (e *PauseError) Error() string { return e.Unwrap().Error() }

// Unwrap returns the Error that callers see.
func (e *PauseError) Unwrap() error {
	return &Error{Code: CodeRateLimited, Message: "too many attempts to sign in, wait a moment and try again"}
}

// HashToken is what is stored of a bearer token, and looked up: its SHA-256 as 64 hexadecimal digits. It is right only for tokens
// of at least 80 random bits (NewToken has 256); for what people choose there is Passwords.
func HashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
