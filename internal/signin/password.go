package signin

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"carrel/internal/workspace"
)

// Limits of passwords, in characters.
const (
	MinPassword = 8
	MaxPassword = 64
)

// CheckPassword returns nil if password is allowed for the user with this name, else CodeInvalid: it needs 8 to 64 characters of at least
// three of the kinds lower case, upper case, digit and other, and must not contain the user name in any case.
func CheckPassword(field, password, userName string) error {
	if !utf8.ValidString(password) {
		return workspace.Invalid(field, "must be text")
	}
	if n := utf8.RuneCountInString(password); n < MinPassword || n > MaxPassword {
		return workspace.Invalid(field, "use %d to %d characters", MinPassword, MaxPassword)
	}
	if strings.ContainsFunc(password, unicode.IsControl) {
		return workspace.Invalid(field, "must not contain control characters")
	}
	if passwordKinds(password) < 3 {
		return workspace.Invalid(field, "use at least three of: lower case letters, upper case letters, digits, other characters")
	}
	if userName != "" && strings.Contains(strings.ToLower(password), strings.ToLower(userName)) {
		return workspace.Invalid(field, "must not contain the user name")
	}
	return nil
}

func passwordKinds(password string) int {
	var lower, upper, digit, other int
	for _, r := range password {
		switch {
		case unicode.IsLower(r):
			lower = 1
		case unicode.IsUpper(r):
			upper = 1
		case unicode.IsDigit(r):
			digit = 1
		default:
			other = 1
		}
	}
	return lower + upper + digit + other
}
