package sim_test

import (
	"errors"
	"testing"

	"carrel/internal/engine"
	"carrel/internal/engine/sim"
)

func TestHostsHaveACapacity(t *testing.T) {
	e := open(t, sim.Config{Hosts: []sim.Host{
		{Name: "north-1", Zone: "north", Capacity: 2}, {Name: "north-2", Zone: "north", Capacity: 1},
		{Name: "south-1", Zone: "south"}, {Name: "north-3", Zone: "north", Offline: true},
	}})
	north := func(i int) engine.Spec { s := spec(i); s.Zone = "north"; return s }
	hosts := map[string]int{}
	for i := range 3 {
		m, err := e.Launch(t.Context(), north(i))
		if err != nil {
			t.Fatal(err)
		}
		hosts[m.Host]++
	}
	if hosts["north-1"] != 2 || hosts["north-2"] != 1 {
		t.Errorf("machines per host: %v", hosts)
	}
	if _, err := e.Launch(t.Context(), north(3)); !errors.Is(err, engine.ErrNoCapacity) {
		t.Errorf("launching where there is no capacity: %v", err)
	}
	if m, err := e.Launch(t.Context(), spec(4)); err != nil || m.Host != "south-1" {
		t.Errorf("launching anywhere: %+v, %v", m, err)
	}
	if err := e.Delete(t.Context(), spec(0).ID); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Launch(t.Context(), north(3)); err != nil {
		t.Errorf("launching where there is capacity again: %v", err)
	}
}

func TestAnAddressHasOneMachine(t *testing.T) {
	e := open(t, sim.Config{})
	id := launch(t, e, 1)
	twin := spec(2)
	twin.Address = spec(1).Address
	if _, err := e.Launch(t.Context(), twin); err == nil || errors.Is(err, engine.ErrInvalid) {
		t.Errorf("launching with a used address: %v; want a passing fault", err)
	}
	if err := e.Delete(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Launch(t.Context(), twin); err != nil {
		t.Errorf("launching with a free address: %v", err)
	}
}
