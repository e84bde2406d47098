package mail_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"carrel/internal/directory"
	"carrel/internal/mail"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

var link = regexp.MustCompile(`https://desktops\.example\.org/first-password#([0-9a-f]{64})\b`)

func TestFirstPassword(t *testing.T) {
	t.Run("IsALinkThatWorksForThreeDays", func(t *testing.T) {
		bubble(t, func(t *testing.T, server *server, s mail.SMTP, outbox *outbox) {
			u := outbox.person(t, nil)
			outbox.put(t, directory.MailFirstPassword, u, "")
			w := start(t, outbox, mail.Config{SMTP: s, BaseURL: "https://desktops.example.org/"})
			pass(time.Second)
			w.finish()
			p := server.next(t)
			found := link.FindStringSubmatch(p.text)
			if found == nil || !strings.Contains(p.html, `href="`+found[0]+`"`) || !strings.Contains(p.text, "sign in as user1") {
				t.Fatalf("text %s html %s", p.text, p.html)
			}
			holder := func() (who signin.PasswordToken, err error) {
				outbox.update(t, func(tx *store.Tx) error {
					who, err = signin.ReadPasswordToken(t.Context(), tx, workspace.HashToken(found[1]))
					return nil
				})
				return who, err
			}
			if who, err := holder(); err != nil || who.UserID != u.ID {
				t.Errorf("holder %+v, %v", who, err)
			}
			outbox.ahead.Store(int64(71 * time.Hour))
			if _, err := holder(); err != nil {
				t.Errorf("after 71 hours: %v", err)
			}
			outbox.ahead.Store(int64(73 * time.Hour))
			if _, err := holder(); err == nil {
				t.Error("after 73 hours the link still works")
			}
			if strings.Contains(w.log.String(), found[1]) {
				t.Errorf("the log shows the token: %s", w.log)
			}
		})
	})
	t.Run("LeavesNoTokenInTheOutbox", func(t *testing.T) {
		bubble(t, func(t *testing.T, server *server, s mail.SMTP, outbox *outbox) {
			server.onData = func(*smtp.Conn) error { return greylisted }
			outbox.put(t, directory.MailFirstPassword, outbox.person(t, nil), "")
			w := start(t, outbox, mail.Config{SMTP: s})
			pass(time.Second)
			w.finish()
			left := outbox.rest(t)
			if len(left) != 1 || left[0].Tries != 1 || regexp.MustCompile(`[0-9a-f]{64}`).MatchString(left[0].LastFault+string(left[0].Data)+w.log.String()) {
				t.Errorf("outbox: %+v, log: %s", left, w.log)
			}
		})
	})
	t.Run("IsNotSentToThoseWhoNeedNone", func(t *testing.T) {
		bubble(t, func(t *testing.T, server *server, s mail.SMTP, outbox *outbox) {
			has := outbox.person(t, func(u *directory.User) { u.PasswordHash = "a hash" })
			gone := outbox.person(t, nil)
			outbox.put(t, directory.MailFirstPassword, has, "")
			outbox.put(t, directory.MailFirstPassword, gone, "")
			outbox.update(t, func(tx *store.Tx) error { return directory.DeleteUser(t.Context(), tx, gone.ID) })
			w := start(t, outbox, mail.Config{SMTP: s})
			pass(time.Second)
			w.finish()
			if len(server.deliveries) != 0 || len(outbox.rest(t)) != 0 || w.count(t, "carrel_mails_failed_total") != 0 {
				t.Errorf("%d mails, left: %+v, log: %s", len(server.deliveries), outbox.rest(t), w.log)
			}
		})
	})
}

func TestALinkForAnotherPasswordGoesToThoseWhoMustChooseOne(t *testing.T) {
	bubble(t, func(t *testing.T, server *server, s mail.SMTP, outbox *outbox) {
		reset := outbox.person(t, nil)
		random := outbox.person(t, func(u *directory.User) { u.PasswordHash, u.MustChangePassword = "a hash", true })
		chosen := outbox.person(t, func(u *directory.User) { u.PasswordHash = "a hash" })
		for _, u := range []directory.User{reset, random, chosen} {
			outbox.put(t, directory.MailPasswordReset, u, "")
		}
		w := start(t, outbox, mail.Config{SMTP: s})
		pass(time.Second)
		w.finish()
		if len(server.deliveries) != 2 || len(outbox.rest(t)) != 0 {
			t.Fatalf("%d mails, left: %+v", len(server.deliveries), outbox.rest(t))
		}
		for range 2 {
			if p := server.next(t); p.to == chosen.Email || !link.MatchString(p.text) {
				t.Errorf("to %s: %s", p.to, p.text)
			}
		}
	})
}

func TestWhatBecameOfMailsIsRecorded(t *testing.T) {
	bubble(t, func(t *testing.T, _ *server, s mail.SMTP, outbox *outbox) {
		u := outbox.person(t, nil)
		bad := outbox.person(t, func(u *directory.User) { u.Email = "no address" })
		outbox.put(t, directory.MailDesktopReady, u, "desk-1")
		outbox.put(t, directory.MailDesktopReady, bad, "desk-2")
		w := start(t, outbox, mail.Config{SMTP: s})
		pass(time.Second)
		w.finish()
		for _, n := range outbox.told(t) {
			switch {
			case n.DesktopName == "desk-1" && (!n.Sent || n.UserName != u.Name || n.Channel != directory.ByMail):
				t.Errorf("a mail that was sent: %+v", n)
			case n.DesktopName == "desk-2" && (n.Sent || !strings.Contains(n.Fault, "no address")):
				t.Errorf("a mail that was given up: %+v", n)
			}
		}
		if n := len(outbox.told(t)); n != 2 {
			t.Errorf("%d records, want 2", n)
		}
	})
}

func TestMailThatIsOffGoesToTheLogWithoutSecrets(t *testing.T) {
	bubble(t, func(t *testing.T, _ *server, _ mail.SMTP, outbox *outbox) {
		u := outbox.person(t, nil)
		outbox.put(t, directory.MailFirstPassword, u, "")
		outbox.put(t, directory.MailDesktopReady, u, "desk-1")
		w := start(t, outbox, mail.Config{})
		pass(time.Second)
		w.finish()
		log := w.log.String()
		if !strings.Contains(log, `https://desktops.example.org/first-password#<hidden>`) || !strings.Contains(log, "desk-1") || !strings.Contains(log, u.Email) {
			t.Errorf("log: %s", log)
		}
		if link.MatchString(log) || len(outbox.rest(t)) != 0 {
			t.Errorf("left: %+v, log: %s", outbox.rest(t), log)
		}
		if told := outbox.told(t); len(told) != 2 || told[0].Sent || !strings.Contains(told[0].Fault, "mail is off") {
			t.Errorf("recorded: %+v", told)
		}
	})
}

func TestMailIsWrittenInTheLanguageOfItsReader(t *testing.T) {
	subjects := map[string]map[directory.MailKind]string{
		"": {
			directory.MailDesktopReady: "Your desktop desk-1 is ready", directory.MailDesktopDeleted: "Your desktop desk-1 was deleted",
			directory.MailAssigned: "The desktop desk-1 is now yours", directory.MailUnassigned: "The desktop desk-1 is no longer yours",
			directory.MailFirstPassword: "Set the password for your desktops", directory.MailPasswordReset: "Choose a new password for your desktops",
		},
		"zh": {
			directory.MailDesktopReady: "您的云桌面 desk-1 已就绪", directory.MailDesktopDeleted: "您的云桌面 desk-1 已删除",
			directory.MailAssigned: "云桌面 desk-1 已分配给您", directory.MailUnassigned: "云桌面 desk-1 已不再分配给您",
			directory.MailFirstPassword: "请设置您的云桌面密码", directory.MailPasswordReset: "请重新设置您的云桌面密码",
		},
	}
	subjects["en"], subjects["fr"] = subjects[""], subjects[""]
	for language, byKind := range subjects {
		for kind, subject := range byKind {
			t.Run(language+"/"+string(kind), func(t *testing.T) {
				bubble(t, func(t *testing.T, server *server, s mail.SMTP, outbox *outbox) {
					u := outbox.person(t, func(u *directory.User) { u.Language, u.Alias = language, "周晓 & Co" })
					outbox.put(t, kind, u, "desk-1")
					start(t, outbox, mail.Config{SMTP: s})
					pass(time.Second)
					p := server.next(t)
					if p.subject != subject || !strings.Contains(p.text, "周晓 & Co") || !strings.Contains(p.html, "周晓 &amp; Co") {
						t.Errorf("subject %q\n%s\n%s", p.subject, p.text, p.html)
					}
				})
			})
		}
	}
}

func TestMailAboutADeletedDesktopReachesADeletedUser(t *testing.T) {
	bubble(t, func(t *testing.T, server *server, s mail.SMTP, outbox *outbox) {
		u := outbox.person(t, nil)
		outbox.put(t, directory.MailDesktopDeleted, u, "desk-1")
		outbox.update(t, func(tx *store.Tx) error { return directory.DeleteUser(t.Context(), tx, u.ID) })
		start(t, outbox, mail.Config{SMTP: s})
		pass(time.Second)
		if p := server.next(t); p.to != u.Email || !strings.HasPrefix(p.text, "Hello,\n") {
			t.Errorf("to %s: %s", p.to, p.text)
		}
	})
}

func TestACorrectedAddressIsUsed(t *testing.T) {
	bubble(t, func(t *testing.T, server *server, s mail.SMTP, outbox *outbox) {
		u := outbox.person(t, nil)
		outbox.put(t, directory.MailFirstPassword, u, "")
		u.Email = "right@example.org"
		outbox.update(t, func(tx *store.Tx) error { return directory.SaveUser(t.Context(), tx, u) })
		start(t, outbox, mail.Config{SMTP: s})
		pass(time.Second)
		if p := server.next(t); p.to != "right@example.org" {
			t.Errorf("to %s", p.to)
		}
	})
}

func TestNothingThatPeopleWriteBecomesAHeader(t *testing.T) {
	bubble(t, func(t *testing.T, server *server, s mail.SMTP, outbox *outbox) {
		u := outbox.person(t, func(u *directory.User) { u.Alias = "Eve\r\nBcc: a@example.org\r\n\r\n<b>body</b>" })
		outbox.put(t, directory.MailDesktopReady, u, "desk\r\nBcc: b@example.org\r\n\r\nbody")
		start(t, outbox, mail.Config{SMTP: s})
		pass(time.Second)
		p := server.next(t)
		if p.to != u.Email || p.header.Get("Bcc") != "" || p.subject != "Your desktop desk Bcc: b@example.org body is ready" {
			t.Errorf("to %s, header %v", p.to, p.header)
		}
		if !strings.HasPrefix(p.text, "Hello Eve Bcc: a@example.org <b>body</b>,\n") || strings.Contains(p.html, "<b>body</b>") {
			t.Errorf("text %s html %s", p.text, p.html)
		}
	})
}

func TestABadAddressIsGivenUpAndHarmsNobody(t *testing.T) {
	bad := []string{
		"", "nobody", "a@b@c", "Eve <eve@example.org>", "eve@example.org, mallory@example.org", "eve@example.org\r\nRCPT TO:<mallory@example.org>",
		"eve@example.org\r\nBcc: mallory@example.org", "<eve@example.org>", "eve@example.org>\r\nDATA", "eve@exa mple.org", "eve\x07@example.org",
	}
	bubble(t, func(t *testing.T, server *server, s mail.SMTP, outbox *outbox) {
		for _, address := range bad {
			u := outbox.person(t, func(u *directory.User) { u.Email = address })
			outbox.put(t, directory.MailDesktopReady, u, "desk-1")
		}
		outbox.put(t, directory.MailDesktopReady, outbox.person(t, nil), "desk-2")
		w := start(t, outbox, mail.Config{SMTP: s})
		pass(time.Second)
		w.finish()
		if p := server.next(t); p.subject != "Your desktop desk-2 is ready" || len(server.deliveries) != 0 {
			t.Errorf("first mail %+v, and %d more", p, len(server.deliveries))
		}
		if dropped := w.count(t, "carrel_mails_dropped_total"); dropped != float64(len(bad)) || len(outbox.rest(t)) != 0 {
			t.Errorf("%v given up, left: %+v", dropped, outbox.rest(t))
		}
	})
}
