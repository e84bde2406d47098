package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"

	"carrel/internal/app"
	"carrel/internal/iam"
	"carrel/internal/workspace"
)

type iamPoliciesCmd struct {
	List   iamPoliciesListCmd   `cmd:"" default:"1" help:"List the built-in roles and the policies."`
	Show   iamPoliciesShowCmd   `cmd:"" help:"Show what a role or policy says, and to whom it is attached."`
	Create iamPoliciesCreateCmd `cmd:"" help:"Create a policy from a file."`
	Delete iamPoliciesDeleteCmd `cmd:"" help:"Delete a policy that is attached to nobody."`
	Attach iamPoliciesGrantCmd  `cmd:"" help:"Attach a role or policy to a user, a group or an agency."`
	Detach iamPoliciesGrantCmd  `cmd:"" help:"Take a role or policy from a user, a group or an agency."`
	Check  iamPoliciesCheckCmd  `cmd:"" help:"Tell whether somebody may do something, and which statement decides."`
}

type iamPoliciesListCmd struct{}

func (c *iamPoliciesListCmd) Run(ctx context.Context, in *iamCmd) error {
	return in.with(ctx, func(i *app.Identity) error {
		roles, err := i.ListRoles(ctx, i.Account)
		if err != nil {
			return err
		}
		table("NAME\tTYPE\tDESCRIPTION\tID", len(roles), func(n int) string {
			r := roles[n]
			return strings.Join([]string{r.Name, yesNo(r.Type == "", "built in", string(r.Type)), r.Description, r.ID}, "\t")
		})
		return nil
	})
}

type iamPoliciesShowCmd struct {
	Policy string `arg:"" help:"A built-in role, or the name or id of a policy."`
}

func (c *iamPoliciesShowCmd) Run(ctx context.Context, in *iamCmd) error {
	return in.with(ctx, func(i *app.Identity) error {
		r, err := i.RoleCalled(ctx, i.Account, c.Policy)
		if err != nil {
			return err
		}
		attached, err := i.Attachments(ctx, i.Account, r.ID)
		if err != nil {
			return err
		}
		var document bytes.Buffer
		if err := json.Indent(&document, []byte(r.Document), "", "  "); err != nil {
			return fmt.Errorf("reading policy %s: %w", r.Name, err)
		}
		fmt.Printf("%s (%s): %s\n%s\n", r.Name, yesNo(r.Type == "", "built in", string(r.Type)+", "+r.ID), r.Description, document.String())
		if len(attached) == 0 {
			fmt.Printf("It is attached to nobody. Next: carrel iam policies attach %q --user NAME\n", r.Name)
			return nil
		}
		table("ATTACHED TO\tNAME\tFOR", len(attached), func(n int) string {
			a := attached[n]
			return strings.Join([]string{a.Kind, a.Name, yesNo(a.Where == "", "the account", strings.ReplaceAll(string(a.Scope), "_", " ")+" "+a.Where)}, "\t")
		})
		return nil
	})
}

type iamPoliciesCreateCmd struct {
	Name        string `arg:"" help:"1 to 128 characters."`
	File        string `help:"The policy, a JSON document with Version and Statement; - is standard input." required:"" placeholder:"FILE"`
	Description string `help:"What the policy is for." placeholder:"TEXT"`
}

func (c *iamPoliciesCreateCmd) Run(ctx context.Context, in *iamCmd) error {
	document, err := readDocument(c.File)
	if err != nil {
		return fmt.Errorf("reading the policy: %w", err)
	}
	return in.with(ctx, func(i *app.Identity) error {
		n := iam.NewPolicy{Name: c.Name, Type: i.TypeOf(document), Description: c.Description, Document: document}
		p, err := i.CreatePolicy(ctx, i.Caller("create-policy"), n)
		if err != nil {
			return err
		}
		fmt.Printf("The policy %s exists, of the type %s, with the id %s. Next: carrel iam policies attach %q --group NAME\n", p.Name, p.Type, p.ID, p.Name)
		return nil
	})
}

// readDocument reads a document, without the spaces between its parts: they count in its limit.
func readDocument(file string) (string, error) {
	const most = 1 << 20
	from := io.Reader(os.Stdin)
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return "", err
		}
		defer f.Close()
		from = f
	}
	text, err := io.ReadAll(io.LimitReader(from, most))
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	if err := json.Compact(&out, text); err != nil {
		return "", err
	}
	return out.String(), nil
}

type iamPoliciesDeleteCmd struct {
	Policy string `arg:"" help:"The name or id of a policy."`
}

func (c *iamPoliciesDeleteCmd) Run(ctx context.Context, in *iamCmd) error {
	return in.with(ctx, func(i *app.Identity) error {
		r, err := i.RoleCalled(ctx, i.Account, c.Policy)
		if err != nil {
			return err
		}
		if r.Type == "" {
			return fmt.Errorf("%s is built in, it cannot be deleted", r.Name)
		}
		if err := i.DeletePolicy(ctx, i.Caller("delete-policy"), r.ID); err != nil {
			return err
		}
		fmt.Printf("The policy %s is deleted.\n", r.Name)
		return nil
	})
}

// principalFlags name a user, a group or an agency.
type principalFlags struct {
	User   string `help:"A user." placeholder:"NAME" xor:"principal"`
	Agency string `help:"An agency." placeholder:"NAME" xor:"principal"`
}

// find returns the ids of the user or agency, and how it is called.
func (p principalFlags) find(ctx context.Context, i *app.Identity) (userID, agencyID, called string, err error) {
	switch {
	case p.User != "":
		u, err := i.UserNamed(ctx, i.Account, p.User)
		return u.ID, "", "user " + u.Name, err
	case p.Agency != "":
		a, err := i.AgencyNamed(ctx, i.Account, p.Agency)
		return "", a.ID, "agency " + a.Name, err
	}
	return "", "", "", nil
}

type iamPoliciesGrantCmd struct {
	Policy string `arg:"" help:"A built-in role, or the name or id of a policy."`
	principalFlags
	Group             string `help:"A group." placeholder:"NAME" xor:"principal"`
	Project           string `help:"In this project only." placeholder:"NAME" xor:"scope"`
	EnterpriseProject string `help:"For the desktops and pools of this enterprise project only." name:"enterprise-project" placeholder:"ID" xor:"scope"`
}

// Run is of two commands; the line says which.
func (c *iamPoliciesGrantCmd) Run(ctx context.Context, in *iamCmd) error {
	attach := c == &in.Policies.Attach
	return in.with(ctx, func(i *app.Identity) error {
		r, err := i.RoleCalled(ctx, i.Account, c.Policy)
		if err != nil {
			return err
		}
		g := iam.RoleGrant{RoleID: r.ID, Scope: iam.ScopeDomain, ScopeID: i.Account}
		var whom string
		if g.AdminID, g.AgencyID, whom, err = c.find(ctx, i); err != nil {
			return err
		}
		if c.Group != "" {
			group, err := i.GroupNamed(ctx, i.Account, c.Group)
			if err != nil {
				return err
			}
			g.GroupID, whom = group.ID, "group "+group.Name
		}
		if whom == "" {
			return errors.New("name a --user, a --group or an --agency")
		}
		where := "the account"
		switch {
		case c.Project != "":
			p, err := i.ProjectNamed(ctx, i.Account, c.Project)
			if err != nil {
				return err
			}
			g.Scope, g.ScopeID, where = iam.ScopeProject, p.ID, "project "+p.Name
		case c.EnterpriseProject != "":
			g.Scope, g.ScopeID, where = iam.ScopeEnterprise, c.EnterpriseProject, "enterprise project "+c.EnterpriseProject
		}
		if attach {
			err = i.Attach(ctx, i.Caller("attach-policy"), g)
		} else {
			err = i.Detach(ctx, i.Caller("detach-policy"), g)
		}
		if err != nil {
			return err
		}
		fmt.Printf("The %s %s %s for %s.\n", whom, yesNo(attach, "has", "no longer has"), r.Name, where)
		return nil
	})
}

type iamPoliciesCheckCmd struct {
	Action string `arg:"" help:"Such as workspace:desktops:delete; docs/api.md has those of all operations."`
	principalFlags
	Project           string   `help:"The project, for actions of Workspace; the first by default." placeholder:"NAME"`
	Resource          string   `help:"The id of the desktop, pool, user or whatever it is about." placeholder:"ID"`
	EnterpriseProject string   `help:"The enterprise project of the desktop or pool." name:"enterprise-project" placeholder:"ID"`
	Tags              []string `help:"The tags of the desktop or pool." name:"tag" placeholder:"KEY=VALUE" sep:"none"`
	Address           string   `help:"The client's address." placeholder:"IP"`
	MFA               bool     `help:"The client's token took a second factor." name:"mfa"`
}

func (c *iamPoliciesCheckCmd) Run(ctx context.Context, in *iamCmd) error {
	return in.with(ctx, func(i *app.Identity) error {
		q := iam.Question{Action: c.Action, Resource: c.Resource, MFA: c.MFA}
		var whom string
		var err error
		if q.UserID, q.AgencyID, whom, err = c.find(ctx, i); err != nil {
			return err
		}
		if whom == "" {
			return errors.New("name a --user or an --agency")
		}
		if c.Address != "" {
			if q.Address, err = netip.ParseAddr(c.Address); err != nil {
				return fmt.Errorf("--address: %w", err)
			}
		}
		if q.Labels, err = c.labels(); err != nil {
			return err
		}
		if strings.HasPrefix(c.Action, "workspace:") {
			if q.ProjectID, err = i.ProjectOr(ctx, c.Project); err != nil {
				return err
			}
		}
		e, err := i.Explain(ctx, i.Account, q)
		if err != nil {
			return err
		}
		why := reasonOf(e)
		if !e.Allowed {
			return fmt.Errorf("denied: the %s may not do %s: %s", whom, c.Action, why)
		}
		fmt.Printf("allowed: the %s may do %s: %s\n", whom, c.Action, why)
		return nil
	})
}

// labels are what policies know a resource by, if any was given.
func (c *iamPoliciesCheckCmd) labels() (*workspace.ResourceLabels, error) {
	if c.EnterpriseProject == "" && len(c.Tags) == 0 {
		return nil, nil
	}
	labels := &workspace.ResourceLabels{ID: c.Resource, EnterpriseID: c.EnterpriseProject}
	if labels.EnterpriseID == "" {
		labels.EnterpriseID = "0"
	}
	for _, tag := range c.Tags {
		key, value, ok := strings.Cut(tag, "=")
		if !ok || key == "" {
			return nil, fmt.Errorf("--tag: %q has not the form KEY=VALUE", tag)
		}
		labels.Tags = append(labels.Tags, workspace.Tag{Key: key, Value: value})
	}
	return labels, nil
}

func reasonOf(e iam.Explanation) string {
	why := "no statement allows it"
	if e.Policy != "" {
		why = fmt.Sprintf("statement %d of %s has the effect %s", e.Statement+1, e.PolicyName, e.Effect)
	}
	if e.Unsure {
		why += "; it depends on the resource, give --resource, --enterprise-project or --tag"
	}
	return why
}
