package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"carrel/internal/engine/incus"
)

// Recipe is a recipe of a desktop image: a folder with the program "build".
type Recipe struct {
	Alias string // of the image, and of the recipe's folder
	Dir   string // the folder
	Guest string // the program carrel-guest that goes into the image
	Built string // the folder where built images are kept
}

// FindRecipe looks for the recipe of an image beside the program and in the working directory.
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

// EnsureImage makes sure that the engine has the image of a recipe as the recipe is now, building it if need be. What the build
// prints goes to out.
func EnsureImage(ctx context.Context, c Config, r Recipe, progress func(string), out io.Writer) error {
	identity, err := r.identity(ctx)
	if err != nil {
		return err
	}
	e, err := incus.Open(ctx, c.incusConfig())
	if err != nil {
		return err
	}
	defer e.Close() //nolint:errcheck // it holds nothing
	if have, err := e.ImageProperty(ctx, r.Alias, identityProperty); err != nil || have == identity {
		return err
	}
	file, err := r.ensureBuilt(ctx, identity, progress, out)
	if err != nil {
		return err
	}
	_, err = e.ImportImage(ctx, incus.ImageFiles{Metadata: file}, r.Alias, nil, progress)
	return err
}

// ensureBuilt returns the file of the image with the identity, building it if there is none, and removes older ones.
func (r Recipe) ensureBuilt(ctx context.Context, identity string, progress func(string), out io.Writer) (string, error) {
	file := filepath.Join(r.Built, r.Alias+"-"+identity+".tar.zst")
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		return file, err
	}
	if err := os.MkdirAll(r.Built, 0o755); err != nil {
		return "", err
	}
	progress("Building the desktop image " + r.Alias + ", which takes about two minutes")
	half := file + ".part"
	if err := r.build(ctx, half, out); err != nil {
		return "", err
	}
	older, err := filepath.Glob(filepath.Join(r.Built, r.Alias+"-*.tar.zst"))
	if err != nil {
		return "", err
	}
	for _, path := range older {
		if err := os.Remove(path); err != nil {
			return "", err
		}
	}
	return file, os.Rename(half, file)
}

// identityProperty is the image property that tells what an image was made from.
const identityProperty = "carrel.identity"

func (r Recipe) identity(ctx context.Context) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(r.Dir, "build"), "--guest", r.Guest, "--identity")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("asking for the identity of image %s: %w", r.Alias, err)
	}
	return strings.TrimSpace(string(out)), nil
}

func (r Recipe) build(ctx context.Context, file string, out io.Writer) error {
	cmd := exec.CommandContext(ctx, filepath.Join(r.Dir, "build"), "--guest", r.Guest, file)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("building image %s: %w", r.Alias, err)
	}
	return nil
}

// ImportImage gives the engine an image from files.
func ImportImage(ctx context.Context, c Config, metadata, rootfs, alias string, progress func(string)) error {
	e, err := incus.Open(ctx, c.incusConfig())
	if err != nil {
		return err
	}
	_, err = e.ImportImage(ctx, incus.ImageFiles{Metadata: metadata, Rootfs: rootfs}, alias, nil, progress)
	return errors.Join(err, e.Close())
}
