// Package storetest holds what every store.Transactions must do, as one suite of behaviours, and gives tests databases of
// their own, with the fixture that those of rooms are made of.
package storetest

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/directory"
	"carrel/internal/store"
)

// Database is an empty database of one test's own.
type Database struct {
	// Open opens it; a second call does what another process would. The store is closed when the test ends.
	Open func(t testing.TB, clock func() time.Time) store.Transactions
	// WakesOthers says that stores which were opened apart wake one another's workers.
	WakesOthers bool
}

// Run runs the store's own suite on databases that fresh makes.
func Run(t *testing.T, fresh func(testing.TB) Database) {
	run(t, fresh, func(e *Env) *Env { return e }, map[string]map[string]func(*Env){
		"Transactions": transactions, "Subscriptions": subscriptions, "ClientTokens": clientTokens, "Jobs": jobs, "Claims": claims,
		"Attempts": attempts, "Work": works,
	})
	run(t, fresh, newEnv, map[string]map[string]func(*env){
		"Locks": desktopLocks, "Defaults": defaultNetworks, "Catalog": catalogs, "Capacities": capacities, "Limits": limits, "Networks": networks, "Users": users,
		"Desktops": desktops, "Assignments": assignments, "DesktopLists": desktopLists, "Mails": mails,
		"SignIns": signIns, "OTP": otp, "Connections": connections,
		"Pools": pools, "Members": members, "Seats": seats, "Rushes": rushes, "Waiting": waiting, "Grants": grants, "Decisions": decisions, "Rollouts": rollouts,
	})
	run(t, fresh, newWorld, map[string]map[string]func(*world){
		"Groups": sentences(groups), "NamePolicies": sentences(namePolicies), "Exports": sentences(exports), "Notifications": sentences(notifications),
	})
}

// RunRows runs what holds for a room's rows, on SQLite and on PostgreSQL where there is one. Its tests stand by area, and by the
// sentence that each of them shows; fixture makes the room's own of an Env.
func RunRows[E any](t *testing.T, fixture func(*Env) E, areas map[string]map[string]func(E)) {
	t.Run("SQLite", func(t *testing.T) { run(t, SQLite, fixture, areas) })
	t.Run("PostgreSQL", func(t *testing.T) { run(t, Postgres, fixture, areas) })
}

// run asks for a fresh database for each test, several at a time.
func run[E any](t *testing.T, fresh func(testing.TB) Database, fixture func(*Env) E, areas map[string]map[string]func(E)) {
	for _, area := range slices.Sorted(maps.Keys(areas)) {
		t.Run(area, func(t *testing.T) {
			for _, sentence := range slices.Sorted(maps.Keys(areas[area])) {
				t.Run(sentence, func(t *testing.T) {
					t.Parallel()
					areas[area][sentence](fixture(NewEnv(t, fresh(t))))
				})
			}
		})
	}
}

// env is a store with a network and a user in each of two projects.
type env struct{ *Env }

func SubnetOf(project string) string        { return "subnet-of-" + project }
func SecurityGroupOf(project string) string { return "group-of-" + project }

func newEnv(e *Env) *env {
	for i, p := range []string{Project, OtherProject} {
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
	return &env{e}
}

func (e *env) AddGroups(groups ...directory.Group) {
	e.Helper()
	for _, g := range groups {
		e.Update(func(tx *store.Tx) error { return directory.InsertGroup(e.Context(), tx, g) })
	}
}

func (e *env) Join(groupID string, userIDs ...string) {
	e.Helper()
	e.Update(func(tx *store.Tx) error { return directory.AddMembers(e.Context(), tx, groupID, userIDs) })
}
