package address_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"carrel/internal/address"
	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/desktop/desktoptest"
	"carrel/internal/network"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

type env struct {
	*desktoptest.Env
	service  *address.Service
	networks *network.Service
}

var (
	caller = workspace.Caller{ProjectID: storetest.Project}
	other  = workspace.Caller{ProjectID: storetest.OtherProject}
	spec   = address.Spec{Type: address.TypeDynamic, ChargeMode: address.ChargeTraffic, Mbit: 5}
	fields = address.Fields{Name: "name", Type: "type", ChargeMode: "charge_mode", Mbit: "size"}
	ranges = address.Ranges{netip.MustParsePrefix("198.51.100.0/31"), netip.MustParsePrefix("203.0.113.7/32")}
)

func TestRows(t *testing.T) {
	storetest.RunRows(t, func(e *storetest.Env) *env {
		return &env{desktoptest.NewEnv(e), &address.Service{Store: e.Store, Ranges: ranges}, &network.Service{Store: e.Store, Addresses: ranges}}
	}, map[string]map[string]func(*env){"Addresses": cases})
}

func (e *env) must(err error) {
	e.Helper()
	if err != nil {
		e.Fatal(err)
	}
}

func (e *env) refuses(err error, code workspace.Code, says string) {
	e.Helper()
	if workspace.CodeOf(err) != code || !strings.Contains(workspace.MessageOf(err), says) {
		e.Errorf("got %v; want %s with %q", err, code, says)
	}
}

func (e *env) create(c workspace.Caller) address.Address {
	e.Helper()
	a, err := e.service.Create(e.Context(), c, spec, fields, "")
	e.must(err)
	return a
}

func (e *env) list(q address.Query) []address.Address {
	e.Helper()
	q.ProjectID, q.Page = storetest.Project, workspace.Page{Limit: 10}
	found, total, err := e.service.List(e.Context(), q)
	e.must(err)
	e.Same(total, len(found))
	return found
}

// settled compiles the rules of the network that desktops of fixtures are on.
func (e *env) settled(id string) network.Work {
	e.Helper()
	w, err := network.Prepare(e.Context(), e.Store, id)
	e.must(err)
	return w
}

// onLAN adds a desktop to a subnet with a network of the engine.
func (e *env) onLAN(name string) desktop.Desktop {
	e.Helper()
	e.Update(func(tx *store.Tx) error {
		all, err := catalog.Subnets(e.Context(), tx, storetest.Project)
		if err != nil || slices.ContainsFunc(all, func(n catalog.Subnet) bool { return n.ID == "lan" }) {
			return err
		}
		return catalog.InsertSubnet(e.Context(), tx, catalog.Subnet{
			ID: "lan", ProjectID: storetest.Project, VPCID: "vpc-of-" + storetest.Project, CIDR: "10.7.0.0/24", Gateway: "10.7.0.1", Network: "lan", DNS: []string{},
		})
	})
	return e.AddDesktop(name, func(d *desktop.Desktop) { d.SubnetID, d.Address = "lan", fmt.Sprintf("10.7.0.%d", name[0]) })
}

var cases = map[string]func(*env){
	"the addresses of the ranges are given out once each, of projects at once, too": func(e *env) {
		errs := storetest.Together(4, func(i int) error {
			_, err := e.service.Create(e.Context(), []workspace.Caller{caller, other}[i%2], spec, fields, "")
			return err
		})
		refused := 0
		for _, err := range errs {
			if err != nil {
				refused++
				e.refuses(err, workspace.CodeNoAddress, "all public addresses are in use")
			}
		}
		e.Same(refused, 1)
		none := &address.Service{Store: e.Store}
		_, err := none.Create(e.Context(), caller, spec, fields, "")
		e.refuses(err, workspace.CodeNoAddress, "public_addresses")
	},
	"an address leads to one desktop, and a desktop has one": func(e *env) {
		a, b := e.create(caller), e.create(caller)
		d, f := e.onLAN("d"), e.onLAN("f")
		for range 2 {
			bound, err := e.service.Bind(e.Context(), caller, a.ID, d.ID)
			e.must(err)
			e.Same([]any{bound.DesktopID, bound.DesktopName, bound.PrivateAddress}, []any{d.ID, "d", d.Address})
		}
		_, err := e.service.Bind(e.Context(), caller, b.ID, d.ID)
		e.refuses(err, workspace.CodeConflict, "has a public address")
		_, err = e.service.Bind(e.Context(), caller, a.ID, f.ID)
		e.refuses(err, workspace.CodeConflict, "leads to desktop")
		_, err = e.service.Bind(e.Context(), caller, a.ID, "none")
		e.refuses(err, workspace.CodeDesktopNotFound, "none")
		e.refuses(e.service.Release(e.Context(), caller, a.ID), workspace.CodeConflict, "unbind it first")
		e.Same(len(e.list(address.Query{Bound: new(true)})), 1)
		e.Same(e.list(address.Query{Bound: new(false)})[0].ID, b.ID)
		e.Same(e.list(address.Query{DesktopName: "D"})[0].ID, a.ID)
		e.Same(len(e.list(address.Query{UserName: "nobody"})), 0)
		e.refuses(e.service.UnbindDesktops(e.Context(), caller, []string{f.ID}), workspace.CodeConflict, "f has no public address")
		e.must(e.service.UnbindDesktops(e.Context(), caller, []string{d.ID}))
		e.Same(len(e.list(address.Query{Bound: new(true)})), 0)
		e.One(storetest.Together(2, func(i int) error {
			_, err := e.service.Bind(e.Context(), caller, []address.Address{a, b}[i].ID, d.ID)
			return err
		}), workspace.CodeConflict)
	},
	"a network forwards an address until it is compiled without it, and only then it is released": func(e *env) {
		d := e.onLAN("d")
		const on = "lan"
		a := e.create(caller)
		before := e.settled(on).Version
		_, err := e.service.Bind(e.Context(), caller, a.ID, d.ID)
		e.must(err)
		w := e.settled(on)
		e.Same(w.Version > before, true)
		e.Same(w.Rules.Forwards, []network.Forward{{Listen: a.Address, Target: d.Address, Mbit: 5}})
		_, err = e.service.Unbind(e.Context(), caller, a.ID)
		e.must(err)
		e.must(e.service.Release(e.Context(), caller, a.ID))
		e.Same(len(e.list(address.Query{})), 1)
		e.Same(len(e.settled(on).Rules.Forwards), 0)
		e.Same(len(e.list(address.Query{})), 0)
	},
	"an address that came with a desktop goes with it, another one stays": func(e *env) {
		d, f := e.onLAN("d"), e.onLAN("f")
		e.Update(func(tx *store.Tx) error {
			_, err := ranges.Take(e.Context(), tx, storetest.Project, spec, address.Lead{DesktopID: d.ID, Network: "lan", WithDesktop: true})
			return err
		})
		kept := e.create(caller)
		_, err := e.service.Bind(e.Context(), caller, kept.ID, f.ID)
		e.must(err)
		e.Update(func(tx *store.Tx) error { return desktop.DeleteDesktop(e.Context(), tx, d.ID) })
		e.Update(func(tx *store.Tx) error { return desktop.DeleteDesktop(e.Context(), tx, f.ID) })
		ids, err := network.Open(e.Context(), e.Store)
		e.must(err)
		for _, id := range ids {
			e.settled(id)
		}
		left := e.list(address.Query{})
		e.Same([]any{len(left), left[0].ID, left[0].DesktopID, left[0].Network}, []any{1, kept.ID, "", ""})
	},
	"what cannot be is refused, and another project sees nothing": func(e *env) {
		for says, bad := range map[string]address.Spec{
			"type: ":        {Type: "x", ChargeMode: address.ChargeTraffic, Mbit: 1},
			"charge_mode: ": {Type: address.TypeStatic, ChargeMode: "x", Mbit: 1},
			"size: 0 ":      {Type: address.TypeStatic, ChargeMode: address.ChargeBandwidth},
			"size: 2001 ":   {Type: address.TypeStatic, ChargeMode: address.ChargeBandwidth, Mbit: 2001},
			"name: ":        {Type: address.TypeStatic, ChargeMode: address.ChargeBandwidth, Mbit: 1, Name: "a b"},
		} {
			_, err := e.service.Create(e.Context(), caller, bad, fields, "")
			e.refuses(err, workspace.CodeInvalid, says)
		}
		a := e.create(caller)
		_, err := e.service.Get(e.Context(), other.ProjectID, a.ID)
		e.refuses(err, workspace.CodeNetworkNotFound, a.ID)
		e.refuses(e.service.Release(e.Context(), other, a.ID), workspace.CodeNetworkNotFound, a.ID)
		_, err = e.service.Update(e.Context(), caller, a.ID, address.Change{Mbit: new(0)}, fields)
		e.refuses(err, workspace.CodeInvalid, "size")
		changed, err := e.service.Update(e.Context(), caller, a.ID, address.Change{Mbit: new(50), Name: new("door")}, fields)
		e.must(err)
		e.Same([]any{changed.Mbit, changed.Name}, []any{50, "door"})
		e.must(e.service.Release(e.Context(), caller, a.ID))
		e.Same(len(e.list(address.Query{})), 0)
	},
}

func TestParseRanges(t *testing.T) {
	for text, says := range map[string]string{
		"x": "no IPv4", "fd00::/64": "no IPv4", "198.51.100.1/24": "no IPv4", "198.51.0.0/16": "more than 4096", "198.51.100.0/28,198.51.100.3": "overlaps",
		"10.0.0.0/20,10.1.0.0/20": "more than 4096", "198.51.100.0/28,203.0.113.7": "",
	} {
		_, err := address.ParseRanges(strings.Split(text, ","))
		if got := ""; err != nil && (says == "" || !strings.Contains(err.Error(), says)) || err == nil && says != got {
			t.Errorf("%s: %v, want %q", text, err, says)
		}
	}
}
