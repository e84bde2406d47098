package incus

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"syscall"

	"carrel/internal/engine"
)

// Capacity reads the storage pools and the host's memory. The files of all pools are on one disk; each pool gets the same share
// of its free space.
func (e *Engine) Capacity(ctx context.Context) (engine.Capacity, error) {
	s, err := e.connect(ctx)
	if err != nil {
		return engine.Capacity{}, err
	}
	resources, err := s.GetServerResources()
	if err != nil {
		return engine.Capacity{}, translate(ctx, "reading the host's resources", err)
	}
	c := engine.Capacity{Memory: int64(resources.Memory.Total)}
	under, err := diskUnder(filepath.Join(home(), "disks"))
	if err != nil {
		return c, err
	}
	for _, name := range e.pools() {
		space, err := s.GetStoragePoolResources(name)
		if err != nil {
			return c, translate(ctx, "reading the storage pool "+name, err)
		}
		pool := engine.Pool{Name: name, Used: int64(space.Space.Used)}
		pool.Size = pool.Used + min(int64(space.Space.Total)-pool.Used, under.spare()/int64(len(e.pools())))
		for class, serves := range e.config.Classes {
			if serves == name {
				pool.Classes = append(pool.Classes, class)
			}
		}
		slices.Sort(pool.Classes)
		c.Pools = append(c.Pools, pool)
	}
	return c, nil
}

// disk is the file system of the pools' files; sizes are in bytes.
type disk struct{ size, free int64 }

// reservePercent is the share of the disk that pools leave free: a full disk stops the host, not only its desktops.
const reservePercent = 5

// spare returns the space that the files of pools may still use.
func (d disk) spare() int64 { return max(d.free-d.size/100*reservePercent, 0) }

func diskUnder(dir string) (disk, error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return disk{}, fmt.Errorf("measuring the disk under the storage pools, %s: %w", dir, err)
	}
	block := int64(fs.Bsize) //nolint:unconvert // its type depends on the system
	return disk{size: int64(fs.Blocks) * block, free: int64(fs.Bavail) * block}, nil
}

// poolSize returns the size of a new pool in GiB: as wanted, or its share of the disk's space if that is less. A pool of less
// than one GiB cannot be created.
func poolSize(wantedGiB int, d disk, pools int) int {
	return max(min(wantedGiB, int(d.spare()>>30)/max(pools, 1)), 1)
}
