package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"carrel/internal/app"
	"carrel/internal/iam"
)

type iamProjectsCmd struct {
	List    iamProjectsListCmd   `cmd:"" default:"1" help:"List projects."`
	Create  iamProjectsCreateCmd `cmd:"" help:"Create a project and open its Workspace service."`
	Enable  iamProjectsSetCmd    `cmd:"" help:"Accept calls for a project again."`
	Disable iamProjectsSetCmd    `cmd:"" help:"Refuse calls for a project; its desktops keep running."`
	Delete  iamProjectsDeleteCmd `cmd:"" help:"Delete a project that holds nothing."`
}

type iamProjectsListCmd struct{}

func (c *iamProjectsListCmd) Run(ctx context.Context, in *iamCmd) error {
	return in.with(ctx, func(i *app.Identity) error {
		projects, err := i.ListProjects(ctx, iam.ProjectQuery{AccountID: i.Account, Page: allRows})
		if err != nil {
			return err
		}
		table("NAME\tSTATE\tDESCRIPTION\tID", len(projects), func(n int) string {
			p := projects[n]
			return strings.Join([]string{p.Name, yesNo(p.Enabled, "enabled", "disabled"), p.Description, p.ID}, "\t")
		})
		return nil
	})
}

type iamProjectsCreateCmd struct {
	Name        string `arg:"" help:"1 to 128 characters."`
	Description string `help:"What the project is for." placeholder:"TEXT"`
	Closed      bool   `help:"Do not open the Workspace service."`
}

func (c *iamProjectsCreateCmd) Run(ctx context.Context, in *iamCmd) error {
	return in.with(ctx, func(i *app.Identity) error {
		p, err := i.CreateProject(ctx, i.Caller("create-project"), iam.NewProject{Name: c.Name, Description: c.Description, Authorized: true})
		if err != nil {
			return err
		}
		networks := 0
		if !c.Closed {
			if networks, err = i.OpenService(ctx, p); err != nil {
				return err
			}
		}
		if networks == 0 {
			fmt.Printf("The project %s exists, with the id %s, without a Workspace service. Next: POST /v2/%s/workspaces opens it.\n", p.Name, p.ID, p.ID)
			return nil
		}
		fmt.Printf("The project %s exists, with the id %s. Next: a token with auth.scope.project, or an access key and this id in the path.\n", p.Name, p.ID)
		return nil
	})
}

type iamProjectsSetCmd struct {
	Name string `arg:"" help:"The project."`
}

// Run is of two commands; the line says which.
func (c *iamProjectsSetCmd) Run(ctx context.Context, in *iamCmd) error {
	enabled := c == &in.Projects.Enable
	return in.with(ctx, func(i *app.Identity) error {
		p, err := i.ProjectNamed(ctx, i.Account, c.Name)
		if err != nil {
			return err
		}
		if _, err := i.UpdateProject(ctx, i.Caller("update-project"), p.ID, iam.ProjectChange{Enabled: &enabled}); err != nil {
			return err
		}
		fmt.Printf("The project %s is %s.\n", p.Name, yesNo(enabled, "enabled", "disabled: calls for it are refused, its desktops keep running"))
		return nil
	})
}

type iamProjectsDeleteCmd struct {
	Name string `arg:"" help:"The project."`
}

func (c *iamProjectsDeleteCmd) Run(ctx context.Context, in *iamCmd) error {
	return in.with(ctx, func(i *app.Identity) error {
		p, err := i.ProjectNamed(ctx, i.Account, c.Name)
		if err != nil {
			return err
		}
		if err := i.DeleteProject(ctx, i.Caller("delete-project"), p.ID); err != nil {
			return err
		}
		fmt.Printf("The project %s is deleted.\n", p.Name)
		return nil
	})
}

type iamAgenciesCmd struct {
	List   iamAgenciesListCmd   `cmd:"" default:"1" help:"List agencies."`
	Create iamAgenciesCreateCmd `cmd:"" help:"Create an agency."`
	Delete iamAgenciesDeleteCmd `cmd:"" help:"Delete an agency; what it was assumed with ends."`
}

type iamAgenciesListCmd struct{}

func (c *iamAgenciesListCmd) Run(ctx context.Context, in *iamCmd) error {
	return in.with(ctx, func(i *app.Identity) error {
		agencies, err := i.ListAgencies(ctx, i.Account, allRows)
		if err != nil {
			return err
		}
		users, err := i.ListUsers(ctx, iam.AdminQuery{AccountID: i.Account, Page: allRows})
		if err != nil {
			return err
		}
		names := map[string]string{"": "every administrator"}
		for _, u := range users {
			names[u.ID] = u.Name
		}
		table("NAME\tROLE\tTRUSTS\tFOR\tURN", len(agencies), func(n int) string {
			a := agencies[n]
			return strings.Join([]string{
				a.Name, yesNo(a.Role == "", "-", string(a.Role)), yesNo(names[a.TrustAdminID] == "", a.TrustAdminID, names[a.TrustAdminID]), (time.Duration(a.Seconds) * time.Second).String(),
				"iam::" + a.AccountID + ":agency:" + a.Name,
			}, "\t")
		})
		return nil
	})
}

type iamAgenciesCreateCmd struct {
	Name        string        `arg:"" help:"1 to 128 characters without colons and slashes."`
	Role        string        `help:"What the agency may do, a built-in role: admin, operator, help_desk, reader or auditor; none: what carrel iam policies attach gives it." default:"none" enum:"admin,operator,help_desk,reader,auditor,none"`
	User        string        `help:"The user who may act as it; every administrator by default." placeholder:"NAME"`
	For         time.Duration `help:"How long at most, 15m to 24h." default:"1h" placeholder:"DURATION"`
	Description string        `help:"What the agency is for." placeholder:"TEXT"`
}

func (c *iamAgenciesCreateCmd) Run(ctx context.Context, in *iamCmd) error {
	return in.with(ctx, func(i *app.Identity) error {
		n := iam.NewAgency{Name: c.Name, Description: c.Description, Role: roleOf(c.Role), Life: c.For}
		if c.User != "" {
			u, err := i.UserNamed(ctx, i.Account, c.User)
			if err != nil {
				return err
			}
			n.TrustUserID = u.ID
		}
		a, err := i.CreateAgency(ctx, i.Caller("create-agency"), n)
		if err != nil {
			return err
		}
		fmt.Printf("The agency %s exists. Next: POST /v5/agencies/assume with \"agency_urn\": \"iam::%s:agency:%s\"\n", a.Name, a.AccountID, a.Name)
		return nil
	})
}

type iamAgenciesDeleteCmd struct {
	Name string `arg:"" help:"The agency."`
}

func (c *iamAgenciesDeleteCmd) Run(ctx context.Context, in *iamCmd) error {
	return in.with(ctx, func(i *app.Identity) error {
		if err := i.DeleteAgency(ctx, i.Caller("delete-agency"), c.Name); err != nil {
			return err
		}
		fmt.Printf("The agency %s is deleted; what it was assumed with has ended.\n", c.Name)
		return nil
	})
}
