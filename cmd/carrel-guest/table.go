package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
)

// membersField is the field of group and gshadow with the members.
const membersField = 3

// table is an account file: one row per line, fields separated by colons, identified by the first.
type table struct {
	path  string
	rows  [][]string
	dirty bool
}

// readTable reads a file; a missing one is empty.
func readTable(path string) (*table, error) {
	t := &table{path: path}
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("reading accounts: %w", err)
	}
	for line := range strings.Lines(string(b)) {
		t.rows = append(t.rows, strings.Split(strings.TrimSuffix(line, "\n"), ":"))
	}
	return t, nil
}

// row returns the row of a name, or nil. It belongs to the table.
func (t *table) row(name string) []string {
	i := slices.IndexFunc(t.rows, func(r []string) bool { return r[0] == name })
	if i < 0 {
		return nil
	}
	return t.rows[i]
}

func (t *table) add(fields ...string) {
	t.rows, t.dirty = append(t.rows, fields), true
}

// set sets the row of a name.
func (t *table) set(name string, fields ...string) {
	wanted := append([]string{name}, fields...)
	i := slices.IndexFunc(t.rows, func(r []string) bool { return r[0] == name })
	switch {
	case i < 0:
		t.add(wanted...)
	case !slices.Equal(t.rows[i], wanted):
		t.rows[i], t.dirty = wanted, true
	}
}

func (t *table) setField(name string, field int, value string) {
	if r := t.row(name); len(r) > field && r[field] != value {
		r[field], t.dirty = value, true
	}
}

func (t *table) members(group string) []string {
	r := t.row(group)
	if len(r) <= membersField || r[membersField] == "" {
		return nil
	}
	return strings.Split(r[membersField], ",")
}

func (t *table) setMember(group, name string, member bool) {
	members := t.members(group)
	if slices.Contains(members, name) == member {
		return
	}
	if member {
		members = append(members, name)
	} else {
		members = slices.DeleteFunc(members, func(m string) bool { return m == name })
	}
	t.setField(group, membersField, strings.Join(members, ","))
}

// rename renames a row, unless the new name is taken.
func (t *table) rename(old, name string) {
	if r := t.row(old); r != nil && t.row(name) == nil {
		r[0], t.dirty = name, true
	}
}

// renameMember replaces a name among the members of all groups.
func (t *table) renameMember(old, name string) {
	for _, r := range t.rows {
		if slices.Contains(t.members(r[0]), old) {
			t.setMember(r[0], old, false)
			t.setMember(r[0], name, true)
		}
	}
}

// save writes the file if anything changed, completely or not at all, with the owner and mode that it had.
func (t *table) save() error {
	if !t.dirty {
		return nil
	}
	uid, gid, mode := -1, -1, os.FileMode(0o600)
	if info, err := os.Stat(t.path); err == nil {
		mode = info.Mode().Perm()
		if st, ok := info.Sys().(*syscall.Stat_t); ok {
			uid, gid = int(st.Uid), int(st.Gid)
		}
	}
	var b strings.Builder
	for _, r := range t.rows {
		b.WriteString(strings.Join(r, ":") + "\n")
	}
	t.dirty = false
	return writeFile(t.path, b.String(), mode, uid, gid)
}
