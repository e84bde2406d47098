package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Files are those of a system that does not run. Paths are absolute inside it; a missing file is fs.ErrNotExist.
type Files interface {
	Names(folder string) ([]string, error) // what is in a folder, by base name
	IsFolder(name string) bool             // a link is none
	Read(name string) ([]byte, error)
	Replace(name string, content []byte) error // keeps owner and mode of a file that exists
	RemoveAll(name string) error               // follows no link; what is missing is removed
}

// accountsGroup is the group that has every account that Carrel has made in a desktop as a member: carrel-guest puts them there.
const accountsGroup = "carrel"

// UnfinishedPrefix begins the names of files that Replace may leave when it is interrupted.
const UnfinishedPrefix = ".carrel-unfinished-"

// What belongs to one desktop or to its people, besides their accounts.
var (
	// personalFolders are emptied.
	personalFolders = []string{"/home", "/tmp", "/var/tmp", "/var/mail", "/var/spool/cron/crontabs", "/var/lib/carrel", "/var/lib/dhcp"}
	// logFolders lose their files and keep their folders, which services expect.
	logFolders = []string{"/var/log"}
	// personalFiles are removed; a star stands for any part of a name.
	personalFiles = []string{
		"/etc/" + UnfinishedPrefix + "*", "/etc/ssh/ssh_host_*", "/etc/krb5.keytab", "/etc/NetworkManager/system-connections/*", "/var/lib/dbus/machine-id", "/var/lib/systemd/random-seed",
		"/var/lib/systemd/credential.secret", "/var/lib/AccountsService/users/*", "/root/.*_history", "/root/.ssh", "/root/.gnupg", "/root/.cache", "/root/.config",
		"/root/.local", "/root/.lesshst", "/root/.viminfo", "/root/.wget-hsts", "/root/.Xauthority", "/root/.netrc", "/root/.gitconfig",
	}
	// identity is what files become that say which machine this is: an empty machine-id is made anew at the next boot.
	identity = map[string]string{
		"/etc/machine-id": "", "/etc/hostname": "localhost\n", "/etc/hosts": "127.0.0.1 localhost\n::1 localhost\n", "/etc/resolv.conf": "",
	}
)

// Anonymize removes from a system what belongs to one desktop or to its people, so that other desktops can start from it: accounts that Carrel made
// and what they have in their homes and spools, logs, the machine's identity and keys, and the empty folders of its data disks (mounts). Files that a
// person has put elsewhere stay, with an owner whose id no account gets again. Doing it again changes nothing.
func Anonymize(files Files, mounts []string) error {
	if err := dropAccounts(files); err != nil {
		return err
	}
	for _, folder := range personalFolders {
		if err := empty(files, folder, true); err != nil {
			return err
		}
	}
	for _, folder := range logFolders {
		if err := empty(files, folder, false); err != nil {
			return err
		}
	}
	for _, pattern := range personalFiles {
		names, err := files.Names(path.Dir(pattern))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("looking into %s: %w", path.Dir(pattern), err)
		}
		for _, name := range names {
			if fits, _ := path.Match(path.Base(pattern), name); !fits {
				continue
			}
			if err := files.RemoveAll(path.Join(path.Dir(pattern), name)); err != nil {
				return fmt.Errorf("removing %s: %w", pattern, err)
			}
		}
	}
	for name, content := range identity {
		if was, err := files.Read(name); err != nil || string(was) == content {
			continue // a system without the file needs none
		}
		if err := files.Replace(name, []byte(content)); err != nil {
			return fmt.Errorf("writing %s: %w", name, err)
		}
	}
	for _, mount := range mounts {
		if names, err := files.Names(mount); err != nil || len(names) > 0 {
			continue
		}
		if err := files.RemoveAll(mount); err != nil {
			return fmt.Errorf("removing %s: %w", mount, err)
		}
	}
	return nil
}

// empty removes what is in a folder; without folders, only files, also those in the folders below.
func empty(files Files, folder string, folders bool) error {
	names, err := files.Names(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking into %s: %w", folder, err)
	}
	for _, name := range names {
		inside := path.Join(folder, name)
		if !folders && files.IsFolder(inside) {
			err = empty(files, inside, false)
		} else {
			err = files.RemoveAll(inside)
		}
		if err != nil {
			return fmt.Errorf("emptying %s: %w", folder, err)
		}
	}
	return nil
}

// dropAccounts removes the accounts that Carrel made. Their ids keep rows without a name, so that they are never given to others: files may have them.
func dropAccounts(files Files) error {
	group, err := files.Read("/etc/group")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the groups: %w", err)
	}
	gone := membersOf(string(group), accountsGroup)
	if len(gone) == 0 {
		return nil
	}
	// The groups are last: as long as they name the accounts, an interrupted attempt is completed by the next one.
	for _, name := range []string{"passwd", "shadow", "subuid", "subgid", "gshadow", "group"} {
		was, err := files.Read("/etc/" + name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("reading the accounts: %w", err)
		}
		next := withoutAccounts(name, string(was), gone)
		for _, file := range []string{"/etc/" + name, "/etc/" + name + "-"} { // Debian's tools keep the former file
			if _, err := files.Read(file); err != nil {
				continue
			}
			if err := files.Replace(file, []byte(next)); err != nil {
				return fmt.Errorf("writing the accounts: %w", err)
			}
		}
	}
	return nil
}

func membersOf(groups, name string) []string {
	for line := range strings.Lines(groups) {
		if fields := strings.Split(strings.TrimSuffix(line, "\n"), ":"); fields[0] == name && len(fields) > 3 && fields[3] != "" {
			return strings.Split(fields[3], ",")
		}
	}
	return nil
}

// withoutAccounts returns an account file without accounts.
func withoutAccounts(file, content string, gone []string) string {
	var kept strings.Builder
	for line := range strings.Lines(content) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), ":")
		is := slices.Contains(gone, fields[0])
		switch {
		case is && file == "passwd" && len(fields) > 6:
			fields[0], fields[4], fields[5], fields[6] = "former-"+fields[2], "", "/nonexistent", "/usr/sbin/nologin"
		case is && file == "group" && len(fields) > 3:
			fields[0], fields[3] = "former-"+fields[2], ""
		case is:
			continue
		case (file == "group" || file == "gshadow") && len(fields) > 3:
			members := slices.DeleteFunc(strings.Split(fields[3], ","), func(m string) bool { return slices.Contains(gone, m) })
			fields[3] = strings.Join(members, ",")
		}
		kept.WriteString(strings.Join(fields, ":") + "\n")
	}
	return kept.String()
}
