package job

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"carrel/internal/backoff"
	"carrel/internal/engine"
	"carrel/internal/network"
	"carrel/internal/store"
)

// NetworkKeeper makes the networks of subnets in the engine, sets their rules, and removes those whose subnets are deleted. Several processes may do so:
// the engine's methods are idempotent, and rules have versions. Start it once; stop it once.
type NetworkKeeper struct {
	Store      store.Transactions
	Engine     engine.Engine
	Log        *slog.Logger
	Configured []string      // the networks of the operator's configuration: they are never removed
	Every      time.Duration // between two looks; 0: a second
	rounds

	looked bool                 // at all networks, once
	again  map[string]time.Time // not before, after failures in a row
	failed map[string]int
}

// afterNetworkFaults is the delay before a network is tried again.
var afterNetworkFaults = backoff.Doubling{First: time.Second, Limit: time.Minute}

// Start begins the work.
func (k *NetworkKeeper) Start(ctx context.Context) {
	k.again, k.failed = map[string]time.Time{}, map[string]int{}
	if k.Every <= 0 {
		k.Every = time.Second
	}
	k.start(ctx, k.Every, func(ctx context.Context) {
		if err := k.Look(ctx); err != nil && ctx.Err() == nil {
			k.Log.WarnContext(ctx, "looking after networks", "error", err)
		}
	})
}

// Stop ends the work and waits for the present round.
func (k *NetworkKeeper) Stop() { k.stop() }

// Look does what there is to do now. The first look is at all networks, since the engine may have lost them: a reboot removes the part of their rules
// that is not in Incus.
func (k *NetworkKeeper) Look(ctx context.Context) error {
	ids, err := network.Open(ctx, k.Store)
	if !k.looked && err == nil {
		ids, err = network.Configure(ctx, k.Store, k.Configured)
	}
	if err != nil {
		return err
	}
	for _, id := range ids {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Now().Before(k.again[id]) {
			continue
		}
		if err := settleNetwork(ctx, k.Store, k.Engine, id, !k.looked); err != nil {
			k.note(ctx, id, err)
			continue
		}
		delete(k.failed, id)
		delete(k.again, id)
	}
	k.looked = true
	return nil
}

// note delays the next attempt at a network, and records why this one failed.
func (k *NetworkKeeper) note(ctx context.Context, id string, err error) {
	if ctx.Err() != nil {
		return
	}
	if k.failed == nil {
		k.failed, k.again = map[string]int{}, map[string]time.Time{}
	}
	k.again[id] = time.Now().Add(afterNetworkFaults.Wait(k.failed[id]))
	k.failed[id]++
	k.Log.WarnContext(ctx, "a network of the engine is not as it should be", "network", id, "error", err)
	if err := network.Failed(ctx, k.Store, id, err.Error()); err != nil {
		k.Log.WarnContext(ctx, "recording why a network is not as it should be", "network", id, "error", err)
	}
}

// settleNetwork brings a network of the engine to what its rows say. With force it also does what the rows say is done. A network that is gone is a
// success.
func settleNetwork(ctx context.Context, s store.Transactions, e engine.Engine, id string, force bool) error {
	w, err := network.Prepare(ctx, s, id)
	if err != nil || w.ID == "" {
		return err
	}
	if w.Remove {
		if !w.Configured {
			if err := e.DeleteNetwork(ctx, id); err != nil {
				return err
			}
		}
		return network.Removed(ctx, s, id)
	}
	if !w.Configured && (w.Make || force) {
		if err := makeNetwork(ctx, s, e, w); err != nil {
			return err
		}
	}
	if w.Configured && w.Make { // by the process at its start
		if err := network.Made(ctx, s, id); err != nil {
			return err
		}
	}
	if !w.Set && !force {
		return nil
	}
	err = e.SetRules(ctx, id, rulesOf(w))
	if errors.Is(err, engine.ErrNotFound) { // the engine lost it
		if err = makeNetwork(ctx, s, e, w); err == nil {
			err = e.SetRules(ctx, id, rulesOf(w))
		}
	}
	if err != nil {
		return err
	}
	return network.Applied(ctx, s, id, w.Version)
}

func makeNetwork(ctx context.Context, s store.Transactions, e engine.Engine, w network.Work) error {
	if err := e.EnsureNetwork(ctx, engine.Network{ID: w.ID, CIDR: w.CIDR, Gateway: w.Gateway}); err != nil {
		return err
	}
	return network.Made(ctx, s, w.ID)
}

func rulesOf(w network.Work) engine.Rules {
	r := engine.Rules{Version: w.Version, Foreign: w.Rules.Foreign, Nameless: w.Rules.Nameless}
	for _, p := range w.Rules.Permits {
		r.Allow = append(r.Allow, engine.Rule(p))
	}
	for _, f := range w.Rules.Forwards {
		r.Forwards = append(r.Forwards, engine.Forward(f))
	}
	return r
}
