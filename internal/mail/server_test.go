package mail_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"carrel/internal/mail"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// server is a mail server for tests. Its hooks run at the stages of each mail; what they return is the server's answer.
type server struct {
	*smtp.Server
	user, password string // required when set
	deliveries     chan delivery

	mu     sync.Mutex // guards hooks
	onMail func(*smtp.Conn) error
	onRcpt func(to string) error
	onData func(*smtp.Conn) error
}

// delivery is a mail as the server took it.
type delivery struct {
	from, to, user string
	encrypted      bool
	utf8           bool // SMTPUTF8 was asked for
	header         netmail.Header
	subject        string
	text, html     string
}

func newServer() *server {
	s := &server{deliveries: make(chan delivery, 1000)}
	s.Server = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &visit{server: s, conn: c}, nil
	}))
	s.ErrorLog = log.New(io.Discard, "", 0)
	s.Domain = "mail.example.org"
	return s
}

// serve opens the server on a loop-back port, with TLS from the first byte if implicit, and returns how to reach it.
func (s *server) serve(t *testing.T, implicit bool) mail.SMTP {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	if implicit {
		listener = tls.NewListener(listener, s.TLSConfig)
	}
	s.serveOn(t, listener)
	return mail.SMTP{Host: "127.0.0.1", Port: port, TLS: mail.TLSNone, From: "Desktops <desktops@example.org>", Timeout: time.Minute}
}

func (s *server) serveOn(t *testing.T, listener net.Listener) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Serve(listener)
	}()
	t.Cleanup(func() {
		s.Close()
		<-done
		if err := s.Shutdown(context.Background()); !errors.Is(err, smtp.ErrServerClosed) {
			t.Error(err)
		}
	})
}

// secure gives the server a certificate and returns the file to trust.
func (s *server) secure(t *testing.T) (caFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, about, about, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	caFile = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(caFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return caFile
}

// next waits for a mail.
func (s *server) next(t *testing.T) delivery {
	t.Helper()
	select {
	case p := <-s.deliveries:
		return p
	case <-time.After(2 * time.Minute):
		t.Fatal("no mail came")
		return delivery{}
	}
}

func (s *server) hooks() (onMail func(*smtp.Conn) error, onRcpt func(string) error, onData func(*smtp.Conn) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.onMail, s.onRcpt, s.onData
}

// visit is one connection to the server.
type visit struct {
	server   *server
	conn     *smtp.Conn
	delivery delivery
	user     string
}

func (v *visit) AuthMechanisms() []string { return []string{sasl.Plain} }

func (v *visit) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != v.server.user || password != v.server.password {
			return smtp.ErrAuthFailed
		}
		v.user = user
		return nil
	}), nil
}

func (v *visit) Mail(from string, options *smtp.MailOptions) error {
	if v.server.user != "" && v.user == "" {
		return smtp.ErrAuthRequired
	}
	_, encrypted := v.conn.TLSConnectionState()
	v.delivery = delivery{from: from, user: v.user, encrypted: encrypted, utf8: options.UTF8}
	if onMail, _, _ := v.server.hooks(); onMail != nil {
		return onMail(v.conn)
	}
	return nil
}

func (v *visit) Rcpt(to string, _ *smtp.RcptOptions) error {
	v.delivery.to += to
	if _, onRcpt, _ := v.server.hooks(); onRcpt != nil {
		return onRcpt(to)
	}
	return nil
}

func (v *visit) Data(r io.Reader) error {
	if err := v.delivery.read(r); err != nil {
		return err
	}
	if _, _, onData := v.server.hooks(); onData != nil {
		if err := onData(v.conn); err != nil {
			return err
		}
	}
	v.server.deliveries <- v.delivery
	return nil
}

func (v *visit) Reset()        {}
func (v *visit) Logout() error { return nil }

// read takes a message apart as a mail program would.
func (p *delivery) read(r io.Reader) error {
	m, err := netmail.ReadMessage(r)
	if err != nil {
		return err
	}
	p.header = m.Header
	if p.subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil {
		return err
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		return err
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			return err
		}
		text := strings.ReplaceAll(string(body), "\r\n", "\n")
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
			p.html = text
		} else {
			p.text = text
		}
	}
}

// pipes is a network in memory, whose time can be a bubble's.
type pipes struct {
	calls  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes { return &pipes{calls: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.calls <- there:
		return here, nil
	case <-p.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.calls:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }

// settings reach a server that serves on the pipes.
func (p *pipes) settings() mail.SMTP {
	return mail.SMTP{Host: "mail.example.org", TLS: mail.TLSNone, From: "desktops@example.org", Timeout: 10 * time.Second, Dial: p.dial}
}
