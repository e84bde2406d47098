package workspace

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of names, in characters.
const (
	MaxComputerName     = 15
	MaxNamePrefix       = 13 // leaves room for two digits
	MaxUserName         = 32
	MaxMailUserName     = 64 // if it is a mail address
	MaxWindowsUserName  = 20
	MaxTags             = 20 // of a desktop, a number
	MaxEnterpriseIDSize = 36
)

// CheckComputerName returns why name is not a valid computer name, or nil: letters, digits and hyphens, starting with a letter or
// digit, not ending with a hyphen, at most limit characters, of which Chinese ones count two.
func CheckComputerName(field, name string, limit int) error {
	if name == "" {
		return Invalid(field, "must not be empty")
	}
	width := 0
	for _, r := range name {
		switch {
		case IsASCIILetter(r) || IsDigit(r) || r == '-':
			width++
		case unicode.Is(unicode.Han, r):
			width += 2
		default:
			return Invalid(field, "%q is not allowed in %q: use letters, digits and hyphens", r, name)
		}
	}
	switch {
	case width > limit:
		return Invalid(field, "%q has %d characters (Chinese ones count two), at most %d are allowed", name, width, limit)
	case name[0] == '-':
		return Invalid(field, "%q must start with a letter or digit", name)
	case strings.HasSuffix(name, "-"):
		return Invalid(field, "%q must not end with a hyphen", name)
	}
	return nil
}

// CheckHostName returns why name is not valid as the host name inside a desktop, or nil.
func CheckHostName(field, name string) error {
	if err := CheckComputerName(field, name, MaxComputerName); err != nil {
		return err
	}
	if !isASCII(name) {
		return Invalid(field, "%q must be of ASCII letters, digits and hyphens", name)
	}
	return nil
}

// HostNameFor derives the host name inside a desktop from its computer name. That may be Chinese, or have underscores, which
// become hyphens.
func HostNameFor(name, desktopID string) string {
	if isASCII(name) {
		return strings.TrimRight(strings.ReplaceAll(name, "_", "-"), "-")
	}
	return HostNameOfID(desktopID)
}

func HostNameOfID(desktopID string) string { return "desktop-" + desktopID[:6] }

// CheckUserName returns why name is not valid for a user, or nil: letters, digits, hyphens, underscores and dots, starting with a
// letter or digit and at most MaxUserName characters, or a mail address of such a name and at most MaxMailUserName characters.
func CheckUserName(field, name string) error {
	local, domain, mail := strings.Cut(name, "@")
	limit := MaxUserName
	if mail {
		limit = MaxMailUserName
	}
	if name == "" {
		return Invalid(field, "must not be empty")
	}
	if n := utf8.RuneCountInString(name); n > limit {
		return Invalid(field, "%q has %d characters, at most %d are allowed", name, n, limit)
	}
	for _, r := range local + domain {
		if !IsASCIILetter(r) && !IsDigit(r) && !strings.ContainsRune("-_.", r) {
			return Invalid(field, "%q is not allowed in %q: use letters, digits, hyphens, underscores and dots, or a mail address of these", r, name)
		}
	}
	switch {
	case !startsWithLetterOrDigit(local):
		return Invalid(field, "%q must start with a letter or digit", name)
	case strings.HasSuffix(local, "."), strings.Contains(name, ".."):
		return Invalid(field, "%q must not have a dot at its end or two side by side", name)
	case mail && (!startsWithLetterOrDigit(domain) || strings.HasSuffix(domain, ".")):
		return Invalid(field, "%q has no domain after the @", name)
	case slices.Contains(SystemAccounts, strings.ToLower(name)):
		return Invalid(field, "%q is reserved by the desktop's operating system, choose another name", name)
	}
	return nil
}

func startsWithLetterOrDigit(s string) bool {
	return s != "" && (IsASCIILetter(rune(s[0])) || IsDigit(rune(s[0])))
}

// SystemAccounts are logins and groups that the system inside desktops already has.
var SystemAccounts = []string{
	"_apt", "adm", "audio", "avahi", "backup", "bin", "carrel", "cdrom", "daemon", "dialout", "dip", "disk", "fax", "floppy",
	"games", "gnats", "input", "irc", "kmem", "kvm", "list", "lp", "mail", "man", "messagebus", "netdev", "news", "nobody",
	"nogroup", "operator", "plugdev", "polkitd", "proxy", "pulse", "pulse-access", "render", "root", "rtkit", "sasl", "sgx",
	"shadow", "src", "ssl-cert", "staff", "sudo", "sync", "sys", "systemd-journal", "systemd-network", "systemd-resolve",
	"systemd-timesync", "tape", "tty", "users", "utmp", "uucp", "video", "voice", "www-data",
}

// InLowerCase returns the set of names in lower case.
func InLowerCase(names []string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, name := range names {
		set[strings.ToLower(name)] = true
	}
	return set
}

// NameSequence returns n names of prefix and a number of at least two digits that are neither in taken (in lower case) nor longer
// than MaxComputerName, lowest number first. It returns an error if fewer are free.
func NameSequence(field, prefix string, n int, taken map[string]bool) ([]string, error) {
	width := MaxComputerName - NameWidth(prefix)
	highest := 1
	for range width {
		highest *= 10
	}
	names := make([]string, 0, n)
	for i := 1; i <= highest && len(names) < n; i++ {
		name := fmt.Sprintf("%s%02d", prefix, i%highest) // 00 comes last
		if !taken[strings.ToLower(name)] {
			names = append(names, name)
		}
	}
	if len(names) < n {
		return nil, Invalid(field, "only %d names that start with %q are free, %d are needed", len(names), prefix, n)
	}
	return names, nil
}

// PrefixFor derives a computer name prefix from a user name: its allowed characters before an @, cut to MaxNamePrefix.
func PrefixFor(userName string) string {
	var b strings.Builder
	local, _, _ := strings.Cut(userName, "@")
	for _, r := range local {
		if b.Len() == MaxNamePrefix {
			break
		}
		switch {
		case IsASCIILetter(r) || IsDigit(r):
			b.WriteRune(r)
		case b.Len() > 0:
			b.WriteByte('-')
		}
	}
	return b.String()
}

// CheckTags returns which tag has characters that are not allowed or a key of another, or nil.
func CheckTags(field string, tags []Tag) error {
	seen := make(map[string]bool, len(tags))
	for i, t := range tags {
		at := fmt.Sprintf("%s[%d]", field, i)
		if err := CheckTag(at, t); err != nil {
			return err
		}
		if seen[t.Key] {
			return Invalid(at+".key", "%q is listed twice", t.Key)
		}
		seen[t.Key] = true
	}
	return nil
}

// CheckTag returns which characters of a tag are not allowed, or nil.
func CheckTag(field string, t Tag) error {
	switch {
	case strings.ContainsAny(t.Key, tagForbidden):
		return Invalid(field+".key", "must not contain any of %s", tagForbidden)
	case strings.ContainsAny(t.Value, tagForbidden):
		return Invalid(field+".value", "must not contain any of %s", tagForbidden)
	case strings.HasPrefix(t.Key, "_sys_"):
		return Invalid(field+".key", "must not start with _sys_")
	case strings.TrimSpace(t.Key) != t.Key:
		return Invalid(field+".key", "must not start or end with a space")
	}
	return nil
}

const tagForbidden = `=*<>,|/`

func NameWidth(s string) int {
	w := 0
	for _, r := range s {
		w++
		if unicode.Is(unicode.Han, r) {
			w++
		}
	}
	return w
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}
func IsASCIILetter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }
func IsDigit(r rune) bool       { return r >= '0' && r <= '9' }
