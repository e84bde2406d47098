package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"carrel/internal/app"
	"carrel/internal/engine/incus"

	client "github.com/lxc/incus/v6/client"
)

// What belongs to the benchmarks in Incus.
const (
	projectName = "carrel-bench"
	poolName    = "cbench-sas"
	networkName = "cbench0"
	networkCIDR = "10.241.0.0/16"
)

// lab is what measurements share: a folder, and an Incus project that is made when the first one asks for it.
type lab struct {
	options options
	dir     string
	config  app.Config
	engine  *rawEngine // once the project is there
	begun   time.Time
	servers int

	cleanups []func(context.Context) // in the order of making
}

func newLab(o options) (*lab, error) {
	dir, err := os.MkdirTemp("", "carrel-bench.")
	if err != nil {
		return nil, fmt.Errorf("making a folder: %w", err)
	}
	config := app.Defaults()
	config.Incus.Project, config.Incus.PoolGiB, config.Incus.Classes = projectName, 100, map[string]string{"SAS": poolName}
	config.Networks = []app.Network{{Name: networkName, CIDR: networkCIDR}}
	l := &lab{options: o, dir: dir, config: config, begun: time.Now()}
	l.onClose(func(context.Context) { _ = os.RemoveAll(dir) })
	return l, nil
}

// onClose notes what is to be undone. The last one is undone first.
func (l *lab) onClose(undo func(context.Context)) { l.cleanups = append(l.cleanups, undo) }

// close undoes everything, even after an interrupt.
func (l *lab) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	for _, undo := range slices.Backward(l.cleanups) {
		undo(ctx)
	}
	l.cleanups = nil
}

func (l *lab) say(format string, arguments ...any) {
	fmt.Printf("%5.0fs  %s\n", time.Since(l.begun).Seconds(), fmt.Sprintf(format, arguments...))
}

// desktops is how many a measurement makes.
func (l *lab) desktops(full int) int {
	if l.options.desktops > 0 {
		return l.options.desktops
	}
	return full
}

// incus prepares the Incus project with the image, once, and returns a client of it.
func (l *lab) incus(ctx context.Context) (*rawEngine, error) {
	if l.engine != nil {
		return l.engine, nil
	}
	say := func(sentence string) { l.say("  %s", sentence) }
	own := incus.Config{Project: projectName, Classes: l.config.Incus.Classes}
	if !l.options.keep {
		// What a run that was killed has left would be in the way of this one's figures.
		if err := incus.Remove(ctx, own, say); err != nil {
			return nil, err
		}
		l.onClose(func(ctx context.Context) {
			if err := incus.Remove(ctx, own, say); err != nil {
				fmt.Fprintln(os.Stderr, "bench: cleaning up:", err)
			}
		})
	}
	if err := app.PrepareIncus(ctx, l.config, say); err != nil {
		return nil, err
	}
	if err := l.image(ctx, say); err != nil {
		return nil, err
	}
	engine, err := openRaw(ctx)
	if err != nil {
		return nil, err
	}
	if err := engine.removeAll(ctx); err != nil {
		return nil, err
	}
	l.engine = engine
	l.onClose(func(ctx context.Context) {
		if e, err := openRaw(ctx); err == nil {
			_ = e.removeAll(ctx) // removing the project tells
		}
	})
	return engine, nil
}

// image brings the image of the recipe as it is now into the project: from another project that has it, or by building.
func (l *lab) image(ctx context.Context, say func(string)) error {
	recipe, err := app.FindRecipe(l.config.Incus.Image)
	if err != nil {
		return err
	}
	out, err := exec.CommandContext(ctx, filepath.Join(recipe.Dir, "build"), "--guest", recipe.Guest, "--identity").Output()
	if err != nil {
		return fmt.Errorf("asking for the image's identity: %w", err)
	}
	if err := l.borrow(ctx, strings.TrimSpace(string(out)), say); err != nil {
		return err
	}
	return app.EnsureImage(ctx, l.config, recipe, say, os.Stdout)
}

// borrow copies the image with that identity from whatever project has it; without one it does nothing.
func (l *lab) borrow(ctx context.Context, identity string, say func(string)) error {
	s, err := client.ConnectIncusUnixWithContext(ctx, "", &client.ConnectionArgs{SkipGetEvents: true})
	if err != nil {
		return fmt.Errorf("connecting to Incus: %w", err)
	}
	images, err := s.GetImagesAllProjects()
	if err != nil {
		return fmt.Errorf("listing images: %w", err)
	}
	from := ""
	fingerprint := ""
	for _, i := range images {
		if i.Properties["carrel.identity"] != identity {
			continue
		}
		if i.Project == projectName {
			return nil
		}
		from, fingerprint = i.Project, i.Fingerprint
	}
	if from == "" {
		return nil
	}
	say("Copying the image of the project " + from)
	file, err := os.Create(filepath.Join(l.dir, "image.tar"))
	if err != nil {
		return fmt.Errorf("copying the image: %w", err)
	}
	defer os.Remove(file.Name())
	defer file.Close()
	if _, err := s.UseProject(from).GetImageFile(fingerprint, client.ImageFileRequest{MetaFile: file}); err != nil {
		return fmt.Errorf("copying the image: %w", err)
	}
	return app.ImportImage(ctx, l.config, file.Name(), "", l.config.Incus.Image, say)
}
