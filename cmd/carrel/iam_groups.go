package main

import (
	"context"
	"fmt"
	"strings"

	"carrel/internal/app"
	"carrel/internal/iam"
)

type iamGroupsCmd struct {
	List   iamGroupsListCmd   `cmd:"" default:"1" help:"List groups."`
	Create iamGroupsCreateCmd `cmd:"" help:"Create a group."`
	Delete iamGroupsDeleteCmd `cmd:"" help:"Delete a group; its members stay."`
	Add    iamGroupsMemberCmd `cmd:"" help:"Add a user to a group."`
	Remove iamGroupsMemberCmd `cmd:"" help:"Remove a user from a group."`
}

type iamGroupsListCmd struct{}

func (c *iamGroupsListCmd) Run(ctx context.Context, in *iamCmd) error {
	return in.with(ctx, func(i *app.Identity) error {
		groups, err := i.ListGroups(ctx, iam.GroupQuery{AccountID: i.Account, Page: allRows})
		if err != nil {
			return err
		}
		members := make([]string, len(groups))
		for n, g := range groups {
			users, err := i.ListUsers(ctx, iam.AdminQuery{AccountID: i.Account, GroupID: g.ID, Page: allRows})
			if err != nil {
				return err
			}
			var names []string
			for _, u := range users {
				names = append(names, u.Name)
			}
			members[n] = strings.Join(names, ", ")
		}
		table("NAME\tMEMBERS\tDESCRIPTION\tID", len(groups), func(n int) string {
			return strings.Join([]string{groups[n].Name, members[n], groups[n].Description, groups[n].ID}, "\t")
		})
		return nil
	})
}

type iamGroupsCreateCmd struct {
	Name        string `arg:"" help:"1 to 128 characters."`
	Description string `help:"What the group is for." placeholder:"TEXT"`
}

func (c *iamGroupsCreateCmd) Run(ctx context.Context, in *iamCmd) error {
	return in.with(ctx, func(i *app.Identity) error {
		if _, err := i.CreateGroup(ctx, i.Caller("create-group"), iam.NewGroup{Name: c.Name, Description: c.Description}); err != nil {
			return err
		}
		fmt.Printf("The group %s exists. Next: carrel iam groups add %q USER\n", c.Name, c.Name)
		return nil
	})
}

type iamGroupsDeleteCmd struct {
	Name string `arg:"" help:"The group."`
}

func (c *iamGroupsDeleteCmd) Run(ctx context.Context, in *iamCmd) error {
	return in.with(ctx, func(i *app.Identity) error {
		g, err := i.GroupNamed(ctx, i.Account, c.Name)
		if err != nil {
			return err
		}
		if err := i.DeleteGroup(ctx, i.Caller("delete-group"), g.ID); err != nil {
			return err
		}
		fmt.Printf("The group %s is deleted.\n", g.Name)
		return nil
	})
}

type iamGroupsMemberCmd struct {
	Group string `arg:"" help:"The group."`
	User  string `arg:"" help:"The user."`
}

// Run is of two commands; the line says which.
func (c *iamGroupsMemberCmd) Run(ctx context.Context, in *iamCmd) error {
	return in.with(ctx, func(i *app.Identity) error {
		g, err := i.GroupNamed(ctx, i.Account, c.Group)
		if err != nil {
			return err
		}
		u, err := i.UserNamed(ctx, i.Account, c.User)
		if err != nil {
			return err
		}
		if c == &in.Groups.Add {
			if err := i.AddToGroup(ctx, i.Caller("add-to-group"), g.ID, u.ID); err != nil {
				return err
			}
			fmt.Printf("%s is in the group %s.\n", u.Name, g.Name)
			return nil
		}
		if err := i.RemoveFromGroup(ctx, i.Caller("remove-from-group"), g.ID, u.ID); err != nil {
			return err
		}
		fmt.Printf("%s is not in the group %s any more.\n", u.Name, g.Name)
		return nil
	})
}
