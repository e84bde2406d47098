package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os/user"
	"path/filepath"

	"carrel/internal/api"
	"carrel/internal/catalog"
	"carrel/internal/iam"
	"carrel/internal/quota"
	"carrel/internal/secret"
	"carrel/internal/store"
	"carrel/internal/tenant"
	"carrel/internal/work"
	"carrel/internal/workspace"
)

// Identity changes the users, groups, keys, projects and agencies of the first account, in the database itself: whoever can read the data
// directory may do so. The control plane may run meanwhile; what it remembers
// of this it compares within credentials.recheck.
type Identity struct {
	*iam.Service
	Account string // the account's id

	project string // the first one's id
	config  Config
	store   *store.Store
}

// OpenIdentity opens an existing database: store.ErrNoDatabase, store.ErrOtherVersion.
func OpenIdentity(ctx context.Context, c Config, log *slog.Logger) (_ *Identity, err error) {
	s, err := openExisting(ctx, c, store.WithLog(log))
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	file := c.SecretKey
	if file == "" {
		file = filepath.Join(c.Data, secret.KeyFile)
	}
	box, err := secret.ReadBox(file)
	if err != nil {
		return nil, err
	}
	passwords, err := secret.NewPasswords(secret.Cost{})
	if err != nil {
		return nil, err
	}
	first, err := store.View(ctx, s, func(tx *store.Tx) (iam.Bootstrap, error) { return iam.ReadBootstrap(ctx, tx) })
	if err != nil {
		return nil, fmt.Errorf("reading the first account, which carrel serve makes: %w", err)
	}
	return &Identity{
		Service: &iam.Service{Store: s, Box: box, Passwords: passwords, Log: log, Region: c.Region, Actions: api.Actions(), ProjectHolds: work.ProjectHolds,
			ReleaseProject: work.ReleaseProject},
		Account: first.AccountID, project: first.ProjectID, config: c, store: s,
	}, nil
}

// Close closes the database.
func (i *Identity) Close() error { return i.store.Close() }

// Caller is the caller of a command, for audit records: the name has who runs it.
func (i *Identity) Caller(operation string) workspace.Caller {
	c := workspace.System(i.Account, workspace.NewID(), operation)
	if who, err := user.Current(); err == nil {
		c.Actor.Name = "carrel iam, run by " + who.Username
	}
	return c
}

// OpenService opens the Workspace service for a project with the networks that the configuration has for it, and returns how many those are.
// With none it does nothing.
func (i *Identity) OpenService(ctx context.Context, p iam.Project) (networks int, err error) {
	return openService(ctx, &catalog.Service{Store: i.store}, i.config.networksOf(p.Name), p.ID, tenant.EnterpriseOf(p.Name))
}

// Quotas shows and sets quotas.
func (i *Identity) Quotas() *quota.Service { return &quota.Service{Store: i.store} }

// Tenants changes the services of projects, without opening them.
func (i *Identity) Tenants() *tenant.Service { return &tenant.Service{Store: i.store} }

// networksOf returns the networks of a project; those of the first have no name of a project.
func (c Config) networksOf(project string) (own []Network) {
	for _, n := range c.Networks {
		if n.Project == project {
			own = append(own, n)
		}
	}
	return own
}

// openService opens the Workspace service for a project with its networks, if there are any; what exists stays as it is, also a closed service.
func openService(ctx context.Context, s *catalog.Service, networks []Network, projectID, enterpriseID string) (int, error) {
	if len(networks) == 0 {
		return 0, nil
	}
	var subnets []catalog.NewSubnet
	for _, n := range networks {
		subnets = append(subnets, catalog.NewSubnet{
			Name: "subnet-" + n.Name, CIDR: n.CIDR, Gateway: n.gateway(), DNS: n.DNS, Network: n.Name,
		})
	}
	if err := s.Subscribe(ctx, projectID, enterpriseID, networks[0].CIDR, subnets); err != nil {
		return 0, fmt.Errorf("opening the Workspace service: %w", err)
	}
	return len(networks), nil
}

// openServices opens the services of all projects that the configuration has networks for, but the first.
func (a *App) openServices(ctx context.Context, accountID string) error {
	opened := map[string]bool{"": true} // the first
	for _, n := range a.config.Networks {
		if opened[n.Project] {
			continue
		}
		opened[n.Project] = true
		p, err := a.iam.ProjectNamed(ctx, accountID, n.Project)
		if refusal, is := errors.AsType[*iam.Refusal](err); is && refusal.Status == http.StatusNotFound {
			a.log.WarnContext(ctx, "a network is for a project that does not exist; create it, or mend the configuration", "network", n.Name, "project", n.Project)
			continue
		}
		if err != nil {
			return fmt.Errorf("reading the project of network %s: %w", n.Name, err)
		}
		if _, err := openService(ctx, a.Services.Catalog, a.config.networksOf(n.Project), p.ID, tenant.EnterpriseOf(p.Name)); err != nil {
			return err
		}
	}
	return nil
}

// ProjectOr returns the id of the project with this name or, if that is empty, of the first one.
func (i *Identity) ProjectOr(ctx context.Context, name string) (string, error) {
	if name == "" {
		return i.project, nil
	}
	p, err := i.ProjectNamed(ctx, i.Account, name)
	return p.ID, err
}
