package job

import (
	"context"
	"errors"
	"fmt"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// mostMoves is the maximum number of addresses that one attempt tries.
const mostMoves = 8

// launch launches the machine of a new desktop. If the engine uses its address for something other than a desktop of this
// installation, the desktop gets another address, unless the request named this one.
func (r *Runner) launch(ctx context.Context, s *workspace.SubJob, spec engine.Spec, params desktop.CreateParams) error {
	for range mostMoves {
		// The rules count the desktop already: it has no more rights on its address than its own from the first moment.
		if err := settleNetwork(ctx, r.store, r.engine, spec.Network, false); err != nil {
			return err
		}
		m, err := r.engine.Launch(ctx, spec)
		if !errors.Is(err, engine.ErrAddressTaken) {
			s.Host = m.Host
			return err
		}
		if params.FixedAddress {
			return desktop.AddressInUse("desktop_ips", catalog.Reservation{Address: spec.Address})
		}
		if spec, err = r.move(ctx, s, spec); err != nil {
			return err
		}
	}
	return fmt.Errorf("the engine has %d addresses in a row in use for something else", mostMoves)
}

// move gives the desktop of a sub-job another address and returns the new spec of its machine.
func (r *Runner) move(ctx context.Context, s *workspace.SubJob, spec engine.Spec) (engine.Spec, error) {
	if err := ReserveUsed(ctx, r.store, r.engine); err != nil { // reserve all used addresses at once, for the other desktops too
		return spec, err
	}
	var moved desktop.Desktop
	err := r.store.Update(ctx, func(tx *store.Tx) error {
		d, mine, err := desktop.OwnDesktop(ctx, tx, *s)
		if err != nil {
			return err
		}
		if !mine {
			return errLeaseLost
		}
		moved = d
		if moved.Address, err = desktop.MoveDesktop(ctx, tx, d); err != nil {
			return err
		}
		s.Address = moved.Address
		return save(ctx, tx, s) // fails if another worker has the sub-job, and so creates a machine with the address that it read
	})
	if err != nil {
		return spec, err
	}
	r.log.WarnContext(ctx, "a desktop's address is in use by something else, it gets another one",
		"desktop", s.DesktopID, "was", spec.Address, "is", moved.Address)
	return r.readSpec(ctx, moved)
}
