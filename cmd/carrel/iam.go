package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"

	"carrel/internal/app"
	"carrel/internal/iam"
	"carrel/internal/workspace"
)

// iamCmd has the commands about those who call the API. They work on the database itself, also while carrel serve runs.
type iamCmd struct {
	settings
	Users      iamUsersCmd      `cmd:"" help:"The users of the API: administrators and programs."`
	Groups     iamGroupsCmd     `cmd:"" help:"Groups of users."`
	Keys       iamKeysCmd       `cmd:"" help:"The access keys of users, two each."`
	Projects   iamProjectsCmd   `cmd:"" help:"Projects, each with its own service, networks and desktops."`
	Agencies   iamAgenciesCmd   `cmd:"" help:"Agencies, which users may act as for a time."`
	Policies   iamPoliciesCmd   `cmd:"" help:"Roles and policies: what they say, to whom they are attached, and what they decide."`
	ResetAdmin iamResetAdminCmd `cmd:"" name:"reset-admin" help:"Make a user an administrator with a new password, if nobody can sign in any more."`
}

// with runs f with the identities in the database.
func (c *iamCmd) with(ctx context.Context, f func(*app.Identity) error) (err error) {
	config, log, err := c.configAndLog()
	if err != nil {
		return err
	}
	identity, err := app.OpenIdentity(ctx, config, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, identity.Close()) }()
	return told(f(identity))
}

// told returns an error of package iam as its message alone.
func told(err error) error {
	if refusal, is := errors.AsType[*iam.Refusal](err); is {
		return errors.New(refusal.Message)
	}
	return err
}

// allRows is a page with all rows of a list, which limits keep short.
var allRows = workspace.Page{Limit: 5000}

// table prints rows in columns.
func table(head string, rows int, row func(int) string) {
	out := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(out, head)
	for i := range rows {
		fmt.Fprintln(out, row(i))
	}
	_ = out.Flush() // a terminal that is gone needs no rows
}

// yesNo is a state of two.
func yesNo(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}

type iamResetAdminCmd struct {
	Name string `arg:"" default:"admin" help:"The user; created if there is none of this name."`
}

func (c *iamResetAdminCmd) Run(ctx context.Context, in *iamCmd) error {
	return in.with(ctx, func(i *app.Identity) error {
		password, err := i.ResetAdministrator(ctx, i.Caller("reset-admin"), c.Name)
		if err != nil {
			return err
		}
		fmt.Printf("%s is an enabled administrator, without an authenticator, and has this password: %s\n", c.Name, password)
		fmt.Println("Tokens and temporary keys of this user have ended. Next: sign in and change the password.")
		return nil
	})
}
