package pool

import (
	"context"
	"encoding/json"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/pool/autoscale"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// PoolSnapshot is the input of decisions about a pool.
type PoolSnapshot struct {
	Pool    Pool
	Members []desktop.Member // in any order
	Waiting int              // number of users on the waiting list
}

// Autoscale decides what to do about the pool's size now, with reasons.
func Autoscale(s PoolSnapshot, now time.Time) autoscale.Decision {
	facts := autoscale.Snapshot{
		Enabled: s.Pool.Autoscaling, InMaintenance: s.Pool.InMaintenance, Frozen: s.Pool.Frozen, Static: s.Pool.Type == Static,
		Policy: s.Pool.Policy, History: s.Pool.Scale, Desktops: make([]autoscale.Desktop, len(s.Members)), Waiting: s.Waiting,
	}
	for i, m := range s.Members {
		facts.Desktops[i] = autoscale.Desktop{
			ID: m.DesktopID, AutoCreated: m.AutoCreated, Making: m.Task == workspace.TaskCreating, Idle: m.Idle(), Coming: m.Coming(),
			Bound: m.Bound(), Connected: m.Connected(), Faulty: m.Faulty(), Isolated: m.Isolated, Leaving: m.Leaving(),
			InMaintenance: m.InMaintenance, Used: m.Used, IdleSince: m.IdleSince, Updated: m.Updated,
		}
	}
	return autoscale.Decide(facts, now)
}

// ScaleEntry returns a decision for the pool's decision log.
func ScaleEntry(d autoscale.Decision, poolID string, now time.Time) PoolDecision {
	return PoolDecision{
		ID: workspace.NewID(), PoolID: poolID, Kind: DecideScale, At: now, Inputs: AsJSON(d.Inputs), Reasons: d.Reasons,
		Actions: AsJSON(append([]autoscale.Action{}, d.Actions...)), // if empty, [] for clients rather than null
	}
}

// AsJSON encodes a part of a decision log entry. It panics on an error, which cannot happen for structs of plain fields.
func AsJSON(v any) json.RawMessage {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return body
}

// NoteScaled records with a pool that a desktop created by autoscaling (JobCreateDesktops) is ready or has failed. Call it in the
// transaction that ends the sub-job, before locking the desktop: pools are locked before desktops. It does nothing if the pool is
// gone.
func NoteScaled(ctx context.Context, tx *store.Tx, s workspace.SubJob) error {
	p, err := LockPool(ctx, tx, s.ProjectID, s.PoolID)
	if workspace.CodeOf(err) == workspace.CodePoolNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	next := p.Scale.AfterCreation(s.Created, s.State == workspace.SubJobSuccess, tx.Now())
	if next == p.Scale {
		return nil
	}
	p.Scale = next
	return SavePool(ctx, tx, p)
}
