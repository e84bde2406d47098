package network

import (
	"context"
	"slices"

	"carrel/internal/address"
	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// TaskMoving is the task of a desktop that gets another place in the networks.
const TaskMoving workspace.Task = "desktopNetworkChanging"

// Move is a request to give desktops another subnet, address or other security groups.
type Move struct {
	workspace.Caller
	DesktopIDs []string
	VPCID      string   // empty: that of the subnet
	SubnetID   string   // empty: the one that they are in
	Address    string   // of a single desktop; empty: the present one in the same subnet, a free one in another
	Groups     []string // nil: those that they have
}

// MoveParams are the parameters of a sub-job that moves a desktop.
type MoveParams struct {
	// Started says that the desktop ran, and is to run afterwards.
	Started bool `json:"started,omitempty"`
	// Replug says that its machine gets another network or address, for which it is stopped.
	Replug bool `json:"replug,omitempty"`
}

// Check validates the request on its own. CodeInvalid.
func (r *Move) Check() error {
	if err := workspace.CheckIDsUpTo(MaxShown, "desktop_ids", r.DesktopIDs); err != nil {
		return err
	}
	if r.Groups != nil {
		if err := workspace.CheckIDsUpTo(MaxGroups, "security_group_ids", r.Groups); err != nil {
			return err
		}
	}
	if r.SubnetID == "" && r.Address == "" && r.Groups == nil {
		return workspace.Invalid("subnet_id", "nothing is to be changed: give subnet_id, private_ip or security_group_ids")
	}
	return nil
}

// Move orders that desktops get another place in the networks, and returns the job's id. The rows change at once, the machines by the job: one that runs
// and gets another address is restarted for it; other security groups alone take effect while it runs. Errors: CodeDesktopNotFound, CodeSubnetNotFound,
// CodeSecurityNotFound, CodeInvalid; CodeConflict for a desktop that is busy, hibernated or a pool's; CodeNoAddress; CodeAddressTaken. The unique index
// of addresses decides between callers at once.
func (s *Service) Move(ctx context.Context, r Move) (string, error) {
	if err := r.Check(); err != nil {
		return "", err
	}
	return store.Update(ctx, s.Store, store.As(r.Caller, func(tx *store.Tx) (string, error) {
		if err := store.RequireSubscription(ctx, tx, r.ProjectID); err != nil {
			return "", err
		}
		desktops, err := desktop.LockAll(ctx, tx, r.ProjectID, r.DesktopIDs)
		if err != nil {
			return "", err
		}
		for _, d := range desktops {
			if err := d.NotOfPool("its pool says which subnets and security groups its desktops have"); err != nil {
				return "", err
			}
			if err := d.MayWork(desktop.StatusActive, desktop.StatusShutoff); err != nil {
				return "", err
			}
		}
		if err := knownGroups(ctx, tx, r.ProjectID, r.Groups); err != nil {
			return "", err
		}
		job := desktop.NewOrder(tx, r.Caller, workspace.JobChangeNetwork)
		if len(desktops) > 1 {
			job.Type = workspace.JobChangeNetworks
		}
		for _, d := range desktops {
			moved, err := r.place(ctx, tx, d)
			if err != nil {
				return "", err
			}
			params := MoveParams{Started: d.Status == desktop.StatusActive, Replug: moved.SubnetID != d.SubnetID || moved.Address != d.Address}
			moved.Task, moved.TaskOwner = TaskMoving, job.Add(moved, params).ID
			if err := desktop.SaveDesktop(ctx, tx, moved); err != nil {
				return "", workspace.InField("private_ip", err)
			}
			if err := follow(ctx, tx, moved); err != nil {
				return "", err
			}
		}
		id, err := job.Write(ctx, tx)
		if err != nil {
			return "", err
		}
		return id, touch(ctx, tx, r.ProjectID)
	}))
}

// place returns a desktop with the place that it gets.
func (r *Move) place(ctx context.Context, tx *store.Tx, d desktop.Desktop) (desktop.Desktop, error) {
	if r.Groups != nil {
		d.SecurityGroups = slices.Clone(r.Groups)
	}
	was := d.SubnetID
	if r.SubnetID != "" {
		d.SubnetID = r.SubnetID
	}
	subnets, err := catalog.Subnets(ctx, tx, r.ProjectID)
	if err != nil {
		return d, err
	}
	at := slices.IndexFunc(subnets, func(n catalog.Subnet) bool { return n.ID == d.SubnetID })
	if at < 0 {
		return d, workspace.Errorf(workspace.CodeSubnetNotFound, "subnet_id: %q does not exist", workspace.Clip(d.SubnetID, 64))
	}
	n := subnets[at]
	if r.VPCID != "" && r.VPCID != n.VPCID {
		return d, workspace.Invalid("vpc_id", "subnet %s is in VPC %s, not in %s: name a subnet of that VPC", n.ID, n.VPCID, r.VPCID)
	}
	if n.Withdrawn && n.ID != was {
		return d, desktop.SubnetWithdrawn("subnet_id", n)
	}
	switch {
	case r.Address != "":
		d.Address = r.Address
		return d, desktop.CheckAddress(ctx, tx, "private_ip", n, r.Address)
	case n.ID == was:
		return d, nil
	}
	free, err := catalog.FreeAddresses(ctx, tx, n.ID, 1)
	if err == nil {
		d.Address = free[0]
	}
	return d, err
}

func knownGroups(ctx context.Context, tx *store.Tx, projectID string, asked []string) error {
	groups, err := catalog.SecurityGroups(ctx, tx, projectID)
	for i, id := range asked {
		if err == nil && !slices.ContainsFunc(groups, func(g catalog.SecurityGroup) bool { return g.ID == id }) {
			err = workspace.Errorf(workspace.CodeSecurityNotFound, "security_group_ids[%d]: %q does not exist", i, workspace.Clip(id, 64))
		}
	}
	return err
}

// follow has the public address of a desktop follow it to another network.
func follow(ctx context.Context, tx *store.Tx, d desktop.Desktop) error {
	of, err := networksByDesktop(ctx, tx, d.ProjectID, []string{d.ID})
	if err != nil {
		return err
	}
	return address.Follow(ctx, tx, d.ID, of[d.ID])
}
