package app

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"carrel/internal/timezone"
)

// checkTimezone returns an error for a name that is not a time zone of a desktop, and suggests one.
func checkTimezone(name string) error {
	meant := timezone.Zone(name)
	if meant == name && name != "" {
		return nil
	}
	if meant == "" {
		meant = timezone.Guess(name)
	}
	if meant != "" {
		return fmt.Errorf("%q is not the name of a time zone that desktops know, use %s", name, meant)
	}
	return fmt.Errorf("%q is not the name of a time zone, use one such as Asia/Shanghai, Europe/Berlin or UTC", name)
}

// timezone returns that of new desktops: the configured one, or this host's, or UTC if desktops do not know that.
func (c *Config) timezone() string {
	if c.Desktops.Timezone != "" {
		return c.Desktops.Timezone
	}
	return timezone.Zone(hostTimezone()) // empty means UTC
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
