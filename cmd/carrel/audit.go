package main

import (
	"context"
	"fmt"
	"slices"

	"carrel/internal/app"
	"carrel/internal/job"
)

type auditCmd struct {
	settings
	Heal bool `help:"Remove machines without a desktop, and mark desktops without a machine as ERROR."`
}

func (c *auditCmd) Run(ctx context.Context) error {
	config, log, err := c.configAndLog()
	if err != nil {
		return err
	}
	findings, err := app.Audit(ctx, config, log, c.Heal)
	for _, f := range findings {
		what := "desktop without a machine"
		if f.Orphan {
			what = "machine without a desktop"
		}
		fmt.Printf("%-26s %s  %s  %s\n", what, f.DesktopID, f.Name, f.Healed)
	}
	switch {
	case err != nil:
		return err
	case len(findings) == 0:
		fmt.Println("Every desktop at rest has its machine, and every machine its desktop.")
	case slices.ContainsFunc(findings, func(f job.Finding) bool { return f.Healed == "" }):
		fmt.Println("\nTo mend this: carrel audit --heal, with the same flags.")
	}
	return nil
}
