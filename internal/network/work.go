package network

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"carrel/internal/address"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Work is what the engine has to do for a network.
type Work struct {
	ID, CIDR, Gateway string
	Remove            bool // its subnet is deleted
	Configured        bool // of the operator's configuration: it stays in the engine
	Make              bool
	Set               bool // the engine does not have the rules
	Rules             Compiled
	Version           int64 // of the rules
}

// Open returns the networks for which there may be work: Prepare says what.
func Open(ctx context.Context, s store.Transactions) ([]string, error) {
	return store.View(ctx, s, func(tx *store.Tx) ([]string, error) { return open(ctx, tx) })
}

// Prepare compiles the rules of a network, and returns what the engine has to do for it. If the rules are others than before, they get the next version
// under the lock of the network's row. Only then does it write. A network that is gone has no work.
func Prepare(ctx context.Context, s store.Transactions, id string) (Work, error) {
	return store.Update(ctx, s, func(tx *store.Tx) (Work, error) {
		n, err := lockNetwork(ctx, tx, id)
		if workspace.CodeOf(err) == workspace.CodeNetworkNotFound {
			return Work{}, address.Settle(ctx, tx, id)
		}
		if err != nil {
			return Work{}, err
		}
		w := Work{ID: n.ID, CIDR: n.CIDR, Gateway: n.Gateway, Remove: n.Removing, Configured: n.Configured, Make: !n.Made}
		if n.Removing {
			return w, nil
		}
		p, err := picture(ctx, tx, n)
		if err != nil {
			return w, err
		}
		if err := address.Settle(ctx, tx, id); err != nil {
			return w, err
		}
		w.Rules = Compile(p)
		hash, err := hashOf(w.Rules)
		if err != nil {
			return w, err
		}
		if n.Rules != hash || n.Dirty {
			if n.Rules != hash {
				// By the time, so that those of a database which is newer, or was restored, are later than what the engine has.
				n.Rules, n.Wanted = hash, max(n.Wanted+1, tx.Now().UnixMicro())
			}
			n.Dirty = false
			err = saveNetwork(ctx, tx, n)
		}
		w.Version, w.Set = n.Wanted, n.Applied < n.Wanted
		return w, err
	})
}

func hashOf(c Compiled) (string, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("writing the rules of a network: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// Made records that the engine has a network.
func Made(ctx context.Context, s store.Transactions, id string) error {
	return s.Update(ctx, func(tx *store.Tx) error {
		return exec(ctx, tx, "UPDATE networks SET made = TRUE, fault = '' WHERE id = ? AND NOT removing", id)
	})
}

// Applied records that the engine has the rules of a version.
func Applied(ctx context.Context, s store.Transactions, id string, version int64) error {
	return s.Update(ctx, func(tx *store.Tx) error {
		return exec(ctx, tx, "UPDATE networks SET applied = ?0 WHERE id = ?1 AND applied < ?0", version, id)
	})
}

// Removed records that the engine has a network no longer. One that was wanted again meanwhile is made again.
func Removed(ctx context.Context, s store.Transactions, id string) error {
	return s.Update(ctx, func(tx *store.Tx) error {
		if err := exec(ctx, tx, "DELETE FROM networks WHERE id = ? AND removing", id); err != nil {
			return err
		}
		return exec(ctx, tx, "UPDATE networks SET made = FALSE, applied = 0 WHERE id = ?", id)
	})
}

// Failed records why the engine does not make or remove a network.
func Failed(ctx context.Context, s store.Transactions, id, fault string) error {
	return s.Update(ctx, func(tx *store.Tx) error {
		return exec(ctx, tx, "UPDATE networks SET fault = ?0 WHERE id = ?1 AND fault <> ?0", fault, id)
	})
}

// Configure records at a start which networks are of the operator's configuration, and returns all that there are. Their rules get new versions, since
// the engine may have rules of another database.
func Configure(ctx context.Context, s store.Transactions, configured []string) ([]string, error) {
	return store.Update(ctx, s, func(tx *store.Tx) ([]string, error) {
		for _, id := range configured {
			if err := exec(ctx, tx, "UPDATE networks SET configured = TRUE WHERE id = ? AND NOT configured", id); err != nil {
				return nil, err
			}
		}
		if err := exec(ctx, tx, "UPDATE networks SET rules = '', dirty = TRUE"); err != nil {
			return nil, err
		}
		return networkIDs(ctx, tx)
	})
}
