package directory

import (
	"slices"
	"strconv"
	"strings"

	"carrel/internal/workspace"
)

// MaxAccount is how long a login inside a desktop may be, in characters.
const MaxAccount = 32

// AccountFor derives the login inside desktops that a person of this name should have: lower case letters, digits, hyphens and
// underscores, starting with a letter; of a mail address what stands before the @. Several names may come to the same; NumberedAccount
// tells them apart.
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

// NumberedAccount is the n-th choice of a login for those who cannot have the first, from 1.
func NumberedAccount(account string, n int) string {
	number := strconv.Itoa(n)
	return account[:min(len(account), MaxAccount-len(number))] + number
}

// MayBeAccount says whether the system inside desktops has no login or group of this name already.
func MayBeAccount(account string) bool { return !slices.Contains(workspace.SystemAccounts, account) }
