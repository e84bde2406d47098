package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	"carrel/internal/guest"
)

// ourGroup has every account that Carrel has created as a member, so that the system's own accounts are never changed.
const ourGroup = "carrel"

// The user ids of accounts. An id is never given to another account, since files may still have it.
const (
	firstUID = 1000
	lastUID  = 59999
)

// usersGroup is the shared group "users" that every Debian system has.
const usersGroup = 100

// expired is an expiry date in the format of the shadow file, long past: nobody can log in.
const expired = "1"

var errNoAccount = errors.New("no such account")

var accountPattern = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_-]{0,31}$`)

// login is an account of the system.
type login struct {
	Name  string
	UID   int
	GID   int
	Home  string
	Shell string
}

// logins edits the account files below root. It writes them directly: useradd and similar tools take longer than the rest of a
// desktop's set-up together.
type logins struct {
	root   string
	lchown func(path string, uid, gid int) error
}

// accountFiles is a consistent reading of the account files.
type accountFiles struct {
	passwd, shadow, group, gshadow *table
}

// edit calls change with the account files under the lock that all of Debian's tools use, and saves its changes.
func (l *logins) edit(change func(f *accountFiles) error) error {
	etc := filepath.Join(l.root, "etc")
	lock, err := os.OpenFile(filepath.Join(etc, ".pwd.lock"), os.O_CREATE|os.O_WRONLY|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return fmt.Errorf("opening the account lock: %w", err)
	}
	defer lock.Close()
	whole := unix.Flock_t{Type: unix.F_WRLCK}
	// The lock belongs to the open file, so it also works between goroutines of this program.
	if err := unix.FcntlFlock(lock.Fd(), unix.F_OFD_SETLKW, &whole); err != nil {
		return fmt.Errorf("locking the accounts: %w", err)
	}
	f, err := readAccountFiles(etc)
	if err != nil {
		return err
	}
	if err := change(f); err != nil {
		return err
	}
	// An account exists once it is in passwd, so that is last.
	for _, t := range []*table{f.group, f.gshadow, f.shadow, f.passwd} {
		if err := t.save(); err != nil {
			return err
		}
	}
	return nil
}

func readAccountFiles(etc string) (*accountFiles, error) {
	f := new(accountFiles)
	for name, t := range map[string]**table{
		"passwd": &f.passwd, "shadow": &f.shadow, "group": &f.group, "gshadow": &f.gshadow,
	} {
		var err error
		if *t, err = readTable(filepath.Join(etc, name)); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// find reads an account. errNoAccount.
func (l *logins) find(name string) (login, error) {
	passwd, err := readTable(filepath.Join(l.root, "etc/passwd"))
	if err != nil {
		return login{}, err
	}
	return parseLogin(passwd.row(name))
}

func parseLogin(row []string) (login, error) {
	if len(row) < 7 {
		return login{}, errNoAccount
	}
	uid, err := strconv.Atoi(row[2])
	if err != nil {
		return login{}, fmt.Errorf("reading the account's id: %w", err)
	}
	gid, err := strconv.Atoi(row[3])
	if err != nil {
		return login{}, fmt.Errorf("reading the account's group: %w", err)
	}
	return login{Name: row[0], UID: uid, GID: gid, Home: row[5], Shell: row[6]}, nil
}

// groups returns the ids of the groups that the account is a member of, besides its own.
func (l *logins) groups(name string) ([]uint32, error) {
	group, err := readTable(filepath.Join(l.root, "etc/group"))
	if err != nil {
		return nil, err
	}
	var ids []uint32
	for _, row := range group.rows {
		if len(row) <= membersField || !slices.Contains(group.members(row[0]), name) {
			continue
		}
		if id, err := strconv.ParseUint(row[2], 10, 32); err == nil {
			ids = append(ids, uint32(id))
		}
	}
	return ids, nil
}

// owned returns every account that Carrel has ever created here, including locked ones.
func (l *logins) owned() ([]login, error) {
	f, err := readAccountFiles(filepath.Join(l.root, "etc"))
	if err != nil {
		return nil, err
	}
	var all []login
	for _, name := range f.group.members(ourGroup) {
		if one, err := parseLogin(f.passwd.row(name)); err == nil {
			all = append(all, one)
		}
	}
	return all, nil
}

// ensure makes sure that the account exists, unlocked, in its group, with a home. It refuses names that the system itself uses.
func (l *logins) ensure(a guest.Account) (login, error) {
	if !accountPattern.MatchString(a.Name) {
		return login{}, errors.New("use letters, digits, hyphens and underscores, at most 32")
	}
	if a.Group != guest.GroupAdmin && a.Group != guest.GroupUser {
		return login{}, fmt.Errorf("unknown group %q", a.Group)
	}
	var made login
	err := l.edit(func(f *accountFiles) error {
		var err error
		made, err = f.ensure(a)
		return err
	})
	if err != nil {
		return login{}, err
	}
	return made, l.ensureHome(made)
}

func (f *accountFiles) ensure(a guest.Account) (login, error) {
	ours := slices.Contains(f.group.members(ourGroup), a.Name)
	if f.passwd.row(a.Name) != nil && !ours {
		return login{}, errors.New("the system itself uses this name")
	}
	if f.passwd.row(a.Name) == nil {
		uid, err := f.freeUID()
		if err != nil {
			return login{}, err
		}
		gid := usersGroup
		if f.group.row(a.Name) == nil {
			gid = uid
			f.group.add(a.Name, "x", strconv.Itoa(gid), "")
			f.gshadow.add(a.Name, "!", "", "")
		} else if g := f.group.row(a.Name); len(g) > 2 && g[2] == strconv.Itoa(uid) {
			gid = uid // created by an interrupted attempt
		}
		f.passwd.add(a.Name, "x", strconv.Itoa(uid), strconv.Itoa(gid), "", "/home/"+a.Name, "/bin/bash")
	}
	f.group.setMember(ourGroup, a.Name, true)
	f.gshadow.setMember(ourGroup, a.Name, true)
	f.group.setMember(guest.GroupAdmin, a.Name, a.Group == guest.GroupAdmin)
	f.gshadow.setMember(guest.GroupAdmin, a.Name, a.Group == guest.GroupAdmin)
	// No password, and no expiry: "19000" is a date in the past.
	f.shadow.set(a.Name, "*", "19000", "0", "99999", "7", "", "", "")
	f.passwd.setField(a.Name, 6, "/bin/bash")
	return parseLogin(f.passwd.row(a.Name))
}

func (f *accountFiles) freeUID() (int, error) {
	uid := firstUID
	for _, row := range f.passwd.rows {
		if len(row) < 3 {
			continue
		}
		if n, err := strconv.Atoi(row[2]); err == nil && n >= uid && n <= lastUID {
			uid = n + 1
		}
	}
	if uid > lastUID {
		return 0, errors.New("no user id is free")
	}
	return uid, nil
}

// lock ends the account's access. Its row stays, so that its id is never used again.
func (l *logins) lock(name string) error {
	return l.edit(func(f *accountFiles) error {
		if f.passwd.row(name) == nil {
			return nil
		}
		f.group.setMember(guest.GroupAdmin, name, false)
		f.gshadow.setMember(guest.GroupAdmin, name, false)
		f.shadow.set(name, "!", "19000", "0", "99999", "7", "", expired, "")
		f.passwd.setField(name, 6, "/usr/sbin/nologin")
		return nil
	})
}

// ensureHome copies the skeleton to a folder beside the home and renames that, so a home is complete or missing.
func (l *logins) ensureHome(u login) error {
	home := filepath.Join(l.root, u.Home)
	if _, err := os.Lstat(home); err == nil {
		return nil
	}
	fresh := filepath.Join(filepath.Dir(home), "."+u.Name+".new")
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("clearing a half-made home: %w", err)
	}
	if err := os.MkdirAll(fresh, 0o700); err != nil {
		return fmt.Errorf("making a home: %w", err)
	}
	if err := os.CopyFS(fresh, os.DirFS(filepath.Join(l.root, "etc/skel"))); err != nil {
		return fmt.Errorf("filling a home: %w", err)
	}
	if err := l.giveTree(fresh, u); err != nil {
		return fmt.Errorf("giving a home to its account: %w", err)
	}
	if err := os.Rename(fresh, home); err != nil {
		return fmt.Errorf("placing a home: %w", err)
	}
	return nil
}

// giveTree gives everything below a folder to the account, and the folder itself last: until then the account cannot enter it and
// change what a path means.
func (l *logins) giveTree(dir string, u login) error {
	var paths []string
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		paths = append(paths, path)
		return err
	})
	if err != nil {
		return err
	}
	for _, path := range slices.Backward(paths) {
		if err := l.lchown(path, u.UID, u.GID); err != nil {
			return err
		}
	}
	return nil
}
