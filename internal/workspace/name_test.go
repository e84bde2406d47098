package workspace_test

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"carrel/internal/directory"
	"carrel/internal/workspace"
	"carrel/internal/workspace/workspacetest"
)

func TestComputerName(t *testing.T) {
	good := []string{"a", "7", "POOL01-7", "ljh-002", "abcdefghijklmno", "设计部01", "设计部设计部-1"}
	for _, name := range good {
		t.Run("allows "+name, func(t *testing.T) {
			if err := workspace.CheckComputerName("computer_name", name, workspace.MaxComputerName); err != nil {
				t.Error(err)
			}
		})
	}
	bad := map[string]string{
		"":                 "must not be empty",
		"abcdefghijklmnop": "16 characters",
		"web-":             "must not end with a hyphen",
		"-web":             "must start with a letter or digit",
		"my desk":          `' ' is not allowed`,
		"desk_1":           `'_' is not allowed`,
		"设计部设计部设计":         "16 characters",
		"naïve":            "is not allowed",
	}
	for name, why := range bad {
		t.Run("refuses "+name, func(t *testing.T) {
			err := workspace.CheckComputerName("computer_name", name, workspace.MaxComputerName)
			workspacetest.Refused(t, err, workspace.CodeInvalid, "computer_name: ", why)
		})
	}
}

func TestUserName(t *testing.T) {
	for _, name := range []string{"ljh-002", "A", "abcdefghijklmnopqrstuvwxyz_12345", "20231234", "1st", "anna.muster", "anna@example.com", "a.b-c_d@sub.example.org"} {
		if err := workspace.CheckUserName("user_name", name); err != nil {
			t.Error(err)
		}
	}
	bad := map[string]string{
		"":   "must not be empty",
		"-a": "must start with a letter or digit", "_a": "must start with a letter or digit", ".a": "must start with a letter or digit", "@example.com": "must start with a letter or digit",
		"a.": "dot at its end", "a..b": "two side by side", "a@": "no domain", "a@.b": "no domain", "a@b@c": `'@' is not allowed`, "a@b.": "no domain",
		strings.Repeat("a", 60) + "@b.de": "at most 64",
		"Root":                            "reserved by the desktop's operating system",
		"a b":                             "is not allowed",
		"用户":                              "is not allowed",
		strings.Repeat("a", 33):           "at most 32",
	}
	for name, why := range bad {
		t.Run("refuses "+name, func(t *testing.T) {
			err := workspace.CheckUserName("user_name", name)
			workspacetest.Refused(t, err, workspace.CodeInvalid, "user_name: ", why)
		})
	}
}

func TestNameSequence(t *testing.T) {
	t.Run("counts from 01 and leaves out what is taken, whatever its case", func(t *testing.T) {
		got, err := workspace.NameSequence("desktop_name", "POOL", 3, map[string]bool{"pool02": true})
		if err != nil || strings.Join(got, " ") != "POOL01 POOL03 POOL04" {
			t.Errorf("got %v, %v", got, err)
		}
	})
	t.Run("fits a hundred desktops behind the longest prefix", func(t *testing.T) {
		got, err := workspace.NameSequence("desktop_name", "abcdefghijklm", 100, nil)
		if err != nil || len(got) != 100 || got[99] != "abcdefghijklm00" {
			t.Errorf("got %v, %v", got, err)
		}
	})
	t.Run("says how many are free when there are too few", func(t *testing.T) {
		_, err := workspace.NameSequence("desktop_name", "abcdefghijklm", 100, map[string]bool{"abcdefghijklm07": true})
		workspacetest.Refused(t, err, workspace.CodeInvalid, "desktop_name: ", "only 99 names")
	})
}

func TestNameSequenceGivesFreeValidDistinctNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prefix := rapid.StringMatching(`[A-Za-z0-9][A-Za-z0-9-]{0,12}`).Draw(t, "prefix")
		taken := rapid.SliceOf(rapid.StringMatching(`[a-z0-9]{1,3}`)).Draw(t, "taken suffixes")
		for i := range taken {
			taken[i] = strings.ToLower(prefix) + taken[i]
		}
		seen := map[string]bool{}
		for _, old := range taken {
			seen[old] = true
		}
		n := rapid.IntRange(1, 60).Draw(t, "n")
		names, err := workspace.NameSequence("f", prefix, n, seen)
		if err != nil {
			if len(prefix) < 12 {
				t.Fatalf("%d names fit: %v", n, err)
			}
			return
		}
		for _, name := range names {
			if key := strings.ToLower(name); seen[key] {
				t.Fatalf("%s is taken or there twice", name)
			} else {
				seen[key] = true
			}
			if err := workspace.CheckComputerName("f", name, workspace.MaxComputerName); err != nil {
				t.Fatal(err)
			}
		}
		if len(names) != n {
			t.Fatalf("%d names, want %d", len(names), n)
		}
	})
}

func TestPrefixForAnyUserNameIsAValidPrefix(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		user := rapid.StringMatching(`[A-Za-z][A-Za-z0-9_-]{0,31}`).Draw(t, "user")
		prefix := workspace.PrefixFor(user)
		if err := workspace.CheckComputerName("f", prefix+"01", workspace.MaxComputerName); err != nil {
			t.Fatal(err)
		}
	})
}

func TestTags(t *testing.T) {
	bad := map[string][]workspace.Tag{
		"tags[0].key: must not contain":             {{Key: "a=b"}},
		"tags[0].value: must not contain":           {{Key: "a", Value: "1/2"}},
		"tags[0].key: must not start with _sys_":    {{Key: "_sys_x"}},
		"tags[0].key: must not start or end with a": {{Key: " a"}},
		`tags[1].key: "a" is listed twice`:          {{Key: "a"}, {Key: "a"}},
	}
	for why, tags := range bad {
		t.Run(why, func(t *testing.T) {
			workspacetest.Refused(t, workspace.CheckTags("tags", tags), workspace.CodeInvalid, why)
		})
	}
}

func TestAccountsAreDerivedFromNames(t *testing.T) {
	for name, want := range map[string]string{
		"ljh-002": "ljh-002", "Ann_B": "ann_b", "20231234": "u20231234", "1st": "u1st", "anna.muster": "anna-muster", "Anna@Example.com": "anna", "a.b@c": "a-b",
		strings.Repeat("a", 40) + "@b": strings.Repeat("a", 32),
	} {
		if got := directory.AccountFor(name); got != want {
			t.Errorf("%q gets %q, want %q", name, got, want)
		}
	}
	long := strings.Repeat("a", 32)
	if got := directory.NumberedAccount("ann", 1); got != "ann1" {
		t.Error(got)
	}
	if got := directory.NumberedAccount(long, 12); got != long[:30]+"12" {
		t.Error(got)
	}
	login := regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[A-Za-z0-9][A-Za-z0-9._-]{0,31}(@[a-z0-9.-]{1,20})?`).Draw(t, "name")
		account := directory.AccountFor(name)
		if numbered := directory.NumberedAccount(account, rapid.IntRange(1, 10_000).Draw(t, "n")); !login.MatchString(account) || !login.MatchString(numbered) {
			t.Errorf("%q gets %q, %q", name, account, numbered)
		}
	})
}
