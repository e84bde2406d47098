package app_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"carrel/internal/app"
)

// TestDocumentedConfigurationIsTheDefault keeps docs/configuration.md true: its file holds every key with its default.
func TestDocumentedConfigurationIsTheDefault(t *testing.T) {
	page, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindSubmatch(page)
	if block == nil {
		t.Fatal("the page has no YAML block")
	}
	got, err := app.ReadConfig(write(t, string(block[1])))
	if err != nil {
		t.Fatal(err)
	}
	if want := app.Defaults(); !reflect.DeepEqual(normal(got), normal(want)) {
		t.Errorf("documented %+v\ndefault    %+v", got, want)
	}
}

// normal makes empty lists and missing ones the same.
func normal(c app.Config) app.Config {
	if len(c.Origins) == 0 {
		c.Origins = nil
	}
	if len(c.Proxies) == 0 {
		c.Proxies = nil
	}
	if len(c.Connections.Operators) == 0 {
		c.Connections.Operators = nil
	}
	if len(c.Jobs.Parallel) == 0 {
		c.Jobs.Parallel = nil
	}
	if len(c.ACME.Domains) == 0 {
		c.ACME.Domains = nil
	}
	if len(c.Incus.Shield) == 0 {
		c.Incus.Shield = nil
	}
	if len(c.PublicAddresses) == 0 {
		c.PublicAddresses = nil
	}
	for i := range c.Networks {
		if len(c.Networks[i].DNS) == 0 {
			c.Networks[i].DNS = nil
		}
	}
	return c
}

func TestConfigurationRefusals(t *testing.T) {
	cases := map[string]struct{ file, why string }{
		"an unknown key":                         {"regoin: x", "regoin"},
		"a wrong type":                           {"incus: {pool_gib: much}", "pool_gib"},
		"an operator's address without a length": {"connections: {operators: [192.0.2.1]}", "connections.operators[0]"},
		"too few connections":                    {"connections: {total: 5}", "connections.total"},
		"a short token":                          {"metrics: {token: abc}", "metrics.token"},
		"requests at no rate":                    {"requests: {per_key: {per_second: .nan}}", "requests.per_key.per_second"},
		"a rate without a burst":                 {"requests: {per_address: {burst: 0}}", "requests.per_address.burst"},
		"too many requests at once":              {"requests: {per_address: {concurrent: -1}}", "requests.per_address.concurrent"},
		"a relative file of audit records":       {"audit_log: {file: audit.jsonl}", "audit_log.file: \"audit.jsonl\" must be an absolute path"},
		"files of no size":                       {"audit_log: {file_mib: 0}", "audit_log.file_mib"},
		"no files":                               {"audit_log: {file_keep: 0}", "audit_log.file_keep"},
		"syslog by name":                         {"audit_log: {syslog: log.example.com}", "audit_log.syslog"},
		"a certificate for everything":           {`acme: {domains: ["*.example.com"]}`, "acme.domains[0]"},
		"an authority without TLS":               {"acme: {domains: [a.example.com], directory: \"http://ca\"}", "acme.directory"},
		"no region":                              {`region: ""`, "region: must not be empty"},
		"a network without end":                  {"networks: [{name: net0, cidr: 10.0.0.0/30}]", "networks[0].cidr"},
		"a network's long name":                  {"networks: [{name: a-name-of-16-char, cidr: 10.0.0.0/24}]", "networks[0].name"},
		"a proxy by name":                        {"proxies: [proxy.example.com]", "proxies[0]"},
		"a shield by address":                    {"incus: {shield: [10.20.0.1/16]}", "incus.shield[0]"},
		"work of no such type":                   {"jobs: {parallel: {createDesktop: 4}}", `no type of job "createDesktop", use of ["addDesktopPoolVolumes"`},
		"a boot of no time":                      {"pools: {boot_limit: 1s}", "pools.boot_limit: 1s"},
		"work at no time":                        {"jobs: {parallel: {createDesktops: 0}}", "jobs.parallel.createDesktops"},
		"a product of no size":                   {"products: [{id: x}]", "products[0]"},

		"a city without a zone":                    {"desktops: {timezone: Asia/Beijing}", "desktops.timezone: \"Asia/Beijing\" is not the name of a time zone that desktops know, use Asia/Shanghai"},
		"a zone's old name":                        {"desktops: {timezone: US/Eastern}", "use America/New_York"},
		"a zone in lower case":                     {"desktops: {timezone: europe/berlin}", "use Europe/Berlin"},
		"a zone of another continent":              {"desktops: {timezone: Europe/Shanghai}", "use Asia/Shanghai"},
		"a zone of Windows":                        {"desktops: {timezone: China Standard Time}", "use Asia/Shanghai"},
		"an offset for a zone":                     {"desktops: {timezone: GMT+8}", "use Etc/GMT-8"},
		"a path for a zone":                        {"desktops: {timezone: ../../etc/passwd}", "desktops.timezone"},
		"a word for a zone":                        {"desktops: {timezone: here}", "such as Asia/Shanghai"},
		"a language for a locale":                  {"desktops: {locale: de}", "desktops.locale"},
		"a locale of another charset":              {"desktops: {locale: zh_CN.GBK}", "desktops.locale"},
		"a path for a locale":                      {"desktops: {locale: ../../etc/passwd}", "desktops.locale"},
		"overlapping networks":                     {"networks: [{name: a, cidr: 10.1.0.0/16}, {name: b, cidr: 10.1.2.0/24}]", "networks[1].cidr: 10.1.2.0/24 overlaps networks[0]"},
		"two networks of one name":                 {"networks: [{name: a, cidr: 10.1.0.0/16}, {name: a, cidr: 10.2.0.0/16}]", "networks[1].name"},
		"a network of half an address":             {"networks: [{name: a, cidr: 10.1.0.1/16}]", "networks[0].cidr"},
		"a network of the whole world":             {"networks: [{name: a, cidr: 0.0.0.0/0}]", "networks[0].cidr"},
		"a loopback network":                       {"networks: [{name: a, cidr: 127.0.0.0/16}]", "networks[0].cidr"},
		"a name server by name":                    {"networks: [{name: a, cidr: 10.1.0.0/16, dns: [dns.example.com]}]", "networks[0].dns[0]"},
		"a bridge with a dot":                      {"networks: [{name: a.b, cidr: 10.1.0.0/16}]", "networks[0].name"},
		"no network":                               {"networks: []", "networks: at least one"},
		"no network of the first project":          {"networks: [{name: a, cidr: 10.1.0.0/16, project: lab}]", "networks: all have a project"},
		"a base URL with a path":                   {"base_url: https://example.com/desktops", "base_url: \"https://example.com/desktops\" has a path or more: the portal is at the root of its address, use https://example.com"},
		"a base URL with a query":                  {"base_url: https://example.com?a=b", "base_url"},
		"a base URL without a scheme":              {"base_url: desktops.example.com", "base_url"},
		"a base URL of another scheme":             {"base_url: ftp://example.com", "base_url"},
		"an origin with a path":                    {"origins: [https://a.example, https://b.example/x]", "origins[1]"},
		"an origin that ends in a slash":           {"origins: [https://a.example/]", "origins[0]"},
		"an origin of anybody":                     {`origins: ["*"]`, "origins[0]"},
		"a proxy that is everybody":                {"proxies: [0.0.0.0/0]", "proxies[0]"},
		"a proxy within a network":                 {"proxies: [10.0.0.7/8]", "proxies[0]"},
		"an unknown log level":                     {"log: {level: loud}", "log.level"},
		"an unknown log format":                    {"log: {format: xml}", "log.format"},
		"everybody's Incus project":                {"incus: {project: default}", "incus.project"},
		"a project with a slash":                   {"incus: {project: a/b}", "incus.project"},
		"a storage pool of nothing":                {"incus: {pool_gib: 0}", "incus.pool_gib"},
		"a storage pool of less":                   {"incus: {pool_gib: -5}", "incus.pool_gib"},
		"a volume type without a pool":             {`incus: {classes: {SAS: ""}}`, "incus.classes"},
		"no zone":                                  {`incus: {zone: ""}`, "incus.zone"},
		"two products of one id":                   {"products: [{id: x, cpus: 1, memory_mib: 512}, {id: x, cpus: 2, memory_mib: 512}]", "products[1]: the id \"x\" is that of products[0]"},
		"a product of no processor":                {"products: [{id: x, cpus: 0, memory_mib: 512}]", "products[0]: cpus"},
		"a product of too much memory":             {"products: [{id: x, cpus: 1, memory_mib: 99999999}]", "products[0]: memory_mib"},
		"a product of another system":              {"products: [{id: x, cpus: 1, memory_mib: 512, os_type: BeOS}]", "products[0]: os_type"},
		"a product with a slash":                   {"products: [{id: a/b, cpus: 1, memory_mib: 512}]", "products[0]: id"},
		"no product":                               {"products: []", "products: at least one"},
		"too much work at once":                    {"jobs: {parallel: {createDesktops: 1000000}}", "jobs.parallel.createDesktops"},
		"a boot of a day":                          {"pools: {boot_limit: 24h}", "pools.boot_limit"},
		"a negative number of rebuilds":            {"pools: {rebuild: {parallel: -1}}", "pools.rebuild"},
		"machines that are kept for ever":          {"audit: {keep_days: 100000}", "audit.keep_days"},
		"jobs that are kept for a day":             {"retention: {job_days: 1}", "retention.job_days: 1 must be 2 to 3650"},
		"messages that are kept for ever":          {"retention: {notice_days: 100000}", "retention.notice_days"},
		"an audit trail of a day":                  {"retention: {audit_days: 1}", "retention.audit_days: 1 must be 2 to 3650"},
		"a console that ends while somebody types": {"console: {idle: 10s}", "console.idle: 10s must be 1m0s to 24h0m0s"},
		"rights that are kept for an hour":         {"credentials: {recheck: 1h}", "credentials.recheck: 1h0m0s must be 0s to 1m0s"},
		"machines that are kept for never":         {"audit: {keep_days: 0}", "audit.keep_days"},
	}
	for name, c := range cases {
		t.Run("refuses "+name, func(t *testing.T) {
			config, err := app.ReadConfig(write(t, c.file))
			if err == nil {
				err = config.Check()
			}
			if err == nil || !strings.Contains(err.Error(), c.why) {
				t.Errorf("got %v, want it to say %q", err, c.why)
			}
		})
	}
	t.Run("refuses a database of another kind, and says nothing of its password", func(t *testing.T) {
		c := app.Defaults()
		c.Database = "mysql://carrel:hush@db/carrel"
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), "--database: mysql:// is unknown") || strings.Contains(err.Error(), "hush") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("refuses flags that exclude each other", func(t *testing.T) {
		c := app.Defaults()
		c.TLS = app.TLS{SelfSigned: true, CertFile: "a", KeyFile: "b"}
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), "--tls self-signed") {
			t.Errorf("got %v", err)
		}
	})
}

func TestConfigurationTakes(t *testing.T) {
	for name, file := range map[string]string{
		"time zones of cities":       "desktops: {timezone: Asia/Shanghai, locale: zh_CN.UTF-8}",
		"UTC":                        "desktops: {timezone: UTC, locale: C.UTF-8}",
		"a zone of two steps":        "desktops: {timezone: America/Argentina/Buenos_Aires}",
		"a base URL with a slash":    "base_url: https://desktops.example.com/",
		"a base URL with a port":     "base_url: http://[2001:db8::1]:8080",
		"neighbouring networks":      "networks: [{name: a, cidr: 10.1.0.0/24}, {name: b, cidr: 10.1.1.0/24, dns: [9.9.9.9, '2620:fe::fe']}]",
		"a proxy of one address":     "proxies: [192.0.2.7/32, '2001:db8::/32']",
		"the levels in upper case":   "log: {level: DEBUG, format: json}",
		"a product of a chip's size": "products: [{id: x, cpus: 1, memory_mib: 256, os_type: Linux}]",
	} {
		t.Run("takes "+name, func(t *testing.T) {
			config, err := app.ReadConfig(write(t, file))
			if err == nil {
				err = config.Check()
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}

func write(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "carrel.yaml")
	if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
