package policy

import "strings"

// glob is a pattern of actions: * is any text, ? any character. Actions match it whatever their case.
type glob struct {
	text   string // in lower case
	prefix string // what comes before the first wildcard
	wild   bool
}

func newGlob(pattern string) glob {
	text := strings.ToLower(pattern)
	if at := strings.IndexAny(text, "*?"); at >= 0 {
		return glob{text, text[:at], true}
	}
	return glob{text: text, prefix: text}
}

func (g *glob) matches(action string) bool {
	n := len(g.prefix)
	if len(action) < n || !strings.EqualFold(action[:n], g.prefix) {
		return false
	}
	if !g.wild {
		return len(action) == n
	}
	return wildMatch(g.text[n:], action[n:])
}

// wildMatch matches a text with a pattern in lower case. It goes back to the last * only, which is enough: what came before it matched.
func wildMatch(pattern, text string) bool {
	star, mark := -1, 0 // where the last * is, and the text that it does not cover
	at, of := 0, 0
	for of < len(text) {
		if at < len(pattern) {
			if c := pattern[at]; c == '*' {
				if at == len(pattern)-1 {
					return true
				}
				star, mark = at, of
				at++
				continue
			} else if c == '?' || c == lower(text[of]) {
				at++
				of++
				continue
			}
		}
		if star < 0 {
			return false
		}
		mark++
		at, of = star+1, mark
	}
	for at < len(pattern) && pattern[at] == '*' {
		at++
	}
	return at == len(pattern)
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
