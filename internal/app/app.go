package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"carrel/internal/api"
	"carrel/internal/clientaddr"
	"carrel/internal/core"
	"carrel/internal/engine"
	"carrel/internal/iam"
	"carrel/internal/job"
	"carrel/internal/mail"
	"carrel/internal/secret"
	"carrel/internal/store"
	"carrel/internal/telemetry"
	"carrel/internal/work"
)

// App is a running control plane.
type App struct {
	Services  *core.Services
	Bootstrap Bootstrap // for a first API call
	URL       string    // the portal's address for a browser on this machine

	config   Config
	log      *slog.Logger
	registry *prometheus.Registry
	health   *telemetry.Health
	store    *store.Store
	box      *secret.Box
	clients  *clientaddr.Resolver
	replica  string // name of this process among those on the database
	engine   engine.Engine
	iam      *iam.Service
	machines *job.Inventory
	// installation is the id that this installation's machines are marked with.
	installation string
	listener     net.Listener
	served       chan error // the error that ended the server

	stops []func(context.Context) // in the order of starting
}

// signedBodies is the memory, in bytes, for bodies whose signature is not verified yet.
const signedBodies = 128 << 20

// Start opens and starts everything in the configuration. It returns when the port is open and bootstrap.json is written, or with
// an error; then nothing is left running.
func Start(ctx context.Context, c Config, log *slog.Logger) (_ *App, err error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	a := &App{
		config: c, log: log, registry: telemetry.NewRegistry(c.Version), health: telemetry.NewHealth(5*time.Second, log),
		served: make(chan error, 1),
	}
	defer func() {
		if err != nil {
			a.stopAll(context.WithoutCancel(ctx))
		}
	}()
	for _, step := range []struct {
		doing string
		do    func(context.Context) error
	}{
		{"opening the data directory", a.openData},
		{"joining the other processes on the database", a.reserve},
		{"opening the engine", a.openEngine},
		{"reading the catalogue", a.syncCatalog},
		{"opening the port", a.listen},
		{"starting the audit trail", a.startTrail},
		{"starting the job runner", a.startJobs},
		{"starting the mail sender", a.startMail},
		{"serving", a.serve},
		{"opening the control socket", a.serveControl},
	} {
		if err := step.do(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", step.doing, err)
		}
	}
	return a, nil
}

// Wait returns the error that ended the server, or nil when ctx ends.
func (a *App) Wait(ctx context.Context) error {
	select {
	case err := <-a.served:
		return err
	case <-ctx.Done():
		return nil
	}
}

// Address returns the host and port that the server listens on.
func (a *App) Address() string { return a.listener.Addr().String() }

// Stop drains: it reports not ready, accepts no new work, lets requests and running steps finish until ctx ends, and closes
// everything. Desktops keep running.
func (a *App) Stop(ctx context.Context) {
	a.health.Drain()
	a.stopAll(ctx)
}

func (a *App) stopAll(ctx context.Context) {
	for _, stop := range slices.Backward(a.stops) {
		stop(ctx)
	}
	a.stops = nil
}

func (a *App) onStop(stop func(context.Context)) { a.stops = append(a.stops, stop) }

func (a *App) openData(ctx context.Context) error {
	if err := a.privateData(ctx); err != nil {
		return err
	}
	unlock, err := lockDir(a.config.Data)
	if errors.Is(err, errLocked) {
		return fmt.Errorf("another carrel uses %s: stop it first, or choose another --data", a.config.Data)
	}
	if err != nil {
		return err
	}
	a.onStop(func(context.Context) { unlock() })
	if a.box, err = a.openBox(); err != nil {
		return err
	}
	box := a.box
	passwords, err := secret.NewPasswords(secret.Cost{})
	if err != nil {
		return err
	}
	if a.store, err = store.Open(ctx, a.config.databaseURL(), store.WithLog(a.log)); err != nil {
		return err
	}
	a.onStop(func(ctx context.Context) { a.complain(ctx, "closing the database", a.store.Close()) })
	a.health.AddCheck("database", a.store.Ping)
	a.Services = core.NewServices(core.Config{
		Store: a.store, Passwords: passwords, SecondFactor: a.config.Portal.SecondFactor, Box: box,
		Rollout: a.config.Pools.Rebuild, Keys: box, Log: a.log, Networks: a.config.projectNetworks(), Addresses: a.config.publicAddresses(), LockProject: iam.LockNamedProject,
	})
	a.iam = &iam.Service{
		Store: a.store, Box: box, Passwords: passwords, Log: a.log, Region: a.config.Region, Catalog: api.Catalog, Actions: api.Actions(),
		Bodies: iam.NewSignedBodies(signedBodies), ProjectHolds: work.ProjectHolds, ReleaseProject: work.ReleaseProject,
		Refusals:     a.Services.Refusals,
		RefusedCalls: a.Services.RefusedCalls,
		Recheck:      a.config.Credentials.Recheck,
	}
	a.iam.Limit, err = a.limitKeys()
	return err
}

func (a *App) openBox() (*secret.Box, error) {
	if a.config.SecretKey != "" {
		return secret.ReadBox(a.config.SecretKey)
	}
	return secret.OpenBox(a.config.Data)
}

func (a *App) openEngine(ctx context.Context) (err error) {
	if a.engine, err = OpenEngine(ctx, a.config); err != nil {
		return err
	}
	a.onStop(func(ctx context.Context) { a.complain(ctx, "closing the engine", a.engine.Close()) })
	a.health.AddCheck("engine", func(ctx context.Context) error {
		_, err := a.engine.Describe(ctx)
		return err
	})
	for _, n := range a.config.Networks {
		if err := a.engine.EnsureNetwork(ctx, n.engine()); err != nil {
			return fmt.Errorf("network %s: %w", n.Name, err)
		}
	}
	return a.identify(ctx)
}

// identify reads or creates the installation's id, and marks what the engine has created for it.
func (a *App) identify(ctx context.Context) (err error) {
	if a.installation, err = job.Identify(ctx, a.store, a.engine); err != nil {
		return fmt.Errorf("reading the installation's id: %w", err)
	}
	if place, ok := a.engine.(interface {
		OwnPlace(ctx context.Context, installation string) error
	}); ok {
		return place.OwnPlace(ctx, a.installation)
	}
	return nil
}

// UnknownMachines returns texts about the engine's machines that are not desktops of this installation; see the function of this
// name.
func (a *App) UnknownMachines() []string {
	project := ""
	if a.config.Engine == "incus" {
		project = a.config.Incus.Project
	}
	return UnknownMachines(a.machines.Last(), project)
}

func (a *App) syncCatalog(ctx context.Context) error {
	if err := syncCatalog(ctx, a.store, a.engine, a.config); err != nil {
		return err
	}
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	var watch sync.WaitGroup
	watch.Go(func() { watchCatalog(watching, a.store, a.engine, a.installation, a.log) })
	a.onStop(func(context.Context) {
		stop()
		watch.Wait()
	})
	return nil
}

// listen opens the port and writes bootstrap.json, which contains it.
func (a *App) listen(ctx context.Context) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", a.config.Listen)
	if err != nil {
		return fmt.Errorf("%w; choose another with --listen", err)
	}
	a.onStop(func(context.Context) { _ = l.Close() }) // the server has closed it already, except if starting failed
	a.URL = a.config.url(l.Addr().String())
	a.iam.Endpoint = a.URL
	a.listener = l
	return a.bootstrap(ctx, a.URL)
}

func (a *App) startJobs(ctx context.Context) error {
	meter, err := job.NewMetrics(a.registry)
	if err != nil {
		return err
	}
	if a.machines, err = job.NewInventory(a.store, a.engine, a.log, a.registry); err != nil {
		return err
	}
	if err := a.machines.Start(ctx); err != nil {
		return err
	}
	a.onStop(a.machines.Stop)
	networks := &job.NetworkKeeper{Store: a.store, Engine: a.engine, Log: a.log}
	for _, n := range a.config.Networks {
		networks.Configured = append(networks.Configured, n.Name)
	}
	networks.Start(ctx)
	a.onStop(func(context.Context) { networks.Stop() })
	runner := job.NewRunner(a.store, a.engine, a.log, meter, job.Config{
		Replica: a.replica, Parallel: a.config.Jobs.Parallel, BootLimit: a.config.Pools.BootLimit,
		Timezone: a.config.timezone(), Locale: a.config.Desktops.Locale,
		Installation: a.installation, HashPassword: a.Services.SignIn.HashSealedPassword,
	})
	if err := runner.Start(ctx); err != nil {
		return err
	}
	a.onStop(runner.Stop)
	observer := &job.Observer{Store: a.store, Engine: a.engine, Log: a.log}
	if err := observer.Start(ctx); err != nil {
		return err
	}
	a.onStop(observer.Stop)
	keeper, err := job.NewCapacityKeeper(a.registry, a.store, a.engine, a.log, a.config.Overcommit)
	if err != nil {
		return err
	}
	if err := keeper.Start(ctx); err != nil {
		return err
	}
	a.onStop(keeper.Stop)
	a.health.AddWarning("capacity", keeper.Low)
	pools, err := job.NewPoolMetrics(a.registry, a.Services.Pools, a.log)
	if err != nil {
		return err
	}
	reconciler := &job.Reconciler{Pools: a.Services.Reconciler, Log: a.log, Meter: pools}
	if err := reconciler.Start(ctx); err != nil {
		return err
	}
	a.onStop(reconciler.Stop)
	sweeper := &job.Sweeper{Store: a.store, Log: a.log, Keep: a.config.Retention}
	if err := sweeper.Start(ctx); err != nil {
		return err
	}
	a.onStop(sweeper.Stop)
	return nil
}

func (a *App) startMail(ctx context.Context) error {
	config := a.config.MailSettings()
	config.BaseURL = a.URL
	sender, err := mail.NewSender(a.store, config, a.registry, a.log)
	if err != nil {
		return err
	}
	if err := sender.Start(ctx); err != nil {
		return err
	}
	a.onStop(sender.Stop)
	return nil
}

// complain logs an error of ending something.
func (a *App) complain(ctx context.Context, doing string, err error) {
	if err != nil {
		a.log.WarnContext(ctx, "stopping", "doing", doing, "error", err)
	}
}
