package mail

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// wireAddress returns an address as mail servers accept it, with its domain in ASCII, as in user@xn--mller-kva.example. The part before the @ has
// no ASCII form; international means that it requires a server with SMTPUTF8.
func wireAddress(address string) (wire string, international bool, err error) {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return "", false, fmt.Errorf("%w: %q has no domain", errBadReader, address)
	}
	local, domain := address[:at], address[at+1:]
	if !isASCII(domain) {
		if domain, err = idna.Lookup.ToASCII(domain); err != nil {
			return "", false, fmt.Errorf("%w: %q: %w", errBadReader, address, err)
		}
	}
	return local + "@" + domain, !isASCII(local), nil
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}
