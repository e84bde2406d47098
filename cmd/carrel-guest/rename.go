package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// rename renames an account of Carrel's, with its home and all its files: its id stays. No process of the account may run. A
// former account that still has the new name gets another one. It does nothing if the old name does not exist, either because it
// is renamed already or because it never existed.
func (l *logins) rename(old, name string) error {
	if !accountPattern.MatchString(name) {
		return errors.New("use letters, digits, hyphens and underscores, at most 32")
	}
	was, err := l.find(old)
	if err == nil {
		if err := l.makeWay(name, was.UID); err != nil {
			return err
		}
		err = l.edit(func(f *accountFiles) error { return f.rename(old, name) })
	}
	if err != nil && !errors.Is(err, errNoAccount) {
		return err
	}
	return l.moveHome(old, name)
}

// makeWay gives an account that has a name, and not this id, another name that is free.
func (l *logins) makeWay(name string, uid int) error {
	other, err := l.find(name)
	if errors.Is(err, errNoAccount) || err == nil && other.UID == uid {
		return nil
	}
	if err != nil {
		return err
	}
	aside := "left-" + strconv.Itoa(other.UID)
	if err := l.edit(func(f *accountFiles) error { return f.rename(name, aside) }); err != nil {
		return err
	}
	return l.moveHome(name, aside)
}

// rename changes a name in all files. Files that an interrupted attempt has saved have the new one already.
func (f *accountFiles) rename(old, name string) error {
	ours := f.group.members(ourGroup)
	if !slices.Contains(ours, old) && !slices.Contains(ours, name) {
		return errors.New("the system itself uses this name")
	}
	for _, t := range []*table{f.group, f.gshadow, f.shadow, f.passwd} {
		t.rename(old, name)
	}
	for _, t := range []*table{f.group, f.gshadow} {
		t.renameMember(old, name)
	}
	f.passwd.setField(name, 5, "/home/"+name)
	return nil
}

// moveHome moves the home of a renamed account, unless that is done already.
func (l *logins) moveHome(old, name string) error {
	u, err := l.find(name)
	if errors.Is(err, errNoAccount) {
		return nil
	}
	if err != nil {
		return err
	}
	from, to := filepath.Join(l.root, "home", old), filepath.Join(l.root, u.Home)
	info, err := os.Lstat(from)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("moving a home: %w", err)
	}
	if st, ok := info.Sys().(*syscall.Stat_t); !ok || int(st.Uid) != u.UID {
		return nil // it belongs to another account
	}
	if _, err := os.Lstat(to); err == nil {
		return fmt.Errorf("moving a home: %s is there already", u.Home)
	}
	if err := os.Rename(from, to); err != nil {
		return fmt.Errorf("moving a home: %w", err)
	}
	return nil
}
