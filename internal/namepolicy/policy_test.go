package namepolicy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"carrel/internal/namepolicy"
	"carrel/internal/workspace"
)

func TestNamePolicyCheck(t *testing.T) {
	good := namepolicy.Policy{Meta: workspace.Meta{Name: "Policy_1"}, Prefix: "a$DomainUser$b", Digits: 2, Start: 1}
	for name, change := range map[string]func(*namepolicy.Policy){
		"AsItIs":              func(*namepolicy.Policy) {},
		"ForEachUser":         func(p *namepolicy.Policy) { p.PerUser = true },
		"WithTheUserAlone":    func(p *namepolicy.Policy) { p.Prefix = "$DomainUser$" },
		"WithoutAUser":        func(p *namepolicy.Policy) { p.Prefix = "pc-" },
		"AsLongAsCanBe":       func(p *namepolicy.Policy) { p.Prefix, p.Digits, p.Start = "abcdefghij", 5, 99999 },
		"WithAChineseName":    func(p *namepolicy.Policy) { p.Name = "策略_1" },
		"WithAnUnderscore":    func(p *namepolicy.Policy) { p.Name = "_" },
		"WithALongPolicyName": func(p *namepolicy.Policy) { p.Name = strings.Repeat("x", 30) },
	} {
		t.Run(name, func(t *testing.T) {
			p := good
			change(&p)
			if err := p.Check(); err != nil {
				t.Error(err)
			}
		})
	}
	for why, change := range map[string]func(*namepolicy.Policy){
		`policy_name: "1" must`:                   func(p *namepolicy.Policy) { p.Name = "1" },
		`policy_name: "a-b" must`:                 func(p *namepolicy.Policy) { p.Name = "a-b" },
		"digit_number: 0 is out of range":         func(p *namepolicy.Policy) { p.Digits = 0 },
		"digit_number: 6 is out of range":         func(p *namepolicy.Policy) { p.Digits = 6 },
		"start_number: 0 is out of range":         func(p *namepolicy.Policy) { p.Start = 0 },
		"start_number: 100 is out of range, use ": func(p *namepolicy.Policy) { p.Start = 100 },
		"name_prefix: must not be empty":          func(p *namepolicy.Policy) { p.Prefix = "" },
		`name_prefix: "a_b" may hold`:             func(p *namepolicy.Policy) { p.Prefix = "a_b" },
		`name_prefix: "$DomainUser$$Domain`:       func(p *namepolicy.Policy) { p.Prefix = "$DomainUser$$DomainUser$" },
		`name_prefix: "-a" must start`:            func(p *namepolicy.Policy) { p.Prefix = "-a" },
		`name_prefix: "abcdefghijklmn" and 2 dig`: func(p *namepolicy.Policy) { p.Prefix = "abcdefghijklmn" },
		`name_prefix: "abcdefghijklm$DomainUser$`: func(p *namepolicy.Policy) { p.Prefix = "abcdefghijklm$DomainUser$" },
		"single_domain_user_inc: must be 0":       func(p *namepolicy.Policy) { p.Prefix, p.PerUser = "a", true },
	} {
		p := good
		change(&p)
		if err := p.Check(); !strings.HasPrefix(workspace.MessageOf(err), why) {
			t.Errorf("got %v, want %q", err, why)
		}
	}
}

// namesFor makes the names of one desktop for each user.
func namesFor(t *testing.T, p namepolicy.Policy, taken map[string]bool, users ...string) ([]string, int) {
	t.Helper()
	var prefixes []string
	for _, u := range users {
		prefix, err := p.PrefixOf(u)
		if err != nil {
			t.Fatal(err)
		}
		prefixes = append(prefixes, prefix)
	}
	names, next, err := p.Names(prefixes, taken)
	if err != nil {
		t.Fatal(err)
	}
	return names, next
}

func TestNamePolicyNames(t *testing.T) {
	p := namepolicy.Policy{Prefix: "$DomainUser$", Digits: 2, Start: 1}
	users := []string{"A", "A", "B", "C"}
	for _, c := range []struct {
		name  string
		p     namepolicy.Policy
		taken map[string]bool
		want  string
		next  int
	}{
		{"CountOnTogether", p, nil, "A01 A02 B03 C04", 5},
		{"CountForEachUser", namepolicy.Policy{Prefix: p.Prefix, Digits: 2, Start: 1, PerUser: true}, nil, "A01 A02 B01 C01", 0},
		{"GoOnWhereTheyStopped", namepolicy.Policy{Prefix: p.Prefix, Digits: 2, Start: 1, Next: 7}, nil, "A07 A08 B09 C10", 11},
		{"LeaveOutWhatIsTaken", p, map[string]bool{"a01": true, "b04": true}, "A02 A03 B05 C06", 7},
		{"BeginAgainAfterTheLast", namepolicy.Policy{Prefix: p.Prefix, Digits: 1, Start: 3, Next: 8}, nil, "A8 A9 B3 C4", 5},
		{"StandBetween", namepolicy.Policy{Prefix: "x$DomainUser$-", Digits: 3, Start: 10}, nil, "xA-010 xA-011 xB-012 xC-013", 14},
	} {
		t.Run(c.name, func(t *testing.T) {
			names, next := namesFor(t, c.p, c.taken, users...)
			if got := strings.Join(names, " "); got != c.want || next != c.next {
				t.Errorf("%s, then %d; want %s, then %d", got, next, c.want, c.next)
			}
		})
	}
	t.Run("RefuseAUserNameThatDoesNotFit", func(t *testing.T) {
		if _, err := p.PrefixOf("abcdefghijklmn"); workspace.CodeOf(err) != workspace.CodeInvalid {
			t.Error(err)
		}
		if _, err := p.PrefixOf(""); workspace.CodeOf(err) != workspace.CodeInvalid {
			t.Error(err)
		}
	})
	t.Run("CutAUserNameThatDoesNotFit", func(t *testing.T) {
		cut := p
		cut.Truncate = true
		if got, err := cut.PrefixOf("abc_efghijklmnop"); got != "abc-efghijklm" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
	})
	t.Run("EndWhenAllAreTaken", func(t *testing.T) {
		few := namepolicy.Policy{Prefix: "pc", Digits: 1, Start: 8}
		if _, _, err := few.Names([]string{"pc", "pc", "pc"}, nil); workspace.CodeOf(err) != workspace.CodeInvalid {
			t.Error(err)
		}
	})
}

func TestNamesOfPoliciesAreComputerNamesAndDiffer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := namepolicy.Policy{
			Meta: workspace.Meta{Name: "p"}, Prefix: rapid.SampledFrom([]string{"$DomainUser$", "a$DomainUser$", "$DomainUser$-b", "x", "abc-"}).Draw(t, "prefix"),
			Digits: rapid.IntRange(1, 5).Draw(t, "digits"), Truncate: true, Next: rapid.IntRange(0, 200).Draw(t, "next"),
		}
		p.Start = rapid.IntRange(1, 9).Draw(t, "start")
		p.PerUser = p.WithUser() && rapid.Bool().Draw(t, "per user")
		if err := p.Check(); err != nil {
			t.Fatal(err)
		}
		var prefixes []string
		for _, user := range rapid.SliceOfN(rapid.StringMatching(`[a-zA-Z][a-zA-Z0-9_-]{0,31}`), 1, 12).Draw(t, "users") {
			prefix, err := p.PrefixOf(user)
			if err != nil {
				t.Fatal(err)
			}
			prefixes = append(prefixes, prefix)
		}
		taken := map[string]bool{}
		for _, n := range rapid.SliceOfN(rapid.IntRange(1, 30), 0, 5).Draw(t, "taken") {
			taken[fmt.Sprintf("%s%0*d", strings.ToLower(prefixes[0]), p.Digits, n)] = true
		}
		names, _, err := p.Names(prefixes, taken)
		if err != nil {
			return // all are taken
		}
		var seen []string
		for _, n := range names {
			lower := strings.ToLower(n)
			if err := workspace.CheckComputerName("name", n, workspace.MaxComputerName); err != nil || taken[lower] || slices.Contains(seen, lower) {
				t.Errorf("%q of %v: %v", n, names, err)
			}
			seen = append(seen, lower)
		}
	})
}
