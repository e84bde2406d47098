package secret

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Limits of what is read from a stored hash, so that a row that was tampered with cannot exhaust the machine.
const (
	maxMemoryKiB = 256 << 10
	maxPasses    = 8
	maxLanes     = 8
	minSaltBytes = 8
	minSumBytes  = 16
	maxPartBytes = 64 // of salt and of sum
	maxPHCLength = 256
)

var errMalformedHash = errors.New("not an argon2id hash in PHC form, or beyond its limits")

// phc is an argon2id hash in the PHC string format:
//
//	$argon2id$v=19$m=40960,t=2,p=1$<salt>$<sum>   base64 without padding
type phc struct {
	cost Cost
	salt []byte
	sum  []byte
}

func (h phc) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.cost.MemoryKiB, h.cost.Passes, h.cost.Lanes,
		base64.RawStdEncoding.EncodeToString(h.salt), base64.RawStdEncoding.EncodeToString(h.sum))
}

// parsePHC accepts exactly what String writes, within the limits.
func parsePHC(s string) (phc, error) {
	if len(s) > maxPHCLength {
		return phc{}, errMalformedHash
	}
	parts := strings.Split(s, "$")
	if len(parts) != 6 {
		return phc{}, errMalformedHash
	}
	var h phc
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.cost.MemoryKiB, &h.cost.Passes, &h.cost.Lanes); err != nil {
		return phc{}, errMalformedHash
	}
	var errSalt, errSum error
	h.salt, errSalt = base64.RawStdEncoding.DecodeString(parts[4])
	h.sum, errSum = base64.RawStdEncoding.DecodeString(parts[5])
	if errSalt != nil || errSum != nil || !h.withinLimits() {
		return phc{}, errMalformedHash
	}
	if h.String() != s { // another algorithm or version, leading zeros, line breaks in base64
		return phc{}, errMalformedHash
	}
	return h, nil
}

func (h phc) withinLimits() bool {
	return h.cost.withinLimits() &&
		len(h.salt) >= minSaltBytes && len(h.salt) <= maxPartBytes &&
		len(h.sum) >= minSumBytes && len(h.sum) <= maxPartBytes
}

func (c Cost) withinLimits() bool {
	return c.Passes >= 1 && c.Passes <= maxPasses && c.Lanes >= 1 && c.Lanes <= maxLanes &&
		c.MemoryKiB >= 8*uint32(c.Lanes) && c.MemoryKiB <= maxMemoryKiB
}
