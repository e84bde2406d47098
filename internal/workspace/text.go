package workspace

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Clip shortens a text to at most a number of bytes, including an ellipsis, without cutting a character.
func Clip(text string, most int) string {
	const ellipsis = "…"
	if len(text) <= most {
		return text
	}
	end := max(most-len(ellipsis), 0)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return strings.Clone(text[:end]) + ellipsis // a copy, so that the whole text can be freed
}

// Plural returns a number with its noun.
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
