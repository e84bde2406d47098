package mail_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carrel/internal/mail"
	"carrel/internal/workspace"

	"github.com/prometheus/client_golang/prometheus"
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
	bubble(t, func(t *testing.T, o *office, s mail.SMTP, outbox *outbox) {
		folder := templates(t, map[string]string{
			"README": "not a template",
			"desktop-ready.en.tmpl": `{{define "subject"}}{{.Desktop}} awaits{{end}}` +
				`{{define "text"}}Dear {{.User}}{{end}}{{define "html"}}<i>Dear {{.User}}</i>{{end}}`,
			"frame.tmpl": `<html>ACME {{template "html" .}}</html>`,
		})
		outbox.put(t, workspace.MailDesktopReady, outbox.person(t, nil), "desk-1")
		outbox.put(t, workspace.MailDesktopDeleted, outbox.person(t, nil), "desk-2")
		start(t, outbox, mail.Config{SMTP: s, Templates: folder})
		pass(time.Second)
		byReader := map[string]parcel{}
		for range 2 {
			p := o.next(t)
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
		"UnknownTemplate":        {func(c *mail.Config) { c.Templates = templates(t, map[string]string{"ready.tmpl": ""}) }, "ready.tmpl"},
		"TemplateWithoutParts":   {func(c *mail.Config) { c.Templates = ready("hello") }, "subject"},
		"TemplateThatIsBroken":   {func(c *mail.Config) { c.Templates = ready("{{.User") }, "desktop-ready.en.tmpl"},
		"TemplateOfUnknownField": {func(c *mail.Config) {
			c.Templates = ready(`{{define "subject"}}{{.Password}}{{end}}{{define "text"}}{{end}}{{define "html"}}{{end}}`)
		}, "Password"},
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
