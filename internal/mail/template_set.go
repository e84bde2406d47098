package mail

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"carrel/internal/directory"
)

// templateLimit is the maximum size of a template in bytes.
const templateLimit = 256 << 10

// TemplateFault is the reason why a custom template file is not used; the built-in template replaces it.
type TemplateFault struct {
	File   string // path
	Reason string
}

// templateSet has the templates in use: custom ones from a directory, and the built-in one for every file that is missing or invalid. The
// directory may change at any time. A templateSet is not safe for concurrent use.
type templateSet struct {
	folder   string // empty: the built-in ones only
	required bool   // the folder must exist
	built    map[string]string
	standard map[string]text
	texts    map[string]text
	seen     string          // what the folder looked like when it was read
	faults   []TemplateFault // in the order of their files
	used     int             // files of the folder that are in use
}

// openTemplates prepares the built-in templates; look reads the folder.
func openTemplates(c Config) (*templateSet, error) {
	h := &templateSet{folder: cmp.Or(c.Templates, c.DefaultTemplates), required: c.Templates != "", standard: map[string]text{}}
	if h.required {
		info, err := os.Stat(h.folder)
		if err == nil && !info.IsDir() {
			err = fmt.Errorf("%s is not a folder", h.folder)
		}
		if err != nil {
			return nil, fmt.Errorf("reading mail templates: %w", err)
		}
	}
	var err error
	if h.built, err = builtInSources(); err != nil {
		return nil, err
	}
	for name, source := range h.built {
		if name == frameFile {
			continue
		}
		if h.standard[name], err = newText(name, source, h.built[frameFile]); err != nil {
			return nil, fmt.Errorf("reading the built-in mail template %s: %w", name, err)
		}
	}
	h.texts = h.standard
	return h, nil
}

// look reloads the directory if it has changed, and returns whether it has.
func (h *templateSet) look() (changed bool) {
	if h.folder == "" {
		return false
	}
	entries, err := os.ReadDir(h.folder)
	seen := sightOf(entries, err)
	if seen == h.seen {
		return false
	}
	h.seen, h.faults, h.used = seen, nil, 0
	if err != nil && (h.required || !errors.Is(err, fs.ErrNotExist)) {
		h.faults = []TemplateFault{{File: h.folder, Reason: err.Error()}}
	}
	h.compile(h.read(entries))
	return true
}

// sightOf returns a fingerprint of a directory, which every change of a template changes.
func sightOf(entries []os.DirEntry, err error) string {
	var b strings.Builder
	if err != nil {
		b.WriteString(err.Error())
	}
	b.WriteByte('\n')
	for _, entry := range entries {
		if filepath.Ext(entry.Name()) != ".tmpl" {
			continue
		}
		size, changed := int64(-1), ""
		if info, err := entry.Info(); err == nil {
			size, changed = info.Size(), info.ModTime().Format(time.RFC3339Nano)
		}
		fmt.Fprintln(&b, entry.Name(), size, changed)
	}
	return b.String()
}

// read returns the directory's templates by name. A file that replaces no built-in template is a fault, since it would have no effect.
func (h *templateSet) read(entries []os.DirEntry) map[string]string {
	own := map[string]string{}
	for _, entry := range entries {
		name := entry.Name()
		if filepath.Ext(name) != ".tmpl" {
			continue
		}
		if _, known := h.built[name]; !known {
			h.fault(name, fmt.Errorf("replaces no template; there are %s", strings.Join(slices.Sorted(maps.Keys(h.built)), ", ")))
			continue
		}
		source, err := readTemplate(filepath.Join(h.folder, name))
		if err != nil {
			h.fault(name, err)
			continue
		}
		own[name] = source
	}
	return own
}

func readTemplate(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	source, err := io.ReadAll(io.LimitReader(f, templateLimit+1))
	if err == nil && len(source) > templateLimit {
		err = fmt.Errorf("has more than %d KiB", templateLimit>>10)
	}
	return string(source), err
}

// compile builds the templates in use from the directory's and, for invalid ones, the built-in ones.
func (h *templateSet) compile(own map[string]string) {
	if len(own) == 0 {
		h.texts = h.standard
		return
	}
	frame := h.built[frameFile]
	if source, replaced := own[frameFile]; replaced {
		name := templateName(kinds[0], languages[0])
		if _, err := newText(name, h.built[name], source); err != nil {
			h.fault(frameFile, err)
		} else {
			frame = source
			h.used++
		}
	}
	h.texts = map[string]text{}
	for name, standard := range h.standard {
		h.texts[name] = standard
		if t, err := newText(name, h.built[name], frame); err == nil {
			h.texts[name] = t
		}
		source, replaced := own[name]
		if !replaced {
			continue
		}
		t, err := newText(name, source, frame)
		if err != nil {
			h.fault(name, err)
			continue
		}
		h.texts[name] = t
		h.used++
	}
	slices.SortFunc(h.faults, func(a, b TemplateFault) int { return cmp.Compare(a.File, b.File) })
}

func (h *templateSet) fault(name string, err error) {
	h.faults = append(h.faults, TemplateFault{File: filepath.Join(h.folder, name), Reason: err.Error()})
}

// write composes the message of a kind in the user's language, without id and address. If the custom template fails on this content, the
// built-in one is used and own has the error.
func (h *templateSet) write(kind directory.MailKind, language string, c content) (l message, own, err error) {
	name := templateName(kind, language)
	t, known := h.texts[name]
	if !known {
		return message{}, nil, fmt.Errorf("there is no template %s", name)
	}
	if l, own = t.write(c); own != nil {
		own = fmt.Errorf("using mail template %s: %w", name, own)
		l, err = h.standard[name].write(c)
	}
	l.kind = kind
	return l, own, err
}

// CheckTemplates validates the custom templates that the configuration names and returns the invalid ones.
func CheckTemplates(c Config) ([]TemplateFault, error) {
	h, err := openTemplates(c)
	if err != nil {
		return nil, err
	}
	h.look()
	return h.faults, nil
}

// WriteTemplates writes the built-in templates to a directory, which it creates if necessary. It keeps existing files, and returns the names of
// the files that it wrote.
func WriteTemplates(folder string) (written []string, err error) {
	sources, err := builtInSources()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder for mail templates: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		f, err := os.OpenFile(filepath.Join(folder, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err == nil {
			_, err = f.WriteString(sources[name])
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			return written, fmt.Errorf("writing mail template %s: %w", name, err)
		}
		written = append(written, name)
	}
	return written, nil
}
