package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"carrel/internal/app"
	"carrel/internal/job"
)

type auditCmd struct {
	settings
	Heal    bool   `help:"Set machines without a desktop aside, remove those set aside for audit.keep_days, mark desktops without a machine as ERROR, and list the snapshots that there are." xor:"do"`
	Yes     bool   `help:"Heal without confirmation."`
	Restore string `help:"Start the machine with this desktop id that is set aside, to get its files." placeholder:"ID" xor:"do"`
}

func (c *auditCmd) Run(ctx context.Context) (err error) {
	config, log, err := c.configAndLog()
	if err != nil {
		return err
	}
	session, err := app.OpenAudit(ctx, config, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	if c.Restore != "" {
		return restore(ctx, session, config, c.Restore)
	}
	report, err := session.Audit(ctx)
	if err != nil {
		return err
	}
	printFindings(report)
	if doubt := report.Doubt(); doubt != nil {
		return doubt
	}
	if !c.Heal {
		return tellDifferences(report)
	}
	return c.heal(ctx, session, report)
}

// tellDifferences prints that there are none, or returns an error with their number, so that the exit code shows it.
func tellDifferences(r job.Report) error {
	n := r.Differences()
	switch {
	case n == 0:
		fmt.Println("Every idle desktop has its machine, every machine of this installation has its desktop, and every snapshot is there and listed.")
		return nil
	case len(r.ToMend()) > 0:
		return fmt.Errorf("%d differences; to repair them: carrel audit --heal, with the same flags", n)
	default:
		return fmt.Errorf("%d differences, none of which healing can repair now", n)
	}
}

func (c *auditCmd) heal(ctx context.Context, session *app.AuditSession, found job.Report) error {
	mend := found.ToMend()
	if len(mend) == 0 {
		fmt.Println("\nThere is nothing to heal.")
		return nil
	}
	if !c.Yes {
		if err := confirm(mend); err != nil {
			return err
		}
	}
	if session.Running() {
		step("Asking the running carrel to heal")
	}
	ids := make([]string, len(mend))
	for i, f := range mend {
		ids[i] = f.ID()
	}
	healed, err := session.Heal(ctx, ids)
	aside := false
	for _, f := range healed.Findings {
		if f.Healed != "" {
			fmt.Printf("%s  %s: %s\n", f.ID(), f.Name, f.Healed)
		}
		aside = aside || f.Mending == job.PutAside && f.Healed != ""
	}
	if err != nil {
		return err
	}
	if aside {
		fmt.Printf(`
Machines that are set aside are stopped and keep their disks. carrel audit --heal removes them after %s. To bring one back, restore
the database that contains its desktop; to get its files, start it with carrel audit --restore ID.
`, days(healed.Keep))
	}
	return nil
}

// confirm asks for confirmation on a terminal, and returns an error without one.
func confirm(mend []job.Finding) error {
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		return fmt.Errorf("this would change %d machines and desktops: add --yes, or run it on a terminal", len(mend))
	}
	fmt.Printf("\nHeal these %d? [y/N] ", len(mend))
	answer, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if a := strings.ToLower(strings.TrimSpace(answer)); err != nil || a != "y" && a != "yes" {
		return errors.New("nothing was changed")
	}
	return nil
}

func restore(ctx context.Context, session *app.AuditSession, config app.Config, id string) error {
	name, err := session.Restore(ctx, id)
	if err != nil {
		return err
	}
	fmt.Printf("The machine %s is running and is no longer set aside.\n", name)
	if config.Engine == "incus" {
		fmt.Printf("To get its files: incus --project %s file pull -r %s/home .\n", config.Incus.Project, name)
	}
	fmt.Println("It has no desktop, unless you restore the database that contains it: the next carrel audit --heal sets it aside again.")
	return nil
}

func printFindings(r job.Report) {
	for _, f := range r.Findings {
		fmt.Printf("%-36s  %s  %s  %s\n", what(f), f.ID(), f.Name, plan(f, r.Keep))
	}
}

func what(f job.Finding) string {
	switch {
	case f.Snapshot != "" && f.Missing:
		return "snapshot without its content"
	case f.Snapshot != "":
		return "snapshot that is not listed"
	}
	if f.Missing {
		return "desktop without a machine"
	}
	switch f.Belonging {
	case job.Orphan:
		return "machine without a desktop"
	case job.Foreign:
		return "machine of another installation"
	case job.Unmarked:
		return "machine of an unknown installation"
	case job.Disputed:
		return "desktop's machine of another installation"
	case job.Known:
	}
	return "desktop's machine that is set aside"
}

// plan says what healing does with a finding, or why it does nothing.
func plan(f job.Finding, keep time.Duration) string {
	since := ""
	if !f.Aside.IsZero() {
		since = "set aside on " + f.Aside.Format(time.DateOnly)
	}
	switch {
	case f.Healed != "":
		return f.Healed
	case f.Mending == job.PutAside:
		return "healing stops it and sets it aside for " + days(keep)
	case f.Mending == job.Remove:
		return since + ": healing removes it with its disks"
	case f.Mending == job.BringBack:
		return since + ": healing brings it back"
	case f.Mending == job.MarkError:
		return "healing marks it as ERROR"
	case f.Mending == job.Adopt:
		return "healing lists it, so that it can be restored or deleted"
	case f.Mending == job.Forget:
		return "healing lists it no longer"
	case f.Belonging == job.Orphan:
		return since + ", kept until " + f.Aside.Add(keep).Format(time.DateOnly)
	case f.Installation != "":
		return "left alone; its installation is " + f.Installation
	default:
		return "left alone"
	}
}

func days(d time.Duration) string {
	if n := int(d.Hours() / 24); n != 1 {
		return fmt.Sprintf("%d days", n)
	}
	return "one day"
}
