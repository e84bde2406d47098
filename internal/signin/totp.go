package signin

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // authenticator apps know no other, and HMAC does not need collision resistance
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
	"unicode"

	"carrel/internal/workspace"
)

// Parameters of TOTP codes (RFC 6238) that all authenticator apps support.
const (
	totpSeconds = 30
	totpDigits  = 6
	totpSkew    = 1  // steps that clocks may differ, either way
	totpSecret  = 20 // bytes
)

// TOTPStep is the time step of a moment.
func TOTPStep(t time.Time) int64 { return t.Unix() / totpSeconds }

// TOTPCode is a secret's code in a time step.
func TOTPCode(secret []byte, step int64) string {
	mac := hmac.New(sha1.New, secret)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(step)))
	sum := mac.Sum(nil)
	start := sum[len(sum)-1] & 0x0f
	n := binary.BigEndian.Uint32(sum[start:]) & 0x7fffffff
	return fmt.Sprintf("%0*d", totpDigits, n%1_000_000)
}

// MatchTOTP returns the time step near now with this code and later than last, the last one used: a code is valid once. It takes the same
// time for every code.
func MatchTOTP(secret []byte, code string, now time.Time, last int64) (step int64, ok bool) {
	for at := TOTPStep(now) - totpSkew; at <= TOTPStep(now)+totpSkew; at++ {
		same := subtle.ConstantTimeCompare([]byte(TOTPCode(secret, at)), []byte(code)) == 1
		if same && at > last {
			step, ok = at, true
		}
	}
	return step, ok
}

// NewTOTPSecret returns a new random secret in base32, as users type it into apps.
func NewTOTPSecret() string {
	var b [totpSecret]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return base32.StdEncoding.EncodeToString(b[:])
}

// RecoveryCodes is the number of recovery codes that a user gets.
const RecoveryCodes = 10

// Recovery codes have 80 random bits, so that a fast hash is right, in letters that are not taken for one another.
const (
	recoveryLetters = "0123456789abcdefghjkmnpqrstvwxyz"
	recoveryLength  = 16
	recoveryGroup   = 4
)

// newRecoveryCodes makes a set of codes as people see them, such as "7k2m-9xqa-04bc-hhzt".
func newRecoveryCodes() []string {
	codes := make([]string, RecoveryCodes)
	for i := range codes {
		var random [recoveryLength]byte
		rand.Read(random[:])
		var code strings.Builder
		for at, b := range random {
			if at > 0 && at%recoveryGroup == 0 {
				code.WriteByte('-')
			}
			code.WriteByte(recoveryLetters[int(b)%len(recoveryLetters)])
		}
		codes[i] = code.String()
	}
	return codes
}

// recoveryHash is what is stored of a recovery code that was tidied.
func recoveryHash(deviceID, code string) string { return workspace.HashToken(deviceID + "/" + code) }

var recoveryTwins = strings.NewReplacer("o", "0", "i", "1", "l", "1")

// tidyCode removes what people and keyboards add to a code, and says whether it can be a recovery code rather than one of an app.
func tidyCode(code string) (tidy string, recovery bool) {
	tidy = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) || unicode.Is(unicode.Pd, r):
			return -1
		case r >= '０' && r <= '９': // of keyboards for Chinese
			return r - '０' + '0'
		}
		return unicode.ToLower(r)
	}, code)
	if len(tidy) != recoveryLength {
		return tidy, false
	}
	return recoveryTwins.Replace(tidy), true
}
