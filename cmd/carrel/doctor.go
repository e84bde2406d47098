package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"carrel/internal/app"
	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/engine/incus"
	"carrel/internal/host"
	"carrel/internal/job"
	"carrel/internal/mail"
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
	mails := checkMailTemplates(&config)
	if config.Engine == "sim" {
		fmt.Println("The simulated engine needs nothing of this host.")
		host.Report(os.Stdout, mails)
		return nil
	}
	options := host.Options{DataDir: config.Data}
	if c.Prepare {
		if err := host.Prepare(ctx, options, func(sentence string) { fmt.Println(sentence) }); err != nil {
			return err
		}
	}
	findings := append(host.Check(ctx, options), mails...)
	findings = append(findings, checkMachines(ctx, config)...)
	findings = append(findings, checkCapacity(ctx, config)...)
	findings = append(findings, checkSubvolumes(ctx, config)...)
	host.Report(os.Stdout, findings)
	if n := host.Count(findings, host.Fail); n > 0 {
		return fmt.Errorf("%d checks failed", n)
	}
	return nil
}

// checkMachines tells of machines that are no desktops of this installation. Where the engine cannot be asked, the other checks
// say why.
func checkMachines(ctx context.Context, config app.Config) []host.Finding {
	const name = "machines of others"
	told, err := app.FindUnknownMachines(ctx, config)
	if errors.Is(err, engine.ErrUnavailable) || errors.Is(err, incus.ErrNotPrepared) {
		return nil
	}
	if err != nil {
		return []host.Finding{{Name: name, Level: host.Warn, Found: "they cannot be listed: " + err.Error(), Remedy: "see carrel audit"}}
	}
	if len(told) == 0 {
		return []host.Finding{{Name: name, Level: host.OK, Found: "none"}}
	}
	var findings []host.Finding
	for _, sentence := range told {
		found, remedy, _ := strings.Cut(sentence, ". ")
		findings = append(findings, host.Finding{Name: name, Level: host.Warn, Found: found, Remedy: remedy})
	}
	return findings
}

// checkCapacity looks at storage pools and memory, where Carrel has been prepared.
func checkCapacity(ctx context.Context, config app.Config) []host.Finding {
	all, err := app.ReadCapacity(ctx, config)
	if err != nil {
		return nil // Incus is not prepared or does not answer: other checks say so
	}
	return capacityFindings(all)
}

// checkSubvolumes looks for what escapes the limit of a disk, where this machine has the storage pools.
func checkSubvolumes(ctx context.Context, config app.Config) []host.Finding {
	const name = "subvolumes within disks"
	nested, err := incus.NestedSubvolumes(ctx, slices.Collect(maps.Values(config.Incus.Classes)))
	if err != nil {
		return nil // not prepared, pools of another kind, or not root: other checks say so
	}
	if len(nested) == 0 {
		return []host.Finding{{Name: name, Level: host.OK, Found: "none"}}
	}
	var findings []host.Finding
	for _, path := range nested {
		findings = append(findings, host.Finding{
			Name: name, Level: host.Warn, Found: path + ": what is written there escapes the limit of the disk",
			Remedy: "move its files into a plain folder beside it, then btrfs subvolume delete '" + path + "'",
		})
	}
	return findings
}

// capacityFindings says of each capacity how much of it is used and promised, and warns where little is left.
func capacityFindings(all []desktop.Capacity) []host.Finding {
	var findings []host.Finding
	for _, c := range all {
		f := host.Finding{Name: "capacity: " + c.ID, Level: host.OK, Found: fmt.Sprintf("%d GiB, %d used, %d of %d promised to desktops", c.Size>>10, c.Used>>10, c.Promised>>10, c.Bound>>10)}
		if why := job.LowCapacity(c); why != "" {
			f.Level, f.Found = host.Warn, f.Found+": "+why
			f.Remedy = "delete or stop desktops, add disk or memory, or promise more of it: overcommit in the configuration"
		}
		findings = append(findings, f)
	}
	return findings
}

// checkMailTemplates tries the mail templates of the house. None of them keeps desktops from running.
func checkMailTemplates(config *app.Config) []host.Finding {
	const name = "mail templates"
	faults, err := mail.CheckTemplates(config.MailSettings())
	if err != nil {
		return []host.Finding{{Name: name, Level: host.Warn, Found: err.Error(), Remedy: "correct mail.templates in the configuration"}}
	}
	var findings []host.Finding
	for _, fault := range faults {
		findings = append(findings, host.Finding{
			Name: name, Level: host.Warn, Found: fault.File + ": " + fault.Reason,
			Remedy: "correct the file, or remove it; until then the built-in template is used",
		})
	}
	if len(findings) == 0 {
		findings = []host.Finding{{Name: name, Level: host.OK, Found: "can be used"}}
	}
	return findings
}
