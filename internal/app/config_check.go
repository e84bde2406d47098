package app

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"carrel/internal/address"
	"carrel/internal/console"
	"carrel/internal/job"
	"carrel/internal/rollout/progress"
	"carrel/internal/telemetry"
)

// Limits of the configuration.
const (
	maxRebuilt   = 100     // desktops of a pool that are rebuilt at a time
	maxParallel  = 10_000  // sub-jobs of a type at once
	maxPoolGiB   = 1 << 20 // a PiB
	maxCPUs      = 1024
	maxMemoryMiB = 16 << 20 // 16 TiB
	maxText      = 255      // bytes of a name or description for users
	maxKeepDays  = 365

	minRetentionDays = 2 // a client token, which answers the same job again, lives a day
	maxRetentionDays = 3650
	minProcesses     = 256     // with fewer, a desktop's session does not start
	maxProcesses     = 4 << 20 // the kernel's maximum
	// Limits of overcommit factors.
	minOvercommit = 0.1
	maxOvercommit = 1000
	// Limits of pools.boot_limit: a rebuild has 20 minutes in all.
	minBootLimit = 10 * time.Second
	maxBootLimit = 20 * time.Minute

	maxRecheck = time.Minute
)

// plainName matches names that become part of other names: of a project, a pool, a zone, a product.
var plainName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$`)

// Check returns what is wrong with the configuration, with the key and its valid values.
func (c *Config) Check() error {
	for _, check := range []func() error{
		c.checkFlags, c.checkAddresses, c.checkFront, c.checkLog, c.Incus.check, c.checkNetworks, c.checkProjectNetworks, c.checkPublicAddresses, c.Desktops.check, c.checkProducts, c.Jobs.check,
		c.Pools.check, c.Audit.check, c.AuditLog.check, c.checkRetention,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	if !plainName.MatchString(c.Region) {
		return fmt.Errorf("region: must not be empty, and is made of letters, digits, dots and hyphens, at most 64: %q", c.Region)
	}
	if o := c.Overcommit; !mayPromise(o.Disk) || !mayPromise(o.Memory) {
		return fmt.Errorf("overcommit: disk is %v and memory %v, each must be %v to %v", o.Disk, o.Memory, minOvercommit, maxOvercommit)
	}
	if d := c.Console.Idle; d < console.MinIdle || d > console.MaxIdle {
		return fmt.Errorf("console.idle: %v must be %v to %v", d, console.MinIdle, console.MaxIdle)
	}
	if d := c.Credentials.Recheck; d < 0 || d > maxRecheck {
		return fmt.Errorf("credentials.recheck: %v must be 0s to %v", d, maxRecheck)
	}
	if !c.Portal.SecondFactor.Valid() {
		return fmt.Errorf("portal.second_factor: %q is unknown, use off, optional or required", c.Portal.SecondFactor)
	}
	return nil
}

func mayPromise(times float64) bool { return times >= minOvercommit && times <= maxOvercommit }

func (c *Config) checkFlags() error {
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return fmt.Errorf("--listen: %q is not host:port", c.Listen)
	}
	if c.Engine != "incus" && c.Engine != "sim" {
		return fmt.Errorf("--engine: %q is unknown, use incus or sim", c.Engine)
	}
	if scheme, _, ok := strings.Cut(c.Database, "://"); ok && scheme != "postgres" && scheme != "postgresql" {
		return fmt.Errorf("--database: %s:// is unknown, use postgres:// or leave it out for SQLite", scheme)
	}
	if (c.TLS.CertFile == "") != (c.TLS.KeyFile == "") {
		return errors.New("--tls-cert and --tls-key go together")
	}
	if c.ACME.On() && c.TLS.On() {
		return errors.New("acme: cannot be used together with --tls or --tls-cert")
	}
	if c.TLS.SelfSigned && c.TLS.CertFile != "" {
		return errors.New("--tls self-signed cannot be used together with --tls-cert")
	}
	return nil
}

// checkAddresses checks the addresses for users and proxies.
func (c *Config) checkAddresses() error {
	if c.BaseURL != "" {
		if err := checkOrigin(strings.TrimSuffix(c.BaseURL, "/")); err != nil {
			return fmt.Errorf("base_url: %w", err)
		}
	}
	for i, origin := range c.Origins {
		if err := checkOrigin(origin); err != nil {
			return fmt.Errorf("origins[%d]: %w", i, err)
		}
	}
	return nil
}

// checkOrigin returns an error unless text is the scheme, host and port of a web page: links are built from it, and browsers
// compare it literally.
func checkOrigin(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return fmt.Errorf("%q is not an address such as https://desktops.example.com", text)
	case u.Path != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return fmt.Errorf("%q has a path or more: the portal is at the root of its address, use %s://%s", text, u.Scheme, u.Host)
	case u.User != nil:
		return fmt.Errorf("%s://%s must have no user name and password", u.Scheme, u.Host)
	}
	return nil
}

func (c *Config) checkLog() error {
	if f := c.Log.Format; f != "" && !slices.Contains([]telemetry.LogFormat{telemetry.Auto, telemetry.Text, telemetry.JSON}, telemetry.LogFormat(f)) {
		return fmt.Errorf("log.format: %q is unknown, use text or json", f)
	}
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, strings.ToLower(c.Log.Level)) {
		return fmt.Errorf("log.level: %q is unknown, use debug, info, warn or error", c.Log.Level)
	}
	return nil
}

func (i Incus) check() error {
	if !plainName.MatchString(i.Project) || i.Project == "default" {
		return fmt.Errorf("incus.project: %q must be a name of letters, digits and hyphens, and not default: all in it is Carrel's", i.Project)
	}
	if !plainName.MatchString(i.Zone) {
		return fmt.Errorf("incus.zone: %q must be a name of letters, digits and hyphens", i.Zone)
	}
	if i.PoolGiB < 1 || i.PoolGiB > maxPoolGiB {
		return fmt.Errorf("incus.pool_gib: %d must be 1 to %d", i.PoolGiB, maxPoolGiB)
	}
	if i.Image == "" {
		return errors.New("incus.image: must not be empty")
	}
	if len(i.Classes) == 0 {
		return errors.New("incus.classes: at least one volume type is needed, such as SAS: carrel-sas")
	}
	for _, class := range slices.Sorted(maps.Keys(i.Classes)) {
		if !plainName.MatchString(class) || !plainName.MatchString(i.Classes[class]) {
			return fmt.Errorf("incus.classes: %q: %q must be a volume type and a storage pool, of letters, digits and hyphens", class, i.Classes[class])
		}
	}
	for n, text := range i.Shield {
		if p, err := netip.ParsePrefix(text); err != nil || !p.Addr().Is4() || p != p.Masked() {
			return fmt.Errorf("incus.shield[%d]: %q is not an IPv4 network such as 10.20.0.0/16", n, text)
		}
	}
	return nil
}

func (c *Config) checkNetworks() error {
	if len(c.Networks) == 0 {
		return errors.New("networks: at least one is needed")
	}
	if !slices.ContainsFunc(c.Networks, func(n Network) bool { return n.Project == "" }) {
		return errors.New("networks: all have a project, and the first project needs one: leave project out of one")
	}
	for i, n := range c.Networks {
		if err := n.check(); err != nil {
			return fmt.Errorf("networks[%d].%w", i, err)
		}
		own := netip.MustParsePrefix(n.CIDR)
		for j, other := range c.Networks[:i] {
			if other.Name == n.Name {
				return fmt.Errorf("networks[%d].name: %q is that of networks[%d], too", i, n.Name, j)
			}
			if own.Overlaps(netip.MustParsePrefix(other.CIDR)) {
				return fmt.Errorf("networks[%d].cidr: %s overlaps networks[%d] (%s), choose ranges that have nothing in common", i, n.CIDR, j, other.CIDR)
			}
		}
	}
	return nil
}

// checkProjectNetworks checks the range of projects' networks. The default one may overlap networks: it is not used then.
func (c *Config) checkProjectNetworks() error {
	n := c.ProjectNetworks
	if n.Range == "" || n == Defaults().ProjectNetworks {
		return nil
	}
	if err := (Network{Name: "range", CIDR: n.Range}).check(); err != nil {
		return fmt.Errorf("project_networks.range: %w", err)
	}
	p := netip.MustParsePrefix(n.Range)
	if n.Bits < p.Bits() || n.Bits > 28 {
		return fmt.Errorf("project_networks.bits: %d must be %d (one network) to 28 (16 addresses each)", n.Bits, p.Bits())
	}
	if i := c.overlaps(p); i >= 0 {
		return fmt.Errorf("project_networks.range: %s overlaps networks[%d] (%s), choose ranges that have nothing in common", n.Range, i, c.Networks[i].CIDR)
	}
	return nil
}

// checkPublicAddresses checks the ranges of public addresses, of which none is in a network.
func (c *Config) checkPublicAddresses() error {
	ranges, err := address.ParseRanges(c.PublicAddresses)
	if err != nil {
		return fmt.Errorf("public_addresses: %w", err)
	}
	for _, p := range ranges {
		if i := c.overlaps(p); i >= 0 {
			return fmt.Errorf("public_addresses: %s overlaps networks[%d] (%s)", p, i, c.Networks[i].CIDR)
		}
		if n, err := netip.ParsePrefix(c.ProjectNetworks.Range); err == nil && n.Overlaps(p) {
			return fmt.Errorf("public_addresses: %s overlaps project_networks.range (%s)", p, n)
		}
	}
	return nil
}

// publicAddresses returns the ranges, which checkPublicAddresses has checked.
func (c *Config) publicAddresses() address.Ranges {
	ranges, err := address.ParseRanges(c.PublicAddresses)
	if err != nil {
		return nil
	}
	return ranges
}

// overlaps returns the index of a network that has addresses of p, or -1.
func (c *Config) overlaps(p netip.Prefix) int {
	return slices.IndexFunc(c.Networks, func(n Network) bool { return p.Overlaps(netip.MustParsePrefix(n.CIDR)) })
}

var bridgeName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,14}$`)

func (n Network) check() error {
	if !bridgeName.MatchString(n.Name) {
		return fmt.Errorf("name: %q must have 1 to 15 characters, letters, digits, _ and -, a letter first", n.Name)
	}
	p, err := netip.ParsePrefix(n.CIDR)
	if err != nil || !p.Addr().Is4() || p.Bits() < 8 || p.Bits() > 28 || p != p.Masked() {
		return fmt.Errorf("cidr: %q must be an IPv4 network of 16 to 16777216 addresses, such as 10.87.0.0/16", n.CIDR)
	}
	if a := p.Addr(); a.IsLoopback() || a.IsMulticast() || a.IsLinkLocalUnicast() || a.As4()[0] == 0 || a.As4()[0] >= 240 {
		return fmt.Errorf("cidr: %s cannot be the network of machines, use a private one such as 10.87.0.0/16", n.CIDR)
	}
	for i, text := range n.DNS {
		if a, err := netip.ParseAddr(text); err != nil || a.IsUnspecified() || a.IsMulticast() {
			return fmt.Errorf("dns[%d]: %q is not the address of a name server", i, text)
		}
	}
	return nil
}

var localeName = regexp.MustCompile(`^(C|[a-z]{2,3}_[A-Z]{2}(@[a-z]+)?)\.UTF-8$`)

func (d Desktops) check() error {
	if d.Timezone != "" {
		if err := checkTimezone(d.Timezone); err != nil {
			return fmt.Errorf("desktops.timezone: %w", err)
		}
	}
	if d.Locale != "" && !localeName.MatchString(d.Locale) {
		return fmt.Errorf("desktops.locale: %q is not a locale in UTF-8 such as en_US.UTF-8, zh_CN.UTF-8 or C.UTF-8", d.Locale)
	}
	return nil
}

func (c *Config) checkProducts() error {
	if len(c.Products) == 0 {
		return errors.New("products: at least one is needed")
	}
	first := map[string]int{}
	for i, p := range c.Products {
		if err := p.check(); err != nil {
			return fmt.Errorf("products[%d]: %w", i, err)
		}
		if j, twice := first[p.ID]; twice {
			return fmt.Errorf("products[%d]: the id %q is that of products[%d], too", i, p.ID, j)
		}
		first[p.ID] = i
	}
	return nil
}

// offeredProducts returns the products, with each one for the other systems that desktops of its size are offered for.
func (c *Config) offeredProducts() []Product {
	if !c.BothSystems {
		return c.Products
	}
	type size struct{ cpus, memory int }
	windows := map[size]bool{}
	ids := map[string]bool{}
	for _, p := range c.Products {
		ids[p.ID] = true
		windows[size{p.CPUs, p.MemoryMiB}] = windows[size{p.CPUs, p.MemoryMiB}] || p.OSType == osWindows
	}
	offered := slices.Clone(c.Products)
	for _, p := range c.Products {
		id := strings.TrimSuffix(p.ID, ".linux") + ".windows"
		if windows[size{p.CPUs, p.MemoryMiB}] || ids[id] {
			continue
		}
		p.ID, p.OSType = id, osWindows
		offered = append(offered, p)
	}
	return offered
}

func (p Product) check() error {
	switch {
	case !plainName.MatchString(p.ID):
		return fmt.Errorf("id: %q must be made of letters, digits, dots and hyphens, at most 64", p.ID)
	case p.CPUs < 1 || p.CPUs > maxCPUs:
		return fmt.Errorf("cpus: %d must be 1 to %d", p.CPUs, maxCPUs)
	case p.MemoryMiB < 256 || p.MemoryMiB > maxMemoryMiB:
		return fmt.Errorf("memory_mib: %d must be 256 to %d", p.MemoryMiB, maxMemoryMiB)
	case p.Processes != 0 && (p.Processes < minProcesses || p.Processes > maxProcesses):
		return fmt.Errorf("processes: %d must be 0 (by cpus and memory_mib) or %d to %d", p.Processes, minProcesses, maxProcesses)
	case p.OSType != "" && p.OSType != osLinux && p.OSType != osWindows:
		return fmt.Errorf("os_type: %q is unknown, use Linux or Windows", p.OSType)
	case p.Package != "" && !plainName.MatchString(p.Package):
		return fmt.Errorf("package: %q must be made of letters, digits, dots and hyphens", p.Package)
	case len(p.Text) > maxText:
		return fmt.Errorf("description: %d bytes are too many, use at most %d", len(p.Text), maxText)
	}
	return nil
}

func (j Jobs) check() error {
	known := job.Types()
	for _, t := range slices.Sorted(maps.Keys(j.Parallel)) {
		if !slices.Contains(known, t) {
			return fmt.Errorf("jobs.parallel: there is no type of job %q, use of %q", t, known)
		}
		if n := j.Parallel[t]; n < 1 || n > maxParallel {
			return fmt.Errorf("jobs.parallel.%s: %d sub-jobs at once cannot be, use 1 to %d", t, n, maxParallel)
		}
	}
	return nil
}

func (p Pools) check() error {
	if r := p.Rebuild; r.Parallel < 0 || r.Parallel > maxRebuilt || r.MaxFailures < 0 {
		return fmt.Errorf("pools.rebuild: parallel must be 0 (the default, %d) to %d, max_failures 0 or more", progress.DefaultParallel, maxRebuilt)
	}
	if limit := p.BootLimit; limit != 0 && (limit < minBootLimit || limit > maxBootLimit) {
		return fmt.Errorf("pools.boot_limit: %v must be 0 (the default, %v) or %v to %v", limit, job.DefaultBootLimit, minBootLimit, maxBootLimit)
	}
	return nil
}

func (a Audit) check() error {
	if a.KeepDays < 1 || a.KeepDays > maxKeepDays {
		return fmt.Errorf("audit.keep_days: %d must be 1 to %d", a.KeepDays, maxKeepDays)
	}
	return nil
}

func (c Config) checkRetention() error {
	for key, days := range map[string]int{
		"job_days": c.Retention.JobDays, "notice_days": c.Retention.NoticeDays, "script_days": c.Retention.ScriptDays, "usage_days": c.Retention.UsageDays,
		"audit_days": c.Retention.AuditDays,
	} {
		if days < minRetentionDays || days > maxRetentionDays {
			return fmt.Errorf("retention.%s: %d must be %d to %d", key, days, minRetentionDays, maxRetentionDays)
		}
	}
	return nil
}
