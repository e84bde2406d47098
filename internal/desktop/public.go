package desktop

import (
	"context"

	"carrel/internal/address"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// PublicAddress is a request for public addresses of new desktops: one that the project has, for a single desktop, or a new one for each, which is released
// with it.
type PublicAddress struct {
	ID string // empty: new ones
	address.Spec
}

func (p *PublicAddress) check(desktops int) error {
	switch {
	case p == nil:
		return nil
	case p.ID == "":
		return p.Spec.Check(address.Fields{Name: "eip.name", Type: "eip.type", ChargeMode: "eip.charge_mode", Mbit: "eip.bandwidth_size"})
	case desktops > 1:
		return workspace.Invalid("eip.id", "one address cannot lead to %d desktops: give type, charge_mode and bandwidth_size, and each gets its own", desktops)
	}
	return nil
}

// bindAddresses gives new desktops the public addresses that were asked for. Their network forwards them before the desktops are launched.
func (s *Service) bindAddresses(ctx context.Context, tx *store.Tx, r CreateDesktops, desktops []Desktop, network string) error {
	if r.Public == nil {
		return nil
	}
	if r.Public.ID != "" {
		return workspace.InField("eip.id", address.Attach(ctx, tx, r.ProjectID, r.Public.ID, desktops[0].ID, network))
	}
	spec := r.Public.Spec
	spec.EnterpriseID = r.EnterpriseID
	var leads []address.Lead
	for _, d := range desktops {
		leads = append(leads, address.Lead{DesktopID: d.ID, Network: network, WithDesktop: true})
	}
	_, err := s.Addresses.Take(ctx, tx, r.ProjectID, spec, leads...)
	return workspace.InField("eip", err)
}
