package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"carrel/internal/engine/incus"
)

// Recipe is the recipe of a desktop image: a folder with the program "build".
type Recipe struct {
	Alias string // of the image, and of the recipe's folder
	Dir   string // the folder
	Guest string // the program carrel-guest to put into the image
	Built string // the folder for built images
}

// FindRecipe searches for the recipe of an image beside the program and in the working directory.
func FindRecipe(alias string) (Recipe, error) {
	var roots []string
	if exe, err := os.Executable(); err == nil {
		roots = append(roots, filepath.Dir(filepath.Dir(exe)), filepath.Join(filepath.Dir(filepath.Dir(exe)), "share", "carrel"))
	}
	roots = append(roots, ".")
	for _, root := range roots {
		dir := filepath.Join(root, "images", alias)
		if _, err := os.Stat(filepath.Join(dir, "build")); err == nil {
			return Recipe{Alias: alias, Dir: dir, Guest: filepath.Join(root, "bin", "carrel-guest"), Built: filepath.Join(root, "dist", "images")}, nil
		}
	}
	return Recipe{}, fmt.Errorf("there is no recipe images/%s: run this where Carrel's source is, or import an image with carrel image import", alias)
}

// EnsureImage makes sure that the engine has the image of the recipe's current state, and builds it if necessary. The output of
// the build goes to out.
func EnsureImage(ctx context.Context, c Config, r Recipe, progress func(string), out io.Writer) error {
	identity, err := r.run(ctx, out, "--identity")
	if err != nil {
		return fmt.Errorf("asking for the identity of image %s: %w", r.Alias, err)
	}
	e, err := incus.Open(ctx, c.incusConfig())
	if err != nil {
		return err
	}
	defer e.Close() //nolint:errcheck // it holds nothing
	if have, err := e.ImageProperty(ctx, r.Alias, identityProperty); err != nil || have == identity {
		return err
	}
	progress("Building the desktop image " + r.Alias + ", which takes about two minutes unless it is in " + r.Built)
	file, err := r.run(ctx, out, "--into", r.Built)
	if err != nil {
		return fmt.Errorf("building image %s: %w", r.Alias, err)
	}
	_, err = e.ImportImage(ctx, incus.ImageFiles{Metadata: file}, r.Alias, nil, progress)
	return err
}

// identityProperty is the image property with the identity of what an image was built from.
const identityProperty = "carrel.identity"

// run runs the recipe's program and returns the one line that it prints. Its progress goes to out.
func (r Recipe) run(ctx context.Context, out io.Writer, flags ...string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(r.Dir, "build"), append([]string{"--guest", r.Guest}, flags...)...)
	cmd.Stderr = out
	line, err := cmd.Output()
	return strings.TrimSpace(string(line)), err
}

// ImportImage imports an image from files into the engine.
func ImportImage(ctx context.Context, c Config, metadata, rootfs, alias string, progress func(string)) error {
	e, err := incus.Open(ctx, c.incusConfig())
	if err != nil {
		return err
	}
	_, err = e.ImportImage(ctx, incus.ImageFiles{Metadata: metadata, Rootfs: rootfs}, alias, nil, progress)
	return errors.Join(err, e.Close())
}
