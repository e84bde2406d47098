package workspace

import "bytes"

// HoldsNUL says whether a JSON text has a string with the character NUL. No database keeps one, so every door refuses it.
func HoldsNUL(json []byte) bool {
	for rest := json; ; {
		i := bytes.Index(rest, []byte(`\u0000`))
		if i < 0 {
			return false
		}
		slashes := 0
		for slashes < i && rest[i-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 { // otherwise the backslash is itself escaped, and the digits are text
			return true
		}
		rest = rest[i+1:]
	}
}

// NULMessage is what is wrong with such a text.
const NULMessage = `a text holds the character NUL (\u0000), which cannot be kept`
