package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"os"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"carrel/internal/directory"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// firstPasswordPath is the portal's page that takes a password token, in the URL fragment: browsers do not send it, so it is in no log.
const firstPasswordPath = "/first-password#"

// SMTP is the configuration of the mail server.
type SMTP struct {
	Host     string        `yaml:"host"`
	Port     int           `yaml:"port"`     // 0 means 25, 587 or 465, as TLS says
	TLS      TLSMode       `yaml:"tls"`      // empty means TLSStart
	CAFile   string        `yaml:"ca_file"`  // PEM certificates to trust instead of the system's; may be empty
	User     string        `yaml:"user"`     // empty: no authentication
	Password string        `yaml:"password"` // sent over TLS only
	From     string        `yaml:"from"`     // "desktops@example.org" or "Desktops <desktops@example.org>"
	Timeout  time.Duration `yaml:"timeout"`  // to connect, and again for each mail; 0 means 15 s

	// Dial opens connections in place of a net.Dialer, such as through a proxy.
	Dial func(ctx context.Context, network, address string) (net.Conn, error) `yaml:"-"`
}

// TLSMode is the encryption of the connection.
type TLSMode string

// The modes. With TLSStart a server that offers no STARTTLS is refused.
const (
	TLSNone     TLSMode = "none"
	TLSStart    TLSMode = "starttls"
	TLSImplicit TLSMode = "tls"
)

var standardPorts = map[TLSMode]int{TLSNone: 25, TLSStart: 587, TLSImplicit: 465}

type smtpTransport struct {
	SMTP
	from    *mail.Address
	tls     *tls.Config
	timeout time.Duration

	international bool // from needs SMTPUTF8
}

func newSMTPTransport(c SMTP) (*smtpTransport, error) {
	if c.TLS == "" {
		c.TLS = TLSStart
	}
	standard, ok := standardPorts[c.TLS]
	if !ok {
		return nil, fmt.Errorf("mail TLS mode %q is unknown, use none, starttls or tls", c.TLS)
	}
	if c.Port == 0 {
		c.Port = standard
	}
	if c.Port < 1 || c.Port > 65535 {
		return nil, fmt.Errorf("mail server port %d is not within 1 to 65535", c.Port)
	}
	if c.User != "" && c.TLS == TLSNone {
		return nil, errors.New("mail TLS mode none would send the password in the clear; use starttls or tls, or no user")
	}
	from, err := mail.ParseAddress(c.From)
	if err != nil {
		return nil, fmt.Errorf("mail sender %q is not an address: %w", c.From, err)
	}
	wire, international, err := wireAddress(from.Address)
	if err != nil {
		return nil, fmt.Errorf("mail sender %q: %w", c.From, err)
	}
	from.Address = wire
	p := &smtpTransport{SMTP: c, from: from, international: international, timeout: c.Timeout, tls: &tls.Config{ServerName: c.Host, MinVersion: tls.VersionTLS12}}
	if p.timeout <= 0 {
		p.timeout = 15 * time.Second
	}
	if p.Dial == nil {
		p.Dial = new(net.Dialer).DialContext
	}
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("reading the certificates of the mail server: %w", err)
		}
		p.tls.RootCAs = x509.NewCertPool()
		if !p.tls.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no PEM certificate", c.CAFile)
		}
	}
	return p, nil
}

// linkFor generates a separate token for each mail; using one invalidates the others.
func (p *smtpTransport) linkFor(ctx context.Context, tx *store.Tx, portal string, u directory.User) (string, error) {
	token := workspace.NewToken()
	err := signin.InsertPasswordToken(ctx, tx, signin.PasswordToken{
		TokenHash: workspace.HashToken(token), UserID: u.ID, Expires: tx.Now().Add(linkLife),
	})
	if err != nil {
		return "", fmt.Errorf("storing the password token: %w", err)
	}
	return portal + firstPasswordPath + token, nil
}

func (p *smtpTransport) fault() string { return "" }

// smtpLine manages the connection itself: go-mail leaves it open if the greeting or authentication fails, and ignores contexts once connected.
type smtpLine struct {
	post   *smtpTransport
	client *gomail.Client
	smtp   *smtp.Client
	conn   net.Conn
	unlink func() bool // from the sender's context, whose end closes conn
	broken bool
}

func (p *smtpTransport) open(ctx context.Context) (line, error) {
	l := &smtpLine{post: p}
	client, err := gomail.NewClient(p.Host, p.options(ctx, l)...)
	if err != nil {
		return nil, &serverError{fmt.Errorf("preparing to connect to the mail server: %w", err)}
	}
	l.client = client
	l.smtp, err = client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		l.broken = true
		l.close()
		return nil, &serverError{fmt.Errorf("connecting to the mail server: %w", err)}
	}
	return l, nil
}

func (p *smtpTransport) options(ctx context.Context, l *smtpLine) []gomail.Option {
	options := []gomail.Option{
		gomail.WithPort(p.Port), gomail.WithTimeout(p.timeout), gomail.WithTLSConfig(p.tls),
		gomail.WithDialContextFunc(func(dialing context.Context, network, _ string) (net.Conn, error) {
			return l.dial(ctx, dialing, network)
		}),
	}
	switch p.TLS {
	case TLSNone:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	case TLSStart:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case TLSImplicit:
		options = append(options, gomail.WithSSL())
	}
	if p.User != "" {
		options = append(options, gomail.WithUsername(p.User), gomail.WithPassword(p.Password),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthSCRAMSHA1, gomail.SMTPAuthCramMD5,
				gomail.SMTPAuthPlain, gomail.SMTPAuthLogin))
	}
	return options
}

// dial connects within the context dialing; the end of ctx closes the connection, then and later.
func (l *smtpLine) dial(ctx, dialing context.Context, network string) (net.Conn, error) {
	conn, err := l.post.Dial(dialing, network, net.JoinHostPort(l.post.Host, strconv.Itoa(l.post.Port)))
	if err != nil {
		return nil, err
	}
	l.conn = conn
	l.unlink = context.AfterFunc(ctx, func() { conn.Close() })
	if l.post.TLS != TLSImplicit {
		return conn, nil
	}
	secure := tls.Client(conn, l.post.tls)
	if err := secure.HandshakeContext(dialing); err != nil {
		return nil, err
	}
	return secure, nil
}

// send gives one message to the server. A *serverError ends the line.
func (l *smtpLine) send(msg message) error {
	to, international, err := wireAddress(msg.to)
	if err != nil {
		return err
	}
	international = international || l.post.international
	if offered, _ := l.smtp.Extension("SMTPUTF8"); international && !offered {
		return fmt.Errorf("%w: %q has other letters than a to z before the @, and the mail server does not offer SMTPUTF8, which they need", errBadReader, msg.to)
	}
	l.smtp.SkipSMTPUTF8(!international) // servers on the way that lack it would return the mail
	msg.to = to
	m, err := l.post.message(msg)
	if err != nil {
		return err
	}
	err = l.client.SendWithSMTPClient(l.smtp, m)
	if m.IsDelivered() {
		l.broken = l.broken || err != nil // only what follows has failed
		return nil
	}
	if err == nil {
		err = errors.New("the mail server did not take the mail")
	}
	fault, ok := errors.AsType[*gomail.SendError](err)
	switch {
	case !ok || fault.ErrorCode() == 0 || fault.ErrorCode() == 421: // cut off, hung, or leaving
		l.broken = true
		return &serverError{fmt.Errorf("sending to the mail server: %w", err)}
	case fault.Reason == gomail.ErrSMTPRcptTo && strings.HasPrefix(fault.EnhancedStatusCode(), "5.1."):
		return fmt.Errorf("%w: %w", errBadReader, err)
	case fault.ErrorCode() == 530 || fault.ErrorCode() == 535: // our settings are wrong, not the mail
		return &serverError{fmt.Errorf("signing in to the mail server: %w", err)}
	case fault.ErrorCode() >= 500:
		return fmt.Errorf("%w: %w", errRefused, err)
	}
	return fmt.Errorf("not taken by the mail server: %w", err)
}

func (l *smtpLine) usable() bool { return !l.broken }

// close sends QUIT with a short timeout and closes the connection.
func (l *smtpLine) close() {
	if l.conn == nil {
		return
	}
	l.unlink()
	if !l.broken && l.conn.SetDeadline(time.Now().Add(time.Second)) == nil {
		_ = l.client.CloseWithSMTPClient(l.smtp) // all mails are settled; nothing depends on it
	}
	l.conn.Close()
}

// message encodes a message. Its id becomes the Message-ID, which identifies a mail that is sent twice.
func (p *smtpTransport) message(l message) (*gomail.Msg, error) {
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	m.FromMailAddress(p.from)
	if err := m.To(l.to); err != nil {
		return nil, fmt.Errorf("%w: %w", errBadReader, err)
	}
	_, domain, _ := strings.Cut(p.from.Address, "@")
	m.SetMessageIDWithValue(l.id + "@" + domain)
	m.SetDate()
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.Subject(l.subject)
	m.SetBodyString(gomail.TypeTextPlain, l.text)
	m.AddAlternativeString(gomail.TypeTextHTML, l.html)
	return m, nil
}
