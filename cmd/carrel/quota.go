package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"carrel/internal/app"
	"carrel/internal/iam"
	"carrel/internal/quota"
	"carrel/internal/workspace"
)

// quotaCmd has the commands about quotas. They work on the database itself, also while carrel serve runs.
type quotaCmd struct {
	settings
	List quotaListCmd `cmd:"" default:"withargs" help:"Show the quotas of projects and what they use."`
	Set  quotaSetCmd  `cmd:"" help:"Set quotas, of one project or of all that have none of their own."`
}

// quotaNames are the resources as the command line calls them.
var quotaNames = map[string]quota.Resource{
	"desktops": quota.Desktops, "cores": quota.Cores, "memory-mib": quota.Memory, "volumes": quota.Volumes, "volume-gb": quota.Gigabytes, "users": quota.Users,
}

func (c *quotaCmd) with(ctx context.Context, f func(*app.Identity) error) error {
	return withIdentity(ctx, c.settings, f)
}

// withIdentity runs f with the identities and projects in the database.
func withIdentity(ctx context.Context, s settings, f func(*app.Identity) error) error {
	return (&iamCmd{settings: s}).with(ctx, f)
}

type quotaListCmd struct {
	Project string `arg:"" optional:"" help:"A project; all by default."`
}

func (c *quotaListCmd) Run(ctx context.Context, in *quotaCmd) error {
	return in.with(ctx, func(i *app.Identity) error {
		projects, err := i.ListProjects(ctx, iam.ProjectQuery{AccountID: i.Account, Name: c.Project, Page: allRows})
		if err != nil {
			return err
		}
		if len(projects) == 0 {
			return fmt.Errorf("there is no project %s; carrel iam projects lists them", c.Project)
		}
		out := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
		fmt.Fprintln(out, "PROJECT\tRESOURCE\tUSED\tQUOTA")
		for _, p := range projects {
			all, err := i.Quotas().Of(ctx, p.ID, "")
			if err != nil {
				return err
			}
			for _, s := range all {
				fmt.Fprintf(out, "%s\t%s\t%d\t%s\n", p.Name, quotaName(s.Resource), s.Used, quotaText(s.Limit))
			}
		}
		return out.Flush()
	})
}

func quotaName(r quota.Resource) string {
	for name, of := range quotaNames {
		if of == r {
			return name
		}
	}
	return string(r)
}

func quotaText(limit int64) string {
	if limit < 0 {
		return "none"
	}
	return strconv.FormatInt(limit, 10)
}

type quotaSetCmd struct {
	Project string   `help:"The project; by default all that have no quota of their own." placeholder:"NAME"`
	Quotas  []string `arg:"" help:"RESOURCE=NUMBER, where the resource is desktops, cores, memory-mib, volumes, volume-gb or users; RESOURCE=none for no limit; RESOURCE=default for what all projects have."`
}

func (c *quotaSetCmd) Run(ctx context.Context, in *quotaCmd) error {
	change, err := readQuotas(c.Quotas)
	if err != nil {
		return err
	}
	return in.with(ctx, func(i *app.Identity) error {
		id, who := "", "every project without quotas of its own"
		if c.Project != "" {
			p, err := i.ProjectNamed(ctx, i.Account, c.Project)
			if err != nil {
				return err
			}
			id, who = p.ID, "the project "+p.Name
		}
		if err := i.Quotas().Set(ctx, i.Caller("set-quota"), id, change); err != nil {
			return errors.New(workspace.MessageOf(err))
		}
		fmt.Printf("Quotas of %s: %s. They hold for whatever is ordered from now on.\n", who, strings.Join(c.Quotas, ", "))
		return nil
	})
}

// readQuotas reads RESOURCE=NUMBER.
func readQuotas(texts []string) (quota.Change, error) {
	change := quota.Change{}
	for _, text := range texts {
		name, figure, _ := strings.Cut(text, "=")
		r, known := quotaNames[name]
		if !known {
			names := make([]string, 0, len(quotaNames))
			for n := range quotaNames {
				names = append(names, n)
			}
			slices.Sort(names)
			return nil, fmt.Errorf("%q: there is no resource %q, use one of %s", text, name, strings.Join(names, ", "))
		}
		if _, again := change[r]; again {
			return nil, fmt.Errorf("%s is given twice", name)
		}
		switch figure {
		case "none":
			change[r] = new(int64(-1))
		case "default":
			change[r] = nil
		default:
			n, err := strconv.ParseInt(figure, 10, 64)
			if err != nil || n < 0 || n > quota.MaxAmount {
				return nil, fmt.Errorf("%q: %q must be a number of 0 to %d, none or default", text, figure, int64(quota.MaxAmount))
			}
			change[r] = &n
		}
	}
	return change, nil
}
