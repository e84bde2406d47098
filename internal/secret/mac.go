package secret

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
)

// A tag is "<key id>.<base64url of the HMAC-SHA256>".

// Authenticate returns a tag of a message: only who has the key can make it. Authentic checks it with the same context. The tag of a
// message is always the same, as long as the first key is.
func (b *Box) Authenticate(message []byte, context string) string {
	return b.sealing + "." + base64.RawURLEncoding.EncodeToString(tag(b.macs[b.sealing], message, context))
}

// Authentic returns nil if a tag is the one that Authenticate made of the message. Errors: ErrNotSealed, ErrUnknownKey or ErrAltered.
func (b *Box) Authentic(text string, message []byte, context string) error {
	id, body, ok := strings.Cut(text, ".")
	if !ok || len(id) != keyIDDigits {
		return ErrNotSealed
	}
	key, ok := b.macs[id]
	if !ok {
		return fmt.Errorf("%w: key id %q", ErrUnknownKey, id)
	}
	sum, err := base64.RawURLEncoding.Strict().DecodeString(body)
	if err != nil {
		return ErrNotSealed
	}
	if !hmac.Equal(sum, tag(key, message, context)) {
		return ErrAltered
	}
	return nil
}

// tag is the HMAC of context and message; the context's length keeps the two apart.
func tag(key, message []byte, context string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(binary.BigEndian.AppendUint32(nil, uint32(len(context))))
	mac.Write([]byte(context))
	mac.Write(message)
	return mac.Sum(nil)
}

// macKey derives a key for tags from one for sealing, so that no key has two uses.
func macKey(key []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("carrel tags v1"))
	return mac.Sum(nil)
}
