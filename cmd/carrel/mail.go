package main

import (
	"fmt"
	"os"

	"carrel/internal/mail"
)

// mailCmd is about the mails to people.
type mailCmd struct {
	Templates mailTemplatesCmd `cmd:"" help:"Write the built-in templates into a folder, as a start for your own. Files that are there are kept."`
}

type mailTemplatesCmd struct {
	settings
	To string `arg:"" optional:"" help:"The folder; by default the one that carrel serve reads." placeholder:"DIR"`
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
		return fmt.Errorf("%w: give --data as carrel serve has it, or name a folder", err)
	}
	written, err := mail.WriteTemplates(folder)
	for _, name := range written {
		fmt.Println("wrote", name)
	}
	if err != nil {
		return err
	}
	if len(written) == 0 {
		fmt.Println("All templates are there already; they were kept.")
	}
	fmt.Printf("\nChange what is in %s and remove the rest; docs/mail.md explains the fields.\n", folder)
	if folder == read {
		fmt.Println("A running Carrel notices within a second. carrel doctor says whether each template can be used.")
	} else {
		fmt.Printf("carrel serve reads %s; name another folder in the configuration, mail.templates.\n", read)
	}
	return nil
}
