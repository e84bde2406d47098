package incus

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/google/uuid"
	"github.com/pkg/sftp"

	"carrel/internal/engine"
)

var _ engine.Files = (*files)(nil)

// files are those of an instance. Incus serves them from inside its root, so that no link leads out of it.
type files struct{ client *sftp.Client }

// Names implements engine.Files.
func (f *files) Names(folder string) ([]string, error) {
	found, err := f.client.ReadDir(folder)
	names := make([]string, len(found))
	for i, one := range found {
		names[i] = one.Name()
	}
	return names, err
}

// IsFolder implements engine.Files.
func (f *files) IsFolder(name string) bool {
	info, err := f.client.Lstat(name)
	return err == nil && info.IsDir()
}

// Read implements engine.Files.
func (f *files) Read(name string) ([]byte, error) {
	file, err := f.client.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(file)
}

// Replace implements engine.Files. The file is there whole at any time, since another call may read it.
func (f *files) Replace(name string, content []byte) error {
	fresh := path.Join(path.Dir(name), engine.UnfinishedPrefix+uuid.NewString())
	file, err := f.client.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	err = errors.Join(err, file.Close())
	if was, look := f.client.Stat(name); err == nil && look == nil {
		err = f.client.Chmod(fresh, was.Mode().Perm())
		if owner, known := was.Sys().(*sftp.FileStat); err == nil && known {
			err = f.client.Chown(fresh, int(owner.UID), int(owner.GID))
		}
	}
	if err == nil {
		err = f.client.PosixRename(fresh, name)
	}
	return err
}

// RemoveAll implements engine.Files. The client's own RemoveAll follows links.
func (f *files) RemoveAll(name string) error {
	info, err := f.client.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.IsDir() {
		inside, err := f.client.ReadDir(name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, one := range inside {
			if err := f.RemoveAll(path.Join(name, one.Name())); err != nil {
				return err
			}
		}
		err = f.client.RemoveDirectory(name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	if err := f.client.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
