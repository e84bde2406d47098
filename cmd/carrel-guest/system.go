package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"carrel/internal/guest"
)

// system is the part of the desktop that is in files below root, which is "/" except in tests.
type system struct {
	root   string
	logins *logins
	lease  context.CancelFunc // ends the DHCP client; nil when none runs
}

func hostSystem() *system { return newSystem("/") }

func newSystem(root string) *system {
	return &system{root: root, logins: &logins{root: root, lchown: os.Lchown}}
}

func (s *system) path(p string) string { return filepath.Join(s.root, p) }

var hostnamePattern = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,62})$`)

// setHostname sets the machine's name now and for the next boot. An empty name changes nothing.
func (s *system) setHostname(name string) error {
	if name == "" {
		return nil
	}
	if !hostnamePattern.MatchString(name) {
		return fmt.Errorf("host name %q: use letters, digits and hyphens, at most 63", name)
	}
	if now, err := os.Hostname(); s.root == "/" && (err != nil || now != name) {
		if err := unix.Sethostname([]byte(name)); err != nil {
			return fmt.Errorf("setting the host name: %w", err)
		}
	}
	hosts := "127.0.0.1 localhost\n127.0.1.1 " + name + "\n::1 localhost ip6-localhost ip6-loopback\n"
	return errors.Join(
		replaceFile(s.path("etc/hostname"), name+"\n", 0o644),
		replaceFile(s.path("etc/hosts"), hosts, 0o644))
}

// emptyTmp deletes what the machine's last run has left in /tmp, once per boot: systemd's own cleaning could happen while a
// session starts.
func (s *system) emptyTmp() error {
	mark := s.path("run/carrel/booted")
	if _, err := os.Stat(mark); err == nil {
		return nil
	}
	entries, err := os.ReadDir(s.path("tmp"))
	if err != nil {
		return fmt.Errorf("looking at /tmp: %w", err)
	}
	errs := []error{os.WriteFile(mark, nil, 0o600)}
	for _, e := range entries {
		errs = append(errs, os.RemoveAll(filepath.Join(s.path("tmp"), e.Name())))
	}
	return errors.Join(errs...)
}

// setTimezone sets an IANA time zone; empty means UTC.
func (s *system) setTimezone(zone string) error {
	if zone == "" {
		zone = "Etc/UTC"
	}
	if !filepath.IsLocal(zone) {
		return fmt.Errorf("time zone %q: not a name", zone)
	}
	if fi, err := os.Stat(s.path(filepath.Join("usr/share/zoneinfo", zone))); err != nil || !fi.Mode().IsRegular() {
		return fmt.Errorf("time zone %q: unknown", zone)
	}
	link := s.path("etc/localtime")
	target := filepath.Join("/usr/share/zoneinfo", zone)
	if now, err := os.Readlink(link); err == nil && now == target {
		return nil
	}
	fresh := link + ".carrel"
	_ = os.Remove(fresh) // left by a crash
	if err := os.Symlink(target, fresh); err != nil {
		return fmt.Errorf("setting the time zone: %w", err)
	}
	if err := os.Rename(fresh, link); err != nil {
		return fmt.Errorf("setting the time zone: %w", err)
	}
	return replaceFile(s.path("etc/timezone"), zone+"\n", 0o644)
}

// setLocale sets the language of sessions that start from now on; empty keeps the image's own.
func (s *system) setLocale(locale string) error {
	if locale == "" || locale == s.locale() {
		return nil
	}
	known, err := s.hasLocale(locale)
	if err != nil {
		return err
	}
	if !known {
		return fmt.Errorf("locale %q: not in this image", locale)
	}
	return replaceFile(s.path("etc/default/locale"), "LANG="+locale+"\n", 0o644)
}

// locale returns the language of new sessions.
func (s *system) locale() string {
	b, err := os.ReadFile(s.path("etc/default/locale"))
	if err != nil {
		return "C.UTF-8"
	}
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "LANG="); ok {
			return strings.Trim(v, `"`)
		}
	}
	return "C.UTF-8"
}

// hasLocale reports whether a locale is compiled. The archive stores names in glibc's form: "zh_CN.UTF-8" is "zh_CN.utf8".
func (s *system) hasLocale(locale string) (bool, error) {
	name, charset, found := strings.Cut(locale, ".")
	if !found || name == "" || strings.ContainsAny(locale, "/\x00\n\"$`\\ ") {
		return false, nil
	}
	stored := name + "." + strings.ReplaceAll(strings.ToLower(charset), "-", "")
	if _, err := os.Stat(s.path(filepath.Join("usr/lib/locale", stored))); err == nil {
		return true, nil
	}
	archive, err := os.ReadFile(s.path("usr/lib/locale/locale-archive"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, fmt.Errorf("looking for a locale: %w", err)
	}
	return bytes.Contains(archive, []byte("\x00"+stored+"\x00")), nil
}

// shareVolumes lets the accounts write to the data disks.
func (s *system) shareVolumes(d guest.Desktop) error {
	var present []string
	for _, a := range d.Accounts {
		if !a.Absent {
			present = append(present, a.Name)
		}
	}
	uid, gid, mode := 0, 0, os.ModeSticky|0o777
	if len(present) == 1 {
		l, err := s.logins.find(present[0])
		if err != nil {
			return fmt.Errorf("finding the volumes' owner: %w", err)
		}
		uid, gid, mode = l.UID, l.GID, 0o750
	}
	var errs []error
	for _, dir := range d.Volumes {
		errs = append(errs, own(dir, uid, gid, mode))
	}
	return errors.Join(errs...)
}

// dropMounts removes the folders of data disks that the previous document had and this one does not. A folder with files, or with
// something mounted on it, stays.
func (s *system) dropMounts(d guest.Desktop) error {
	last, err := s.lastDocument()
	if errors.Is(err, errNoDocument) {
		return nil
	}
	for _, dir := range last.Volumes {
		if !slices.Contains(d.Volumes, dir) {
			_ = unix.Rmdir(s.path(dir)) // removes empty folders only, and follows no link
		}
	}
	return err
}

// own sets a folder's owner and mode.
func own(dir string, uid, gid int, mode os.FileMode) error {
	f, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("opening a volume: %w", err)
	}
	defer f.Close()
	if err := errors.Join(f.Chown(uid, gid), f.Chmod(mode)); err != nil {
		return fmt.Errorf("giving volume %q to its accounts: %w", dir, err)
	}
	return nil
}

// replaceFile sets the content of a file, completely or not at all; it writes only if something differs.
func replaceFile(path, content string, mode os.FileMode) error {
	if old, err := os.ReadFile(path); err == nil && string(old) == content {
		return nil
	}
	return writeFile(path, content, mode, -1, -1)
}

// writeFile writes a new file in place of the existing one. It follows no links, so it is safe in folders that an account owns.
// An owner of -1 is the caller.
func writeFile(path, content string, mode os.FileMode, uid, gid int) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer os.Remove(f.Name()) // renamed already unless there was an error
	_, err = f.WriteString(content)
	err = errors.Join(err, f.Chmod(mode), f.Chown(uid, gid), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}
