package catalog_test

import (
	"errors"

	"carrel/internal/catalog"
	"carrel/internal/core"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

var defaultNetworks = map[string]func(*env){
	"8 replicas that start at once make one network, one default subnet, one default group and one of the infrastructure": func(e *env) {
		service := core.NewServices(core.Config{Store: e.Store})
		subnets := []catalog.NewSubnet{
			{Name: "a", CIDR: "10.1.0.0/16", Gateway: "10.1.0.1", Network: "net-a"}, {Name: "b", CIDR: "10.2.0.0/16", Gateway: "10.2.0.1", Network: "net-b"},
		}
		e.All(storetest.Together(8, func(int) error { return service.Catalog.Subscribe(e.Context(), "fresh", "", "10.0.0.0/8", subnets) }))
		e.View(func(tx *store.Tx) error {
			vpcs, err := catalog.VPCs(e.Context(), tx, "fresh")
			e.Same(len(vpcs), 1)
			made, err2 := catalog.Subnets(e.Context(), tx, "fresh")
			e.Same(len(made), 2)
			groups, err3 := catalog.SecurityGroups(e.Context(), tx, "fresh")
			e.Same(len(groups), 2)
			return errors.Join(err, err2, err3)
		})
	},
	"a project has no second default subnet or security group": func(e *env) {
		e.Refuses(workspace.CodeConflict, func(tx *store.Tx) error {
			for _, id := range []string{"d1", "d2"} {
				err := catalog.InsertSecurityGroup(e.Context(), tx, catalog.SecurityGroup{ID: id, ProjectID: "fresh", Default: true, Created: e.Clock.Now()})
				if err != nil {
					return err
				}
			}
			return nil
		})
		e.Refuses(workspace.CodeConflict, func(tx *store.Tx) error {
			if err := catalog.InsertVPC(e.Context(), tx, catalog.VPC{ID: "v", ProjectID: "fresh", Created: e.Clock.Now()}); err != nil {
				return err
			}
			for _, id := range []string{"d1", "d2"} {
				err := catalog.InsertSubnet(e.Context(), tx, catalog.Subnet{ID: id, ProjectID: "fresh", VPCID: "v", Default: true, Created: e.Clock.Now()})
				if err != nil {
					return err
				}
			}
			return nil
		})
	},
}
