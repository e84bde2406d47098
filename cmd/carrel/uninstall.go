package main

import (
	"context"
	"errors"
	"fmt"

	"carrel/internal/app"
)

type uninstallCmd struct {
	settings
	Yes              bool `help:"Really remove everything."`
	AllInstallations bool `help:"Also when machines of other installations are there."`
}

func (c *uninstallCmd) Run(ctx context.Context) error {
	config, err := c.config()
	if err != nil {
		return err
	}
	if !c.Yes {
		return errors.New("this removes every desktop with its disks, and Carrel's project, storage pools and networks in Incus: say --yes")
	}
	if config.Engine == "incus" {
		if err := app.RemoveIncus(ctx, config, c.AllInstallations, step); err != nil {
			return err
		}
	}
	fmt.Printf("Carrel's part of Incus is gone. What remains is the data directory %s: remove it yourself.\n", config.Data)
	return nil
}
