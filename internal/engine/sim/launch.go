package sim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"time"

	"carrel/internal/engine"
)

// EnsureNetwork implements engine.Engine. ErrInvalid if the network is not valid.
func (e *Engine) EnsureNetwork(ctx context.Context, n engine.Network) error {
	if err := e.look(ctx, ""); err != nil {
		return fmt.Errorf("ensuring network %s: %w", n.ID, err)
	}
	prefix, err := netip.ParsePrefix(n.CIDR)
	if err != nil || !prefix.Addr().Is4() {
		return fmt.Errorf("ensuring network %s: %q is not an IPv4 range: %w", n.ID, n.CIDR, engine.ErrInvalid)
	}
	if gateway, err := netip.ParseAddr(n.Gateway); err != nil || !prefix.Contains(gateway) {
		return fmt.Errorf("ensuring network %s: the gateway %q is not in %s: %w", n.ID, n.Gateway, n.CIDR, engine.ErrInvalid)
	}
	if n.ID == "" || len(n.ID) > 15 {
		return fmt.Errorf("ensuring network %q: its id needs 1 to 15 characters: %w", n.ID, engine.ErrInvalid)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.networks[n.ID] == n {
		return nil
	}
	if err := e.roomFor(n.ID, prefix); err != nil {
		return fmt.Errorf("ensuring network %s: %w", n.ID, err)
	}
	if e.journal != nil {
		if err := e.journal.append(entry{Network: &n}); err != nil {
			return fmt.Errorf("recording network %s: %w", n.ID, err)
		}
	}
	e.networks[n.ID] = n
	return nil
}

// roomFor returns an error for a range that a network cannot have. The mutex is locked.
func (e *Engine) roomFor(id string, wanted netip.Prefix) error {
	for _, other := range e.networks {
		if p, err := netip.ParsePrefix(other.CIDR); err == nil && other.ID != id && p.Overlaps(wanted) {
			return fmt.Errorf("%s overlaps the network %s (%s): %w", wanted, other.ID, other.CIDR, engine.ErrConflict)
		}
	}
	for at, owner := range e.owners {
		if a, err := netip.ParseAddr(at.ip); err == nil && at.network == id && !wanted.Contains(a) {
			return fmt.Errorf("machine %s on it has no place in %s: %w", owner, wanted, engine.ErrConflict)
		}
	}
	return nil
}

// Launch implements engine.Engine.
func (e *Engine) Launch(ctx context.Context, s engine.Spec) (engine.Machine, error) {
	m, err := e.launch(ctx, s)
	if err != nil {
		return engine.Machine{}, fmt.Errorf("launching machine %s: %w", s.ID, err)
	}
	return m.described(), nil
}

func (e *Engine) launch(ctx context.Context, s engine.Spec) (*machine, error) {
	if err := e.validate(s); err != nil {
		return nil, err
	}
	var m *machine
	err := e.change(ctx, s.ID, func(ctx context.Context) (err error) {
		m, err = e.complete(ctx, s)
		return err
	})
	if errors.Is(err, errHangs) {
		return nil, e.hang(ctx)
	}
	if err != nil {
		return nil, err
	}
	return m, nil
}

// errHangs requests a hang outside of the machine's turn, so that the machine can still be deleted.
var errHangs = fmt.Errorf("%w: hangs", errSim)

// complete does what is missing until the machine runs. The caller has the machine's turn.
func (e *Engine) complete(ctx context.Context, s engine.Spec) (*machine, error) {
	m, err := e.machine(s.ID)
	switch {
	case err == nil && m.Made && m.State == engine.Running:
		return m, nil
	case err == nil && m.Made && m.State != engine.Broken:
		return e.run(ctx, m)
	}
	if err == nil && m.Half {
		return nil, m.whole()
	}
	if err := e.launchFault(s.ID, LaunchFails, NoCapacity); err != nil {
		return nil, err
	}
	half, err := e.place(s)
	if err != nil {
		return nil, err
	}
	if err := e.launchFault(s.ID, LaunchBreaks, LaunchHangs); err != nil {
		return nil, err
	}
	if err := e.pause(ctx, e.config.Latency.Launch, "launch", s.ID); err != nil {
		return nil, err
	}
	made := *half
	made.Made = true
	running := e.booted(&made)
	if err := e.put(running); err != nil {
		return nil, err
	}
	return running, e.scheduleFate(running)
}

func (e *Engine) launchFault(id string, names ...string) error {
	for _, name := range names {
		if _, yes := e.chance.strikes(name, id); !yes {
			continue
		}
		switch name {
		case LaunchHangs:
			return errHangs
		case NoCapacity:
			return fmt.Errorf("%w: %w", errSim, engine.ErrNoCapacity)
		default:
			return fmt.Errorf("%w: %s", errSim, name)
		}
	}
	return nil
}

// validate returns an error for what no retry can make possible.
func (e *Engine) validate(s engine.Spec) error {
	invalid := func(format string, args ...any) error {
		return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), engine.ErrInvalid)
	}
	image, there := e.image(s.Image)
	switch {
	case s.ID == "":
		return invalid("it has no id")
	case !there:
		return invalid("there is no image %q", s.Image)
	case image.VM && !e.config.VMs:
		return invalid("image %q is a virtual machine", s.Image)
	case s.CPUs < 1 || s.MemoryMiB < 1:
		return invalid("%d CPUs and %d MiB of memory", s.CPUs, s.MemoryMiB)
	case s.Processes < 1:
		return invalid("%d processes", s.Processes)
	case s.Zone != "" && !slices.ContainsFunc(e.config.Hosts, func(h Host) bool { return h.Zone == s.Zone }):
		return invalid("there is no zone %q", s.Zone)
	}
	for _, d := range append([]engine.Disk{s.Root}, s.Data...) {
		if d.GiB < 1 || !slices.Contains(e.config.Classes, d.Class) {
			return invalid("a disk of %d GiB of class %q", d.GiB, d.Class)
		}
	}
	e.mu.RLock()
	n, known := e.networks[s.Network]
	e.mu.RUnlock()
	if !known {
		return invalid("there is no network %q", s.Network)
	}
	ip, err := netip.ParseAddr(s.Address)
	if err != nil || !netip.MustParsePrefix(n.CIDR).Contains(ip) || s.Address == n.Gateway {
		return invalid("the address %q cannot be used on network %s", s.Address, n.CIDR)
	}
	return nil
}

// place records an incomplete machine on the host of the zone with the fewest machines. An existing machine stays on its host.
func (e *Engine) place(s engine.Spec) (*machine, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if owner := e.owners[address{s.Network, s.Address}]; owner != "" && owner != s.ID {
		return nil, fmt.Errorf("machine %s has %s: %w", owner, s.Address, engine.ErrAddressTaken)
	}
	host := e.roomiest(s.Zone)
	if old := e.machines[s.ID]; old != nil {
		host = old.Host
	}
	if host == "" {
		return nil, engine.ErrNoCapacity
	}
	e.launches++
	m := &machine{Guest: s.Guest, serial: e.launches, Machine: engine.Machine{
		ID: s.ID, Name: cmp.Or(s.Name, "desktop") + "-" + s.ID[:min(8, len(s.ID))], State: engine.Stopped,
		Host: host, Image: s.Image, VM: e.isVM(s.Image), CPUs: s.CPUs, MemoryMiB: s.MemoryMiB,
		Network: s.Network, Address: s.Address, Root: s.Root, Data: slices.Clone(s.Data), Installation: s.Installation,
	}}
	m.Root.ID = ""
	m.limit(s.Processes)
	m.Files = maps.Clone(e.published[s.Image].Files)
	if old := e.machines[s.ID]; old != nil {
		m.Files = with(m.Files, old.filesUnder(s.Data))
	}
	return m, e.record(m)
}

// roomiest returns the host of the zone with the fewest machines, or "" if all are full. The mutex is locked.
func (e *Engine) roomiest(zone string) (name string) {
	for _, h := range e.config.Hosts {
		full := h.Capacity > 0 && e.load[h.Name] >= h.Capacity
		if h.Offline || full || zone != "" && zone != h.Zone {
			continue
		}
		if name == "" || e.load[h.Name] < e.load[name] {
			name = h.Name
		}
	}
	return name
}

// scheduleFate makes a machine vanish or break later, if that fault is drawn.
func (e *Engine) scheduleFate(m *machine) error {
	if f, yes := e.chance.strikes(Vanishes, m.ID); yes {
		return e.later(f.After, m, e.drop)
	}
	if f, yes := e.chance.strikes(Breaks, m.ID); yes {
		return e.later(f.After, m, e.breakDown)
	}
	return nil
}

// later runs do for a machine after d, unless it was deleted or the engine closed meanwhile; immediately if d is 0. The caller
// has the machine's turn.
func (e *Engine) later(d time.Duration, m *machine, do func(id string) error) error {
	if d == 0 {
		return do(m.ID)
	}
	if !e.begin() {
		return nil
	}
	go func() {
		defer e.work.Done()
		if e.pauseExactly(e.life, d) != nil {
			return
		}
		release, err := e.turns.take(e.life, m.ID)
		if err != nil {
			return
		}
		defer release()
		if now, err := e.machine(m.ID); err != nil || now.serial != m.serial {
			return
		}
		if err := do(m.ID); err != nil {
			slog.Error("simulated fault did not happen", "machine", m.ID, "error", err)
		}
	}()
	return nil
}
