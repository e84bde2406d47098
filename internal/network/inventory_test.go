package network_test

import (
	"fmt"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/desktop/desktoptest"
	"carrel/internal/network"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

// lan is a subnet of the project's VPC with 12 addresses for desktops, the first of which is 10.7.0.4.
func (e *env) lan() {
	e.Update(func(tx *store.Tx) error {
		return catalog.InsertSubnet(e.Context(), tx, catalog.Subnet{
			ID: "lan", ProjectID: storetest.Project, VPCID: "vpc-of-" + storetest.Project, CIDR: "10.7.0.0/28", Gateway: "10.7.0.5", Network: "lan", DNS: []string{},
		})
	})
}

func (e *env) inLAN(name string, last int) desktop.Desktop {
	return e.AddDesktop(name, func(d *desktop.Desktop) {
		d.SubnetID, d.Address, d.SecurityGroups = "lan", fmt.Sprintf("10.7.0.%d", last), []string{desktoptest.SecurityGroupOf(storetest.Project)}
	})
}

var inventoryCases = map[string]func(*env){
	"addresses are available that no desktop has, that are not reserved and not the gateway's": func(e *env) {
		e.lan()
		free := func() int {
			n, err := e.service.Available(e.Context(), storetest.Project, "lan")
			e.must(err)
			return n
		}
		e.Same(free(), 10) // .4 to .14 without the gateway
		e.inLAN("a", 4)
		e.inLAN("low", 2) // below what desktops get
		e.Same(free(), 9)
		e.Update(func(tx *store.Tx) error {
			_, err := catalog.FreeAddresses(e.Context(), tx, "lan", 9)
			return err
		})
		e.Same(free(), 9)
		_, err := e.service.Available(e.Context(), storetest.OtherProject, "lan")
		e.refuses(err, workspace.CodeNetworkNotFound, "lan")
	},
	"ranges that overlap a subnet of any project are found": func(e *env) {
		e.lan()
		found, err := e.service.Conflicts(e.Context(), []string{"10.7.0.0/24", "10.8.0.0/24", "10.7.0.16/28"})
		e.must(err)
		e.Same(found, []string{"10.7.0.0/24"})
		_, err = e.service.Conflicts(e.Context(), nil)
		e.refuses(err, workspace.CodeInvalid, "tenant_cidrs: 0 ranges")
		_, err = e.service.Conflicts(e.Context(), []string{"8.8.8.0/24"})
		e.refuses(err, workspace.CodeInvalid, "tenant_cidrs")
	},
	"ports are read in pages, of one project": func(e *env) {
		e.lan()
		for i := range 5 {
			e.inLAN(fmt.Sprintf("d%d", i), 6+i)
		}
		seen := map[string]bool{}
		q := network.PortQuery{ProjectID: storetest.Project, SubnetID: "lan", Limit: 2}
		for range 3 {
			page, err := e.service.Ports(e.Context(), q)
			e.must(err)
			for _, p := range page {
				seen[p.Address], q.After = true, p.ID
			}
		}
		e.Same(len(seen), 5)
		q.After, q.Address = "", "10.7.0.7"
		page, err := e.service.Ports(e.Context(), q)
		e.must(err)
		e.Same(len(page), 1)
		q.ProjectID = storetest.OtherProject
		page, err = e.service.Ports(e.Context(), q)
		e.must(err)
		e.Same(len(page), 0)
	},
	"desktops are shown with their networks": func(e *env) {
		e.lan()
		a, b := e.inLAN("a", 6), e.inLAN("b", 7)
		one, err := e.service.Attachment(e.Context(), storetest.Project, a.ID)
		e.must(err)
		e.Same([]any{one.Desktop.Address, one.Subnet.ID, one.VPC.ID, len(one.Groups)}, []any{"10.7.0.6", "lan", "vpc-of-" + storetest.Project, 1})
		all, err := e.service.Attachments(e.Context(), storetest.Project, []string{b.ID, "none"}, nil)
		e.must(err)
		e.Same([]any{len(all), all[0].Desktop.ID}, []any{1, b.ID})
		all, err = e.service.Attachments(e.Context(), storetest.Project, nil, nil)
		e.must(err)
		e.Same(len(all), 2)
		_, err = e.service.Attachments(e.Context(), storetest.Project, make([]string, network.MaxShown+1), nil)
		e.refuses(err, workspace.CodeInvalid, "desktop_ids")
		_, err = e.service.Attachment(e.Context(), storetest.OtherProject, a.ID)
		e.refuses(err, workspace.CodeDesktopNotFound, a.ID)
		used, err := e.service.InUse(e.Context(), storetest.Project, []string{"lan", "other"})
		e.must(err)
		e.Same(used, []string{"lan"})
	},
}
