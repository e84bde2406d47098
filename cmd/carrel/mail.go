package main

import (
	"fmt"
	"os"

	"carrel/internal/mail"
)

// mailCmd has the commands about mails to users.
type mailCmd struct {
	Templates mailTemplatesCmd `cmd:"" help:"Write the built-in templates to a directory, as a basis for your own. Existing files are kept."`
}

type mailTemplatesCmd struct {
	settings
	To string `arg:"" optional:"" help:"The directory; by default the one that carrel serve reads." placeholder:"DIR"`
}

func (c *mailTemplatesCmd) Run() error {
	config, err := c.config()
	if err != nil {
		return err
	}
	read := config.TemplateFolder()
	folder := read
	if c.To != "" {
		folder = c.To
	} else if _, err := os.Stat(config.Data); err != nil {
		return fmt.Errorf("%w: use the same --data as carrel serve, or name a directory", err)
	}
	written, err := mail.WriteTemplates(folder)
	for _, name := range written {
		fmt.Println("wrote", name)
	}
	if err != nil {
		return err
	}
	if len(written) == 0 {
		fmt.Println("All templates exist already and were kept.")
	}
	fmt.Printf("\nEdit the templates in %s that you need and delete the others; docs/mail.md explains the fields.\n", folder)
	if folder == read {
		fmt.Println("A running Carrel reloads them within a second. carrel doctor validates each template.")
	} else {
		fmt.Printf("carrel serve reads %s; set mail.templates in the configuration to use another directory.\n", read)
	}
	return nil
}
