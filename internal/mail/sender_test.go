package mail_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"carrel/internal/directory"
	"carrel/internal/mail"
)

func TestMailGoesThroughRealServers(t *testing.T) {
	const user, password = "carrel", "correct horse"
	cases := map[string]struct {
		tls      mail.TLSMode
		implicit bool
		user     string
	}{
		"StartTLSWithAuth":    {mail.TLSStart, false, user},
		"ImplicitTLSWithAuth": {mail.TLSImplicit, true, user},
		"StartTLSWithoutAuth": {mail.TLSStart, false, ""},
		"WithoutTLS":          {mail.TLSNone, false, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			server := newServer()
			caFile := server.secure(t)
			settings := server.serve(t, c.implicit)
			settings.TLS, settings.CAFile = c.tls, caFile
			if c.user != "" {
				server.user, server.password = user, password
				settings.User, settings.Password = user, password
			}
			outbox := newOutbox(t)
			u := outbox.person(t, func(u *directory.User) { u.Alias = "Ada" })
			id := outbox.put(t, directory.MailDesktopReady, u, "desk-1")
			w := start(t, outbox, mail.Config{SMTP: settings})
			got := server.next(t)
			w.finish()

			if got.encrypted != (c.tls != mail.TLSNone) || got.user != c.user {
				t.Errorf("encrypted: %v, user: %q", got.encrypted, got.user)
			}
			if got.from != "desktops@example.org" || got.to != u.Email {
				t.Errorf("envelope from %s to %s", got.from, got.to)
			}
			if from := got.header.Get("From"); from != `"Desktops" <desktops@example.org>` {
				t.Errorf("From: %s", from)
			}
			if got.header.Get("Message-ID") != "<"+id+"@example.org>" || got.header.Get("Auto-Submitted") != "auto-generated" {
				t.Errorf("header %v", got.header)
			}
			if got.subject != "Your desktop desk-1 is ready" {
				t.Errorf("subject %q", got.subject)
			}
			for _, body := range []string{got.text, got.html} {
				if !strings.Contains(body, "Ada") || !strings.Contains(body, "desk-1") || !strings.Contains(body, "https://desktops.example.org/") {
					t.Errorf("body %s", body)
				}
			}
			if left := outbox.rest(t); len(left) != 0 || w.count(t, "carrel_mails_sent_total") != 1 {
				t.Errorf("left in the outbox: %+v; sent: %v", left, w.count(t, "carrel_mails_sent_total"))
			}
			if strings.Contains(w.log.String(), password) {
				t.Errorf("the log shows the password: %s", w.log)
			}
		})
	}
}

func TestNothingIsSentToAServerThatCannotBeTrusted(t *testing.T) {
	cases := map[string]func(server *server, s *mail.SMTP){
		"WithoutStartTLS":         func(server *server, s *mail.SMTP) { server.TLSConfig = nil },
		"WithAnotherCertificate":  func(_ *server, s *mail.SMTP) { s.CAFile = "" },
		"ThatRefusesThePassword":  func(_ *server, s *mail.SMTP) { s.Password = "wrong" },
		"ThatWantsNoPasswordSent": func(server *server, s *mail.SMTP) { server.TLSConfig = nil; server.AllowInsecureAuth = true },
	}
	for name, spoil := range cases {
		t.Run(name, func(t *testing.T) {
			server := newServer()
			server.user, server.password = "carrel", "correct horse"
			caFile := server.secure(t)
			tried := make(chan struct{}, 1)
			server.onMail = func(*smtp.Conn) error { t.Error("a mail was begun"); return nil }
			settings := server.serve(t, false)
			settings.TLS, settings.CAFile, settings.User, settings.Password = mail.TLSStart, caFile, "carrel", "correct horse"
			spoil(server, &settings)
			settings.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := new(net.Dialer).DialContext(ctx, network, address)
				tried <- struct{}{}
				return conn, err
			}
			outbox := newOutbox(t)
			outbox.put(t, directory.MailFirstPassword, outbox.person(t, nil), "")
			w := start(t, outbox, mail.Config{SMTP: settings})
			<-tried
			w.finish()
			left := outbox.rest(t)
			if len(left) != 1 || left[0].Tries != 1 || left[0].LastFault == "" {
				t.Errorf("left in the outbox: %+v", left)
			}
			if strings.Contains(w.log.String()+left[0].LastFault, settings.Password) {
				t.Errorf("the log shows the password: %s", w.log)
			}
		})
	}
}

func TestTwoSendersAtOnceSendEachMailOnce(t *testing.T) {
	const mails, senders = 60, 3
	server := newServer()
	settings := server.serve(t, false)
	outbox := newOutbox(t)
	u := outbox.person(t, nil)
	for i := range mails {
		outbox.put(t, directory.MailDesktopReady, u, fmt.Sprintf("desk-%d", i))
	}
	var workers []worker
	for range senders {
		workers = append(workers, start(t, outbox, mail.Config{SMTP: settings}))
	}
	seen := map[string]bool{}
	for range mails {
		p := server.next(t)
		if seen[p.subject] {
			t.Errorf("%q came twice", p.subject)
		}
		seen[p.subject] = true
	}
	var sent float64
	for _, w := range workers {
		w.finish()
		sent += w.count(t, "carrel_mails_sent_total")
	}
	if len(server.deliveries) != 0 || sent != mails || len(outbox.rest(t)) != 0 {
		t.Errorf("%d more mails, %v counted as sent, left: %v", len(server.deliveries), sent, outbox.rest(t))
	}
}

func TestAServerThatDropsTheLineAfterItsConsentIsNotAskedAgain(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mails atomic.Int32
	done := make(chan struct{})
	go func() {
		defer close(done)
		for conn, err := listener.Accept(); err == nil; conn, err = listener.Accept() {
			consentAndDrop(conn, &mails)
		}
	}()
	outbox := newOutbox(t)
	outbox.put(t, directory.MailDesktopReady, outbox.person(t, nil), "desk-1")
	outbox.put(t, directory.MailDesktopReady, outbox.person(t, nil), "desk-2")
	w := start(t, outbox, mail.Config{SMTP: mail.SMTP{
		Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port, TLS: mail.TLSNone, From: "desktops@example.org",
	}})
	for w.count(t, "carrel_mails_sent_total")+w.count(t, "carrel_mails_failed_total") < 2 {
		w.Wake()
	}
	w.finish()
	listener.Close()
	<-done
	if left := outbox.rest(t); mails.Load() != 2 || len(left) != 0 {
		t.Errorf("the server took %d mails, left in the outbox: %+v\n%s", mails.Load(), left, w.log)
	}
}

// consentAndDrop speaks just enough SMTP to take one mail and hang up.
func consentAndDrop(conn net.Conn, mails *atomic.Int32) {
	defer conn.Close()
	fmt.Fprint(conn, "220 mail.example.org\r\n")
	data := false
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		switch line := lines.Text(); {
		case data && line == ".":
			mails.Add(1)
			fmt.Fprint(conn, "250 taken\r\n")
			return
		case data:
		case line == "DATA":
			data = true
			fmt.Fprint(conn, "354 go ahead\r\n")
		default:
			fmt.Fprint(conn, "250 fine\r\n")
		}
	}
}

func TestStopping(t *testing.T) {
	t.Run("LetsTheMailUnderWayEnd", func(t *testing.T) {
		bubble(t, func(t *testing.T, server *server, s mail.SMTP, outbox *outbox) {
			release := make(chan struct{})
			server.onData = func(*smtp.Conn) error { <-release; return nil }
			u := outbox.person(t, nil)
			outbox.put(t, directory.MailDesktopReady, u, "desk-1")
			outbox.put(t, directory.MailDesktopReady, u, "desk-2")
			w := start(t, outbox, mail.Config{SMTP: s})
			pass(time.Second)
			stopped := make(chan struct{})
			go func() { defer close(stopped); w.finish() }()
			pass(time.Second)
			select {
			case <-stopped:
				t.Error("stopped with a mail under way")
			default:
			}
			close(release)
			<-stopped
			if left := outbox.rest(t); len(server.deliveries) != 1 || len(left) != 1 || left[0].Tries != 0 {
				t.Errorf("%d mails came; the other should wait untouched: %+v", len(server.deliveries), left)
			}
		})
	})
	t.Run("CutsAServerThatHangsWhenItsTimeIsUp", func(t *testing.T) {
		server := newServer()
		begun, release := make(chan struct{}), make(chan struct{})
		server.onData = func(*smtp.Conn) error { close(begun); <-release; return errors.New("too late") }
		settings := server.serve(t, false)
		settings.Timeout = time.Hour
		t.Cleanup(func() { close(release) })
		outbox := newOutbox(t)
		outbox.put(t, directory.MailDesktopReady, outbox.person(t, nil), "desk-1")
		w := start(t, outbox, mail.Config{SMTP: settings})
		<-begun
		w.kill()
		if left := outbox.rest(t); len(left) != 1 {
			t.Errorf("left in the outbox: %+v", left)
		}
	})
	t.Run("CutsAServerThatNeverGreets", func(t *testing.T) {
		pipes := newPipes()
		settings := pipes.settings()
		settings.Timeout = time.Hour
		outbox := newOutbox(t)
		outbox.put(t, directory.MailDesktopReady, outbox.person(t, nil), "desk-1")
		w := start(t, outbox, mail.Config{SMTP: settings})
		conn, err := pipes.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		w.kill()
	})
	t.Run("CanBeDoneAtAnyMomentByAnyone", func(t *testing.T) {
		server := newServer()
		settings := server.serve(t, false)
		outbox := newOutbox(t)
		u := outbox.person(t, nil)
		const rounds = 50
		for i := range rounds {
			outbox.put(t, directory.MailDesktopReady, u, fmt.Sprintf("desk-%d", i))
			w := newWorker(t, outbox, mail.Config{SMTP: settings})
			w.finish() // before the start
			if err := w.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := w.Start(t.Context()); err == nil {
				t.Error("a second start was taken")
			}
			var all sync.WaitGroup
			for range 10 {
				all.Go(w.Wake)
				all.Go(w.finish)
			}
			all.Wait()
		}
		start(t, outbox, mail.Config{SMTP: settings})
		seen := map[string]bool{}
		for range rounds {
			seen[server.next(t).subject] = true
		}
		if len(seen) != rounds {
			t.Errorf("%d of %d mails came", len(seen), rounds)
		}
	})
}
