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

// ClipList joins items by commas, as many as fit into a number of bytes, and says how many more there are.
func ClipList(items []string, most int) string {
	var text strings.Builder
	for i, item := range items {
		more := fmt.Sprintf(" and %d more", len(items)-i)
		if text.Len()+len(item)+2+len(more) > most {
			return text.String() + more
		}
		if i > 0 {
			text.WriteString(", ")
		}
		text.WriteString(item)
	}
	return text.String()
}

// Plural returns a number with its noun.
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
