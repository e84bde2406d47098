package main

import (
	"context"
	"errors"
	"fmt"

	"carrel/internal/app"
)

type uninstallCmd struct {
	settings
	Yes              bool `help:"Confirm the removal."`
	AllInstallations bool `help:"Remove also if machines of other installations exist."`
}

func (c *uninstallCmd) Run(ctx context.Context) error {
	config, err := c.config()
	if err != nil {
		return err
	}
	if !c.Yes {
		return errors.New("this removes every desktop with its disks, and Carrel's project, storage pools and networks in Incus: confirm with --yes")
	}
	if config.Engine == "incus" {
		if err := app.RemoveIncus(ctx, config, c.AllInstallations, step); err != nil {
			return err
		}
	}
	fmt.Printf("Everything of Carrel in Incus was removed. The data directory %s is kept: remove it yourself.\n", config.Data)
	return nil
}
