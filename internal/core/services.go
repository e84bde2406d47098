package core

import (
	"context"
	"log/slog"
	"time"

	"carrel/internal/address"
	"carrel/internal/assignment"
	"carrel/internal/audit"
	"carrel/internal/catalog"
	"carrel/internal/connection"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/enterprise"
	"carrel/internal/export"
	"carrel/internal/namepolicy"
	"carrel/internal/network"
	"carrel/internal/operate"
	"carrel/internal/order"
	"carrel/internal/pool"
	"carrel/internal/pool/reconcile"
	"carrel/internal/pool/reshape"
	"carrel/internal/quota"
	"carrel/internal/rollout"
	"carrel/internal/rollout/progress"
	"carrel/internal/script"
	"carrel/internal/signin"
	"carrel/internal/snapshot"
	"carrel/internal/store"
	"carrel/internal/tag"
	"carrel/internal/tenant"
	"carrel/internal/usage"
	"carrel/internal/user"
	"carrel/internal/volume"
	"carrel/internal/work"
	"carrel/internal/workspace"
)

// Services has the services for the API, the portal and the job runner.
type Services struct {
	Requests     *store.Requests // of the API
	Audit        *audit.Service
	Refusals     *audit.Refusals // of sign-ins
	RefusedCalls *audit.Refusals // of requests of the API that are not authenticated, and of the identity API
	Catalog      *catalog.Service
	Networks     *network.Service
	Addresses    *address.Service
	Quotas       *quota.Service
	Tenants      *tenant.Service
	Directory    *directory.Service
	SignIn       *signin.Service
	NamePolicies *namepolicy.Service
	Desktops     *desktop.Service
	Tags         *tag.Service
	Usage        *usage.Service
	Exports      *export.Service
	Assignments  *assignment.Service
	Users        *user.Service
	Operate      *operate.Service // on desktops
	Pools        *pool.Service
	Reshaper     *reshape.Service   // for pools and desktops
	Reconciler   *reconcile.Service // for pools
	Rollouts     *rollout.Service
	Scripts      *script.Service
	Enterprises  *enterprise.Service
	Connections  *connection.Service
	Volumes      *volume.Service
	Orders       *order.Service
	Snapshots    *snapshot.Service
	Work         *work.Service
}

// Config has what the services depend on.
type Config struct {
	Store        store.Transactions
	Passwords    workspace.Passwords
	Box          workspace.Sealer // for secrets of authenticator apps, and passwords that wait to be hashed
	SecondFactor signin.SecondFactor
	Rollout      progress.Limits // for rebuilds of pools
	Keys         audit.Keys      // for the chain of audit records; needed to link and to verify them
	Log          *slog.Logger    // nil: nothing is logged

	Addresses   address.Ranges // where public addresses come from
	Networks    catalog.Range  // of projects that the configuration has no network for
	LockProject func(ctx context.Context, tx *store.Tx, accountID, projectID string) (name string, err error)
}

// refusedCallsAtOnce is the number of refused requests that have records of their own at once: scripts that are wrong, or that test, make some.
const refusedCallsAtOnce = 500

// NewServices creates the services.
func NewServices(c Config) *Services {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	refusals := &audit.Refusals{Store: c.Store, Clock: time.Now, Log: c.Log}
	return &Services{
		Requests:     &store.Requests{Store: c.Store},
		Audit:        &audit.Service{Store: c.Store, Keys: c.Keys},
		Refusals:     refusals,
		RefusedCalls: &audit.Refusals{Store: c.Store, Clock: time.Now, Log: c.Log, AtOnce: refusedCallsAtOnce},
		Catalog:      &catalog.Service{Store: c.Store},
		Addresses:    &address.Service{Store: c.Store, Ranges: c.Addresses},
		Networks:     &network.Service{Store: c.Store, Addresses: c.Addresses},
		Quotas:       &quota.Service{Store: c.Store},
		Tenants:      &tenant.Service{Store: c.Store, Networks: c.Networks, LockProject: c.LockProject},
		Directory:    &directory.Service{Store: c.Store},
		SignIn:       &signin.Service{Store: c.Store, Passwords: c.Passwords, Box: c.Box, SecondFactor: c.SecondFactor, Refusals: refusals},
		NamePolicies: &namepolicy.Service{Store: c.Store},
		Desktops:     &desktop.Service{Store: c.Store, Addresses: c.Addresses},
		Tags:         &tag.Service{Store: c.Store},
		Usage:        &usage.Service{Store: c.Store},
		Exports:      &export.Service{Store: c.Store},
		Assignments:  &assignment.Service{Store: c.Store},
		Users:        &user.Service{Store: c.Store, Passwords: c.Passwords, Box: c.Box},
		Pools:        &pool.Service{Store: c.Store},
		Operate:      &operate.Service{Store: c.Store},
		Reshaper:     &reshape.Service{Store: c.Store},
		Volumes:      &volume.Service{Store: c.Store},
		Orders:       &order.Service{Store: c.Store, Requests: &store.Requests{Store: c.Store}},
		Snapshots:    &snapshot.Service{Store: c.Store},
		Reconciler:   &reconcile.Service{Store: c.Store},
		Rollouts:     &rollout.Service{Store: c.Store, Limits: c.Rollout},
		Scripts:      &script.Service{Store: c.Store},
		Enterprises:  &enterprise.Service{Store: c.Store},
		Connections:  &connection.Service{Store: c.Store, SecondFactor: c.SecondFactor},
		Work:         &work.Service{Store: c.Store},
	}
}
