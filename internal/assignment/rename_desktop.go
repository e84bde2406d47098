package assignment

import (
	"context"
	"strings"

	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// RenameDesktop is a request for another computer name of a desktop.
type RenameDesktop struct {
	workspace.Caller
	DesktopID string
	Name      string
}

// RenameDesktop gives a desktop another computer name, immediately, and the host name inside that belongs to it, in a job; a desktop that is
// off takes that when it starts. Users, addresses and disks stay. The name that it has already changes nothing. CodeDesktopNotFound,
// CodeInvalid, also for the name of a user of the desktop; CodeNameTaken, for which the unique index decides between concurrent callers;
// CodeConflict while the desktop is busy.
func (s *Service) RenameDesktop(ctx context.Context, r RenameDesktop) error {
	if err := workspace.CheckComputerName("desktop.computer_name", r.Name, workspace.MaxComputerName); err != nil {
		return err
	}
	return s.Store.Update(ctx, store.By(r.Caller, func(tx *store.Tx) error {
		if err := store.RequireSubscription(ctx, tx, r.ProjectID); err != nil {
			return err
		}
		found, err := desktop.LockDesktops(ctx, tx, r.ProjectID, []string{r.DesktopID})
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return desktop.NotFound(r.DesktopID)
		}
		return renameDesktop(ctx, tx, r, found[0])
	}))
}

func renameDesktop(ctx context.Context, tx *store.Tx, r RenameDesktop, was desktop.Desktop) error {
	d := was
	d.Name = r.Name
	tx.Audit(d.Resource(), "", workspace.FieldChange{Field: "computer_name", Old: was.Name, New: d.Name})
	if d.Name == was.Name {
		return nil
	}
	if err := d.MayWork(desktop.StatusActive, desktop.StatusShutoff, desktop.StatusHibernated, desktop.StatusError); err != nil {
		return err
	}
	if err := checkNamesakes("desktop.computer_name", d, nil); err != nil {
		return err
	}
	if !strings.EqualFold(d.Name, was.Name) {
		if err := desktop.RefuseTaken(ctx, tx, r.ProjectID, "desktop.computer_name", []string{d.Name}); err != nil {
			return err
		}
	}
	if d.HostName = workspace.HostNameFor(d.Name, d.ID); !strings.EqualFold(d.HostName, was.HostName) {
		one := []desktop.Desktop{d}
		if err := desktop.SettleHostNames(ctx, tx, r.ProjectID, one, func(int) bool { return false }); err != nil {
			return err
		}
		d = one[0]
	}
	order := desktop.NewOrder(tx, r.Caller, workspace.JobRenameDesktops)
	d.Task, d.TaskOwner = workspace.TaskUpdating, order.Add(d, desktop.AccountParams{}).ID
	if err := TakeDesktops(ctx, tx, []desktop.Desktop{d}); err != nil {
		return err
	}
	_, err := order.Write(ctx, tx)
	return err
}
