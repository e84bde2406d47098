package sink

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"carrel/internal/audit"
	"carrel/internal/workspace"
)

// Syslog sends entries as messages of RFC 5424, whose text is the entry's line of JSON: over UDP one datagram each, over TCP with the
// octets counted (RFC 6587), over a Unix socket as that is. Of several processes on one database, one sends. How far it has come is in the
// database. TCP and UDP confirm nothing: what was under way when a connection broke may be missing there, and seq shows it.
type Syslog struct {
	Address *url.URL // udp://host:port, tcp://host:port or unix:///path
	Audit   *audit.Service
	Owner   string // the name of this process

	conn   net.Conn
	stream bool
}

// syslogOutput is the name under which the database has how far the sink is.
const syslogOutput = "syslog"

// Limits of a message.
const (
	longestDatagram = 32 << 10 // bytes
	syslogPatience  = 10 * time.Second
	longestMessage  = 32 // characters of MSGID
	longestHost     = 255
)

// ParseSyslog reads an address as the configuration has it.
func ParseSyslog(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%q is not an address such as udp://log.example.com:514", text)
	}
	switch u.Scheme {
	case "udp", "tcp":
		if u.Hostname() == "" || u.Port() == "" || u.Path != "" || u.RawQuery != "" || u.User != nil {
			return nil, fmt.Errorf("%q needs a host and a port and nothing else, such as %s://log.example.com:514", text, u.Scheme)
		}
	case "unix":
		if u.Host != "" || u.Path == "" {
			return nil, fmt.Errorf("%q needs an absolute path, such as unix:///dev/log", text)
		}
	default:
		return nil, fmt.Errorf("%q begins with none of udp://, tcp:// and unix://", text)
	}
	return u, nil
}

// After implements Sink.
func (s *Syslog) After(ctx context.Context) (int64, error) { return s.Audit.Sent(ctx, syslogOutput) }

// Claim implements Sink.
func (s *Syslog) Claim(ctx context.Context) (bool, error) {
	return s.Audit.TakeOutput(ctx, syslogOutput, s.Owner)
}

// Write implements Sink.
func (s *Syslog) Write(ctx context.Context, entries []audit.Entry) error {
	if err := s.connect(ctx); err != nil {
		return err
	}
	if err := s.conn.SetWriteDeadline(time.Now().Add(syslogPatience)); err != nil {
		return err
	}
	for _, e := range entries {
		if _, err := s.conn.Write(s.frame(e)); err != nil {
			return errors.Join(fmt.Errorf("sending to %s: %w", s.Address, err), s.Close())
		}
	}
	// A process that is told to stop between sending and noting would send all again after its restart.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), syslogPatience)
	defer cancel()
	switch ours, err := s.Claim(ctx); {
	case err != nil:
		return err
	case !ours:
		return errors.New("it took so long that another process has begun to send")
	}
	return s.Audit.NoteSent(ctx, syslogOutput, entries[len(entries)-1].Seq)
}

// connect makes a connection, unless there is one that the other side has not closed.
func (s *Syslog) connect(ctx context.Context) error {
	if s.conn != nil {
		if !s.stream {
			return nil
		}
		if err := s.conn.SetReadDeadline(time.Now().Add(time.Millisecond)); err == nil {
			var none [1]byte
			if _, err := s.conn.Read(none[:]); !errors.Is(err, io.EOF) {
				return nil
			}
		}
		_ = s.Close() // the other side has gone already
	}
	dialer := &net.Dialer{Timeout: syslogPatience}
	var err error
	switch s.Address.Scheme {
	case "unix":
		if s.conn, err = dialer.DialContext(ctx, "unixgram", s.Address.Path); err != nil {
			s.stream = true
			s.conn, err = dialer.DialContext(ctx, "unix", s.Address.Path)
		}
	default:
		s.stream = s.Address.Scheme == "tcp"
		s.conn, err = dialer.DialContext(ctx, s.Address.Scheme, s.Address.Host)
	}
	if err != nil {
		s.conn, s.stream = nil, false
		return fmt.Errorf("connecting to %s: %w", s.Address, err)
	}
	return nil
}

// Close implements Sink.
func (s *Syslog) Close() error {
	if s.conn == nil {
		return nil
	}
	err := s.conn.Close()
	s.conn, s.stream = nil, false
	return err
}

// frame is an entry as it is written to the connection. A datagram that would be too long has no changes: then its hash does not fit, and
// the record is to be looked up in the database.
func (s *Syslog) frame(e audit.Entry) []byte {
	text := Message(e, hostName(), os.Getpid())
	if s.stream {
		return append(fmt.Appendf(nil, "%d ", len(text)), text...)
	}
	if len(text) > longestDatagram {
		e.Record.Changes = nil
		text = Message(e, hostName(), os.Getpid())
	}
	return text
}

func hostName() string {
	name, err := os.Hostname()
	if err != nil {
		return ""
	}
	return name
}

// The priorities: the facility "log audit" (13), and the severity by the result.
const (
	facility = 13 * 8
	failure  = facility + 3 // error
	refusal  = facility + 4 // warning
	success  = facility + 6 // informational
)

// Message returns the message of RFC 5424 for an entry.
func Message(e audit.Entry, host string, process int) []byte {
	priority := success
	switch e.Record.Result {
	case workspace.AuditRefused:
		priority = refusal
	case workspace.AuditFailed:
		priority = failure
	case workspace.AuditSuccess:
	}
	head := fmt.Appendf(nil, "<%d>1 %s %s carrel %d %s - \uFEFF", priority, e.Record.Time.UTC().Format("2006-01-02T15:04:05.000000Z"),
		printable(host, longestHost), process, printable(e.Record.Operation, longestMessage))
	return append(head, bytes.TrimRight(e.JSON(), "\n")...)
}

// printable is a header field: of printable ASCII without spaces, and "-" for nothing.
func printable(text string, most int) string {
	text = strings.Map(func(c rune) rune {
		if c <= ' ' || c > '~' {
			return '_'
		}
		return c
	}, text)
	if text == "" {
		return "-"
	}
	return text[:min(len(text), most)]
}
