package incus_test

import (
	"context"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"carrel/internal/engine"
	"carrel/internal/engine/incus"
)

// A storage pool in which somebody has a volume cannot be removed: Remove says so, waits, and goes on when it is let go.
func TestRemovingWaitsForABusyHost(t *testing.T) {
	if !promised() {
		t.Skip("set CARREL_TEST_INCUS=1 to test against a real Incus")
	}
	other := incus.Config{Project: "carrel-engbusy", Zone: "test", Classes: map[string]string{"SAS": "carrel-engbusy"}}
	if err := incus.Prepare(t.Context(), incus.PrepareConfig{Config: other, PoolGiB: 2}, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := incus.Remove(context.WithoutCancel(t.Context()), other, nil); err != nil {
			t.Error(err)
		}
	})
	volume := func(verb string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "incus", "storage", "volume", verb, "--project", "default", "carrel-engbusy", "blocker")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	volume("create")
	var told []string
	err := incus.Remove(t.Context(), other, func(sentence string) {
		told = append(told, sentence)
		if strings.Contains(sentence, "trying again") {
			volume("delete")
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(told, func(s string) bool {
		return strings.Contains(s, "the storage pool carrel-engbusy") && strings.Contains(s, "trying again")
	}) {
		t.Errorf("it tells %q, want what is still there", told)
	}
	if machines, err := incus.Inhabitants(t.Context(), other); err != nil || len(machines) > 0 {
		t.Errorf("afterwards: %v, %v", machines, err)
	}
	if _, err := incus.Open(t.Context(), other); !errors.Is(err, incus.ErrNotPrepared) || errors.Is(err, engine.ErrUnavailable) {
		t.Errorf("the project is still there: %v", err)
	}
}
