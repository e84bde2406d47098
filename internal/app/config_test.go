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
	if len(c.Incus.Shield) == 0 {
		c.Incus.Shield = nil
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
		"no region":                              {`region: ""`, "region: must not be empty"},
		"a network without end":                  {"networks: [{name: net0, cidr: 10.0.0.0/30}]", "networks[0].cidr"},
		"a network's long name":                  {"networks: [{name: a-name-of-16-char, cidr: 10.0.0.0/24}]", "networks[0].name"},
		"a proxy by name":                        {"proxies: [proxy.example.com]", "proxies[0]"},
		"a shield by address":                    {"incus: {shield: [10.20.0.1/16]}", "incus.shield[0]"},
		"work of no such type":                   {"jobs: {parallel: {createDesktop: 4}}", `no type of job "createDesktop", use of ["addDesktopPoolVolumes"`},
		"a boot of no time":                      {"pools: {boot_limit: 1s}", "pools.boot_limit: 1s"},
		"work at no time":                        {"jobs: {parallel: {createDesktops: 0}}", "jobs.parallel.createDesktops"},
		"a product of no size":                   {"products: [{id: x}]", "products[0]"},
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

func write(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "carrel.yaml")
	if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
