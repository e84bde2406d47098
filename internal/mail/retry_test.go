package mail_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emersion/go-smtp"

	"carrel/internal/directory"
	"carrel/internal/mail"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

var greylisted = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted, come back later"}

// bubble runs f where time moves only when everything waits, with a server on a network in memory.
func bubble(t *testing.T, f func(t *testing.T, server *server, s mail.SMTP, outbox *outbox)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		server, pipes := newServer(), newPipes()
		server.serveOn(t, pipes)
		f(t, server, pipes.settings(), newOutbox(t))
	})
}

// pass lets time go by in a bubble.
func pass(d time.Duration) {
	time.Sleep(d) //nolint:forbidigo // the one place where a bubble's time moves
	synctest.Wait()
}

func TestMailIsSentWithinASecondOfItsCommit(t *testing.T) {
	bubble(t, func(t *testing.T, server *server, s mail.SMTP, outbox *outbox) {
		start(t, outbox, mail.Config{SMTP: s})
		pass(time.Minute)
		outbox.put(t, directory.MailDesktopReady, outbox.person(t, nil), "desk-1")
		pass(time.Second)
		if len(server.deliveries) != 1 {
			t.Error("the mail has not come")
		}
	})
}

func TestWakeSendsAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T, server *server, s mail.SMTP, outbox *outbox) {
		w := start(t, outbox, mail.Config{SMTP: s, Poll: time.Hour})
		pass(time.Minute)
		outbox.put(t, directory.MailDesktopReady, outbox.person(t, nil), "desk-1")
		w.Wake()
		pass(0)
		if len(server.deliveries) != 1 {
			t.Error("the mail has not come")
		}
	})
}

func TestAPassingFaultIsTriedAgainWithLongerAndLongerPauses(t *testing.T) {
	faults := map[string]func(c *smtp.Conn) error{
		"ServerSaysLater":       func(*smtp.Conn) error { return greylisted },
		"ServerDropsTheLine":    func(c *smtp.Conn) error { return errors.Join(errors.New("dropped"), c.Conn().Close()) },
		"ServerLeaves":          func(*smtp.Conn) error { return &smtp.SMTPError{Code: 421, Message: "shutting down"} },
		"ServerAnswersTooLate":  func(*smtp.Conn) error { <-time.After(20 * time.Second); return nil },
		"ServerFailsInternally": func(*smtp.Conn) error { return &smtp.SMTPError{Code: 452, Message: "disk full"} },
	}
	for name, fault := range faults {
		for _, stage := range []string{"MAIL", "DATA"} {
			t.Run(name+"/"+stage, func(t *testing.T) {
				bubble(t, func(t *testing.T, server *server, s mail.SMTP, outbox *outbox) {
					var tries []time.Time
					hook := func(c *smtp.Conn) error {
						tries = append(tries, time.Now())
						if len(tries) <= 3 {
							return fault(c)
						}
						return nil
					}
					if stage == "MAIL" {
						server.onMail = hook
					} else {
						server.onData = hook
					}
					outbox.put(t, directory.MailDesktopReady, outbox.person(t, nil), "desk-1")
					w := start(t, outbox, mail.Config{SMTP: s, Poll: 3 * time.Second})
					pass(10 * time.Minute)
					w.finish()
					if len(tries) != 4 {
						t.Fatalf("tried %d times: %s", len(tries), w.log)
					}
					for i, want := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute} {
						if pause := tries[i+1].Sub(tries[i]); pause < want || pause > want+15*time.Second {
							t.Errorf("pause %d took %v, want %v", i+1, pause, want)
						}
					}
					last := server.next(t)
					for len(server.deliveries) > 0 { // of an answer that came too late the mail is there
						last = server.next(t)
					}
					if last.subject != "Your desktop desk-1 is ready" || len(outbox.rest(t)) != 0 {
						t.Errorf("subject %q, left: %+v", last.subject, outbox.rest(t))
					}
					if w.count(t, "carrel_mails_failed_total") != 3 || w.count(t, "carrel_mails_sent_total") != 1 {
						t.Errorf("failed: %v, sent: %v", w.count(t, "carrel_mails_failed_total"), w.count(t, "carrel_mails_sent_total"))
					}
				})
			})
		}
	}
}

func TestAMailIsGivenUpAfterADay(t *testing.T) {
	bubble(t, func(t *testing.T, server *server, s mail.SMTP, outbox *outbox) {
		var tries atomic.Int32
		server.onMail = func(*smtp.Conn) error { tries.Add(1); return greylisted }
		outbox.put(t, directory.MailDesktopReady, outbox.person(t, nil), "desk-1")
		w := start(t, outbox, mail.Config{SMTP: s, Poll: time.Minute})
		pass(23 * time.Hour)
		if w.count(t, "carrel_mails_dropped_total") != 0 {
			t.Fatalf("given up within 23 hours: %s", w.log)
		}
		pass(2 * time.Hour)
		w.finish()
		if left := outbox.rest(t); len(left) != 0 {
			t.Errorf("after 25 hours: %+v", left)
		}
		if n := tries.Load(); n < 25 || n > 40 {
			t.Errorf("tried %d times", n)
		}
		if w.count(t, "carrel_mails_dropped_total") != 1 || strings.Count(w.log.String(), `"level":"ERROR"`) != 1 {
			t.Errorf("dropped: %v, log: %s", w.count(t, "carrel_mails_dropped_total"), w.log)
		}
	})
}

func TestAMailboxThatDoesNotExistIsGivenUpAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T, server *server, s mail.SMTP, outbox *outbox) {
		server.onRcpt = func(to string) error {
			if strings.HasPrefix(to, "user1@") {
				return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
			}
			return nil
		}
		outbox.put(t, directory.MailDesktopReady, outbox.person(t, nil), "desk-1")
		outbox.put(t, directory.MailDesktopReady, outbox.person(t, nil), "desk-2")
		w := start(t, outbox, mail.Config{SMTP: s})
		pass(time.Second)
		w.finish()
		if p := server.next(t); p.to != "user2@example.org" {
			t.Errorf("mail to %s", p.to)
		}
		if left := outbox.rest(t); len(left) != 0 || w.count(t, "carrel_mails_dropped_total") != 1 {
			t.Errorf("left: %+v, log: %s", left, w.log)
		}
	})
}

func TestAMailThatTheServerRefusesForGoodIsNotTriedAgain(t *testing.T) {
	refusal := func(code int) error { return &smtp.SMTPError{Code: code, Message: "we take no such mail"} }
	for name, set := range map[string]func(server *server, err error){
		"AtMAIL": func(server *server, err error) { server.onMail = func(*smtp.Conn) error { return err } },
		"AtRCPT": func(server *server, err error) { server.onRcpt = func(string) error { return err } },
		"AtDATA": func(server *server, err error) { server.onData = func(*smtp.Conn) error { return err } },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, server *server, s mail.SMTP, outbox *outbox) {
				set(server, refusal(554))
				reader := outbox.person(t, nil)
				outbox.put(t, directory.MailDesktopReady, reader, "desk-1")
				w := start(t, outbox, mail.Config{SMTP: s})
				pass(time.Second)
				w.finish()
				if left := outbox.rest(t); len(left) != 0 || w.count(t, "carrel_mails_dropped_total") != 1 {
					t.Errorf("left: %+v, log: %s", left, w.log)
				}
				if got := faultOf(t, outbox, reader.ProjectID); !strings.Contains(got, "we take no such mail") {
					t.Errorf("administrators read %q", got)
				}
			})
		})
	}
}

// A mail that is tried for a day was not to be seen before it was given up.
func TestAMailThatIsTriedAgainIsListedWithItsLastFault(t *testing.T) {
	bubble(t, func(t *testing.T, server *server, s mail.SMTP, outbox *outbox) {
		later := atomic.Bool{}
		server.onMail = func(*smtp.Conn) error {
			if later.Load() {
				return nil
			}
			return greylisted
		}
		outbox.put(t, directory.MailDesktopReady, outbox.person(t, nil), "desk-1")
		w := start(t, outbox, mail.Config{SMTP: s})
		pass(10 * time.Second)
		if told := outbox.told(t); len(told) != 1 || told[0].Sent || !strings.Contains(told[0].Fault, "greylisted") || !strings.Contains(told[0].Fault, "tried again at") {
			t.Errorf("while it waits: %+v", told)
		}
		later.Store(true)
		pass(10 * time.Minute)
		w.finish()
		if told := outbox.told(t); len(told) != 1 || !told[0].Sent || told[0].Fault != "" {
			t.Errorf("after it was sent: %+v", told)
		}
	})
}

// faultOf reads what administrators are told about the only mail.
func faultOf(t *testing.T, o *outbox, projectID string) (fault string) {
	t.Helper()
	err := o.View(t.Context(), func(tx *store.Tx) error {
		all, _, err := directory.Notifications(t.Context(), tx, directory.NotificationQuery{ProjectID: projectID, Page: workspace.Page{Limit: 10}})
		if err == nil && len(all) == 1 {
			fault = all[0].Fault
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return fault
}

func TestAddressesBeyondASCIIReachServersAsTheyTakeThem(t *testing.T) {
	for name, c := range map[string]struct {
		to      string
		offered bool
		want    string // the envelope; empty: given up
		utf8    bool
	}{
		"Domain": {"anna@müller.example", false, "anna@xn--mller-kva.example", false}, "DomainWhereOffered": {"anna@例え.example", true, "anna@xn--r8jz45g.example", false},
		"Person": {"jürgen@müller.example", true, "jürgen@xn--mller-kva.example", true}, "PersonWhereNotOffered": {"jürgen@müller.example", false, "", false},
		"Plain": {"anna@example.org", true, "anna@example.org", false}, "NoDomain": {"anna@xn--a.-b.é", true, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, server *server, s mail.SMTP, outbox *outbox) {
				server.EnableSMTPUTF8 = c.offered
				reader := outbox.person(t, func(u *directory.User) { u.Email = c.to })
				outbox.put(t, directory.MailDesktopReady, reader, "desk-1")
				w := start(t, outbox, mail.Config{SMTP: s})
				pass(time.Second)
				w.finish()
				if c.want == "" {
					if len(server.deliveries) != 0 || len(outbox.rest(t)) != 0 || !strings.Contains(faultOf(t, outbox, reader.ProjectID), "the address of the recipient is wrong") {
						t.Errorf("not given up: %s", w.log)
					}
					return
				}
				if len(server.deliveries) != 1 {
					t.Fatalf("the mail has not come: %s", w.log)
				}
				if p := server.next(t); p.to != c.want || p.utf8 != c.utf8 {
					t.Errorf("came to %q, SMTPUTF8 %v", p.to, p.utf8)
				}
			})
		})
	}
}

func TestAMailBegunByAProcessThatDiedIsSentByTheNext(t *testing.T) {
	bubble(t, func(t *testing.T, server *server, s mail.SMTP, outbox *outbox) {
		died := make(chan struct{})
		first := true
		server.onData = func(c *smtp.Conn) error {
			if !first {
				return nil
			}
			first = false
			outbox.Close() // from here on the first process can note nothing
			close(died)
			return errors.Join(errors.New("dropped"), c.Conn().Close())
		}
		outbox.put(t, directory.MailFirstPassword, outbox.person(t, nil), "")
		w := start(t, outbox, mail.Config{SMTP: s})
		<-died
		w.kill()

		again := openOutbox(t, outbox.path)
		start(t, again, mail.Config{SMTP: s})
		pass(2 * time.Minute)
		if len(server.deliveries) != 1 || len(again.rest(t)) != 0 {
			t.Errorf("%d mails came, left: %+v", len(server.deliveries), again.rest(t))
		}
	})
}

func TestALostLineCostsOnlyTheMailThatWasOnIt(t *testing.T) {
	bubble(t, func(t *testing.T, server *server, s mail.SMTP, outbox *outbox) {
		first := true
		server.onData = func(c *smtp.Conn) error {
			if !first {
				return nil
			}
			first = false
			return errors.Join(errors.New("dropped"), c.Conn().Close())
		}
		u := outbox.person(t, nil)
		for range 5 {
			outbox.put(t, directory.MailDesktopReady, u, "desk-1")
		}
		w := start(t, outbox, mail.Config{SMTP: s})
		pass(time.Second)
		if len(server.deliveries) != 4 || w.count(t, "carrel_mails_failed_total") != 1 {
			t.Errorf("%d mails came: %s", len(server.deliveries), w.log)
		}
	})
}

func TestOneBadMailHoldsUpNoOther(t *testing.T) {
	bubble(t, func(t *testing.T, server *server, s mail.SMTP, outbox *outbox) {
		u := outbox.person(t, nil)
		server.onRcpt = func(to string) error {
			if to == u.Email {
				return greylisted
			}
			return nil
		}
		for range 30 {
			outbox.put(t, directory.MailDesktopReady, u, "desk-1")
		}
		outbox.put(t, "of-a-newer-carrel", u, "desk-1")
		outbox.put(t, directory.MailDesktopReady, outbox.person(t, nil), "desk-2")
		w := start(t, outbox, mail.Config{SMTP: s})
		pass(time.Second)
		if len(server.deliveries) != 1 {
			t.Errorf("%d mails came", len(server.deliveries))
		}
		if waiting := w.count(t, "carrel_mails_waiting"); waiting != 31 {
			t.Errorf("%v mails wait", waiting)
		}
	})
}
