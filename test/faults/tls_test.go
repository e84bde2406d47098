package faults

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carrel/test/controlplane"
)

// TestSelfSignedCertificateIsKept serves https with a certificate of its own making, which stays the same after a restart.
func TestSelfSignedCertificateIsKept(t *testing.T) {
	o := controlplane.Options{Engine: "sim", Data: filepath.Join(t.TempDir(), "data"), Flags: []string{"--tls", "self-signed"}}
	p := controlplane.Start(t, o)
	if !strings.HasPrefix(p.Bootstrap.Endpoint, "https://") {
		t.Errorf("the endpoint is %s", p.Bootstrap.Endpoint)
	}
	pem, err := os.ReadFile(filepath.Join(o.Data, "tls.crt"))
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(pem)
	browser := &http.Client{
		Timeout:   5 * time.Minute,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}},
	}
	p.Kill(t)
	p = controlplane.Start(t, o)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.Bootstrap.Endpoint+"/readyz", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := browser.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close() //nolint:errcheck // only read
	if answer.StatusCode != http.StatusOK {
		t.Errorf("/readyz: status %d", answer.StatusCode)
	}
}
