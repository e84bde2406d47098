package job

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/store"
)

// Inventory compares the engine's machines with the desktops at intervals: it marks machines of its desktops that do not have an
// installation yet, restores those that are set aside although a desktop has them, reserves addresses that the engine uses for
// something else, removes the rows of snapshots that somebody deleted in the engine, and counts and logs machines that are not its own. It deletes nothing. Create it with NewInventory; call Start
// once and Stop once.
type Inventory struct {
	auditor  Auditor
	log      *slog.Logger
	machines *prometheus.GaugeVec

	rounds rounds

	mu   sync.Mutex // guards last
	last Report
}

// InventoryEvery is the interval.
const InventoryEvery = 5 * time.Minute

// NewInventory creates an inventory that is not started. It returns an error if its metrics are registered already.
func NewInventory(s store.Transactions, e engine.Engine, log *slog.Logger, r prometheus.Registerer) (*Inventory, error) {
	i := &Inventory{auditor: Auditor{Store: s, Engine: e}, log: log, machines: prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "carrel_machines", Help: "Machines of the engine by whose they are: known, orphan, foreign, unmarked or disputed.",
	}, []string{"belonging"})}
	if err := r.Register(i.machines); err != nil {
		return nil, fmt.Errorf("registering the metrics of machines: %w", err)
	}
	return i, nil
}

// Start reserves the addresses that are in use, and then starts the background work.
func (i *Inventory) Start(ctx context.Context) error {
	if err := ReserveUsed(ctx, i.auditor.Store, i.auditor.Engine); err != nil {
		return err
	}
	if err := i.look(ctx); err != nil {
		return err
	}
	i.rounds.start(ctx, InventoryEvery, func(ctx context.Context) {
		if err := i.round(ctx); err != nil && ctx.Err() == nil {
			i.log.WarnContext(ctx, "comparing machines with desktops", "error", err)
		}
	})
	return nil
}

// Stop ends the background work and waits for it.
func (i *Inventory) Stop(context.Context) { i.rounds.stop() }

// Last returns the last report.
func (i *Inventory) Last() Report {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.last
}

func (i *Inventory) round(ctx context.Context) error {
	if err := ReserveUsed(ctx, i.auditor.Store, i.auditor.Engine); err != nil {
		return err
	}
	if err := i.adopt(ctx); err != nil {
		return err
	}
	if err := compareSnapshots(ctx, i.auditor.Store, i.auditor.Engine); err != nil {
		return err
	}
	return i.look(ctx)
}

// look counts machines and logs what has changed since the last round.
func (i *Inventory) look(ctx context.Context) error {
	r, err := i.auditor.Audit(ctx)
	if err != nil {
		return err
	}
	for _, b := range []Belonging{Known, Orphan, Foreign, Unmarked, Disputed} {
		i.machines.WithLabelValues(string(b)).Set(float64(r.Machines[b]))
	}
	i.mu.Lock()
	before := i.last.Machines
	i.last = r
	i.mu.Unlock()
	strange := func(counts map[Belonging]int) map[Belonging]int {
		counts = maps.Clone(counts)
		delete(counts, Known)
		return counts
	}
	if now := strange(r.Machines); len(now) > 0 && !maps.Equal(now, strange(before)) {
		i.log.WarnContext(ctx, "the engine has machines that are no desktops of this installation, see carrel audit",
			"orphan", now[Orphan], "foreign", now[Foreign], "unmarked", now[Unmarked], "disputed", now[Disputed])
	}
	return nil
}

// adopt marks the machines of desktops that have no installation, and restores those that are set aside.
func (i *Inventory) adopt(ctx context.Context) error {
	s, e := i.auditor.Store, i.auditor.Engine
	machines, err := e.List(ctx)
	if err != nil {
		return fmt.Errorf("listing machines: %w", err)
	}
	machines = slices.DeleteFunc(machines, func(m engine.Machine) bool { return m.Installation != "" && m.Aside.IsZero() })
	if len(machines) == 0 {
		return nil
	}
	rows, err := allDesktops(ctx, s)
	if err != nil {
		return err
	}
	known := make(map[string]bool, len(rows))
	for _, d := range rows {
		known[d.ID] = true
	}
	installation, err := Identify(ctx, s, e)
	if err != nil {
		return err
	}
	for _, m := range machines {
		if BelongingOf(m, installation, known[m.ID]) != Known {
			continue
		}
		if err := i.adoptOne(ctx, m, installation); err != nil && !isNotFound(err) {
			return fmt.Errorf("marking machine %s: %w", m.Name, err)
		}
	}
	return nil
}

func (i *Inventory) adoptOne(ctx context.Context, m engine.Machine, installation string) error {
	if m.Installation == "" {
		i.log.InfoContext(ctx, "machine marked as this installation's", "machine", m.Name)
		if err := i.auditor.Engine.Own(ctx, m.ID, installation); err != nil {
			return err
		}
	}
	if m.Aside.IsZero() {
		return nil
	}
	i.log.InfoContext(ctx, "machine brought back, a desktop has it", "machine", m.Name)
	return i.auditor.Engine.SetAside(ctx, m.ID, time.Time{})
}

// ReserveUsed reserves the addresses that the engine uses for something other than a desktop of this database. It reads the
// engine before the rows, and rows are written before their machines are created, so it never takes the address of a new desktop
// for another's.
func ReserveUsed(ctx context.Context, s store.Transactions, e engine.Engine) error {
	used, err := e.Addresses(ctx)
	if err != nil {
		return fmt.Errorf("reading the addresses in use: %w", err)
	}
	rows, err := allDesktops(ctx, s)
	if err != nil {
		return err
	}
	var subnets []catalog.Subnet
	err = s.View(ctx, func(tx *store.Tx) (err error) {
		subnets, err = catalog.Subnets(ctx, tx, "")
		return err
	})
	if err != nil {
		return fmt.Errorf("reading subnets: %w", err)
	}
	for subnetID, all := range reservationsOf(used, rows, subnets) {
		err := s.Update(ctx, func(tx *store.Tx) error { return catalog.PutReservations(ctx, tx, subnetID, all) })
		if err != nil {
			return fmt.Errorf("reserving addresses of subnet %s: %w", subnetID, err)
		}
	}
	return nil
}

// reservationsOf returns, by subnet, the addresses that are used for something other than desktops of the rows. It includes
// subnets without any, so that earlier reservations in them end.
func reservationsOf(used []engine.UsedAddress, rows []desktop.DesktopState, subnets []catalog.Subnet) map[string][]catalog.Reservation {
	known := make(map[string]bool, len(rows))
	for _, d := range rows {
		known[d.ID] = true
	}
	others := map[string][]engine.UsedAddress{}
	for _, u := range used {
		if u.Machine == "" || !known[u.Machine] {
			others[u.Network] = append(others[u.Network], u)
		}
	}
	reserved := make(map[string][]catalog.Reservation, len(subnets))
	for _, s := range subnets {
		reserved[s.ID] = nil
		for _, u := range others[s.Network] {
			reserved[s.ID] = append(reserved[s.ID], catalog.Reservation{SubnetID: s.ID, Address: u.Address, Holder: cmp.Or(u.Holder, "something")})
		}
	}
	return reserved
}
