package job

import (
	"context"
	"fmt"
	"net/netip"

	"carrel/internal/assignment"
	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/engine"
	"carrel/internal/guest"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// readSpec returns the spec of a desktop's machine from its row and the catalogue.
func (r *Runner) readSpec(ctx context.Context, d desktop.Desktop) (engine.Spec, error) {
	var spec engine.Spec
	err := r.store.View(ctx, func(tx *store.Tx) error {
		product, err := catalog.ReadProduct(ctx, tx, d.ProductID)
		if err != nil {
			return err
		}
		image, err := catalog.ReadImage(ctx, tx, "", d.ImageID)
		if err != nil {
			return err
		}
		subnet, err := findSubnet(ctx, tx, d)
		if err != nil {
			return err
		}
		inside, _, err := r.guestOf(ctx, tx, d, subnet)
		if err != nil {
			return err
		}
		spec = engine.Spec{
			ID: d.ID, Name: d.Name, Image: image.EngineID, CPUs: product.CPUs, MemoryMiB: product.MemoryMiB, Processes: product.ProcessLimit(),
			Root:    diskOf(d.Root, ""),
			Network: subnet.Network, Address: d.Address, Zone: d.Zone, Guest: inside,
			Installation: r.conf.Installation,
		}
		for _, v := range d.Data {
			spec.Data = append(spec.Data, diskOf(v, mountOf(v)))
		}
		return nil
	})
	return spec, err
}

// readGuest returns the guest's document of a desktop from its current row. settled are the former accounts that are done with
// once the guest has applied it.
func (r *Runner) readGuest(ctx context.Context, projectID, desktopID string) (inside guest.Desktop, settled []assignment.FormerAccount, err error) {
	err = r.store.View(ctx, func(tx *store.Tx) error {
		d, err := desktop.ReadDesktop(ctx, tx, projectID, desktopID)
		if err != nil {
			return err
		}
		subnet, err := findSubnet(ctx, tx, d)
		if err != nil {
			return err
		}
		inside, settled, err = r.guestOf(ctx, tx, d, subnet)
		return err
	})
	return inside, settled, err
}

func findSubnet(ctx context.Context, tx *store.Tx, d desktop.Desktop) (catalog.Subnet, error) {
	subnets, err := catalog.Subnets(ctx, tx, d.ProjectID)
	if err != nil {
		return catalog.Subnet{}, err
	}
	for _, s := range subnets {
		if s.ID == d.SubnetID {
			return s, nil
		}
	}
	return catalog.Subnet{}, workspace.Errorf(workspace.CodeSubnetNotFound, "subnet %s of desktop %s no longer exists", d.SubnetID, d.Name)
}

func (r *Runner) guestOf(ctx context.Context, tx *store.Tx, d desktop.Desktop, s catalog.Subnet) (guest.Desktop, []assignment.FormerAccount, error) {
	prefix, err := netip.ParsePrefix(s.CIDR)
	if err != nil {
		return guest.Desktop{}, nil, fmt.Errorf("reading subnet %s: %w", s.ID, err)
	}
	dns := s.DNS
	if len(dns) == 0 {
		dns = []string{s.Gateway}
	}
	inside := guest.Desktop{
		Hostname: d.HostName, Timezone: r.conf.Timezone, Locale: r.conf.Locale,
		Network: guest.Network{Address: fmt.Sprintf("%s/%d", d.Address, prefix.Bits()), Gateway: s.Gateway, DNS: dns},
	}
	for _, v := range d.Data {
		inside.Volumes = append(inside.Volumes, mountOf(v))
	}
	holders, err := whoMayUse(ctx, tx, d)
	if err != nil {
		return guest.Desktop{}, nil, err
	}
	former, err := assignment.FormerAccounts(ctx, tx, []string{d.ID})
	if err != nil {
		return guest.Desktop{}, nil, err
	}
	accounts, settled := assignment.AccountsInside(holders, former)
	for _, a := range accounts {
		inside.Accounts = append(inside.Accounts, accountOf(a))
	}
	if r.conf.Locale == "" && len(holders) == 1 {
		u, err := directory.ReadUser(ctx, tx, d.ProjectID, holders[0].UserID)
		if err != nil {
			return guest.Desktop{}, nil, err
		}
		inside.Locale = localeOf(u.Language)
	}
	return inside, settled, nil
}

// whoMayUse returns the users with access to a desktop, by their own assignment or through a group.
func whoMayUse(ctx context.Context, tx *store.Tx, d desktop.Desktop) ([]desktop.Assignment, error) {
	if len(d.GroupAssignments) == 0 {
		return d.Assignments, nil
	}
	return assignment.Holdings(ctx, tx, []string{d.ID}, nil)
}

// accountOf converts an account to the guest's protocol.
func accountOf(a assignment.InsideAccount) guest.Account {
	account := guest.Account{Name: a.Name, Group: guest.GroupUser, Former: a.Former, Absent: a.Erase, Erase: a.Erase}
	if a.Admin {
		account.Group = guest.GroupAdmin
	}
	return account
}

// localeOf returns the system locale for a user's language; empty leaves the image's own.
func localeOf(language string) string {
	if language == "zh" {
		return "zh_CN.UTF-8"
	}
	return ""
}

func diskOf(v desktop.Volume, mount string) engine.Disk {
	return engine.Disk{ID: v.ID, Class: v.Type, GiB: v.GB, Mount: mount, IOPS: v.IOPS, Throughput: v.Throughput}
}

// mountOf returns where a data volume is mounted inside the desktop: /dev/sdb at /data/disk1 and so on, independent of the other
// disks.
func mountOf(v desktop.Volume) string {
	return fmt.Sprintf("/data/disk%d", v.Device[len(v.Device)-1]-'a')
}
