package workspace

// Services are all that administrators and desktop users can ask for.
type Services struct {
	Catalog     *CatalogService
	Directory   *DirectoryService
	SignIn      *SignInService
	Desktops    *DesktopService
	Assignments *AssignmentService
	Pools       *PoolService
	Rollouts    *RolloutService
	Connections *ConnectionService
	Work        *WorkService
}

// Config is what the services need of the world.
type Config struct {
	Store        Store
	Passwords    Passwords
	Box          Sealer // of secrets of authenticator apps, and of passwords that wait to be hashed
	SecondFactor SecondFactor
	Rollout      RolloutLimits // of rebuilds of pools
}

// NewServices makes the services.
func NewServices(c Config) *Services {
	return &Services{
		Catalog:     &CatalogService{Store: c.Store},
		Directory:   &DirectoryService{Store: c.Store},
		SignIn:      &SignInService{Store: c.Store, Passwords: c.Passwords, Box: c.Box, SecondFactor: c.SecondFactor},
		Desktops:    &DesktopService{Store: c.Store},
		Assignments: &AssignmentService{Store: c.Store, Passwords: c.Passwords, Box: c.Box},
		Pools:       &PoolService{Store: c.Store},
		Rollouts:    &RolloutService{Store: c.Store, Limits: c.Rollout},
		Connections: &ConnectionService{Store: c.Store, SecondFactor: c.SecondFactor},
		Work:        &WorkService{Store: c.Store},
	}
}
