package recording

import (
	"io"
	"mime"
	"mime/multipart"
	"net"
	netmail "net/mail"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
)

// mailServer keeps the mails that Carrel sends until they are taken.
type mailServer struct {
	port string

	mu       sync.Mutex // guards messages
	messages []string
}

func startMailServer(t *testing.T) *mailServer {
	m := &mailServer{}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return mailSession{m}, nil }))
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		<-served
	})
	_, m.port, err = net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// take returns the mails that have come since the last time, sorted by recipient and text.
func (m *mailServer) take() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	messages := m.messages
	m.messages = nil
	slices.Sort(messages)
	return messages
}

type mailSession struct{ server *mailServer }

func (mailSession) Mail(string, *smtp.MailOptions) error { return nil }
func (mailSession) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (mailSession) Reset()                               {}
func (mailSession) Logout() error                        { return nil }

func (s mailSession) Data(r io.Reader) error {
	message, err := netmail.ReadMessage(r)
	if err != nil {
		return err
	}
	text, err := plainText(message)
	if err != nil {
		return err
	}
	h := message.Header
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.messages = append(s.server.messages, "to "+h.Get("To")+": "+h.Get("Subject")+"\n"+text)
	return nil
}

// plainText is a mail's first part.
func plainText(message *netmail.Message) (string, error) {
	_, kind, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil {
		return "", err
	}
	part, err := multipart.NewReader(message.Body, kind["boundary"]).NextPart()
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(part) // which decodes quoted-printable
	return strings.TrimSpace(strings.ReplaceAll(string(text), "\r\n", "\n")), err
}
