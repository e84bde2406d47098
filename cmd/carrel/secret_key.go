package main

import (
	"fmt"

	"carrel/internal/secret"
)

// secretKeyCmd creates the key file that replicas share.
type secretKeyCmd struct {
	File string `arg:"" help:"A file that does not exist yet." placeholder:"FILE"`
}

func (c *secretKeyCmd) Run() error {
	if err := secret.WriteKeyFile(c.File); err != nil {
		return err
	}
	fmt.Printf("Wrote a new key to %s. Next: copy it to every replica (mode 0600), name it in each configuration as secret_key, and keep a backup.\n", c.File)
	return nil
}
