package certificate

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// lookEvery is how often the files are looked at while clients connect.
const lookEvery = time.Second

// Files is a certificate in files. Its methods may be called concurrently.
type Files struct {
	certFile, keyFile string
	log               *slog.Logger

	mu     sync.Mutex // guards what follows
	pair   *tls.Certificate
	state  string // of the files when they were last read
	looked time.Time
}

// OpenFiles reads a certificate and its key (PEM).
func OpenFiles(certFile, keyFile string, log *slog.Logger) (*Files, error) {
	f := &Files{certFile: certFile, keyFile: keyFile, log: log, looked: time.Now()}
	f.state = f.stateNow()
	return f, f.read()
}

func (f *Files) read() error {
	pair, err := tls.LoadX509KeyPair(f.certFile, f.keyFile)
	if err != nil {
		return fmt.Errorf("reading the TLS certificate: %w", err)
	}
	f.pair = &pair
	return nil
}

// stateNow is a text that changes when the files do. They may be symbolic links that lead elsewhere then.
func (f *Files) stateNow() string {
	state := ""
	for _, path := range []string{f.certFile, f.keyFile} {
		info, err := os.Stat(path)
		if err != nil {
			return state + "missing"
		}
		state += fmt.Sprint(info.ModTime().UnixNano(), " ", info.Size(), " ", info.Sys(), "\n")
	}
	return state
}

// Get returns the certificate, for tls.Config.GetCertificate. It reads the files when they have changed; what cannot be used, such as a
// certificate whose key is not written yet, is logged, and the former one stays in use.
func (f *Files) Get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := time.Now(); now.Sub(f.looked) >= lookEvery {
		f.looked = now
		f.look()
	}
	return f.pair, nil
}

func (f *Files) look() {
	state := f.stateNow()
	if state == f.state {
		return
	}
	f.state = state
	if err := f.read(); err != nil {
		f.log.ErrorContext(context.Background(), "the TLS certificate's files have changed and cannot be used; the former certificate stays in use", "error", err)
		return
	}
	f.log.InfoContext(context.Background(), "the TLS certificate was read again", "valid_until", f.pair.Leaf.NotAfter)
}

// expiringSoon is how long before its end a certificate is warned of.
const expiringSoon = 14 * 24 * time.Hour

// Expiring returns a sentence if the certificate ends soon or has ended.
func (f *Files) Expiring() string {
	pair, err := f.Get(nil)
	if err != nil || time.Until(pair.Leaf.NotAfter) > expiringSoon {
		return ""
	}
	return fmt.Sprintf("the TLS certificate %s ends at %s: put a new one there", f.certFile, pair.Leaf.NotAfter.UTC().Format(time.RFC3339))
}
