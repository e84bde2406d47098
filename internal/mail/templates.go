package mail

import (
	"embed"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	texttemplate "text/template"

	"carrel/internal/workspace"
)

//go:embed templates/*.tmpl
var builtIn embed.FS

// frameFile is the HTML around every message. Each other file is "<kind>.<language>.tmpl" and defines "subject", "text" and
// "html".
const frameFile = "frame.tmpl"

var (
	languages = []string{"en", "zh"} // the first is for readers of any other
	kinds     = []workspace.MailKind{
		workspace.MailDesktopReady, workspace.MailFirstPassword, workspace.MailPasswordReset, workspace.MailDesktopDeleted,
		workspace.MailAssigned, workspace.MailUnassigned,
	}
)

// content is what templates may use.
type content struct {
	User       string // how the reader is called; empty when the user is gone
	SignInName string // what the reader signs in with; empty when the user is gone
	Desktop    string // name of the desktop; empty in mails that are about none
	Portal     string // address of the portal
	Link       string // where to set a password; first-password and password-reset only
	Hours      int    // how long Link works
}

// texts are the templates by file name.
type texts struct {
	text map[string]*texttemplate.Template
	html map[string]*htmltemplate.Template
}

// readTexts reads the built-in templates, those in folder in their place, and tries each once.
func readTexts(folder string) (*texts, error) {
	files, err := templateFiles(folder)
	if err != nil {
		return nil, fmt.Errorf("reading mail templates: %w", err)
	}
	t := &texts{text: map[string]*texttemplate.Template{}, html: map[string]*htmltemplate.Template{}}
	for name, source := range files {
		if name == frameFile {
			continue
		}
		if t.text[name], err = texttemplate.New(name).Parse(source); err != nil {
			return nil, fmt.Errorf("reading mail template: %w", err)
		}
		if t.html[name], err = htmltemplate.New(name).Parse(source); err != nil {
			return nil, fmt.Errorf("reading mail template: %w", err)
		}
		if _, err = t.html[name].New(frameFile).Parse(files[frameFile]); err != nil {
			return nil, fmt.Errorf("reading mail template: %w", err)
		}
	}
	const portal = "https://desktops.example.org/"
	sample := content{User: "Ada", SignInName: "ada", Desktop: "desk-1", Portal: portal, Link: portal + "x", Hours: 72}
	for _, kind := range kinds {
		for _, language := range languages {
			if _, err := t.write(kind, language, sample); err != nil {
				return nil, fmt.Errorf("trying mail template: %w", err)
			}
		}
	}
	return t, nil
}

// templateFiles returns all templates by name. A file in folder that replaces none of the built-in ones is an error, since
// it would have no effect.
func templateFiles(folder string) (map[string]string, error) {
	files := map[string]string{}
	names, err := fs.Glob(builtIn, "templates/*.tmpl")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		text, err := builtIn.ReadFile(name)
		if err != nil {
			return nil, err
		}
		files[path.Base(name)] = string(text)
	}
	if folder == "" {
		return files, nil
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		if filepath.Ext(entry.Name()) != ".tmpl" {
			continue
		}
		if _, known := files[entry.Name()]; !known {
			return nil, fmt.Errorf("%s replaces no template; there are %s", entry.Name(), strings.Join(slices.Sorted(maps.Keys(files)), ", "))
		}
		text, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			return nil, err
		}
		files[entry.Name()] = string(text)
	}
	return files, nil
}

// write makes the letter of a kind in the reader's language, without id and address.
func (t *texts) write(kind workspace.MailKind, language string, c content) (letter, error) {
	if !slices.Contains(languages, language) {
		language = languages[0]
	}
	name := string(kind) + "." + language + ".tmpl"
	text, html := t.text[name], t.html[name]
	if text == nil {
		return letter{}, fmt.Errorf("there is no template %s", name)
	}
	var subject, plain, page strings.Builder
	if err := text.ExecuteTemplate(&subject, "subject", c); err != nil {
		return letter{}, err
	}
	if err := text.ExecuteTemplate(&plain, "text", c); err != nil {
		return letter{}, err
	}
	if err := html.ExecuteTemplate(&page, frameFile, c); err != nil {
		return letter{}, err
	}
	return letter{
		kind: kind, subject: oneLine(subject.String()), text: strings.TrimSpace(plain.String()) + "\n", html: page.String(),
	}, nil
}
