package incus

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/lxc/incus/v6/shared/api"

	"carrel/internal/engine"
)

// PrepareConfig says what Prepare creates.
type PrepareConfig struct {
	Config
	PoolGiB  int // maximum size of each storage pool; its file takes only what is used. 0 means 100
	Networks []engine.Network
}

// Prepare creates Carrel's own Incus project with its profile, storage pools and networks. It is idempotent, repairs what an
// interrupted run left, and touches nothing that does not carry Carrel's mark. It needs root on the Incus host. progress may be
// nil.
func Prepare(ctx context.Context, config PrepareConfig, progress func(string)) error {
	if progress == nil {
		progress = func(string) {}
	}
	if config.PoolGiB == 0 {
		config.PoolGiB = 100
	}
	e, err := unopened(config.Config)
	if err != nil {
		return err
	}
	release, err := alone(e.config.Project)
	if err != nil {
		return err
	}
	defer release()
	host, err := e.connectHost(ctx)
	if err != nil {
		return err
	}
	server, _, err := host.GetServer()
	if err != nil {
		return translate(ctx, "reading the Incus server", err)
	}
	if err := e.ensureProject(host, canFilter(ctx, server.Environment.Firewall), progress); err != nil {
		return translate(ctx, "making the Incus project "+e.config.Project, err)
	}
	s, err := e.connect(ctx)
	if err != nil {
		return err
	}
	if err := ensureProfile(s); err != nil {
		return translate(ctx, "setting up the profile", err)
	}
	for _, pool := range e.pools() {
		if err := e.ensurePool(s, pool, config.PoolGiB, progress); err != nil {
			return translate(ctx, "making the storage pool "+pool, err)
		}
	}
	for _, n := range config.Networks {
		progress("Checking the network " + n.ID)
		if err := e.EnsureNetwork(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// alone ensures that one process at a time prepares a project: a pool that another one is creating looks incomplete. The lock
// ends with its process, however that ends.
func alone(project string) (release func(), err error) {
	lock, err := os.OpenFile(filepath.Join("/run", "carrel-prepare-"+project+".lock"), os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("preparing Incus: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		_ = lock.Close()
		return nil, fmt.Errorf("waiting for another preparation of Incus: %w", err)
	}
	return func() { _ = lock.Close() }, nil
}

// ensureProject creates the project. It allows nothing in the project that could reach the host: no privileged container, and no
// device or folder of the host.
func (e *Engine) ensureProject(s server, filtering bool, progress func(string)) error {
	wanted := api.ConfigMap{
		ownerKey:                   e.config.Project,
		filteringKey:               fmt.Sprint(filtering),
		"features.images":          "true",
		"features.profiles":        "true",
		"features.storage.volumes": "true",
		"features.storage.buckets": "true",
		"features.networks":        "false", // bridges belong to the host; marks show which are Carrel's
		"restricted":               "true",
		"restricted.snapshots":     "allow",
		"restricted.backups":       "allow",
	}
	found, etag, err := s.GetProject(e.config.Project)
	if absent(err) {
		progress("Making the Incus project " + e.config.Project)
		err = s.CreateProject(api.ProjectsPost{Name: e.config.Project, ProjectPut: api.ProjectPut{
			Description: "Carrel's cloud desktops", Config: wanted,
		}})
		if err != nil && !overlapped(err) {
			return err
		}
		found, etag, err = s.GetProject(e.config.Project)
	}
	if err != nil {
		return err
	}
	if found.Config[ownerKey] != e.config.Project {
		return fmt.Errorf("%w: the project exists and is not Carrel's", engine.ErrConflict)
	}
	if !holds(found.Config, wanted) {
		update := found.Writable()
		maps.Copy(update.Config, wanted)
		if err := s.UpdateProject(e.config.Project, update, etag); err != nil {
			return err
		}
	}
	return nil
}

// ensurePool creates a btrfs pool in a sparse file. A pool of Carrel's that is incomplete or unusable, and empty, is created
// again.
func (e *Engine) ensurePool(s server, name string, sizeGiB int, progress func(string)) error {
	found, _, err := s.GetStoragePool(name)
	if err == nil && found.Status != api.StoragePoolStatusCreated && found.Config[ownerKey] == e.config.Project && len(found.UsedBy) == 0 {
		progress("Making the half-made storage pool " + name + " anew")
		if err := s.DeleteStoragePool(name); err != nil && !absent(err) {
			return err
		}
		found, _, err = s.GetStoragePool(name)
	}
	if absent(err) {
		progress("Making the storage pool " + name)
		if err := e.makePool(s, name, sizeGiB, progress); err != nil {
			return err
		}
		found, _, err = s.GetStoragePool(name)
	}
	switch {
	case err != nil:
		return err
	case found.Config[ownerKey] != e.config.Project:
		return fmt.Errorf("%w: it exists and does not belong to the project %s", engine.ErrConflict, e.config.Project)
	case found.Status != api.StoragePoolStatusCreated:
		return fmt.Errorf("%w: it holds disks and its state is %s; the daemon's log tells why", engine.ErrUnavailable, found.Status)
	}
	countDisks(name, progress)
	return nil
}

// makePool creates a missing pool, of the wanted size or as large as the disk has space for. It succeeds if another preparation
// created it first.
func (e *Engine) makePool(s server, name string, sizeGiB int, progress func(string)) error {
	if err := setAside(name, progress); err != nil {
		return err
	}
	under, err := diskUnder(home())
	if err != nil {
		return err
	}
	fits := poolSize(sizeGiB, under, len(e.pools()))
	if fits < sizeGiB {
		progress(fmt.Sprintf("The storage pool %s gets %d GiB instead of %d: the disk under it has no space for more", name, fits, sizeGiB))
	}
	if err := e.createPool(s, name, fits); err != nil && !overlapped(err) {
		return err
	}
	return nil
}

// countDisks makes a new pool count the blocks of each disk by who wrote them. By default, Incus enables the older kind of quotas
// with the first disk that has a size: the kernel then looks up, for every block of a clone that is created or deleted, all
// clones that share it, and fifty desktops take minutes. Limits work in the same way; what a desktop shares with its image counts
// for the image. A pool that counts in the older way keeps doing so, since changing that would lose its limits. A kernel before
// 6.7 does not support it, and cannot mount a pool that uses it.
func countDisks(pool string, progress func(string)) {
	if err := countByOwner(filepath.Join(home(), "storage-pools", pool)); err != nil {
		progress("The storage pool " + pool + " will be slow with many desktops: it needs Linux 6.7 or newer (" + err.Error() + ")")
	}
}

// home returns the directory of the Incus daemon on this host.
func home() string {
	if dir := os.Getenv("INCUS_DIR"); dir != "" {
		return dir
	}
	return "/var/lib/incus"
}

func (e *Engine) createPool(s server, name string, sizeGiB int) error {
	return s.CreateStoragePool(api.StoragePoolsPost{Name: name, Driver: "btrfs", StoragePoolPut: api.StoragePoolPut{
		Description: "Disks of the project " + e.config.Project,
		Config: api.ConfigMap{
			ownerKey:              e.config.Project,
			"size":                gib(sizeGiB),
			"btrfs.mount_options": "user_subvol_rm_allowed,noatime",
		},
	}})
}

// setAside renames a file that is in the place of a pool's new file: a daemon died while it created the pool, or has lost its
// database. Incus would fail and delete the file; it may contain data, so it is kept.
func setAside(pool string, progress func(string)) error {
	file := filepath.Join(home(), "disks", pool+".img")
	if _, err := os.Lstat(file); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	aside := file + time.Now().UTC().Format(".20060102T150405")
	progress("Keeping the file of an unknown storage pool as " + aside)
	return os.Rename(file, aside)
}

// canFilter reports whether the kernel can restrict a machine to its own addresses: it checks, without loading them, rules like
// those that Incus then writes.
func canFilter(ctx context.Context, firewall string) bool {
	if firewall != "nftables" {
		return false
	}
	check := exec.CommandContext(ctx, "nft", "--check", "--file", "-")
	check.Stdin = strings.NewReader(`table bridge carrel_check {
	chain in {
		type filter hook input priority -200; policy accept;
		iifname "carrel0" ether saddr != 02:00:00:00:00:01 drop
		iifname "carrel0" ether type arp arp saddr ether != 02:00:00:00:00:01 drop
		iifname "carrel0" ether type arp arp saddr ip != { 192.0.2.1 } drop
		iifname "carrel0" ether type ip ip saddr != { 192.0.2.1 } drop
		iifname "carrel0" ether type ip6 icmpv6 type 136 @nh,528,48 != 0x020000000001 drop
	}
}
`)
	return check.Run() == nil
}
