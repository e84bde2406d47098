package certificate

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// ACME says which authority issues the certificate, and for whom.
type ACME struct {
	Domains   []string `yaml:"domains"`   // names of this installation, such as desktops.example.com
	Email     string   `yaml:"email"`     // where the authority writes to; may be empty
	Directory string   `yaml:"directory"` // of the authority; empty: Let's Encrypt's
	CAFile    string   `yaml:"ca_file"`   // certificates (PEM) that the directory's own is checked with; empty: the system's
	HTTP      string   `yaml:"http"`      // host:port for the authority's requests by plain http; empty: by TLS, on the usual port
}

// On reports whether there is something to issue a certificate for.
func (a ACME) On() bool { return len(a.Domains) > 0 }

var domainName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$`)

// Check returns what cannot work, with the key below acme.
func (a ACME) Check() error {
	for i, d := range a.Domains {
		if !domainName.MatchString(d) || len(d) > 253 {
			return fmt.Errorf("domains[%d]: %q is not a name such as desktops.example.com, in lower case and without a wildcard", i, d)
		}
	}
	if a.Directory != "" {
		if u, err := url.Parse(a.Directory); err != nil || u.Scheme != "https" || u.Host == "" {
			return fmt.Errorf("directory: %q is not an address such as https://ca.example.com/directory", a.Directory)
		}
	}
	if a.HTTP != "" {
		if _, _, err := net.SplitHostPort(a.HTTP); err != nil {
			return fmt.Errorf("http: %q is not host:port, such as :80", a.HTTP)
		}
	}
	return nil
}

// NewManager returns what gets certificates and renews them. Keys, certificates and challenges are in the database, sealed: several processes
// share them, and each can answer the authority for another.
func NewManager(a ACME, s store.Transactions, box workspace.Sealer) (*autocert.Manager, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if a.CAFile != "" {
		pem, err := os.ReadFile(a.CAFile)
		if err != nil {
			return nil, fmt.Errorf("acme.ca_file: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("acme.ca_file: %s has no certificate (PEM)", a.CAFile)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return &autocert.Manager{
		Prompt: autocert.AcceptTOS, Cache: &cache{s, box}, HostPolicy: autocert.HostWhitelist(a.Domains...), Email: a.Email,
		Client: &acme.Client{
			DirectoryURL: cmp.Or(a.Directory, autocert.DefaultACMEDirectory), UserAgent: "carrel",
			HTTPClient: &http.Client{Transport: transport, Timeout: time.Minute},
		},
	}, nil
}

// Config is the configuration for https with a manager's certificates.
func Config(m *autocert.Manager) *tls.Config {
	c := m.TLSConfig()
	c.MinVersion = tls.VersionTLS12
	return c
}

// cache is an autocert.Cache in the database.
type cache struct {
	store store.Transactions
	box   workspace.Sealer
}

func sealedFor(name string) string { return "acme/" + name }

// Get implements autocert.Cache.
func (c *cache) Get(ctx context.Context, name string) ([]byte, error) {
	sealed, err := store.View(ctx, c.store, func(tx *store.Tx) (string, error) { return readCached(ctx, tx, name) })
	if errors.Is(err, errNotCached) {
		return nil, autocert.ErrCacheMiss
	}
	if err != nil {
		return nil, err
	}
	return c.box.Open(sealed, sealedFor(name))
}

// Put implements autocert.Cache.
func (c *cache) Put(ctx context.Context, name string, data []byte) error {
	sealed := c.box.Seal(string(data), sealedFor(name))
	return c.store.Update(ctx, func(tx *store.Tx) error { return putCached(ctx, tx, name, sealed) })
}

// Delete implements autocert.Cache.
func (c *cache) Delete(ctx context.Context, name string) error {
	return c.store.Update(ctx, func(tx *store.Tx) error { return deleteCached(ctx, tx, name) })
}
