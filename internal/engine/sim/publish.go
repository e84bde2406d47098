package sim

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"carrel/internal/engine"
)

// published is an image that was made of a machine. It is never modified.
type published struct {
	engine.Image
	Files map[string]string `json:",omitempty"` // on the system disk, by path
}

// PublishImage implements engine.Publishing.
func (e *Engine) PublishImage(ctx context.Context, p engine.Publication) (engine.Image, error) {
	var made engine.Image
	err := e.change(ctx, p.Machine, func(ctx context.Context) error {
		if before, there := e.publication(p.ID); there {
			made = before
			return nil
		}
		m, err := e.machine(p.Machine)
		switch {
		case err != nil:
			return err
		case m.VM:
			return fmt.Errorf("it is a virtual machine: %w", engine.ErrInvalid)
		case m.whole() != nil:
			return m.whole()
		case m.State != engine.Stopped:
			return fmt.Errorf("it is %s: %w", m.State, engine.ErrConflict)
		}
		if err := e.pause(ctx, e.config.Latency.Publish, "publish", p.Machine); err != nil {
			return err
		}
		image, err := e.imageOf(m, p)
		if err == nil {
			err = e.keepImage(image)
		}
		made = image.Image
		return err
	})
	if err != nil {
		return engine.Image{}, wrap("making an image of", p.Machine, err)
	}
	return made, nil
}

// imageOf returns the image of a machine's system disk, without what is personal.
func (e *Engine) imageOf(m *machine, p engine.Publication) (published, error) {
	sum := sha256.Sum256([]byte("sim publication " + p.ID))
	from, _ := e.image(m.Image)
	image := published{
		Image: engine.Image{
			ID: hex.EncodeToString(sum[:]), Description: p.Name, SizeMiB: from.SizeMiB, OS: from.OS,
			Publication: p.ID, Installation: p.Installation, Made: time.Now(),
		},
		Files: maps.Clone(m.filesOf(true)),
	}
	var mounts []string
	for _, d := range m.Data {
		mounts = append(mounts, d.Mount)
	}
	return image, engine.Anonymize(files(image.Files), mounts)
}

// keepImage stores an image: first on disk, then in memory.
func (e *Engine) keepImage(i published) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.journal != nil {
		if err := e.journal.append(entry{Image: &i}); err != nil {
			return fmt.Errorf("recording the image: %w", err)
		}
	}
	e.published[i.ID] = i
	return nil
}

// publication returns the image of a publication.
func (e *Engine) publication(id string) (engine.Image, bool) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	for _, i := range e.published {
		if i.Publication == id {
			return i.Image, true
		}
	}
	return engine.Image{}, false
}

// image returns an image that can be launched.
func (e *Engine) image(id string) (engine.Image, bool) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if i, there := e.published[id]; there {
		return i.Image, true
	}
	at := slices.IndexFunc(e.config.Images, func(i Image) bool { return i.ID == id })
	if at < 0 || e.deleted[id] {
		return engine.Image{}, false
	}
	return e.config.Images[at].described(), true
}

func (i Image) described() engine.Image {
	return engine.Image{ID: i.ID, Alias: i.Alias, Description: i.Description, VM: i.VM, SizeMiB: i.SizeMiB, OS: i.OS}
}

// filesIn returns the files that a fresh system disk of an image has.
func (e *Engine) filesIn(image string) map[string]string {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.published[image].Files
}

// files are those of a machine, by path.
type files map[string]string

// Names implements engine.Files.
func (f files) Names(folder string) ([]string, error) {
	var names []string
	for file := range f {
		if below, is := strings.CutPrefix(file, path.Clean(folder)+"/"); is {
			name, _, _ := strings.Cut(below, "/")
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, fs.ErrNotExist
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// IsFolder implements engine.Files.
func (f files) IsFolder(name string) bool {
	_, is := f[name]
	return !is
}

// Read implements engine.Files.
func (f files) Read(name string) ([]byte, error) {
	content, there := f[name]
	if !there {
		return nil, fs.ErrNotExist
	}
	return []byte(content), nil
}

// Replace implements engine.Files.
func (f files) Replace(name string, content []byte) error {
	f[name] = string(content)
	return nil
}

// RemoveAll implements engine.Files.
func (f files) RemoveAll(name string) error {
	maps.DeleteFunc(f, func(file, _ string) bool { return file == name || strings.HasPrefix(file, name+"/") })
	return nil
}
