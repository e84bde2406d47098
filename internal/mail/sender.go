package mail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"carrel/internal/directory"
	"carrel/internal/store"
)

// Config is the configuration of mail.
type Config struct {
	SMTP      SMTP          `yaml:"smtp"`      // without a host, mail is off: messages go to the log, without secrets
	BaseURL   string        `yaml:"-"`         // where people reach the portal, as in "https://desktops.example.org"
	Templates string        `yaml:"templates"` // a folder whose files replace the built-in templates of the same name; if set it must exist
	Poll      time.Duration `yaml:"poll"`      // how often outbox and templates are looked at; 0 means 500 ms

	DefaultTemplates string `yaml:"-"` // the folder when Templates is empty; it need not exist
}

// mailsPerLine is the maximum number of mails per connection. Servers close connections that last too long.
const mailsPerLine = 20

// storeLimit limits a transaction that must complete although the sender is being stopped.
const storeLimit = 10 * time.Second

// Sender sends the outbox. Several senders may share one store, also in other processes: each mail is claimed by one of them. A mail is sent
// once, or twice if the process dies, or the store fails, between the server's acceptance and its record in the store; both copies then
// have the same Message-ID.
type Sender struct {
	store   store.Transactions
	log     *slog.Logger
	texts   *templateSet // of the goroutine that sends
	portal  string
	post    transport
	hold    time.Duration
	poll    time.Duration
	metrics *metrics

	wake   chan struct{}
	quit   context.CancelFunc // no further mail
	cut    context.CancelFunc // not even the one under way
	closed chan struct{}
}

// transport opens connections to a mail server.
type transport interface {
	// open fails when nothing can be sent at present.
	open(ctx context.Context) (line, error)
	// linkFor makes the link with which a person sets a password, inside the transaction.
	linkFor(ctx context.Context, tx *store.Tx, portal string, u directory.User) (string, error)
	// fault says why nothing that is taken here reaches its reader; empty when it does.
	fault() string
}

// line is an open connection, which sends messages one after the other.
type line interface {
	send(l message) error
	// usable reports whether another message can follow.
	usable() bool
	close()
}

// NewSender validates the configuration and returns a sender that is not started. Its metrics are registered in registry. It opens no
// connection: a mail server that is down now may be up later. Invalid templates are logged and replaced by the built-in ones, so that no
// mail is lost.
func NewSender(store store.Transactions, c Config, registry prometheus.Registerer, log *slog.Logger) (*Sender, error) {
	texts, err := openTemplates(c)
	if err != nil {
		return nil, err
	}
	s := &Sender{
		store: store, log: log, texts: texts, portal: strings.TrimRight(c.BaseURL, "/"), poll: c.Poll,
		wake: make(chan struct{}, 1), closed: make(chan struct{}),
	}
	if s.poll == 0 {
		s.poll = 500 * time.Millisecond
	}
	if c.SMTP.Host == "" {
		s.post, s.hold = logTransport{log}, time.Minute
	} else {
		if base, err := url.Parse(c.BaseURL); err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
			return nil, fmt.Errorf("mail needs the address of the portal for its links, such as https://desktops.example.org, not %q", c.BaseURL)
		}
		smtp, err := newSMTPTransport(c.SMTP)
		if err != nil {
			return nil, err
		}
		// Longer than a mail can take: to dial, to be composed and to be sent.
		s.post, s.hold = smtp, 3*smtp.timeout+storeLimit
	}
	s.metrics, err = newMetrics(registry, s.waiting)
	if err != nil {
		return nil, err
	}
	s.lookAtTemplates(context.Background())
	return s, nil
}

// Start starts the sender and returns at once. Call it once; the context only provides values, Stop ends the sender.
func (s *Sender) Start(ctx context.Context) error {
	if s.quit != nil {
		return errors.New("the mail sender was started before")
	}
	var cutting, quitting context.Context
	cutting, s.cut = context.WithCancel(context.WithoutCancel(ctx))
	quitting, s.quit = context.WithCancel(cutting)
	go func() {
		defer close(s.closed)
		s.run(quitting, cutting)
	}()
	return nil
}

// Stop sends no further mail and waits for the present one, or aborts it when ctx ends; it is then sent again later. Waiting mails stay in the
// outbox. Stop returns when no goroutine of the sender runs. Stopping twice, or before the start, has no effect.
func (s *Sender) Stop(ctx context.Context) {
	if s.quit == nil {
		return
	}
	s.quit()
	select {
	case <-s.closed:
	case <-ctx.Done():
	}
	s.cut()
	<-s.closed
}

// Wake makes the sender check the outbox at once. It never blocks.
func (s *Sender) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *Sender) run(quitting, cutting context.Context) {
	ticker := time.NewTicker(s.poll)
	defer ticker.Stop()
	for {
		for s.sendSome(quitting, cutting) {
		}
		select {
		case <-quitting.Done():
			return
		case <-s.wake:
		case <-ticker.C:
		}
	}
}

// lookAtTemplates reloads the custom templates if they have changed, and logs the invalid ones.
func (s *Sender) lookAtTemplates(ctx context.Context) {
	if !s.texts.look() {
		return
	}
	s.metrics.templateFaults.Set(float64(len(s.texts.faults)))
	for _, fault := range s.texts.faults {
		s.log.ErrorContext(ctx, "invalid mail template, using the built-in one", "file", fault.File, "error", fault.Reason)
	}
	if s.texts.used > 0 {
		s.log.InfoContext(ctx, "custom mail templates are used", "folder", s.texts.folder, "files", s.texts.used)
	}
}

// sendSome sends due mails over one connection and returns whether to continue at once.
func (s *Sender) sendSome(quitting, cutting context.Context) (more bool) {
	s.lookAtTemplates(cutting)
	var open line
	defer func() {
		if open != nil {
			open.close()
		}
	}()
	for range mailsPerLine {
		m, ok := s.claim(quitting)
		if !ok {
			return false
		}
		var err error
		if open == nil {
			open, err = s.post.open(cutting)
		}
		if err == nil {
			err = s.send(cutting, open, m)
		}
		s.settle(cutting, m, err)
		if _, serverFault := errors.AsType[*serverError](err); serverFault {
			return false // the next mail would fare no better just now
		}
		if !open.usable() {
			return true
		}
	}
	return true
}

// claim claims one due mail, so that after a crash at most one waits for its hold to expire.
func (s *Sender) claim(ctx context.Context) (directory.Mail, bool) {
	if ctx.Err() != nil {
		return directory.Mail{}, false
	}
	// Not cut off by Stop: a mail that is claimed is also sent.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeLimit)
	defer cancel()
	var mails []directory.Mail
	err := s.store.Update(ctx, func(tx *store.Tx) (err error) {
		mails, err = directory.ClaimMails(ctx, tx, 1, s.hold)
		return err
	})
	if err != nil {
		s.log.ErrorContext(ctx, "the outbox cannot be read", "error", err)
		return directory.Mail{}, false
	}
	if len(mails) == 0 {
		return directory.Mail{}, false
	}
	return mails[0], true
}

func (s *Sender) send(ctx context.Context, open line, m directory.Mail) error {
	l, err := s.compose(ctx, m)
	if err != nil {
		return err
	}
	return open.send(l)
}

// waiting counts the mails in the outbox.
func (s *Sender) waiting(ctx context.Context) (n int, err error) {
	err = s.store.View(ctx, func(tx *store.Tx) error {
		n, err = directory.CountMails(ctx, tx)
		return err
	})
	return n, err
}
