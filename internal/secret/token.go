package secret

import (
	"crypto/sha256"
	"encoding/hex"
)

// HashToken returns the SHA-256 of a bearer token as 64 hexadecimal digits: what is stored and looked up instead of it.
// It is right only for tokens of at least 128 random bits (workspace.NewToken); for what people choose there is Passwords.
func HashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
