package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// erase deletes the account's home and its files in shared folders and on the volumes, which are paths inside the desktop. It
// moves the home away first: it disappears immediately, however large it is.
func (l *logins) erase(u login, volumes []string) error {
	home := filepath.Join(l.root, u.Home)
	doomed := filepath.Join(filepath.Dir(home), "."+u.Name+".erased")
	if err := os.RemoveAll(doomed); err != nil {
		return fmt.Errorf("erasing a home: %w", err)
	}
	if err := os.Rename(home, doomed); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("erasing a home: %w", err)
	}
	errs := []error{os.RemoveAll(doomed)}
	for _, shared := range []string{"tmp", "var/tmp", "dev/shm"} {
		errs = append(errs, removeOwned(filepath.Join(l.root, shared), u.UID))
	}
	for _, volume := range volumes {
		errs = append(errs, removeOwnedBelow(filepath.Join(l.root, volume), u.UID))
	}
	return errors.Join(errs...)
}

// removeOwned deletes a user's files at the top of a folder.
func removeOwned(dir string, uid int) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("looking for left files: %w", err)
	}
	var errs []error
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			continue // gone meanwhile
		}
		if st, ok := info.Sys().(*syscall.Stat_t); ok && int(st.Uid) == uid {
			errs = append(errs, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	return errors.Join(errs...)
}

// removeOwnedBelow deletes all that a user owns below a folder, except for folders that contain files of others. It follows no
// link out of the folder.
func removeOwnedBelow(dir string, uid int) error {
	root, err := os.OpenRoot(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking for left files: %w", err)
	}
	defer root.Close()
	var folders []string
	var errs []error
	_ = fs.WalkDir(root.FS(), ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == "." {
			return nil //nolint:nilerr // gone meanwhile, or not a folder any more
		}
		info, err := e.Info()
		if err != nil {
			return nil //nolint:nilerr // gone meanwhile
		}
		if st, ok := info.Sys().(*syscall.Stat_t); !ok || int(st.Uid) != uid {
			return nil
		}
		if e.IsDir() {
			folders = append(folders, path)
		} else if err := root.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
		return nil
	})
	for _, folder := range slices.Backward(folders) {
		_ = root.Remove(folder) // fails while it contains files of others
	}
	return errors.Join(errs...)
}
