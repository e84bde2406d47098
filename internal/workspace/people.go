package workspace

import (
	"context"
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"
)

// CheckEmail says why address cannot be a mail address, or nil; empty is allowed.
func CheckEmail(field, address string) error {
	if address == "" {
		return nil
	}
	if len(address) > 254 {
		return Invalid(field, "at most 254 characters are allowed")
	}
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address || parsed.Name != "" {
		return Invalid(field, "%q is not a mail address", address)
	}
	return nil
}

// CheckPhone says why number cannot be a telephone number, or nil: digits, with spaces, hyphens and parentheses between them and a
// plus before them, 32 characters in all. Empty is allowed.
func CheckPhone(field, number string) error {
	if number == "" {
		return nil
	}
	if utf8.RuneCountInString(number) > MaxPhone {
		return Invalid(field, "at most %d characters are allowed", MaxPhone)
	}
	digits := 0
	for _, r := range number {
		switch {
		case IsDigit(r):
			digits++
		case r == '+' && digits == 0, strings.ContainsRune(" -()", r):
		default:
			return Invalid(field, "%q is not a telephone number: use digits, spaces, hyphens and parentheses, and a plus before them", number)
		}
	}
	if digits == 0 {
		return Invalid(field, "%q is not a telephone number: it has no digit", number)
	}
	return nil
}

// findOrAddPeople returns the user of each desktop, in order. People who are new are added; if they have a mail address they
// are sent the link with which they choose a password.
func findOrAddPeople(ctx context.Context, tx Tx, c Caller, desktops []NewDesktop) ([]User, error) {
	if len(desktops) == 0 {
		return nil, nil
	}
	var names []string
	for _, d := range desktops {
		names = append(names, d.UserName)
	}
	known, _, err := tx.Users(ctx, UserQuery{ProjectID: c.ProjectID, Names: names, Page: Page{Limit: len(names)}})
	if err != nil {
		return nil, err
	}
	byName := make(map[string]User, len(known))
	for _, u := range known {
		byName[strings.ToLower(u.Name)] = u
	}
	people := make([]User, len(desktops))
	var added []User
	for i, d := range desktops {
		key := strings.ToLower(d.UserName)
		u, ok := byName[key]
		if !ok {
			u = NewUser(c.ProjectID, d, tx.Now())
			byName[key] = u
			added = append(added, u)
		}
		people[i] = u
	}
	if len(added) == 0 {
		return people, nil
	}
	if err := tx.InsertUsers(ctx, added); err != nil {
		return nil, err
	}
	return people, tx.InsertMails(ctx, FirstPasswordMails(added, tx.Now()))
}

func NewUser(projectID string, d NewDesktop, now time.Time) User {
	return User{
		ID: NewID(), ProjectID: projectID, Name: d.UserName, Email: d.UserEmail, Phone: d.UserPhone,
		Activation: ActivateByUser, MayChangePassword: true, EnterpriseID: "0", Created: now, Updated: now,
	}
}

// FirstPasswordMails invites those of users who have a mail address and no password.
func FirstPasswordMails(users []User, now time.Time) []Mail {
	var mails []Mail
	for _, u := range users {
		if u.Email != "" && u.PasswordHash == "" {
			mails = append(mails, MailTo(u, MailFirstPassword, now))
		}
	}
	return mails
}
