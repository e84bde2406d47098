package directory

import (
	"slices"
	"strconv"
	"strings"

	"carrel/internal/workspace"
)

// MaxAccount is the maximum length of a login inside a desktop, in characters.
const MaxAccount = 32

// AccountFor derives the login inside desktops from a user name: lower case letters, digits, hyphens and underscores, starting
// with a letter; for a mail address, from the part before the @. Several names may give the same login; NumberedAccount makes
// them different.
func AccountFor(userName string) string {
	local, _, _ := strings.Cut(strings.ToLower(userName), "@")
	account := strings.Map(func(r rune) rune {
		if workspace.IsASCIILetter(r) || workspace.IsDigit(r) || r == '_' {
			return r
		}
		return '-'
	}, local)
	if account == "" || !workspace.IsASCIILetter(rune(account[0])) {
		account = "u" + account
	}
	return account[:min(len(account), MaxAccount)]
}

// NumberedAccount returns the n-th alternative, from 1, for a login that is taken.
func NumberedAccount(account string, n int) string {
	number := strconv.Itoa(n)
	return account[:min(len(account), MaxAccount-len(number))] + number
}

// MayBeAccount reports whether the system inside desktops has no login or group of this name.
func MayBeAccount(account string) bool { return !slices.Contains(workspace.SystemAccounts, account) }
