package directory

import (
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"

	"carrel/internal/workspace"
)

// CheckEmail returns why address is not a valid mail address, or nil; empty is valid.
func CheckEmail(field, address string) error {
	if address == "" {
		return nil
	}
	if len(address) > 254 {
		return workspace.Invalid(field, "at most 254 characters are allowed")
	}
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address || parsed.Name != "" {
		return workspace.Invalid(field, "%q is not a mail address", address)
	}
	return nil
}

// CheckPhone returns why number is not a valid telephone number, or nil: digits, with spaces, hyphens and parentheses between
// them and a plus before them, at most 32 characters in all. Empty is valid.
func CheckPhone(field, number string) error {
	if number == "" {
		return nil
	}
	if utf8.RuneCountInString(number) > MaxPhone {
		return workspace.Invalid(field, "at most %d characters are allowed", MaxPhone)
	}
	digits := 0
	for _, r := range number {
		switch {
		case workspace.IsDigit(r):
			digits++
		case r == '+' && digits == 0, strings.ContainsRune(" -()", r):
		default:
			return workspace.Invalid(field, "%q is not a telephone number: use digits, spaces, hyphens and parentheses, and a plus before them", number)
		}
	}
	if digits == 0 {
		return workspace.Invalid(field, "%q is not a telephone number: it has no digit", number)
	}
	return nil
}

// FirstPasswordMails returns invitations for those of users who have a mail address and no password.
func FirstPasswordMails(users []User, now time.Time) []Mail {
	var mails []Mail
	for _, u := range users {
		if u.Email != "" && u.PasswordHash == "" {
			mails = append(mails, MailTo(u, MailFirstPassword, now))
		}
	}
	return mails
}
