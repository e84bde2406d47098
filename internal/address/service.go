package address

import (
	"cmp"
	"context"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Service gives public addresses to projects, and binds them to desktops. Each method is one transaction; none waits for the engine, whose networks
// forward an address within seconds. It is safe for concurrent use, also by several processes on one database.
type Service struct {
	Store  store.Transactions
	Ranges Ranges
}

// Order is a request for addresses: one for each desktop, or Count that are bound to none.
type Order struct {
	workspace.Caller
	Spec
	DesktopIDs []string
	Count      int
}

// Lead is where an address leads; the zero Lead is nowhere.
type Lead struct {
	DesktopID   string
	Network     string // the engine's that the desktop is on
	WithDesktop bool   // the address is released with the desktop
}

// Take gives a project an address for each lead. The caller has locked what says who may have them. CodeNoAddress; CodeConflict if a desktop has one, or the
// project would have more than MaxPerProject.
func (r Ranges) Take(ctx context.Context, tx *store.Tx, projectID string, spec Spec, leads ...Lead) ([]Address, error) {
	has, err := count(ctx, tx, projectID)
	if err == nil && has+len(leads) > MaxPerProject {
		err = workspace.Errorf(workspace.CodeConflict, "the project has %d public addresses, which is the limit: release one first", MaxPerProject)
	}
	if err != nil {
		return nil, err
	}
	used, err := taken(ctx, tx)
	if err != nil {
		return nil, err
	}
	spec = spec.filled()
	var all []Address
	for free := range r.each() {
		if len(all) == len(leads) {
			return all, nil
		}
		if used[free] {
			continue
		}
		lead := leads[len(all)]
		a := Address{
			ID: workspace.NewID(), ProjectID: projectID, Address: free, Name: cmp.Or(spec.Name, "eip-"+free), Type: spec.Type, ChargeMode: spec.ChargeMode, Mbit: spec.Mbit,
			EnterpriseID: spec.EnterpriseID, DesktopID: lead.DesktopID, Network: lead.Network, WithDesktop: lead.WithDesktop, Created: tx.Now(),
		}
		mine, err := insert(ctx, tx, a)
		if err != nil {
			return nil, err
		}
		if mine {
			tx.Audit(workspace.Resource{Type: ResourceAddress, ID: a.ID, Name: a.Address}, "")
			all = append(all, a)
		}
	}
	if len(all) < len(leads) {
		return nil, r.none()
	}
	return all, nil
}

// Create gives the project one address, which leads to a desktop unless its id is empty. CodeNoAddress, CodeConflict, CodeInvalid, CodeDesktopNotFound.
func (s *Service) Create(ctx context.Context, c workspace.Caller, spec Spec, f Fields, desktopID string) (Address, error) {
	if err := spec.Check(f); err != nil {
		return Address{}, err
	}
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (Address, error) {
		all, err := s.Ranges.Take(ctx, tx, c.ProjectID, spec, Lead{})
		if err != nil {
			return Address{}, err
		}
		a := all[0]
		if desktopID == "" {
			return a, nil
		}
		if err := bind(ctx, tx, c.ProjectID, a.ID, desktopID); err != nil {
			return a, err
		}
		return get(ctx, tx, c.ProjectID, a.ID)
	}))
}

func bind(ctx context.Context, tx *store.Tx, projectID, id, desktopID string) error {
	to, err := targets(ctx, tx, projectID, []string{desktopID})
	if err != nil {
		return err
	}
	return Attach(ctx, tx, projectID, id, desktopID, to[desktopID].Network)
}

// List reads a page of addresses and counts all that match.
func (s *Service) List(ctx context.Context, q Query) ([]Address, int, error) {
	return store.List(ctx, s.Store, func(tx *store.Tx) ([]Address, int, error) { return list(ctx, tx, q) })
}

// Get reads an address. CodeNetworkNotFound.
func (s *Service) Get(ctx context.Context, projectID, id string) (Address, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) (Address, error) { return get(ctx, tx, projectID, id) })
}

func get(ctx context.Context, tx *store.Tx, projectID, id string) (Address, error) {
	found, _, err := list(ctx, tx, Query{ProjectID: projectID, IDs: []string{id}, Page: workspace.Page{Limit: 1}})
	if err == nil && len(found) == 0 {
		err = missing(id)
	}
	if err != nil {
		return Address{}, err
	}
	return found[0], nil
}

// OfDesktops reads the addresses of desktops, by their ids.
func OfDesktops(ctx context.Context, tx *store.Tx, projectID string, ids []string) (map[string]Address, error) {
	found, _, err := list(ctx, tx, Query{ProjectID: projectID, DesktopIDs: ids, Page: workspace.Page{Limit: len(ids)}})
	of := make(map[string]Address, len(found))
	for _, a := range found {
		of[a.DesktopID] = a
	}
	return of, err
}

// Bind has an address lead to a desktop. CodeNetworkNotFound, CodeDesktopNotFound; CodeConflict if the address leads to another desktop, or the desktop has
// another address. Repeating it changes nothing.
func (s *Service) Bind(ctx context.Context, c workspace.Caller, id, desktopID string) (Address, error) {
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (Address, error) {
		if err := bind(ctx, tx, c.ProjectID, id, desktopID); err != nil {
			return Address{}, err
		}
		return get(ctx, tx, c.ProjectID, id)
	}))
}

// Attach is Bind in a transaction, which has locked the desktop. network is the engine's that the desktop is on; empty: there is no such desktop.
func Attach(ctx context.Context, tx *store.Tx, projectID, id, desktopID, network string) error {
	found, err := lock(ctx, tx, projectID, []string{id})
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return missing(id)
	}
	if network == "" {
		return workspace.Errorf(workspace.CodeDesktopNotFound, "desktop %q does not exist", workspace.Clip(desktopID, 64))
	}
	a := found[0]
	switch a.DesktopID {
	case desktopID:
		return nil
	case "":
	default:
		return workspace.Errorf(workspace.CodeConflict, "public address %s (%s) leads to desktop %s: unbind it first", a.Address, a.ID, a.DesktopID)
	}
	was := a.Network
	a.DesktopID, a.Network, a.WithDesktop = desktopID, network, false
	if err := save(ctx, tx, a); err != nil {
		return err
	}
	tx.Audit(workspace.Resource{Type: ResourceAddress, ID: a.ID, Name: a.Address}, "", workspace.FieldChange{Field: "desktop_id", New: desktopID})
	return touch(ctx, tx, was, network)
}

// Unbind has addresses lead to no desktop; they stay the project's. CodeNetworkNotFound. One that leads to none stays as it is.
func (s *Service) Unbind(ctx context.Context, c workspace.Caller, id string) (Address, error) {
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (Address, error) {
		found, err := lock(ctx, tx, c.ProjectID, []string{id})
		if err != nil {
			return Address{}, err
		}
		if len(found) == 0 {
			return Address{}, missing(id)
		}
		if err := unbind(ctx, tx, found); err != nil {
			return Address{}, err
		}
		return get(ctx, tx, c.ProjectID, id)
	}))
}

// UnbindDesktops unbinds the addresses of desktops. CodeDesktopNotFound; CodeConflict for a desktop without one.
func (s *Service) UnbindDesktops(ctx context.Context, c workspace.Caller, desktopIDs []string) error {
	if err := workspace.CheckIDsUpTo(MaxPerRequest, "desktop_ids", desktopIDs); err != nil {
		return err
	}
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		to, err := targets(ctx, tx, c.ProjectID, desktopIDs)
		if err != nil {
			return err
		}
		of, err := OfDesktops(ctx, tx, c.ProjectID, desktopIDs)
		if err != nil {
			return err
		}
		var ids []string
		for _, id := range desktopIDs {
			if _, there := to[id]; !there {
				return workspace.Errorf(workspace.CodeDesktopNotFound, "desktop_ids: desktop %q does not exist", workspace.Clip(id, 64))
			}
			a, has := of[id]
			if !has {
				return workspace.Errorf(workspace.CodeConflict, "desktop %s has no public address", to[id].Name)
			}
			ids = append(ids, a.ID)
		}
		found, err := lock(ctx, tx, c.ProjectID, ids)
		if err != nil {
			return err
		}
		return unbind(ctx, tx, found)
	}))
}

func unbind(ctx context.Context, tx *store.Tx, all []Address) error {
	for _, a := range all {
		if a.DesktopID == "" {
			continue
		}
		tx.Audit(workspace.Resource{Type: ResourceAddress, ID: a.ID, Name: a.Address}, "", workspace.FieldChange{Field: "desktop_id", Old: a.DesktopID})
		a.DesktopID, a.WithDesktop = "", false
		if err := save(ctx, tx, a); err != nil {
			return err
		}
		if err := touch(ctx, tx, a.Network); err != nil {
			return err
		}
	}
	return nil
}

// Change is a request to change an address. Nil fields stay as they are.
type Change struct {
	Name       *string
	ChargeMode *string
	Mbit       *int
	DesktopID  *string // empty: it leads to none
}

// Update changes an address. CodeNetworkNotFound, CodeInvalid, and the errors of Bind.
func (s *Service) Update(ctx context.Context, c workspace.Caller, id string, change Change, f Fields) (Address, error) {
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (Address, error) {
		found, err := lock(ctx, tx, c.ProjectID, []string{id})
		if err != nil {
			return Address{}, err
		}
		if len(found) == 0 {
			return Address{}, missing(id)
		}
		a := found[0]
		set(&a.Name, change.Name)
		set(&a.ChargeMode, change.ChargeMode)
		set(&a.Mbit, change.Mbit)
		if err := (Spec{Name: a.Name, Type: a.Type, ChargeMode: a.ChargeMode, Mbit: a.Mbit}).Check(f); err != nil {
			return a, err
		}
		if err := save(ctx, tx, a); err != nil {
			return a, err
		}
		tx.Audit(workspace.Resource{Type: ResourceAddress, ID: a.ID, Name: a.Address}, "")
		if err := touch(ctx, tx, a.Network); err != nil {
			return a, err
		}
		switch {
		case change.DesktopID == nil:
		case *change.DesktopID == "":
			err = unbind(ctx, tx, []Address{a})
		default:
			err = bind(ctx, tx, c.ProjectID, id, *change.DesktopID)
		}
		if err != nil {
			return a, err
		}
		return get(ctx, tx, c.ProjectID, id)
	}))
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

// Release gives an address back. CodeNetworkNotFound; CodeConflict while it leads to a desktop.
func (s *Service) Release(ctx context.Context, c workspace.Caller, id string) error {
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		found, err := lock(ctx, tx, c.ProjectID, []string{id})
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return missing(id)
		}
		a := found[0]
		if a.DesktopID != "" {
			return workspace.Errorf(workspace.CodeConflict, "public address %s leads to desktop %s: unbind it first", a.Address, a.DesktopID)
		}
		tx.Audit(workspace.Resource{Type: ResourceAddress, ID: a.ID, Name: a.Address}, "")
		if a.Network == "" {
			return remove(ctx, tx, []string{a.ID})
		}
		a.WithDesktop = true // released when the network has taken it out: until then nobody else can have it
		if err := save(ctx, tx, a); err != nil {
			return err
		}
		return touch(ctx, tx, a.Network)
	}))
}
