package certificate_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	"golang.org/x/crypto/acme/autocert"
	"golang.org/x/net/dns/dnsmessage"

	"carrel/internal/certificate"
	"carrel/internal/secret"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
)

const domain = "desktops.example.com"

// authority is a certificate authority that finds every name on this machine, at one port.
type authority struct {
	config certificate.ACME
	roots  *x509.CertPool
	orders *db.MemoryStore
}

func newAuthority(t *testing.T, port int) *authority {
	t.Helper()
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	quiet := log.New(io.Discard, "", 0)
	memory := db.NewMemoryStore()
	issuer := ca.New(quiet, memory, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {Description: "the only one"}})
	front := wfe.New(quiet, memory, va.New(quiet, 1, port, true, nameServer(t), memory), issuer, nil, true, false, 1, 1)
	server := httptest.NewTLSServer(front.Handler())
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	root, err := x509.ParseCertificate(issuer.GetRootCert(0).DER)
	if err != nil {
		t.Fatal(err)
	}
	roots.AddCert(root)
	return &authority{certificate.ACME{Domains: []string{domain}, Email: "admin@example.com", Directory: server.URL + wfe.DirectoryPath, CAFile: file}, roots, memory}
}

// nameServer answers, by TCP, that every name is this machine.
func nameServer(t *testing.T) string {
	l := listen(t)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go answerNames(c)
		}
	}()
	return l.Addr().String()
}

func answerNames(c net.Conn) {
	defer c.Close()
	for {
		var size [2]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return
		}
		b := make([]byte, binary.BigEndian.Uint16(size[:]))
		var m dnsmessage.Message
		if _, err := io.ReadFull(c, b); err != nil || m.Unpack(b) != nil || len(m.Questions) != 1 {
			return
		}
		m.Response, m.Additionals = true, nil
		if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
			m.Answers = []dnsmessage.Resource{{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1}, Body: &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}},
			}}
		}
		answer, err := m.Pack()
		if err != nil {
			return
		}
		if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)); err != nil {
			return
		}
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// serve accepts TLS connections with the manager's certificates.
func serve(t *testing.T, l net.Listener, m *autocert.Manager) {
	config := certificate.Config(m)
	get := config.GetCertificate
	config.GetCertificate = func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
		pair, err := get(h)
		if err != nil {
			t.Logf("for %q: %v", h.ServerName, err)
		}
		return pair, err
	}
	secured := tls.NewListener(l, config)
	go func() {
		for {
			c, err := secured.Accept()
			if err != nil {
				return
			}
			go func() {
				_ = c.(*tls.Conn).Handshake()
				_ = c.Close()
			}()
		}
	}()
}

// leaf connects under a name, and returns the server's certificate, which must be valid.
func leaf(t *testing.T, l net.Listener, name string, roots *x509.CertPool) (*x509.Certificate, error) {
	t.Helper()
	c, err := (&tls.Dialer{Config: &tls.Config{ServerName: name, RootCAs: roots}}).DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.(*tls.Conn).ConnectionState().PeerCertificates[0], nil
}

func TestACertificateIsIssuedOnceForAllProcesses(t *testing.T) {
	box, err := secret.ParseBox(strings.Repeat("5a", 32))
	if err != nil {
		t.Fatal(err)
	}
	s := storetest.Open(t, storetest.SQLitePath(t), nil)
	first := listen(t)
	a := newAuthority(t, first.Addr().(*net.TCPAddr).Port)
	manager := func() *autocert.Manager {
		m, err := certificate.NewManager(a.config, s, box)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	serve(t, first, manager())
	got, err := leaf(t, first, domain, a.roots)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.DNSNames) != 1 || got.DNSNames[0] != domain {
		t.Errorf("the certificate is for %q", got.DNSNames)
	}
	second := listen(t)
	serve(t, second, manager())
	again, err := leaf(t, second, domain, a.roots)
	if err != nil || !again.Equal(got) {
		t.Errorf("another process has another certificate, %v", err)
	}
	if _, err := leaf(t, first, "other.example.com", a.roots); err == nil {
		t.Error("a certificate for a name that is not configured")
	}
	rows := func() (n int) {
		if err := s.View(t.Context(), func(tx *store.Tx) (err error) {
			var sealed []string
			err = tx.NewSelect().Table("acme_cache").Column("sealed").Scan(t.Context(), &sealed)
			for _, text := range sealed {
				if !strings.HasPrefix(text, "v1.") || strings.Contains(text, "PRIVATE KEY") {
					t.Errorf("not sealed: %.40q", text)
				}
			}
			n = len(sealed)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if rows() == 0 {
		t.Error("nothing is kept")
	}
}

func TestWhatAuthoritiesCannotBeIsRefused(t *testing.T) {
	for want, c := range map[string]certificate.ACME{
		"":             {Domains: []string{domain}, Directory: "https://ca.example.com/directory", HTTP: ":80"},
		"domains[0]: ": {Domains: []string{"*.example.com"}},
		"domains[1]: ": {Domains: []string{domain, "192.0.2.1"}},
		"directory: ":  {Domains: []string{domain}, Directory: "http://ca.example.com"},
		"http: ":       {Domains: []string{domain}, HTTP: "80"},
	} {
		err := c.Check()
		if (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", c, err, want)
		}
	}
	missing := certificate.ACME{Domains: []string{domain}, CAFile: filepath.Join(t.TempDir(), "none")}
	if _, err := certificate.NewManager(missing, nil, nil); err == nil {
		t.Error("a missing file of CA certificates is not told")
	}
}
