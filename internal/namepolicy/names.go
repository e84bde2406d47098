package namepolicy

import (
	"fmt"
	"strings"

	"carrel/internal/workspace"
)

// hyphens replaces characters that user names may have and computer names may not.
var hyphens = strings.NewReplacer("_", "-", ".", "-")

// PrefixOf returns the part before the number in the name of a desktop of this user; "" for no user. CodeInvalid if the user name
// does not fit.
func (p Policy) PrefixOf(userName string) (string, error) {
	if !p.WithUser() {
		return p.Prefix, nil
	}
	if userName == "" {
		return "", workspace.Invalid("desktop_name_policy_id", "policy %q makes names with the user's, so the desktops must be for people", p.Name)
	}
	most := workspace.MaxComputerName - p.Digits - len(p.Prefix) + len(DomainUser)
	local, _, _ := strings.Cut(userName, "@")
	name := hyphens.Replace(local)
	if len(name) > most {
		if !p.Truncate {
			return "", workspace.Invalid("user_name", "%q has %d characters, name policy %q allows %d", userName, len(name), p.Name, most)
		}
		name = name[:most]
	}
	return strings.Replace(p.Prefix, DomainUser, name, 1), nil
}

// Names generates the names of desktops with these prefixes from PrefixOf, in order. taken are names in lower case that cannot be
// used. It returns the names and the policy's next number. After the last number it continues with Start, and uses numbers that
// have become free. CodeInvalid if too few are free.
func (p Policy) Names(prefixes []string, taken map[string]bool) ([]string, int, error) {
	used := make(map[string]bool, len(prefixes))
	next := map[string]int{} // by prefix; desktops that count together share one
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
