package app

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"carrel/internal/capacity"
	"carrel/internal/catalog"
	"carrel/internal/certificate"
	"carrel/internal/console"
	"carrel/internal/engine/sim"
	"carrel/internal/iam"
	"carrel/internal/mail"
	"carrel/internal/rollout/progress"
	"carrel/internal/signin"
	"carrel/internal/work"
	"carrel/internal/workspace"
)

// mailTemplates is the folder for mail templates in the data directory.
const mailTemplates = "mail-templates"

// Config is the whole configuration. Command line flags have precedence over the YAML file, and that over the defaults.
type Config struct {
	// The flags of "carrel serve".
	Data     string `yaml:"-"` // directory of everything that Carrel stores
	Listen   string `yaml:"-"` // host:port
	Engine   string `yaml:"-"` // "incus" or "sim"
	Database string `yaml:"-"` // a postgres:// URL, or empty for SQLite in Data
	TLS      TLS    `yaml:"-"`
	Version  string `yaml:"-"`

	// Deadlines are the limits for callers, see Defaults; tests shorten them.
	Deadlines Deadlines `yaml:"-"`

	// BaseURL is the portal's address for users, for links in mails; empty: the listening address.
	BaseURL string `yaml:"base_url"`
	// Origins are further addresses, such as https://desktops.example.com, under which a proxy publishes the portal.
	Origins []string `yaml:"origins"`
	// Proxies are the networks of trusted proxies, in CIDR form: the client address that they report is used.
	Proxies []string `yaml:"proxies"`
	// Region is the name of the region, and of the first project, since clients look projects up by it.
	Region string `yaml:"region"`
	// SecretKey is a file with the key that encrypts secrets, the same for all processes on one database; empty: secret.key in
	// Data, created at the first start.
	SecretKey string `yaml:"secret_key"`
	// Replica is the name of this process among several on one database, the same after a restart; empty: the host's name and an
	// id that is stored in Data. A second process of the same name is refused.
	Replica string `yaml:"replica"`

	Log      Log        `yaml:"log"`
	Incus    Incus      `yaml:"incus"`
	Sim      sim.Config `yaml:"sim"`
	Networks []Network  `yaml:"networks"`
	// ProjectNetworks is where the networks of all other projects come from, when POST /v2/{project_id}/workspaces opens their service.
	ProjectNetworks ProjectNetworks `yaml:"project_networks"`
	// PublicAddresses are ranges and single addresses (IPv4) that are routed to the host, for projects to give to desktops; none: there are none.
	PublicAddresses []string  `yaml:"public_addresses"`
	Desktops        Desktops  `yaml:"desktops"`
	Products        []Product `yaml:"products"`
	// BothSystems offers each product for Windows as well, unless there is one of its size: clients look for products of that system before they
	// choose an image, and a desktop has the system of its image whatever its product says.
	BothSystems bool        `yaml:"products_for_both_systems"`
	Jobs        Jobs        `yaml:"jobs"`
	Pools       Pools       `yaml:"pools"`
	Portal      Portal      `yaml:"portal"`
	Mail        mail.Config `yaml:"mail"`
	Audit       Audit       `yaml:"audit"`
	AuditLog    AuditLog    `yaml:"audit_log"`

	Credentials Credentials `yaml:"credentials"`
	Console     Console     `yaml:"console"`

	Retention work.Retention `yaml:"retention"`
	// Overcommit is how many times the existing disk and memory may be promised to desktops.
	Overcommit capacity.Overcommit `yaml:"overcommit"`

	Connections Connections `yaml:"connections"`
	Requests    Requests    `yaml:"requests"`
	// ACME gets the certificate from an authority, in place of the flags.
	ACME    certificate.ACME `yaml:"acme"`
	Metrics Metrics          `yaml:"metrics"`
}

// TLS says whether and with which certificate the port serves https.
type TLS struct {
	SelfSigned bool   // with a certificate created at the first start and stored in the data directory
	CertFile   string // PEM, with KeyFile
	KeyFile    string
}

// On reports whether there is a certificate.
func (t TLS) On() bool { return t.SelfSigned || t.CertFile != "" }

// Log says how to log.
type Log struct {
	Format string `yaml:"format"` // "text", "json", or empty: text on a terminal
	Level  string `yaml:"level"`  // "debug", "info", "warn", "error"
}

// Incus has the address of Incus and the names that Carrel uses in it.
type Incus struct {
	Socket  string            `yaml:"socket"`   // empty: the usual place
	Project string            `yaml:"project"`  // Carrel's own Incus project
	Zone    string            `yaml:"zone"`     // name of the availability zone of this host
	PoolGiB int               `yaml:"pool_gib"` // maximum size of each storage pool
	Classes map[string]string `yaml:"classes"`  // storage pools by volume type
	Image   string            `yaml:"image"`    // alias of the image of the first desktop
	Shield  []string          `yaml:"shield"`   // networks that desktops must not reach, besides this host and each other
}

// Network is a subnet of the first project, and the bridge that the engine creates for it.
type Network struct {
	Name string   `yaml:"name"` // of the bridge, at most 15 characters
	CIDR string   `yaml:"cidr"` // IPv4; the first address is the gateway's
	DNS  []string `yaml:"dns"`  // empty: the gateway

	// Project is the name of the project whose desktops are in the network; empty: the first project. Two projects never share one: each
	// counts the free addresses of its own subnets.
	Project string `yaml:"project"`
}

// ProjectNetworks is a range of addresses that is divided into networks of one size, one for each project.
type ProjectNetworks struct {
	Range string `yaml:"range"` // IPv4, has nothing in common with networks; empty: there are none
	Bits  int    `yaml:"bits"`  // of each network: 20 has 4094 addresses
}

// projectNetworks returns the range of projects' networks: none if it is empty, or the default one and overlaps networks.
func (c *Config) projectNetworks() catalog.Range {
	prefix, err := netip.ParsePrefix(c.ProjectNetworks.Range)
	if err != nil || c.overlaps(prefix) >= 0 {
		return catalog.Range{}
	}
	return catalog.Range{Prefix: prefix, Bits: c.ProjectNetworks.Bits}
}

// Desktops has settings of all new desktops.
type Desktops struct {
	Timezone string `yaml:"timezone"` // IANA name; empty: that of this host
	Locale   string `yaml:"locale"`   // empty: by the user's language
}

// The systems that products are described with.
const (
	osLinux   = "Linux"
	osWindows = "Windows"
)

// Product is a size of desktop that can be ordered.
type Product struct {
	ID        string `yaml:"id"`
	CPUs      int    `yaml:"cpus"`
	MemoryMiB int    `yaml:"memory_mib"`
	Processes int    `yaml:"processes"` // processes and threads at once; 0: by cpus and memory_mib
	OSType    string `yaml:"os_type"`   // "Linux" (the default) or "Windows"
	Package   string `yaml:"package"`   // "general" by default
	Text      string `yaml:"description"`
}

// Credentials has settings of the API's callers.
type Credentials struct {
	// Recheck is how long at most a credential or a right is honoured after another process has ended it; the process that ends it honours it
	// no longer at once. 0: each request reads the account's version.
	Recheck time.Duration `yaml:"recheck"`
}

// Console has settings of the pages of administrators.
type Console struct {
	Idle time.Duration `yaml:"idle"` // after how long without input at the page a sign-in ends
}

// Portal has settings of signing in.
type Portal struct {
	SecondFactor signin.SecondFactor `yaml:"second_factor"` // "off", "optional" or "required"
}

// Jobs limits how much work runs at once in this process.
type Jobs struct {
	Parallel map[workspace.JobType]int `yaml:"parallel"`
}

// Pools has limits for changes of pools.
type Pools struct {
	Rebuild   progress.Limits `yaml:"rebuild"`
	BootLimit time.Duration   `yaml:"boot_limit"` // for a desktop to start with a new system disk; 0: job.DefaultBootLimit
}

// Defaults returns the configuration without a file and flags.
func Defaults() Config {
	return Config{
		Data: "data", Listen: "127.0.0.1:8080", Engine: "incus", Region: "carrel", Log: Log{Level: "info"},
		Deadlines: Deadlines{Body: 10 * time.Second, Answer: time.Minute, Call: 30 * time.Second},
		Incus: Incus{
			Project: "carrel", Zone: "default", PoolGiB: 200, Image: "debian-xfce",
			Classes: map[string]string{"SAS": "carrel-sas", "SSD": "carrel-ssd", "GPSSD": "carrel-ssd", "GPSSD2": "carrel-ssd"},
		},
		Networks:    []Network{{Name: "carrel0", CIDR: "10.87.0.0/16"}},
		Requests:    defaultRequests,
		Credentials: Credentials{Recheck: iam.DefaultRecheck},
		Console:     Console{Idle: console.DefaultIdle},
		Audit:       Audit{KeepDays: 7},
		AuditLog:    AuditLog{FileMiB: 100, FileKeep: 10},
		Retention:   work.DefaultRetention,
		Portal:      Portal{SecondFactor: signin.SecondFactorOptional},
		// 256 projects; Docker, Podman and Kubernetes use others by default.
		ProjectNetworks: ProjectNetworks{Range: "10.112.0.0/12", Bits: 20},
		// Most of a disk is never written. A desktop needs a fortieth of its memory while nobody works in it and about a third
		// otherwise, and rarely do more than half of all users work at the same time.
		Overcommit:  capacity.Overcommit{Disk: 20, Memory: 6},
		BothSystems: true,
		Products: []Product{
			{ID: "workspace.c2.small.linux", CPUs: 1, MemoryMiB: 2048, Text: "1 vCPU, 2 GB: mail, office, web"},
			{ID: "workspace.c2.large.linux", CPUs: 2, MemoryMiB: 4096, Text: "2 vCPUs, 4 GB: everyday work"},
			{ID: "workspace.c2.xlarge.linux", CPUs: 4, MemoryMiB: 8192, Text: "4 vCPUs, 8 GB: development"},
			{ID: "workspace.c2.2xlarge.linux", CPUs: 8, MemoryMiB: 16384, Text: "8 vCPUs, 16 GB: heavy work"},
		},
	}
}

// ReadConfig applies a YAML file to the defaults. Unknown keys are errors, with their line.
func ReadConfig(path string) (Config, error) {
	c := Defaults()
	if path == "" {
		return c, nil
	}
	body, err := os.ReadFile(path)
	if err != nil {
		return c, fmt.Errorf("reading the configuration: %w", err)
	}
	err = yaml.NewDecoder(bytes.NewReader(body), yaml.DisallowUnknownField()).Decode(&c)
	if err != nil && !errors.Is(err, io.EOF) {
		return c, fmt.Errorf("reading the configuration %s:\n%s", path, yaml.FormatError(err, false, true))
	}
	return c, nil
}

// gateway returns the network's first address.
func (n Network) gateway() string {
	return netip.MustParsePrefix(n.CIDR).Addr().Next().String()
}

// url returns the portal's address for a browser on this machine.
func (c *Config) url(addr string) string {
	if c.BaseURL != "" {
		return strings.TrimSuffix(c.BaseURL, "/")
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsUnspecified() || host == "" {
		host = "localhost"
	}
	scheme := "http"
	if c.ACME.On() {
		host = c.ACME.Domains[0]
	}
	if c.servesTLS() {
		scheme = "https"
	}
	if scheme == "https" && port == "443" {
		return scheme + "://" + host
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// servesTLS reports whether the port serves https.
func (c *Config) servesTLS() bool { return c.TLS.On() || c.ACME.On() }

// secure reports whether users reach the portal through TLS, here or at a proxy.
func (c *Config) secure() bool { return c.servesTLS() || strings.HasPrefix(c.BaseURL, "https://") }

// MailSettings returns the file's settings with defaults: templates in the data directory.
func (c *Config) MailSettings() mail.Config {
	m := c.Mail
	m.DefaultTemplates = filepath.Join(c.Data, mailTemplates)
	return m
}

// TemplateFolder returns the directory of custom mail templates.
func (c *Config) TemplateFolder() string {
	m := c.MailSettings()
	return cmp.Or(m.Templates, m.DefaultTemplates)
}
