package workspace

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

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

// Clip shortens a text that is to be shown to at most so many bytes, an ellipsis included, between characters.
func Clip(text string, most int) string {
	const ellipsis = "…"
	if len(text) <= most {
		return text
	}
	end := max(most-len(ellipsis), 0)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return strings.Clone(text[:end]) + ellipsis // a copy, so that the whole text can be forgotten
}
