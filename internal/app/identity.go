package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/user"
	"path/filepath"

	"carrel/internal/catalog"
	"carrel/internal/iam"
	"carrel/internal/secret"
	"carrel/internal/store"
	"carrel/internal/work"
	"carrel/internal/workspace"
)

// Identity changes the users, groups, keys, projects and agencies of the first account, in the database itself: whoever can read the data
// directory may do so. The control plane may run meanwhile; it keeps nothing of this in memory.
type Identity struct {
	*iam.Service
	Account string // the account's id

	config Config
	store  *store.Store
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
		Service: &iam.Service{Store: s, Box: box, Passwords: passwords, Log: log, Region: c.Region, ProjectHolds: work.ProjectHolds},
		Account: first.AccountID, config: c, store: s,
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

// OpenService opens the Workspace service for a project, with the networks of the configuration.
func (i *Identity) OpenService(ctx context.Context, projectID string) error {
	return openService(ctx, &catalog.Service{Store: i.store}, i.config, projectID)
}

// openService opens the Workspace service for a project; what exists stays as it is.
func openService(ctx context.Context, s *catalog.Service, c Config, projectID string) error {
	var subnets []catalog.NewSubnet
	for _, n := range c.Networks {
		subnets = append(subnets, catalog.NewSubnet{
			Name: "subnet-" + n.Name, CIDR: n.CIDR, Gateway: n.gateway(), DNS: n.DNS, Network: n.Name,
		})
	}
	if err := s.Subscribe(ctx, projectID, c.Networks[0].CIDR, subnets); err != nil {
		return fmt.Errorf("opening the Workspace service: %w", err)
	}
	return nil
}
