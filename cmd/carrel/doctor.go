package main

import (
	"context"
	"fmt"
	"os"

	"carrel/internal/host"
)

type doctorCmd struct {
	settings
	Prepare bool `help:"First raise limits and start Incus, as carrel up does."`
}

func (c *doctorCmd) Run(ctx context.Context) error {
	config, err := c.config()
	if err != nil {
		return err
	}
	if config.Engine == "sim" {
		fmt.Println("The simulated engine needs nothing of this host.")
		return nil
	}
	options := host.Options{DataDir: config.Data}
	if c.Prepare {
		if err := host.Prepare(ctx, options, func(sentence string) { fmt.Println(sentence) }); err != nil {
			return err
		}
	}
	findings := host.Check(ctx, options)
	host.Report(os.Stdout, findings)
	if n := host.Count(findings, host.Fail); n > 0 {
		return fmt.Errorf("%d checks failed", n)
	}
	return nil
}
