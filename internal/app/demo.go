package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/secret"
	"carrel/internal/signin"
	"carrel/internal/user"
	"carrel/internal/workspace"
)

// Demo is the first user and their desktop, for trying Carrel.
type Demo struct {
	UserName  string `json:"user_name"`
	Password  string `json:"password"`
	DesktopID string `json:"desktop_id"`
	Link      string `json:"-"` // opens the desktop without signing in, once
}

const (
	demoFile = "demo.json"
	demoNote = "Made by carrel up" // distinguishes the user demo from one that an administrator created
)

// EnsureDemo creates the user demo with one desktop, unless an earlier run did, and waits until the desktop is ready, reporting
// progress. If demo.json is lost, and the password with it, the user gets another one.
func (a *App) EnsureDemo(ctx context.Context, progress func(string)) (Demo, error) {
	d, err := a.readDemo()
	if err != nil {
		return d, err
	}
	user, err := a.ensureDemoUser(ctx, &d, progress)
	if err != nil {
		return d, err
	}
	desktop, err := a.ensureDemoDesktop(ctx, user, progress)
	if err != nil {
		return d, err
	}
	d.DesktopID = desktop.ID
	if err := a.writeDemo(d); err != nil {
		return d, err
	}
	if err := a.awaitDemo(ctx, desktop.ID, progress); err != nil {
		return d, err
	}
	token, err := a.Services.SignIn.NewEntry(ctx, user.ID)
	d.Link = a.URL + "/enter?token=" + token + "&desktop=" + d.DesktopID
	return d, err
}

func (a *App) ensureDemoUser(ctx context.Context, d *Demo, progress func(string)) (directory.User, error) {
	project := a.Bootstrap.ProjectID
	found, _, err := a.Services.Directory.ListUsers(ctx, directory.UserQuery{ProjectID: project, Names: []string{"demo"}, Page: workspace.Page{Limit: 1}})
	if err != nil {
		return directory.User{}, err
	}
	if len(found) > 0 {
		if d.Password == "" {
			err = a.renewDemo(ctx, d, found[0], progress)
		}
		return found[0], err
	}
	d.UserName, d.Password = "demo", "Desk-"+workspace.NewToken()[:10]
	if err := a.writeDemo(*d); err != nil { // before the user: nobody would know the password of a user without it
		return directory.User{}, err
	}
	no := false
	id, err := a.Services.Users.CreateUser(ctx, user.CreateUser{
		Caller: workspace.System(project, "carrel-up", "carrel up"), Name: d.UserName, Password: d.Password,
		Activation: directory.ActivateByAdmin, MustChangePassword: &no, Description: demoNote,
	})
	if err != nil {
		return directory.User{}, err
	}
	return a.Services.Directory.User(ctx, project, id)
}

// renewDemo gives the user another password, because demo.json with the current one is lost. It does not change the password of a
// user that an administrator created.
func (a *App) renewDemo(ctx context.Context, d *Demo, u directory.User, progress func(string)) (err error) {
	d.UserName = u.Name
	if u.Description != demoNote {
		d.Password = "(as it was set)"
		return nil
	}
	progress(fmt.Sprintf("The password of the user %s is not in %s any more: making another", u.Name, demoFile))
	caller := workspace.System(u.ProjectID, "carrel-up", "carrel up")
	if d.Password, err = a.Services.SignIn.RandomPassword(ctx, caller, u.ID, false); err != nil {
		return err
	}
	no := false
	return a.Services.SignIn.UpdateUser(ctx, signin.UpdateUser{Caller: caller, ID: u.ID, MustChangePassword: &no})
}

// ensureDemoDesktop returns one of the user's desktops, and orders one if there is none.
func (a *App) ensureDemoDesktop(ctx context.Context, u directory.User, progress func(string)) (desktop.Desktop, error) {
	mine := desktop.DesktopQuery{ProjectID: u.ProjectID, UserID: u.ID, Page: workspace.Page{Limit: 1}}
	found, _, err := a.Services.Desktops.ListDesktops(ctx, mine)
	if err == nil && len(found) == 0 {
		progress("Creating the first desktop, for the user demo")
		_, err = a.Services.Desktops.CreateDesktops(ctx, desktop.CreateDesktops{
			Caller: workspace.System(u.ProjectID, "carrel-up", "carrel up"), Type: workspace.Dedicated,
			ProductID: a.Bootstrap.ProductID, ImageType: catalog.ImageGold, ImageID: a.Bootstrap.ImageID,
			Root:     desktop.VolumeSpec{Type: "SAS", GB: desktop.MinRootGB},
			Desktops: []desktop.NewDesktop{{UserName: u.Name, Group: workspace.GroupSudo}},
		})
		if err == nil {
			found, _, err = a.Services.Desktops.ListDesktops(ctx, mine)
		}
	}
	if err != nil {
		return desktop.Desktop{}, err
	}
	if len(found) == 0 {
		return desktop.Desktop{}, errors.New("the desktop was deleted at once by somebody else")
	}
	return found[0], nil
}

// awaitDemo starts the desktop if it is off, and waits until it can be opened.
func (a *App) awaitDemo(ctx context.Context, id string, progress func(string)) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	begun, told := time.Now(), time.Now()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		d, err := a.Services.Desktops.Desktop(ctx, a.Bootstrap.ProjectID, id)
		if err != nil {
			return err
		}
		switch {
		case d.Task != workspace.NoTask:
		case d.Status == desktop.StatusActive:
			if took := time.Since(begun); took > 100*time.Millisecond {
				progress(fmt.Sprintf("The desktop %s is ready after %.1f s", d.Name, took.Seconds()))
			}
			return nil
		case d.Status == desktop.StatusShutoff || d.Status == desktop.StatusHibernated:
			progress("Starting the desktop " + d.Name)
			if err := a.startDesktop(ctx, id); err != nil {
				return err
			}
		default:
			return fmt.Errorf("desktop %s is %s: %s", d.Name, d.Status, d.Fault)
		}
		if time.Since(told) > 2*time.Second {
			told = time.Now()
			progress(fmt.Sprintf("Waiting for the desktop %s (%s)", d.Name, d.Task))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for desktop %s: %w", d.Name, ctx.Err())
		case <-tick.C:
		}
	}
}

func (a *App) startDesktop(ctx context.Context, id string) error {
	result, err := a.Services.Desktops.RunPowerAction(ctx, desktop.RunPowerAction{
		Caller: workspace.System(a.Bootstrap.ProjectID, "carrel-up", "carrel up"), IDs: []string{id}, Action: desktop.PowerStart,
	})
	if err == nil && len(result.Refused) > 0 {
		err = errors.New(result.Refused[0].Message)
	}
	return err
}

func (a *App) readDemo() (d Demo, err error) {
	body, err := os.ReadFile(filepath.Join(a.config.Data, demoFile))
	if errors.Is(err, fs.ErrNotExist) {
		return Demo{}, nil
	}
	if err == nil {
		err = json.Unmarshal(body, &d)
	}
	return d, err
}

func (a *App) writeDemo(d Demo) error {
	body, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return err
	}
	return secret.WriteFile(filepath.Join(a.config.Data, demoFile), append(body, '\n'))
}
