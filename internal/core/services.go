package core

import (
	"carrel/internal/assignment"
	"carrel/internal/catalog"
	"carrel/internal/connection"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/pool"
	"carrel/internal/rollout"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/work"
	"carrel/internal/workspace"
)

// Services are all that administrators and desktop users can ask for.
type Services struct {
	Catalog     *catalog.CatalogService
	Directory   *directory.DirectoryService
	SignIn      *signin.SignInService
	Desktops    *desktop.DesktopService
	Assignments *assignment.AssignmentService
	Pools       *pool.PoolService
	Rollouts    *rollout.RolloutService
	Connections *connection.ConnectionService
	Work        *work.WorkService
}

// Config is what the services need of the world.
type Config struct {
	Store        store.Transactions
	Passwords    workspace.Passwords
	Box          workspace.Sealer // of secrets of authenticator apps, and of passwords that wait to be hashed
	SecondFactor signin.SecondFactor
	Rollout      rollout.RolloutLimits // of rebuilds of pools
}

// NewServices makes the services.
func NewServices(c Config) *Services {
	return &Services{
		Catalog:     &catalog.CatalogService{Store: c.Store},
		Directory:   &directory.DirectoryService{Store: c.Store},
		SignIn:      &signin.SignInService{Store: c.Store, Passwords: c.Passwords, Box: c.Box, SecondFactor: c.SecondFactor},
		Desktops:    &desktop.DesktopService{Store: c.Store},
		Assignments: &assignment.AssignmentService{Store: c.Store, Passwords: c.Passwords, Box: c.Box},
		Pools:       &pool.PoolService{Store: c.Store},
		Rollouts:    &rollout.RolloutService{Store: c.Store, Limits: c.Rollout},
		Connections: &connection.ConnectionService{Store: c.Store, SecondFactor: c.SecondFactor},
		Work:        &work.WorkService{Store: c.Store},
	}
}
