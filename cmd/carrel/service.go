package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"carrel/internal/app"
	"carrel/internal/iam"
	"carrel/internal/workspace"
)

// serviceCmd has the commands about the Workspace services of projects. They work on the database itself, also while carrel serve runs.
type serviceCmd struct {
	settings
	List   serviceListCmd   `cmd:"" default:"1" help:"List the services of projects."`
	Lock   serviceLockCmd   `cmd:"" help:"Refuse everything that changes desktops, pools and users of a project, until it is unlocked."`
	Unlock serviceUnlockCmd `cmd:"" help:"Unlock the service of a project."`
}

func (c *serviceCmd) with(ctx context.Context, f func(*app.Identity) error) error {
	return withIdentity(ctx, c.settings, f)
}

type serviceListCmd struct{}

func (c *serviceListCmd) Run(ctx context.Context, in *serviceCmd) error {
	return in.with(ctx, func(i *app.Identity) error {
		projects, err := i.ListProjects(ctx, iam.ProjectQuery{AccountID: i.Account, Page: allRows})
		if err != nil {
			return err
		}
		rows := make([]string, len(projects))
		for n, p := range projects {
			s, err := i.Tenants().Status(ctx, p.ID)
			if err != nil {
				return err
			}
			lock := "no"
			if !s.Locked.IsZero() {
				lock = "since " + s.Locked.UTC().Format("2006-01-02 15:04") + ": " + s.LockReason
			}
			rows[n] = strings.Join([]string{p.Name, string(s.Status), s.EnterpriseID, lock}, "\t")
		}
		table("PROJECT\tSERVICE\tENTERPRISE ID\tLOCKED", len(rows), func(n int) string { return rows[n] })
		return nil
	})
}

type serviceLockCmd struct {
	Project string `arg:"" help:"The project."`
	Reason  string `help:"What those read who are refused." required:"" placeholder:"TEXT"`
}

func (c *serviceLockCmd) Run(ctx context.Context, in *serviceCmd) error {
	return in.of(ctx, c.Project, "lock-service", func(i *app.Identity, act workspace.Caller) error {
		if err := i.Tenants().Lock(ctx, act, c.Reason); err != nil {
			return err
		}
		fmt.Printf("The service of the project %s is locked. Desktops keep running, and people keep working in them. Next: carrel service unlock %s\n", c.Project, c.Project)
		return nil
	})
}

type serviceUnlockCmd struct {
	Project string `arg:"" help:"The project."`
}

func (c *serviceUnlockCmd) Run(ctx context.Context, in *serviceCmd) error {
	return in.of(ctx, c.Project, "unlock-service", func(i *app.Identity, act workspace.Caller) error {
		if _, err := i.Tenants().Unlock(ctx, act); err != nil {
			return err
		}
		fmt.Printf("The service of the project %s is not locked.\n", c.Project)
		return nil
	})
}

// of runs f for the service of a project.
func (c *serviceCmd) of(ctx context.Context, project, operation string, f func(*app.Identity, workspace.Caller) error) error {
	return c.with(ctx, func(i *app.Identity) error {
		p, err := i.ProjectNamed(ctx, i.Account, project)
		if err != nil {
			return err
		}
		act := i.Caller(operation)
		act.ProjectID = p.ID
		if err := f(i, act); err != nil {
			return errors.New(workspace.MessageOf(err))
		}
		return nil
	})
}
