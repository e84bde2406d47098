package namepolicy

import (
	"strings"
	"unicode"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Limits of name policies.
const (
	MaxPolicies = 50 // per project
	MaxDigits   = 5
)

// DomainUser is the placeholder in a policy's prefix for the name of the desktop's user.
const DomainUser = "$DomainUser$"

// Policy says how the computer names of new desktops are generated: the prefix, then a number. It is also the row.
type Policy struct {
	store.BaseModel `bun:"table:name_policies,alias:name_policies"`
	workspace.Meta
	Prefix   string // letters, digits and hyphens, and DomainUser at most once
	Digits   int    // of the number, with leading zeros
	Start    int    // the first number
	PerUser  bool   // the desktops of each user count from Start; otherwise all desktops of the policy count together
	Truncate bool   // cut off a user name that is too long; otherwise refuse it
	Default  bool   `bun:"is_default"` // used for desktops of requests without names; at most one per project
	Next     int    // the next number of desktops that count together
}

var policies = store.Table{Name: "name_policies", Noun: "name policy", Field: "policy_name", Missing: workspace.CodePolicyNotFound}

// WithUser reports whether names contain the user's name, so that desktops without a user cannot use the policy.
func (p Policy) WithUser() bool { return strings.Contains(p.Prefix, DomainUser) }

func (p Policy) last() int { return pow10(p.Digits) - 1 }

func pow10(digits int) int {
	n := 1
	for range digits {
		n *= 10
	}
	return n
}

// Check returns what is wrong with a policy, or nil.
func (p Policy) Check() error {
	if err := checkPolicyName(p.Name); err != nil {
		return err
	}
	literal := strings.Replace(p.Prefix, DomainUser, "", 1)
	width := len(literal)
	if p.WithUser() {
		width++
	}
	switch {
	case p.Digits < 1 || p.Digits > MaxDigits:
		return workspace.Invalid("digit_number", "%d is out of range, use 1 to %d", p.Digits, MaxDigits)
	case p.Start < 1 || p.Start > p.last():
		return workspace.Invalid("start_number", "%d is out of range, use 1 to %d with %s", p.Start, p.last(), workspace.Plural(p.Digits, "digit"))
	case p.Prefix == "":
		return workspace.Invalid("name_prefix", "must not be empty")
	case strings.ContainsFunc(literal, func(r rune) bool { return !workspace.IsASCIILetter(r) && !workspace.IsDigit(r) && r != '-' }):
		return workspace.Invalid("name_prefix", "%q may hold letters, digits, hyphens and once %s", p.Prefix, DomainUser)
	case p.Prefix[0] == '-':
		return workspace.Invalid("name_prefix", "%q must start with a letter, a digit or %s", p.Prefix, DomainUser)
	case width+p.Digits > workspace.MaxComputerName:
		return workspace.Invalid("name_prefix", "%q and %s make more than %d characters", p.Prefix, workspace.Plural(p.Digits, "digit"), workspace.MaxComputerName)
	case p.PerUser && !p.WithUser():
		return workspace.Invalid("single_domain_user_inc", "must be 0 unless name_prefix holds %s", DomainUser)
	}
	return nil
}

func checkPolicyName(name string) error {
	for i, r := range name {
		letter := workspace.IsASCIILetter(r) || r == '_' || unicode.Is(unicode.Han, r)
		if !letter && (i == 0 || !workspace.IsDigit(r)) {
			return workspace.Invalid("policy_name", "%q must be of letters, digits and underscores, and not start with a digit", name)
		}
	}
	return nil
}
