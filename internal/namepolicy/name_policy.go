package namepolicy

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Limits of name policies.
const (
	MaxNamePolicies   = 50 // in a project
	MaxNamePolicyName = 30 // characters
	MaxPolicyDigits   = 5
)

// DomainUser stands in a policy's prefix for the name of the desktop's user.
const DomainUser = "$DomainUser$"

// Service adds, changes and lists name policies. Each method is one transaction.
type Service struct {
	Store store.Transactions
}

// NamePolicy says how the computer names of new desktops are made: the prefix, then a number.
type NamePolicy struct {
	ID        string
	ProjectID string
	Name      string // unique in the project whatever its case
	Prefix    string // letters, digits and hyphens, and DomainUser at most once
	Digits    int    // how many the number has, with leading zeros
	Start     int    // the first number
	PerUser   bool   // each user's desktops count from Start; otherwise all desktops of the policy count on together
	Truncate  bool   // a user name that is too long is cut; otherwise it is refused
	Default   bool   // used for desktops of requests that say nothing of names; at most one in a project
	Next      int    // the number that desktops which count together go on with
	Created   time.Time
	Updated   time.Time
}

// WithUser says whether names hold the name of the user, so that desktops without one cannot have them.
func (p NamePolicy) WithUser() bool { return strings.Contains(p.Prefix, DomainUser) }

func (p NamePolicy) last() int { return pow10(p.Digits) - 1 }

func pow10(digits int) int {
	n := 1
	for range digits {
		n *= 10
	}
	return n
}

// Check says what is wrong with a policy, or nil.
func (p NamePolicy) Check() error {
	if err := checkPolicyName(p.Name); err != nil {
		return err
	}
	literal := strings.Replace(p.Prefix, DomainUser, "", 1)
	width := len(literal)
	if p.WithUser() {
		width++
	}
	switch {
	case p.Digits < 1 || p.Digits > MaxPolicyDigits:
		return workspace.Invalid("digit_number", "%d is out of range, use 1 to %d", p.Digits, MaxPolicyDigits)
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
	if n := utf8.RuneCountInString(name); n < 1 || n > MaxNamePolicyName {
		return workspace.Invalid("policy_name", "use 1 to %d characters", MaxNamePolicyName)
	}
	for i, r := range name {
		letter := workspace.IsASCIILetter(r) || r == '_' || unicode.Is(unicode.Han, r)
		if !letter && (i == 0 || !workspace.IsDigit(r)) {
			return workspace.Invalid("policy_name", "%q must be of letters, digits and underscores, and not start with a digit", name)
		}
	}
	return nil
}

// hyphens makes of a user name what computer names may hold.
var hyphens = strings.NewReplacer("_", "-", ".", "-")

// PrefixOf returns what stands before the number in the name of a desktop of this user, who may be nobody (""). CodeInvalid when
// the user name does not fit.
func (p NamePolicy) PrefixOf(userName string) (string, error) {
	if !p.WithUser() {
		return p.Prefix, nil
	}
	if userName == "" {
		return "", workspace.Invalid("desktop_name_policy_id", "policy %q makes names with the user's, so the desktops must be for people", p.Name)
	}
	room := workspace.MaxComputerName - p.Digits - len(p.Prefix) + len(DomainUser)
	local, _, _ := strings.Cut(userName, "@")
	name := hyphens.Replace(local)
	if len(name) > room {
		if !p.Truncate {
			return "", workspace.Invalid("user_name", "%q has %d characters, name policy %q has room for %d", userName, len(name), p.Name, room)
		}
		name = name[:room]
	}
	return strings.Replace(p.Prefix, DomainUser, name, 1), nil
}

// Names makes the names of desktops whose prefixes, from PrefixOf, are given in order. taken are names in lower case that cannot
// be used. It returns the names and the number that the policy goes on with. After the last number it begins with Start again
// and uses what has become free. CodeInvalid when too few are free.
func (p NamePolicy) Names(prefixes []string, taken map[string]bool) ([]string, int, error) {
	used := make(map[string]bool, len(prefixes))
	next := map[string]int{} // by prefix; those who count together share one
	key := func(prefix string) string {
		if p.PerUser {
			return strings.ToLower(prefix)
		}
		return ""
	}
	if !p.PerUser {
		next[""] = max(p.Next, p.Start)
	}
	names := make([]string, len(prefixes))
	for i, prefix := range prefixes {
		number := max(next[key(prefix)], p.Start)
		found := false
		for range p.last() - p.Start + 1 {
			if number > p.last() {
				number = p.Start
			}
			name := fmt.Sprintf("%s%0*d", prefix, p.Digits, number)
			number++
			if lower := strings.ToLower(name); !taken[lower] && !used[lower] {
				names[i], found = name, true
				used[lower] = true
				break
			}
		}
		if !found {
			return nil, 0, workspace.Invalid("desktop_name_policy_id", "policy %q has no free name that starts with %q", p.Name, prefix)
		}
		next[key(prefix)] = number
	}
	return names, next[""], nil
}

// KeepCount writes the number that a policy, whose row is held, goes on with.
func KeepCount(ctx context.Context, tx *store.Tx, p NamePolicy, next int) error {
	if p.PerUser {
		return nil
	}
	p.Next = next
	return SaveNamePolicy(ctx, tx, p)
}

// NamePolicyQuery selects policies of one project.
type NamePolicyQuery struct {
	ProjectID string
	ID        string
	Name      string // part of the name, whatever its case
	WithUser  *bool
	Default   *bool
	workspace.Page
}

// CreateNamePolicy adds a policy and returns its id. A new default takes the place of the former. CodeNameTaken, CodeInvalid.
func (s *Service) CreateNamePolicy(ctx context.Context, c workspace.Caller, p NamePolicy) (string, error) {
	if err := p.Check(); err != nil {
		return "", err
	}
	return store.Update(ctx, s.Store, store.Once(ctx, c, "CreateDesktopNamePolicy", p, func(tx *store.Tx) (string, error) {
		if _, err := tx.LockSubscription(ctx, c.ProjectID); err != nil { // so that two callers cannot both make the last one
			return "", err
		}
		_, total, err := NamePolicies(ctx, tx, NamePolicyQuery{ProjectID: c.ProjectID})
		if err != nil {
			return "", err
		}
		if total >= MaxNamePolicies {
			return "", workspace.Errorf(workspace.CodeConflict, "there are %d name policies, which is the limit: delete one first", total)
		}
		p.ID, p.ProjectID, p.Created, p.Updated, p.Next = workspace.NewID(), c.ProjectID, tx.Now(), tx.Now(), 0
		if err := settleDefault(ctx, tx, p); err != nil {
			return "", err
		}
		return p.ID, InsertNamePolicy(ctx, tx, p)
	}))
}

// settleDefault makes room for a new default before it is written: the database keeps one in a project.
func settleDefault(ctx context.Context, tx *store.Tx, p NamePolicy) error {
	if !p.Default {
		return nil
	}
	return ClearDefaultNamePolicy(ctx, tx, p.ProjectID, p.ID)
}

// NamePolicyChange asks to change a policy. What is nil stays as it is.
type NamePolicyChange struct {
	Name, Prefix               *string
	Digits, Start              *int
	PerUser, Default, Truncate *bool
}

// UpdateNamePolicy changes a policy; names that were made stay. One whose names change counts from its start again.
// CodePolicyNotFound, CodeNameTaken, CodeInvalid.
func (s *Service) UpdateNamePolicy(ctx context.Context, c workspace.Caller, id string, change NamePolicyChange) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		before, err := LockNamePolicy(ctx, tx, c.ProjectID, id)
		if err != nil {
			return err
		}
		p := before
		workspace.Set(&p.Name, change.Name)
		workspace.Set(&p.Prefix, change.Prefix)
		workspace.Set(&p.Digits, change.Digits)
		workspace.Set(&p.Start, change.Start)
		workspace.Set(&p.PerUser, change.PerUser)
		workspace.Set(&p.Default, change.Default)
		workspace.Set(&p.Truncate, change.Truncate)
		if err := p.Check(); err != nil {
			return err
		}
		if p.Prefix != before.Prefix || p.Digits != before.Digits || p.Start != before.Start {
			p.Next = 0
		}
		p.Updated = tx.Now()
		if err := settleDefault(ctx, tx, p); err != nil {
			return err
		}
		return SaveNamePolicy(ctx, tx, p)
	})
}

// ListNamePolicies reads a page of policies and counts all that match.
func (s *Service) ListNamePolicies(ctx context.Context, q NamePolicyQuery) ([]NamePolicy, int, error) {
	return store.List(ctx, s.Store, func(tx *store.Tx) ([]NamePolicy, int, error) { return NamePolicies(ctx, tx, q) })
}
