package secret

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// MaxPasswordBytes is the longest password that is hashed.
const MaxPasswordBytes = 1024

// ErrPasswordLength is what Passwords.Hash fails with for an empty password or one over MaxPasswordBytes.
var ErrPasswordLength = fmt.Errorf("a password has 1 to %d bytes", MaxPasswordBytes)

// Cost is the cost of one hash. Higher values slow down both guessing and sign-ins.
type Cost struct {
	MemoryKiB uint32 // 8 per lane .. 262144
	Passes    uint32 // 1..8
	Lanes     uint8  // 1..8, computed side by side
}

// DefaultCost is about twice OWASP's minimum for argon2id (19 MiB, 2 passes, 1 lane): about 50 ms on a present core.
var DefaultCost = Cost{MemoryKiB: 40 << 10, Passes: 2, Lanes: 1}

const (
	saltBytes = 16
	sumBytes  = 32
)

// Passwords hashes passwords with argon2id and verifies them. It is safe for concurrent use: at most one hash per processor runs at once and
// the others wait, so that a burst of sign-ins costs time, not memory. It does not count failed attempts.
type Passwords struct {
	cost    Cost
	slots   chan struct{}
	nothing phc
}

// NewPasswords makes Passwords whose new hashes have the given cost; zero means DefaultCost. It fails when the cost is
// outside its limits.
func NewPasswords(cost Cost) (*Passwords, error) {
	if cost == (Cost{}) {
		cost = DefaultCost
	}
	if !cost.withinLimits() {
		return nil, errors.New("the cost of password hashes is outside its limits")
	}
	p := &Passwords{cost: cost, slots: make(chan struct{}, runtime.GOMAXPROCS(0))}
	p.nothing = phc{cost: cost, salt: make([]byte, saltBytes), sum: make([]byte, sumBytes)}
	return p, nil
}

// Hash returns a salted hash in PHC form of a password in Unicode's composed form. It fails with ErrPasswordLength.
func (p *Passwords) Hash(password string) (string, error) {
	if password == "" || len(password) > MaxPasswordBytes {
		return "", ErrPasswordLength
	}
	h := phc{cost: p.cost, salt: make([]byte, saltBytes)}
	rand.Read(h.salt) // never fails: crypto/rand ends the program instead
	h.sum = p.compute(norm.NFC.String(password), h, sumBytes)
	return h.String(), nil
}

// Verify reports whether hash belongs to the password, and if so whether its cost or the password's Unicode form is outdated, so that the
// caller should store a new hash. An empty or malformed hash, as of a user without a password, matches nothing and takes as long as
// VerifyNothing.
func (p *Passwords) Verify(password, hash string) (ok, needsRehash bool) {
	h, err := parsePHC(hash)
	if err != nil {
		p.VerifyNothing(password)
		return false, false
	}
	form, ok := p.matches(password, h)
	if !ok {
		return false, false
	}
	return true, form > 0 || h.cost != p.cost || len(h.salt) != saltBytes || len(h.sum) != sumBytes
}

// VerifyNothing takes as long as Verify of a wrong password. Call it for unknown users, so that the response time does not reveal that they do
// not exist.
func (p *Passwords) VerifyNothing(password string) { p.matches(password, p.nothing) }

// matches reports whether the hash belongs to the password, and in which Unicode form: keyboards differ in whether they compose characters,
// and earlier versions hashed the password as sent.
func (p *Passwords) matches(password string, h phc) (form int, ok bool) {
	if password == "" || len(password) > MaxPasswordBytes {
		return 0, false
	}
	forms := slices.Compact([]string{norm.NFC.String(password), norm.NFD.String(password)})
	for form, text := range forms {
		if subtle.ConstantTimeCompare(p.compute(text, h, len(h.sum)), h.sum) == 1 {
			return form, true
		}
	}
	return 0, false
}

func (p *Passwords) compute(password string, h phc, size int) []byte {
	p.slots <- struct{}{}
	defer func() { <-p.slots }()
	return argon2.IDKey([]byte(password), h.salt, h.cost.Passes, h.cost.MemoryKiB, h.cost.Lanes, uint32(size))
}
