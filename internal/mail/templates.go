package mail

import (
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"slices"
	"strings"
	texttemplate "text/template"

	"carrel/internal/directory"
)

//go:embed templates/*.tmpl
var builtIn embed.FS

// frameFile is the HTML around every message. Each other file is "<kind>.<language>.tmpl" and defines "subject", "text" and
// "html".
const frameFile = "frame.tmpl"

var (
	languages = []string{"en", "zh"} // the first is for readers of any other
	kinds     = []directory.MailKind{
		directory.MailDesktopReady, directory.MailFirstPassword, directory.MailPasswordReset, directory.MailDesktopDeleted,
		directory.MailAssigned, directory.MailUnassigned,
	}
)

// content has the fields of templates; docs/mail.md explains each.
type content struct {
	User       string // how the reader is called; empty when the user is gone
	SignInName string // what the reader signs in with; empty when the user is gone
	Desktop    string // name of the desktop; empty in mails that are about none
	Portal     string // address of the portal
	Link       string // where to set a password; first-password and password-reset only
	Hours      int    // how long Link works
}

// samples is the content with which a template is validated: all fields set, and as few as possible.
var samples = []content{
	{
		User: "Ada", SignInName: "ada", Desktop: "desk-1", Portal: "https://desktops.example.org/",
		Link: "https://desktops.example.org/x", Hours: 72,
	},
	{Portal: "https://desktops.example.org/"},
}

// text is one template, ready to use.
type text struct {
	plain *texttemplate.Template
	page  *htmltemplate.Template
}

// templateName returns the file name of a kind in the user's language.
func templateName(kind directory.MailKind, language string) string {
	if !slices.Contains(languages, language) {
		language = languages[0]
	}
	return string(kind) + "." + language + ".tmpl"
}

// newText parses a template in its frame and validates it.
func newText(name, source, frame string) (t text, err error) {
	if t.plain, err = texttemplate.New(name).Parse(source); err != nil {
		return text{}, err
	}
	if t.page, err = htmltemplate.New(name).Parse(source); err != nil {
		return text{}, err
	}
	if _, err = t.page.New(frameFile).Parse(frame); err != nil {
		return text{}, err
	}
	for _, sample := range samples {
		if _, err := t.write(sample); err != nil {
			return text{}, err
		}
	}
	return t, nil
}

// write composes a message, without id, kind and address.
func (t text) write(c content) (message, error) {
	var subject, plain, page strings.Builder
	if err := t.plain.ExecuteTemplate(&subject, "subject", c); err != nil {
		return message{}, err
	}
	if err := t.plain.ExecuteTemplate(&plain, "text", c); err != nil {
		return message{}, err
	}
	if err := t.page.ExecuteTemplate(&page, frameFile, c); err != nil {
		return message{}, err
	}
	l := message{subject: oneLine(subject.String()), text: strings.TrimSpace(plain.String()) + "\n", html: page.String()}
	switch {
	case l.subject == "":
		return message{}, errors.New("the subject is empty")
	case l.text == "\n":
		return message{}, errors.New("the text is empty")
	}
	return l, nil
}

// builtInSources returns the built-in templates by file name.
func builtInSources() (map[string]string, error) {
	sources := map[string]string{}
	entries, err := builtIn.ReadDir("templates")
	if err != nil {
		return nil, fmt.Errorf("reading the built-in mail templates: %w", err)
	}
	for _, entry := range entries {
		source, err := builtIn.ReadFile("templates/" + entry.Name())
		if err != nil {
			return nil, fmt.Errorf("reading the built-in mail templates: %w", err)
		}
		sources[entry.Name()] = string(source)
	}
	return sources, nil
}
