package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"carrel/internal/app"
	"carrel/internal/host"
)

// upCmd prepares the host, Incus and the image, runs the control plane and creates a first desktop.
type upCmd struct {
	settings
}

func (c *upCmd) Run(ctx context.Context) error {
	config, log, err := c.configAndLog()
	if err != nil {
		return err
	}
	start := time.Now()
	if config.Engine == "incus" {
		if err := prepare(ctx, config); err != nil {
			return fmt.Errorf("%w\n\ncarrel doctor checks this host; --engine sim has no prerequisites", err)
		}
	}
	step("Starting Carrel")
	a, err := app.Start(ctx, config, log)
	if err != nil {
		return err
	}
	fmt.Printf("    serving on %s after %.1f s\n", a.URL, time.Since(start).Seconds())
	for _, sentence := range a.UnknownMachines() {
		fmt.Println("    " + sentence)
	}
	demo, err := a.EnsureDemo(ctx, step)
	if err != nil {
		a.Stop(ctx)
		return fmt.Errorf("making the first desktop: %w", err)
	}
	welcome(config, a, demo)
	return finish(ctx, a)
}

// prepare prepares the host, Incus and the image. Each part is idempotent.
func prepare(ctx context.Context, c app.Config) error {
	step("Preparing this host")
	say := func(sentence string) { fmt.Println("   ", sentence) }
	if err := host.Prepare(ctx, host.Options{DataDir: c.Data}, say); err != nil {
		return err
	}
	step("Preparing Incus")
	if err := app.PrepareIncus(ctx, c, say); err != nil {
		return err
	}
	step("Checking the desktop image")
	recipe, err := app.FindRecipe(c.Incus.Image)
	if err != nil {
		return err
	}
	return app.EnsureImage(ctx, c, recipe, say, os.Stdout)
}

func welcome(c app.Config, a *app.App, demo app.Demo) {
	fmt.Printf(`
Carrel is ready.

  For users, in a browser
    Open the first desktop   %s
                             (single use, valid for one hour)
    Sign in at               %s
                             user %s, password %s

  For administrators, who call the API; this account cannot sign in to the portal above
    Documentation            %s/docs
    Desktops                 %s/v2/%s/desktops
    Credentials              user %s, password %s, access key %s
                             all credentials, with the secret key, are in %s/bootstrap.json

Ctrl-C stops Carrel; the desktops keep running.
`,
		demo.Link, a.URL, demo.UserName, demo.Password, a.URL, a.URL, a.Bootstrap.ProjectID,
		a.Bootstrap.UserName, a.Bootstrap.Password, a.Bootstrap.AccessKey, c.Data)
}
