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

// Box seals values with XChaCha20-Poly1305, whose nonces are long enough to be drawn at random without counting them.
// The first key seals, all keys open. A Box does not change; its methods may be called concurrently.
type Box struct {
	sealing string // a key id
	keys    map[string]cipher.AEAD
}

// Seal encrypts plain for one place: only Open with the same context gives it back. Let the context name that place, as
// in "access-keys/" + id, so that a value copied to another row does not open there. Sealing the same value twice gives
// different results.
func (b *Box) Seal(plain, context string) string {
	aead := b.keys[b.sealing]
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plain)+aead.Overhead())
	rand.Read(nonce) // never fails: crypto/rand ends the program instead
	prefix := sealedVersion + "." + b.sealing + "."
	sealed := aead.Seal(nonce, nonce, []byte(plain), []byte(prefix+context))
	return prefix + base64.RawURLEncoding.EncodeToString(sealed)
}

// Open decrypts what Seal made. It fails with ErrNotSealed, ErrUnknownKey or ErrAltered; no error tells anything of the
// value.
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

// Stale says whether a value was sealed with another key than the one that seals now. Once no stored value is stale the
// older keys can go.
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
	b := &Box{keys: make(map[string]cipher.AEAD, len(keys))}
	for _, key := range keys {
		aead, err := chacha20poly1305.NewX(key)
		if err != nil {
			return nil, fmt.Errorf("preparing a key: %w", err)
		}
		id := keyID(key)
		if b.sealing == "" {
			b.sealing = id
		}
		b.keys[id] = aead
	}
	return b, nil
}
