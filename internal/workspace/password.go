package workspace

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of passwords, in characters.
const (
	MinPassword = 8
	MaxPassword = 64
)

// CheckPassword says why a password is too weak for a user of this name, or nil: 8 to 64 characters of at least three of the
// four classes lower case, upper case, digits and others, not holding the user's name forwards or backwards.
func CheckPassword(field, password, userName string) error {
	if n := utf8.RuneCountInString(password); n < MinPassword || n > MaxPassword {
		return invalid(field, "has %d characters, use %d to %d", n, MinPassword, MaxPassword)
	}
	var lower, upper, digit, other int
	for _, r := range password {
		switch {
		case unicode.IsLower(r):
			lower = 1
		case unicode.IsUpper(r):
			upper = 1
		case unicode.IsDigit(r):
			digit = 1
		case unicode.IsControl(r):
			return invalid(field, "must not hold control characters")
		default:
			other = 1
		}
	}
	if lower+upper+digit+other < 3 {
		return invalid(field, "use at least three of: lower case letters, upper case letters, digits, other characters")
	}
	folded, name := strings.ToLower(password), strings.ToLower(userName)
	if len(name) >= 3 && (strings.Contains(folded, name) || strings.Contains(folded, reversed(name))) {
		return invalid(field, "must not hold the user's name")
	}
	return nil
}

func reversed(s string) string {
	r := []rune(s)
	for i, j := 0, len(r)-1; i < j; i, j = i+1, j-1 {
		r[i], r[j] = r[j], r[i]
	}
	return string(r)
}
