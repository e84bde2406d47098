package network

import (
	"context"

	"carrel/internal/address"
	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Apply orders public addresses: one for each desktop, or Count that lead to none. It returns the job's id: a sub-job of a desktop ends when its network
// forwards the address. Errors: CodeInvalid, CodeDesktopNotFound, CodeNoAddress; CodeConflict, also for a desktop that has one.
func (s *Service) Apply(ctx context.Context, o address.Order) (string, error) {
	if err := o.Check(address.Fields{Name: "name", Type: "eip_type", ChargeMode: "eip_charge_mode", Mbit: "bandwidth_size"}); err != nil {
		return "", err
	}
	switch {
	case len(o.DesktopIDs) > 0 && o.Count > 0 && o.Count != len(o.DesktopIDs):
		return "", workspace.Invalid("count", "%d addresses for %d desktops: leave it out, or order those for no desktop by themselves", o.Count, len(o.DesktopIDs))
	case len(o.DesktopIDs) == 0 && (o.Count < 1 || o.Count > address.MaxPerRequest):
		return "", workspace.Invalid("count", "%d is out of range, use 1 to %d, or name desktop_ids", o.Count, address.MaxPerRequest)
	case len(o.DesktopIDs) > 0:
		if err := workspace.CheckIDsUpTo(address.MaxPerRequest, "desktop_ids", o.DesktopIDs); err != nil {
			return "", err
		}
	}
	return store.Update(ctx, s.Store, store.As(o.Caller, func(tx *store.Tx) (string, error) {
		if err := store.RequireSubscription(ctx, tx, o.ProjectID); err != nil {
			return "", err
		}
		job := desktop.NewOrder(tx, o.Caller, workspace.JobApplyAddresses)
		if len(o.DesktopIDs) == 0 {
			all, err := s.Addresses.Take(ctx, tx, o.ProjectID, o.Spec, make([]address.Lead, o.Count)...)
			if err != nil {
				return "", err
			}
			for _, a := range all {
				job.Skip(desktop.Desktop{Address: a.Address}, "the address is there, and leads to no desktop")
			}
			return job.Write(ctx, tx)
		}
		desktops, err := desktop.LockAll(ctx, tx, o.ProjectID, o.DesktopIDs)
		if err != nil {
			return "", err
		}
		networks, err := networksByDesktop(ctx, tx, o.ProjectID, o.DesktopIDs)
		if err != nil {
			return "", err
		}
		var leads []address.Lead
		for _, d := range desktops {
			leads = append(leads, address.Lead{DesktopID: d.ID, Network: networks[d.ID]})
			job.Add(d, struct{}{})
		}
		if _, err := s.Addresses.Take(ctx, tx, o.ProjectID, o.Spec, leads...); err != nil {
			return "", err
		}
		id, err := job.Write(ctx, tx)
		if err != nil {
			return "", err
		}
		return id, touch(ctx, tx, o.ProjectID)
	}))
}
