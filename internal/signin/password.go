package signin

import (
	"context"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Limits of passwords, in characters.
const (
	MinPassword = 8
	MaxPassword = 64
)

// Kinds of characters.
const (
	minKinds = 3
	allKinds = 4
)

// PasswordRules say which passwords users may choose. They cannot be weaker than the zero value, which stands for the usual rules.
type PasswordRules struct {
	MinLength  int       `json:"min_length"`
	MinKinds   int       `json:"min_kinds"`
	MaxAgeDays int       `json:"max_age_days"` // after which a user has to choose another at the next sign-in; 0: never
	History    int       `json:"history"`      // former passwords that cannot be chosen again
	AgeFrom    time.Time `json:"age_from"`     // passwords are not older than from then
}

// Usual reports whether the rules allow what the usual ones do.
func (r PasswordRules) Usual() bool { return r.MinLength <= MinPassword && r.MinKinds <= minKinds }

// CheckPassword is PasswordRules.Check of the usual rules.
func CheckPassword(field, password, userName string) error {
	return PasswordRules{}.Check(field, password, userName)
}

// Check returns nil if password is allowed for the user with this name, else CodeInvalid: it needs 8 to 64 characters, or more than 8, of at
// least three of the kinds lower case, upper case, digit and other, or all, and must not contain the user name in any case.
func (r PasswordRules) Check(field, password, userName string) error {
	if !utf8.ValidString(password) {
		return workspace.Invalid(field, "must be text")
	}
	least := max(r.MinLength, MinPassword)
	if n := utf8.RuneCountInString(password); n < least || n > MaxPassword {
		return workspace.Invalid(field, "use %d to %d characters", least, MaxPassword)
	}
	if strings.ContainsFunc(password, unicode.IsControl) {
		return workspace.Invalid(field, "must not contain control characters")
	}
	if kinds := max(r.MinKinds, minKinds); passwordKinds(password) < kinds {
		if kinds == allKinds {
			return workspace.Invalid(field, "use all of: lower case letters, upper case letters, digits, other characters")
		}
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

// expired reports whether a user has to choose another password. One that was chosen before that was noted counts from when the user was added.
func (r PasswordRules) expired(u directory.User, now time.Time) bool {
	if r.MaxAgeDays == 0 || u.PasswordNeverExpires || u.PasswordHash == "" {
		return false
	}
	since := u.PasswordSet
	for _, at := range []time.Time{u.Created, r.AgeFrom} {
		if at.After(since) {
			since = at
		}
	}
	return !now.Before(since.Add(time.Duration(r.MaxAgeDays) * 24 * time.Hour))
}

// checkChoice returns CodeInvalid if a user may not choose a password. It computes a hash for each former password, so it must not be called in
// a transaction.
func (s *Service) checkChoice(ctx context.Context, u directory.User, password string) error {
	rules, err := RulesOf(u.SignInRules)
	if err != nil {
		return err
	}
	if err := rules.Password.Check("password", password, u.Name); err != nil {
		return err
	}
	if rules.Password.History == 0 {
		return nil
	}
	hashes, err := store.View(ctx, s.Store, func(tx *store.Tx) ([]string, error) {
		return formerPasswords(ctx, tx, u.ID, rules.Password.History)
	})
	if err != nil {
		return err
	}
	for _, hash := range append(hashes, u.PasswordHash) {
		if ok, _ := s.verifyPassword(directory.User{ID: u.ID, PasswordHash: hash}, password); ok {
			return workspace.Invalid("password", "choose one that you have not had: the last %s cannot be chosen again", workspace.Plural(rules.Password.History, "password"))
		}
	}
	return nil
}
