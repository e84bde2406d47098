package mail_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"carrel/internal/directory"
	"carrel/internal/mail"
)

func templates(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestTemplatesOfTheHouseReplaceTheBuiltInOnes(t *testing.T) {
	bubble(t, func(t *testing.T, server *server, s mail.SMTP, outbox *outbox) {
		folder := templates(t, map[string]string{
			"README": "not a template",
			"desktop-ready.en.tmpl": `{{define "subject"}}{{.Desktop}} awaits{{end}}` +
				`{{define "text"}}Dear {{.User}}{{end}}{{define "html"}}<i>Dear {{.User}}</i>{{end}}`,
			"frame.tmpl": `<html>ACME {{template "html" .}}</html>`,
		})
		outbox.put(t, directory.MailDesktopReady, outbox.person(t, nil), "desk-1")
		outbox.put(t, directory.MailDesktopDeleted, outbox.person(t, nil), "desk-2")
		start(t, outbox, mail.Config{SMTP: s, Templates: folder})
		pass(time.Second)
		byReader := map[string]delivery{}
		for range 2 {
			p := server.next(t)
			byReader[p.to] = p
		}
		own, other := byReader["user1@example.org"], byReader["user2@example.org"]
		if own.subject != "desk-1 awaits" || own.text != "Dear user1\n" || own.html != "<html>ACME <i>Dear user1</i></html>" {
			t.Errorf("own template: %+v", own)
		}
		if other.subject != "Your desktop desk-2 was deleted" || !strings.HasPrefix(other.html, "<html>ACME ") {
			t.Errorf("built-in template in the house's frame: %+v", other)
		}
	})
}

func TestABrokenTemplateLosesNoMail(t *testing.T) {
	const whole = `{{define "subject"}}Own{{end}}{{define "text"}}Own text{{end}}{{define "html"}}Own html{{end}}`
	for name, c := range map[string]struct {
		file, text string
		reason     string // what log and doctor must say
	}{
		"WithoutParts":    {"desktop-ready.en.tmpl", "hello", "subject"},
		"ThatDoesNotRead": {"desktop-ready.en.tmpl", "{{.User", "unclosed action"},
		"OfUnknownField":  {"desktop-ready.en.tmpl", strings.Replace(whole, "Own text", "{{.Password}}", 1), "Password"},
		"WithoutSubject":  {"desktop-ready.en.tmpl", strings.Replace(whole, "Own{{end}}", "{{end}}", 1), "subject is empty"},
		"WithoutText":     {"desktop-ready.en.tmpl", strings.Replace(whole, "Own text", " ", 1), "text is empty"},
		"ThatIsTooLarge":  {"desktop-ready.en.tmpl", whole + strings.Repeat(" ", 256<<10), "256 KiB"},
		"OfUnknownName":   {"ready.tmpl", whole, "replaces no template"},
		"AsFrame":         {"frame.tmpl", `<html>{{template "body" .}}</html>`, "body"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, server *server, s mail.SMTP, outbox *outbox) {
				config := mail.Config{SMTP: s, Templates: templates(t, map[string]string{
					c.file: c.text, "desktop-deleted.en.tmpl": whole,
				})}
				faults, err := mail.CheckTemplates(config)
				if err != nil || len(faults) != 1 || filepath.Base(faults[0].File) != c.file || !strings.Contains(faults[0].Reason, c.reason) {
					t.Errorf("faults %+v, %v", faults, err)
				}
				outbox.put(t, directory.MailDesktopReady, outbox.person(t, nil), "desk-1")
				w := start(t, outbox, config)
				pass(time.Second)
				if p := server.next(t); p.subject != "Your desktop desk-1 is ready" || !strings.Contains(p.html, "<html") {
					t.Errorf("instead of the built-in one: %+v", p)
				}
				outbox.put(t, directory.MailDesktopDeleted, outbox.person(t, nil), "desk-2")
				pass(time.Second)
				if p := server.next(t); p.subject != "Own" {
					t.Errorf("the good template beside it: %+v", p)
				}
				w.finish()
				if w.count(t, "carrel_mail_template_faults") != 1 || !strings.Contains(w.log.String(), c.reason) || !strings.Contains(w.log.String(), c.file) {
					t.Errorf("faults: %v, log: %s", w.count(t, "carrel_mail_template_faults"), w.log)
				}
			})
		})
	}
}

func TestATemplateThatFailsOnOneReaderLosesNoMail(t *testing.T) {
	bubble(t, func(t *testing.T, server *server, s mail.SMTP, outbox *outbox) {
		folder := templates(t, map[string]string{
			"desktop-ready.en.tmpl": `{{define "subject"}}Own{{end}}{{define "text"}}{{if eq .User "eve"}}{{index .User 99}}{{end}}x{{end}}{{define "html"}}x{{end}}`,
		})
		eve := outbox.person(t, func(u *directory.User) { u.Name = "eve" })
		outbox.put(t, directory.MailDesktopReady, eve, "desk-1")
		w := start(t, outbox, mail.Config{SMTP: s, Templates: folder})
		pass(time.Second)
		if p := server.next(t); p.subject != "Your desktop desk-1 is ready" {
			t.Errorf("for eve: %+v", p)
		}
		outbox.put(t, directory.MailDesktopReady, outbox.person(t, nil), "desk-2")
		pass(time.Second)
		if p := server.next(t); p.subject != "Own" {
			t.Errorf("for another: %+v", p)
		}
		w.finish()
		if w.count(t, "carrel_mail_template_faults") != 1 || !strings.Contains(w.log.String(), "out of range") {
			t.Errorf("faults: %v, log: %s", w.count(t, "carrel_mail_template_faults"), w.log)
		}
	})
}

func TestTemplatesAreReadAgainWhenTheyChange(t *testing.T) {
	bubble(t, func(t *testing.T, server *server, s mail.SMTP, outbox *outbox) {
		folder := filepath.Join(t.TempDir(), "mail-templates") // which is not there yet
		w := start(t, outbox, mail.Config{SMTP: s, DefaultTemplates: folder})
		subject := func() string {
			outbox.put(t, directory.MailDesktopReady, outbox.person(t, nil), "desk-1")
			pass(time.Second)
			return server.next(t).subject
		}
		const standard = "Your desktop desk-1 is ready"
		if got := subject(); got != standard || w.count(t, "carrel_mail_template_faults") != 0 {
			t.Errorf("without a folder: %q, %s", got, w.log)
		}
		written, err := mail.WriteTemplates(folder)
		if err != nil || len(written) != 13 {
			t.Fatalf("wrote %v, %v", written, err)
		}
		if got := subject(); got != standard || w.count(t, "carrel_mail_template_faults") != 0 {
			t.Errorf("with the built-in ones as they were written: %q, %s", got, w.log)
		}
		file := filepath.Join(folder, "desktop-ready.en.tmpl")
		for _, step := range []struct {
			text   string
			want   string
			faults float64
		}{
			{`{{define "subject"}}Come in{{end}}{{define "text"}}x{{end}}{{define "html"}}x{{end}}`, "Come in", 0},
			{`{{define "subject"}}Come`, standard, 1},
			{`{{define "subject"}}Enter{{end}}{{define "text"}}x{{end}}{{define "html"}}x{{end}}`, "Enter", 0},
		} {
			if err := os.WriteFile(file, []byte(step.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if got := subject(); got != step.want || w.count(t, "carrel_mail_template_faults") != step.faults {
				t.Errorf("after %q: %q with %v faults", step.text, got, w.count(t, "carrel_mail_template_faults"))
			}
			if again, err := mail.WriteTemplates(folder); err != nil || len(again) != 0 {
				t.Errorf("writing the built-in ones again wrote over %v, %v", again, err)
			}
		}
		if err := os.RemoveAll(folder); err != nil {
			t.Fatal(err)
		}
		if got := subject(); got != standard {
			t.Errorf("after the folder was removed: %q", got)
		}
	})
}

func TestBadSettingsAreRefusedAtTheStart(t *testing.T) {
	good := mail.Config{
		SMTP:    mail.SMTP{Host: "mail.example.org", From: "desktops@example.org", User: "carrel", Password: "secret"},
		BaseURL: "https://desktops.example.org",
	}
	ready := func(text string) string { return templates(t, map[string]string{"desktop-ready.en.tmpl": text}) }
	cases := map[string]struct {
		spoil func(c *mail.Config)
		names string // what the error must name
	}{
		"UnknownTLSMode":         {func(c *mail.Config) { c.SMTP.TLS = "ssl" }, `"ssl"`},
		"PasswordInTheClear":     {func(c *mail.Config) { c.SMTP.TLS = mail.TLSNone }, "in the clear"},
		"PortTooHigh":            {func(c *mail.Config) { c.SMTP.Port = 65536 }, "65536"},
		"NoSender":               {func(c *mail.Config) { c.SMTP.From = "" }, "sender"},
		"SenderWithSecondHeader": {func(c *mail.Config) { c.SMTP.From = "a@example.org\r\nBcc: b@example.org" }, "sender"},
		"NoCertificateFile":      {func(c *mail.Config) { c.SMTP.CAFile = filepath.Join(t.TempDir(), "ca.pem") }, "ca.pem"},
		"NoCertificateInFile":    {func(c *mail.Config) { c.SMTP.CAFile = filepath.Join(ready(""), "desktop-ready.en.tmpl") }, "no PEM"},
		"NoPortal":               {func(c *mail.Config) { c.BaseURL = "" }, "portal"},
		"PortalWithoutScheme":    {func(c *mail.Config) { c.BaseURL = "desktops.example.org" }, "portal"},
		"NoTemplateFolder":       {func(c *mail.Config) { c.Templates = "/does/not/exist" }, "/does/not/exist"},
		"TemplatesAreAFile":      {func(c *mail.Config) { c.Templates = filepath.Join(ready(""), "desktop-ready.en.tmpl") }, "not a folder"},
	}
	silent := slog.New(slog.DiscardHandler)
	if _, err := mail.NewSender(nil, good, prometheus.NewRegistry(), silent); err != nil {
		t.Fatalf("good settings: %v", err)
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			config := good
			c.spoil(&config)
			if _, err := mail.NewSender(nil, config, prometheus.NewRegistry(), silent); err == nil || !strings.Contains(err.Error(), c.names) {
				t.Errorf("error %v, want one that names %q", err, c.names)
			}
		})
	}
}
