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
	"carrel/internal/capacity"
	"carrel/internal/engine"
	"carrel/internal/engine/incus"
	"carrel/internal/host"
	"carrel/internal/job"
	"carrel/internal/mail"
)

type doctorCmd struct {
	settings
	Prepare bool `help:"First raise kernel limits and start Incus, as carrel up does."`
}

func (c *doctorCmd) Run(ctx context.Context) error {
	config, err := c.config()
	if err != nil {
		return err
	}
	mails := append(checkMailTemplates(&config), checkProxies(ctx, config)...)
	if config.Engine == "sim" {
		fmt.Println("The simulated engine has no prerequisites on this host.")
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

// checkMachines reports machines that are not desktops of this installation. If the engine does not answer, it returns nothing: other
// checks report that.
func checkMachines(ctx context.Context, config app.Config) []host.Finding {
	const name = "machines of others"
	told, err := app.FindUnknownMachines(ctx, config)
	if errors.Is(err, engine.ErrUnavailable) || errors.Is(err, incus.ErrNotPrepared) {
		return nil
	}
	if err != nil {
		return []host.Finding{{Name: name, Level: host.Warn, Found: "cannot be listed: " + err.Error(), Remedy: "see carrel audit"}}
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

// checkProxies reports peers that forward requests and are not in the configuration's proxies, if a control plane runs on this host.
func checkProxies(ctx context.Context, config app.Config) []host.Finding {
	const name = "proxies"
	peers, known, err := app.UnlistedProxies(ctx, config)
	switch {
	case err != nil:
		return []host.Finding{{Name: name, Level: host.Warn, Found: "cannot be asked for: " + err.Error(), Remedy: "look for forwarded headers in the log of carrel serve"}}
	case !known:
		return nil
	case len(peers) == 0:
		return []host.Finding{{Name: name, Level: host.OK, Found: "no requests through others"}}
	}
	var findings []host.Finding
	for _, peer := range peers {
		findings = append(findings, host.Finding{
			Name: name, Level: host.Warn, Found: fmt.Sprintf("%s forwards requests and is not in proxies: everybody behind it counts as one client", peer),
			Remedy: fmt.Sprintf("if it is your proxy, add %s/%d to proxies in the configuration and restart; else somebody tries to pass for others", peer, peer.BitLen()),
		})
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

// checkSubvolumes looks for btrfs subvolumes that escape the limit of a disk, if this host has the storage pools.
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
			Name: name, Level: host.Warn, Found: path + ": files in it do not count towards the disk's limit",
			Remedy: "move its files into a plain directory beside it, then run btrfs subvolume delete '" + path + "'",
		})
	}
	return findings
}

// capacityFindings reports usage and promises of each capacity, and warns if little is left.
func capacityFindings(all []capacity.Capacity) []host.Finding {
	var findings []host.Finding
	for _, c := range all {
		f := host.Finding{Name: "capacity: " + c.ID, Level: host.OK, Found: fmt.Sprintf("%d GiB, %d used, %d of %d promised to desktops", c.Size>>10, c.Used>>10, c.Promised>>10, c.Bound>>10)}
		if why := job.LowCapacity(c); why != "" {
			f.Level, f.Found = host.Warn, f.Found+": "+why
			f.Remedy = "delete or stop desktops, add disk or memory, or raise overcommit in the configuration"
		}
		findings = append(findings, f)
	}
	return findings
}

// checkMailTemplates validates the custom mail templates. Its findings are warnings: desktops run without them.
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
		findings = []host.Finding{{Name: name, Level: host.OK, Found: "valid"}}
	}
	return findings
}
