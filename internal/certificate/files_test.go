package certificate

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// pairIn makes a self-signed certificate in a folder.
func pairIn(t *testing.T, dir, host string) (cert, key string) {
	t.Helper()
	cert, key = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	if err := EnsureSelfSigned(cert, key, "127.0.0.1:8443", host); err != nil {
		t.Fatal(err)
	}
	return cert, key
}

// shown is the certificate that a client gets now.
func shown(t *testing.T, f *Files) *x509.Certificate {
	t.Helper()
	f.looked = time.Time{} // the second is over
	inner, outer := net.Pipe()
	go func() {
		s := tls.Server(inner, &tls.Config{GetCertificate: f.Get, MinVersion: tls.VersionTLS12})
		_ = s.Handshake()
	}()
	c := tls.Client(outer, &tls.Config{InsecureSkipVerify: true})
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	return c.ConnectionState().PeerCertificates[0]
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	body, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, body, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestFilesAreReadAgainWhenTheyChange(t *testing.T) {
	var logged bytes.Buffer
	cert, key := pairIn(t, t.TempDir(), "old.example.com")
	f, err := OpenFiles(cert, key, slog.New(slog.NewTextHandler(&logged, nil)))
	if err != nil {
		t.Fatal(err)
	}
	old := shown(t, f)
	newCert, newKey := pairIn(t, t.TempDir(), "new.example.com")
	copyFile(t, newCert, cert)
	if !shown(t, f).Equal(old) || !strings.Contains(logged.String(), "cannot be used") {
		t.Errorf("a certificate without its key is used, or not told: %s", logged.String())
	}
	copyFile(t, newKey, key)
	got := shown(t, f)
	if got.Equal(old) || got.VerifyHostname("new.example.com") != nil {
		t.Errorf("the new certificate is not used: %v", got.DNSNames)
	}
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	if !shown(t, f).Equal(got) {
		t.Error("without files the certificate is gone")
	}
	before := logged.Len()
	shown(t, f)
	if logged.Len() != before {
		t.Error("the same fault is told again")
	}
}

// As with secrets that are mounted: the files are links into a folder, and the link to the folder changes.
func TestLinkedFilesAreReadAgain(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"one", "two"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		pairIn(t, filepath.Join(dir, name), name+".example.com")
	}
	point := func(to string) {
		t.Helper()
		if err := os.Symlink(to, filepath.Join(dir, "new")); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(dir, "new"), filepath.Join(dir, "data")); err != nil {
			t.Fatal(err)
		}
	}
	point("one")
	f, err := OpenFiles(filepath.Join(dir, "data", "tls.crt"), filepath.Join(dir, "data", "tls.key"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	point("two")
	if got := shown(t, f); got.VerifyHostname("two.example.com") != nil {
		t.Errorf("the certificate is for %v", got.DNSNames)
	}
}

func TestACertificateThatEndsSoonIsTold(t *testing.T) {
	cert, key := pairIn(t, t.TempDir(), "")
	f, err := OpenFiles(cert, key, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Expiring(); got != "" {
		t.Error(got)
	}
	f.pair.Leaf.NotAfter = time.Now().Add(expiringSoon - time.Minute)
	if got := f.Expiring(); !strings.Contains(got, "ends at") {
		t.Errorf("%q", got)
	}
}

func TestASelfSignedCertificateIsMadeOnceForTheNamesOfThisHost(t *testing.T) {
	dir := t.TempDir()
	cert, key := pairIn(t, dir, "desktops.example.com")
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"localhost", "127.0.0.1", "::1", "desktops.example.com"} {
		if err := pair.Leaf.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	pairIn(t, dir, "other.example.com")
	again, err := tls.LoadX509KeyPair(cert, key)
	if err != nil || !again.Leaf.Equal(pair.Leaf) {
		t.Errorf("the certificate was made anew, %v", err)
	}
	for _, path := range []string{cert, key} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
}
