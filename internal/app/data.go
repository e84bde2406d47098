package app

import (
	"context"
	"fmt"
	"os"
)

// privateData creates the data directory, or removes the permissions of others: with write access they could replace keys and the
// database, with read access they could find the first administrator's name. It returns an error if that is impossible and others
// could write.
func (a *App) privateData(ctx context.Context) error {
	dir := a.config.Data
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	mode := info.Mode().Perm()
	if mode&0o077 == 0 {
		return nil
	}
	err = os.Chmod(dir, mode&^0o077)
	switch {
	case err == nil:
		a.log.WarnContext(ctx, "the data directory was accessible to others, access is now limited to its owner", "dir", dir, "mode", fmt.Sprintf("%04o", mode))
	case mode&0o002 != 0:
		return fmt.Errorf("others may write in the data directory %s (mode %04o): run chmod 700 on it, or choose another --data", dir, mode)
	default:
		a.log.WarnContext(ctx, "the data directory is accessible to others", "dir", dir, "mode", fmt.Sprintf("%04o", mode), "error", err)
	}
	return nil
}
