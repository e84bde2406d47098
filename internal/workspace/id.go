package workspace

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
)

// NewID returns a random UUID (version 4, RFC 9562).
func NewID() string {
	var b [16]byte
	rand.Read(b[:]) // cannot fail: crypto/rand ends the program instead
	return uuid(b, 4)
}

// DerivedID returns a UUID (version 8) derived from a text, so that a repeated attempt uses the same.
func DerivedID(seed string) string {
	sum := sha256.Sum256([]byte(seed))
	return uuid([16]byte(sum[:16]), 8)
}

func uuid(b [16]byte, version byte) string {
	b[6] = b[6]&0x0f | version<<4
	b[8] = b[8]&0x3f | 0x80
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// NewToken returns 256 random bits as 64 hexadecimal digits, for bearer secrets. Store only its hash.
func NewToken() string {
	var b [32]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// HashToken returns the stored form of a bearer token, by which it is looked up: its SHA-256 as 64 hexadecimal digits. It is safe
// only for tokens of at least 80 random bits (NewToken has 256); use Passwords for what people choose.
func HashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
