package incus_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"carrel/internal/engine"
	"carrel/internal/engine/incus"
)

// halfRemoved is a network that a call was removing when it was killed.
func halfRemoved(t *testing.T, e *incus.Engine) string {
	t.Helper()
	const id = "carrelhalf"
	if err := e.EnsureNetwork(t.Context(), engine.Network{ID: id, CIDR: "10.235.0.0/24", Gateway: "10.235.0.1"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		e.HurryClaims()
		if err := e.DeleteNetwork(context.WithoutCancel(t.Context()), id); err != nil {
			t.Error(err)
		}
	})
	raw(t, "network", "set", id, "user.carrel.remover=another")
	return id
}

func networkExists(t *testing.T, id string) bool {
	t.Helper()
	return slices.Contains(strings.Fields(raw(t, "network", "list", "-f", "csv", "-c", "n")), id)
}

func TestTheRemovalOfANetworkIsTakenOverFromWhoWasKilled(t *testing.T) {
	e := open(t)
	e.HurryClaims()
	id := halfRemoved(t, e)
	if err := e.DeleteNetwork(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if networkExists(t, id) {
		t.Error("the network is still there")
	}
}

func TestANetworkThatAnotherRemovesIsLeftToIt(t *testing.T) {
	e := open(t)
	id := halfRemoved(t, e)
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if err := e.DeleteNetwork(ctx, id); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v; want that it waits for the other", err)
	}
	if !networkExists(t, id) {
		t.Error("the network is gone")
	}
}
