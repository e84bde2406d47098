package app

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
)

// timezoneList has the time zones that every desktop image knows, one per line, followed by other names (old ones, those of
// Windows, cities without a zone of their own), each with a tab and its zone.
//
//go:embed timezones.txt
var timezoneList string

// timezones maps each name to its zone, and each zone to itself.
var timezones = sync.OnceValue(func() map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(timezoneList) {
		name, meant, other := strings.Cut(strings.TrimSpace(line), "\t")
		if !other {
			meant = name
		}
		all[name] = meant
	}
	return all
})

var utcOffset = regexp.MustCompile(`^(?:GMT|UTC|Etc/GMT|Etc/UTC)?([+-])0?([0-9]{1,2})(?::?00)?$`)

// checkTimezone returns an error for a name that is not a time zone of a desktop, and suggests one.
func checkTimezone(name string) error {
	meant := timezones()[name]
	if meant == name && name != "" {
		return nil
	}
	if meant == "" {
		meant = guessTimezone(name)
	}
	if meant != "" {
		return fmt.Errorf("%q is not the name of a time zone that desktops know, use %s", name, meant)
	}
	return fmt.Errorf("%q is not the name of a time zone, use one such as Asia/Shanghai, Europe/Berlin or UTC", name)
}

// guessTimezone returns the zone that a name may mean, or "".
func guessTimezone(name string) string {
	if m := utcOffset.FindStringSubmatch(name); m != nil {
		sign := map[string]string{"+": "-", "-": "+"}[m[1]]
		if zone := "Etc/GMT" + sign + m[2]; timezones()[zone] != "" {
			return zone + " (their sign is the other way round) or the zone of a city, such as Asia/Shanghai"
		}
		return ""
	}
	folded := func(s string) string { return strings.ToLower(strings.ReplaceAll(s, " ", "_")) }
	city := folded(name[strings.LastIndex(name, "/")+1:])
	best := ""
	for known, meant := range timezones() {
		switch {
		case folded(known) == folded(name):
			return meant
		case folded(known[strings.LastIndex(known, "/")+1:]) == city && (best == "" || meant < best):
			best = meant
		}
	}
	return best
}

// timezone returns that of new desktops: the configured one, or this host's, or UTC if desktops do not know that.
func (c *Config) timezone() string {
	if c.Desktops.Timezone != "" {
		return c.Desktops.Timezone
	}
	return timezones()[hostTimezone()] // empty means UTC
}

// hostTimezone returns the name of this host's time zone, as Debian stores it before version 13 and since.
func hostTimezone() string {
	if name, err := os.ReadFile("/etc/timezone"); err == nil {
		return strings.TrimSpace(string(name))
	}
	link, err := filepath.EvalSymlinks("/etc/localtime")
	if err != nil {
		return ""
	}
	_, name, _ := strings.Cut(link, "/zoneinfo/")
	return name
}
