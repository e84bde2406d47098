// Package desktoptest is the fixture of rooms whose rows rest on desktops: projects with a network, people and desktops.
package desktoptest

import (
	"context"
	"fmt"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

// Env is a store with a network and a user in each of two projects.
type Env struct{ *storetest.Env }

// SubnetOf returns the id of the subnet that each project has.
func SubnetOf(project string) string { return "subnet-of-" + project }

// SecurityGroupOf returns the id of the security group that each project has.
func SecurityGroupOf(project string) string { return "group-of-" + project }

// NewEnv adds the networks.
func NewEnv(e *storetest.Env) *Env {
	for i, p := range []string{storetest.Project, storetest.OtherProject} {
		e.Update(func(tx *store.Tx) error {
			ctx := e.Context()
			if err := catalog.InsertVPC(ctx, tx, catalog.VPC{ID: "vpc-of-" + p, ProjectID: p, CIDR: "10.0.0.0/8"}); err != nil {
				return err
			}
			subnet := catalog.Subnet{ID: SubnetOf(p), ProjectID: p, VPCID: "vpc-of-" + p, Name: "desktops",
				CIDR: fmt.Sprintf("10.%d.0.0/16", i), Gateway: fmt.Sprintf("10.%d.0.1", i)}
			if err := catalog.InsertSubnet(ctx, tx, subnet); err != nil {
				return err
			}
			return catalog.InsertSecurityGroup(ctx, tx, catalog.SecurityGroup{ID: SecurityGroupOf(p), ProjectID: p})
		})
	}
	return &Env{e}
}

// AddUsers inserts users.
func (e *Env) AddUsers(users ...directory.User) {
	e.Helper()
	e.Update(func(tx *store.Tx) error { return directory.InsertUsers(e.Context(), tx, users) })
}

// NewGroup returns a group of the project.
func NewGroup(id, name string) directory.Group {
	return directory.Group{Meta: workspace.Meta{ID: id, ProjectID: storetest.Project, Name: name}}
}

// AddGroups inserts groups without members.
func (e *Env) AddGroups(groups ...directory.Group) {
	e.Helper()
	for _, g := range groups {
		e.Update(func(tx *store.Tx) error { return directory.InsertGroup(e.Context(), tx, g) })
	}
}

// Join adds users to a group.
func (e *Env) Join(groupID string, userIDs ...string) {
	e.Helper()
	e.Update(func(tx *store.Tx) error { return directory.AddMembers(e.Context(), tx, groupID, userIDs) })
}

// AddUnit adds an organisational unit to the project and returns its id.
func (e *Env) AddUnit(name string) string {
	e.Helper()
	e.Update(func(tx *store.Tx) error {
		_, err := tx.OpenSubscription(e.Context(), workspace.Subscription{ID: "s", ProjectID: storetest.Project, Opened: tx.Now()})
		return err
	})
	units := &directory.Service{Store: e.Store}
	id, err := units.CreateOU(e.Context(), workspace.Caller{ProjectID: storetest.Project}, directory.BuiltInDomain, name, "of the house")
	if err != nil {
		e.Fatal(err)
	}
	return id
}

// NewDesktop returns a desktop in the project's subnet.
func NewDesktop(name string) desktop.Desktop {
	return desktop.Desktop{ID: workspace.NewID(), ProjectID: storetest.Project, Type: workspace.Dedicated, Name: name, SubnetID: SubnetOf(storetest.Project)}
}

// AddDesktop inserts a desktop of the project, after applying changes.
func (e *Env) AddDesktop(name string, changes ...func(*desktop.Desktop)) desktop.Desktop {
	e.Helper()
	d := NewDesktop(name)
	d.Created = e.Clock.Now()
	for _, change := range changes {
		change(&d)
	}
	e.Update(func(tx *store.Tx) error { return desktop.InsertDesktops(e.Context(), tx, []desktop.Desktop{d}) })
	return d
}

// AssignedTo returns a change that assigns a new desktop to users.
func AssignedTo(users ...string) func(*desktop.Desktop) {
	return func(d *desktop.Desktop) {
		for _, u := range users {
			d.Assignments = append(d.Assignments, desktop.Assignment{UserID: u, Group: workspace.GroupDefault})
		}
	}
}

// Desktop reads a desktop of the project.
func (e *Env) Desktop(id string) desktop.Desktop {
	e.Helper()
	return storetest.Get(e, func(ctx context.Context, tx *store.Tx) (desktop.Desktop, error) {
		return desktop.ReadDesktop(ctx, tx, storetest.Project, id)
	})
}
