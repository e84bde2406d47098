package secret

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

// What Box.Open fails with.
var (
	ErrNotSealed  = errors.New("not a sealed value")
	ErrUnknownKey = errors.New("sealed with a key that is not in the key file")
	ErrAltered    = errors.New("sealed value was altered or belongs elsewhere")
)

// A sealed value is "v1.<key id>.<base64url of nonce and cipher text>".
const sealedVersion = "v1"

// Box encrypts values with XChaCha20-Poly1305, whose nonces are long enough to be random, and authenticates others with HMAC-SHA256. The first
// key encrypts, all keys decrypt. A Box is immutable and safe for concurrent use.
type Box struct {
	sealing string // a key id
	keys    map[string]cipher.AEAD
	macs    map[string][]byte // keys of tags
}

// Seal encrypts plain; only Open with the same context decrypts it. Use a context that identifies the row, such as "access-keys/" + id, so
// that a value copied to another row cannot be decrypted there. Sealing the same value twice gives different results.
func (b *Box) Seal(plain, context string) string {
	aead := b.keys[b.sealing]
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plain)+aead.Overhead())
	rand.Read(nonce) // never fails: crypto/rand ends the program instead
	prefix := sealedVersion + "." + b.sealing + "."
	sealed := aead.Seal(nonce, nonce, []byte(plain), []byte(prefix+context))
	return prefix + base64.RawURLEncoding.EncodeToString(sealed)
}

// Open decrypts a value of Seal. Errors: ErrNotSealed, ErrUnknownKey or ErrAltered; no error reveals anything about the value.
func (b *Box) Open(sealed, context string) ([]byte, error) {
	id, body, ok := splitSealed(sealed)
	if !ok {
		return nil, ErrNotSealed
	}
	aead, ok := b.keys[id]
	if !ok {
		return nil, fmt.Errorf("%w: key id %q", ErrUnknownKey, id)
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(body)
	if err != nil || len(raw) < aead.NonceSize()+aead.Overhead() {
		return nil, ErrNotSealed
	}
	nonce, text := raw[:aead.NonceSize()], raw[aead.NonceSize():]
	plain, err := aead.Open(nil, nonce, text, []byte(sealedVersion+"."+id+"."+context))
	if err != nil {
		return nil, ErrAltered
	}
	return plain, nil
}

// Stale reports whether a value was encrypted with another key than the first. Once no stored value is stale, the older keys can be
// removed.
func (b *Box) Stale(sealed string) bool {
	id, _, ok := splitSealed(sealed)
	return !ok || id != b.sealing
}

func splitSealed(sealed string) (id, body string, ok bool) {
	version, rest, _ := strings.Cut(sealed, ".")
	id, body, ok = strings.Cut(rest, ".")
	return id, body, ok && version == sealedVersion && len(id) == keyIDDigits
}

func newBox(keys [][]byte) (*Box, error) {
	b := &Box{keys: make(map[string]cipher.AEAD, len(keys)), macs: make(map[string][]byte, len(keys))}
	for _, key := range keys {
		aead, err := chacha20poly1305.NewX(key)
		if err != nil {
			return nil, fmt.Errorf("preparing a key: %w", err)
		}
		id := keyID(key)
		if b.sealing == "" {
			b.sealing = id
		}
		b.keys[id], b.macs[id] = aead, macKey(key)
	}
	return b, nil
}
