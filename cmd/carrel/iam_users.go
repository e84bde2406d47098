package main

import (
	"context"
	"fmt"
	"strings"

	"carrel/internal/app"
	"carrel/internal/iam"
)

type iamUsersCmd struct {
	List   iamUsersListCmd   `cmd:"" default:"1" help:"List users."`
	Create iamUsersCreateCmd `cmd:"" help:"Create a user, with a random password that is printed once."`
	Update iamUsersUpdateCmd `cmd:"" help:"Change a user's name, role, state or password."`
	Delete iamUsersDeleteCmd `cmd:"" help:"Delete a user with its keys and tokens."`
}

type iamUsersListCmd struct{}

func (c *iamUsersListCmd) Run(ctx context.Context, in *iamCmd) error {
	return in.with(ctx, func(i *app.Identity) error {
		users, err := i.ListUsers(ctx, iam.AdminQuery{AccountID: i.Account, Page: allRows})
		if err != nil {
			return err
		}
		table("NAME\tROLE\tSTATE\tSIGNS IN WITH\tID", len(users), func(n int) string {
			u := users[n]
			with := yesNo(u.PasswordHash == "", "keys only", yesNo(u.MFA, "password and code", "password"))
			return strings.Join([]string{u.Name, yesNo(u.Role == "", "-", string(u.Role)), yesNo(u.Enabled, "enabled", "disabled"), with, u.ID}, "\t")
		})
		return nil
	})
}

type iamUsersCreateCmd struct {
	Name        string `arg:"" help:"1 to 64 letters, digits, spaces, hyphens, underscores, dots and @."`
	Role        string `help:"A built-in role: admin, operator, help_desk, reader or auditor; none: what policies allow." default:"none" enum:"admin,operator,help_desk,reader,auditor,none"`
	Description string `help:"What the user is for." placeholder:"TEXT"`
	NoPassword  bool   `help:"The user signs requests with access keys only." name:"no-password"`
}

func (c *iamUsersCreateCmd) Run(ctx context.Context, in *iamCmd) error {
	return in.with(ctx, func(i *app.Identity) error {
		u := iam.NewUser{Name: c.Name, Role: roleOf(c.Role), Description: c.Description}
		if !c.NoPassword {
			u.Password = iam.NewPassword()
		}
		if _, err := i.CreateUser(ctx, i.Caller("create-user"), u); err != nil {
			return err
		}
		if c.NoPassword {
			fmt.Printf("The user %s exists. Next: carrel iam keys create %s\n", c.Name, c.Name)
			return nil
		}
		fmt.Printf("The user %s has the password %s\nNext: sign in with POST /v3/auth/tokens, or carrel iam keys create %s\n", c.Name, u.Password, c.Name)
		return nil
	})
}

func roleOf(name string) iam.Role {
	if name == "none" {
		return ""
	}
	return iam.Role(name)
}

type iamUsersUpdateCmd struct {
	Name        string `arg:"" help:"The user."`
	Rename      string `help:"A new name." placeholder:"NAME"`
	Role        string `help:"A new role: admin, operator, help_desk, reader, auditor or none." enum:",admin,operator,help_desk,reader,auditor,none" default:"" placeholder:"ROLE"`
	Enable      bool   `help:"Accept the user's credentials again." xor:"state"`
	Disable     bool   `help:"Refuse the user's credentials from now on; tokens and temporary keys end." xor:"state"`
	NewPassword bool   `help:"Replace the password by a random one that is printed once; tokens and temporary keys end." name:"new-password"`
}

func (c *iamUsersUpdateCmd) Run(ctx context.Context, in *iamCmd) error {
	return in.with(ctx, func(i *app.Identity) error {
		u, err := i.UserNamed(ctx, i.Account, c.Name)
		if err != nil {
			return err
		}
		var change iam.UserChange
		if c.Rename != "" {
			change.Name = &c.Rename
		}
		if c.Role != "" {
			role := roleOf(c.Role)
			change.Role = &role
		}
		if c.Enable || c.Disable {
			change.Enabled = &c.Enable
		}
		if c.NewPassword {
			password := iam.NewPassword()
			change.Password = &password
		}
		if u, err = i.UpdateUser(ctx, i.Caller("update-user"), u.ID, change); err != nil {
			return err
		}
		fmt.Printf("%s has %s and is %s.\n", u.Name, yesNo(u.Role == "", "no role", "the role "+string(u.Role)), yesNo(u.Enabled, "enabled", "disabled"))
		if c.NewPassword {
			fmt.Printf("The new password is %s\n", *change.Password)
		}
		return nil
	})
}

type iamUsersDeleteCmd struct {
	Name string `arg:"" help:"The user."`
}

func (c *iamUsersDeleteCmd) Run(ctx context.Context, in *iamCmd) error {
	return in.with(ctx, func(i *app.Identity) error {
		u, err := i.UserNamed(ctx, i.Account, c.Name)
		if err != nil {
			return err
		}
		if err := i.DeleteUser(ctx, i.Caller("delete-user"), u.ID); err != nil {
			return err
		}
		fmt.Printf("The user %s is deleted, with all its keys and tokens.\n", u.Name)
		return nil
	})
}

type iamKeysCmd struct {
	List    iamKeysListCmd   `cmd:"" help:"List a user's access keys."`
	Create  iamKeysCreateCmd `cmd:"" help:"Create an access key; its secret is printed once."`
	Enable  iamKeysSetCmd    `cmd:"" help:"Accept an access key again."`
	Disable iamKeysSetCmd    `cmd:"" help:"Refuse an access key, to see who still uses it."`
	Delete  iamKeysDeleteCmd `cmd:"" help:"Delete an access key."`
}

type iamKeysListCmd struct {
	User string `arg:"" help:"The user."`
}

func (c *iamKeysListCmd) Run(ctx context.Context, in *iamCmd) error {
	return in.with(ctx, func(i *app.Identity) error {
		u, err := i.UserNamed(ctx, i.Account, c.User)
		if err != nil {
			return err
		}
		keys, err := i.ListKeys(ctx, u.ID)
		if err != nil {
			return err
		}
		table("ACCESS KEY\tSTATE\tCREATED\tLAST USED\tDESCRIPTION", len(keys), func(n int) string {
			k := keys[n]
			used := "never"
			if !k.LastUsed.IsZero() {
				used = k.LastUsed.Format("2006-01-02 15:04")
			}
			return strings.Join([]string{k.ID, yesNo(k.Active, "active", "inactive"), k.Created.Format("2006-01-02 15:04"), used, k.Description}, "\t")
		})
		return nil
	})
}

type iamKeysCreateCmd struct {
	User        string `arg:"" help:"The user."`
	Description string `help:"What the key is for." placeholder:"TEXT"`
}

func (c *iamKeysCreateCmd) Run(ctx context.Context, in *iamCmd) error {
	return in.with(ctx, func(i *app.Identity) error {
		u, err := i.UserNamed(ctx, i.Account, c.User)
		if err != nil {
			return err
		}
		key, secret, err := i.CreateKey(ctx, i.Caller("create-key"), u.ID, c.Description)
		if err != nil {
			return err
		}
		fmt.Printf("access key  %s\nsecret key  %s\nThe secret is shown only now. Next: give both to the program, then delete the key that they replace.\n", key.ID, secret)
		return nil
	})
}

type iamKeysSetCmd struct {
	Key string `arg:"" help:"The access key."`
}

// Run is of two commands; the line says which.
func (c *iamKeysSetCmd) Run(ctx context.Context, in *iamCmd) error {
	active := c == &in.Keys.Enable
	return in.with(ctx, func(i *app.Identity) error {
		if _, err := i.UpdateKey(ctx, i.Caller("update-key"), c.Key, iam.Everybody, iam.KeyChange{Active: &active}); err != nil {
			return err
		}
		fmt.Printf("The access key %s is %s.\n", c.Key, yesNo(active, "active", "inactive"))
		return nil
	})
}

type iamKeysDeleteCmd struct {
	Key string `arg:"" help:"The access key."`
}

func (c *iamKeysDeleteCmd) Run(ctx context.Context, in *iamCmd) error {
	return in.with(ctx, func(i *app.Identity) error {
		if err := i.DeleteKey(ctx, i.Caller("delete-key"), c.Key, iam.Everybody); err != nil {
			return err
		}
		fmt.Printf("The access key %s is deleted.\n", c.Key)
		return nil
	})
}
