package incus

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	client "github.com/lxc/incus/v6/client"
	"github.com/lxc/incus/v6/shared/api"
	"github.com/lxc/incus/v6/shared/ioprogress"

	"carrel/internal/engine"
)

// Images lists the images that can be launched. Description and OS are the image's own properties.
func (e *Engine) Images(ctx context.Context) ([]engine.Image, error) {
	s, err := e.connect(ctx)
	if err != nil {
		return nil, err
	}
	all, err := s.GetImages()
	if err != nil {
		return nil, translate(ctx, "listing images", err)
	}
	images := make([]engine.Image, 0, len(all))
	for _, i := range all {
		images = append(images, described(i))
	}
	return images, nil
}

func described(i api.Image) engine.Image {
	image := engine.Image{
		ID:          i.Fingerprint,
		Description: i.Properties["description"],
		VM:          i.Type == string(api.InstanceTypeVM),
		SizeMiB:     int((i.Size + 1<<20 - 1) >> 20),
		OS:          i.Properties["os"],
	}
	if release := i.Properties["release"]; release != "" {
		image.OS += " " + release
	}
	if len(i.Aliases) > 0 {
		image.Alias = i.Aliases[0].Name
	}
	if id := i.Properties[publicationKey]; id != "" {
		image.Publication, image.Installation, image.Made = id, i.Properties[installationKey], i.UploadedAt
	}
	return image
}

// DeleteImage implements engine.Engine.
func (e *Engine) DeleteImage(ctx context.Context, id string) error {
	s, err := e.connect(ctx)
	if err != nil {
		return err
	}
	op, err := s.DeleteImage(id)
	if err = finish(s, op, err); err == nil || absent(err) {
		return nil
	}
	if _, _, again := s.GetImage(id); absent(again) { // another caller was faster
		return nil
	}
	return translate(ctx, "deleting the image "+id, err)
}

// ImageFiles is an image on this machine's disk: a unified archive (Metadata alone), or metadata and root file system.
type ImageFiles struct {
	Metadata string
	Rootfs   string // empty for a unified archive; with a disk image, *.qcow2 or *.img, machines are virtual machines
}

// ImportImage imports an image under an alias and unpacks it in every pool, so that the first launch is a clone like all others.
// The image's id is the hash of its content, so importing the same files again only updates the alias and the properties. An
// image that the alias named before stays. progress may be nil.
func (e *Engine) ImportImage(ctx context.Context, files ImageFiles, alias string, properties map[string]string, progress func(string)) (string, error) {
	doing := "importing the image " + alias
	if progress == nil {
		progress = func(string) {}
	}
	fingerprint, err := files.fingerprint()
	if err != nil {
		return "", fmt.Errorf("%s: %w", doing, err)
	}
	s, err := e.connect(ctx)
	if err != nil {
		return "", err
	}
	image, _, err := s.GetImage(fingerprint)
	if absent(err) {
		progress("Importing the image " + alias)
		uploaded := upload(s, files, alias, progress)
		// Another process may have imported the same image at the same time; reading it decides.
		if image, _, err = s.GetImage(fingerprint); absent(err) {
			if err = uploaded; err == nil {
				err = errors.New("its files changed while they were read")
			}
		}
	}
	if err == nil {
		err = unraced(func() error { return describe(s, fingerprint, properties) })
	}
	if err != nil {
		return "", translate(ctx, doing, err)
	}
	if err := unraced(func() error { return point(s, alias, fingerprint) }); err != nil {
		return "", translate(ctx, doing, err)
	}
	for _, pool := range e.pools() {
		if err := warm(s, image, pool, progress); err != nil {
			return "", translate(ctx, doing+": unpacking it in the pool "+pool, err)
		}
	}
	return fingerprint, nil
}

// fingerprint returns the id that Incus will give the image: the SHA-256 of its files, one after the other.
func (f ImageFiles) fingerprint() (string, error) {
	hash := sha256.New()
	for _, path := range []string{f.Metadata, f.Rootfs} {
		if path == "" {
			continue
		}
		file, err := os.Open(path)
		if err != nil {
			return "", err
		}
		_, err = io.Copy(hash, file)
		_ = file.Close()
		if err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

func upload(s server, files ImageFiles, alias string, progress func(string)) error {
	metadata, err := os.Open(files.Metadata)
	if err != nil {
		return err
	}
	defer metadata.Close()
	arguments := &client.ImageCreateArgs{
		MetaFile: metadata, MetaName: filepath.Base(files.Metadata), Type: string(api.InstanceTypeContainer),
		ProgressHandler: func(p ioprogress.ProgressData) { progress("Importing the image " + alias + ": " + p.Text) },
	}
	if files.Rootfs != "" {
		rootfs, err := os.Open(files.Rootfs)
		if err != nil {
			return err
		}
		defer rootfs.Close()
		arguments.RootfsFile, arguments.RootfsName = rootfs, filepath.Base(files.Rootfs)
		if slices.Contains([]string{".qcow2", ".img"}, filepath.Ext(files.Rootfs)) {
			arguments.Type = string(api.InstanceTypeVM)
		}
	}
	op, err := s.CreateImage(api.ImagesPost{Filename: filepath.Base(files.Metadata)}, arguments)
	return finish(s, op, err)
}

// describe sets properties of the image and keeps its others.
func describe(s server, fingerprint string, properties map[string]string) error {
	image, etag, err := s.GetImage(fingerprint)
	if err != nil || holds(image.Properties, properties) {
		return err
	}
	update := image.Writable()
	maps.Copy(update.Properties, properties)
	return s.UpdateImage(fingerprint, update, etag)
}

// point sets the alias to the image.
func point(s server, alias, fingerprint string) error {
	found, etag, err := s.GetImageAlias(alias)
	if absent(err) {
		entry := api.ImageAliasesPost{ImageAliasesEntry: api.ImageAliasesEntry{Name: alias}}
		entry.Target = fingerprint
		return s.CreateImageAlias(entry)
	}
	if err != nil || found.Target == fingerprint {
		return err
	}
	return s.UpdateImageAlias(alias, api.ImageAliasesEntryPut{Target: fingerprint, Description: found.Description}, etag)
}

// warm unpacks the image in a pool. Incus does that for the first instance created from it, so warm creates and deletes one.
func warm(s server, image *api.Image, pool string, progress func(string)) error {
	unpacked, err := imagesIn(s, pool)
	if err != nil || slices.Contains(unpacked, image.Fingerprint) {
		return err
	}
	progress("Unpacking the image in the storage pool " + pool)
	name := "warm-" + image.Fingerprint[:12] + "-" + pool
	op, err := s.CreateInstance(api.InstancesPost{
		Name:   name,
		Type:   api.InstanceType(image.Type),
		Source: api.InstanceSource{Type: "image", Fingerprint: image.Fingerprint},
		InstancePut: api.InstancePut{
			Devices: api.DevicesMap{rootDevice: {"type": "disk", "path": "/", "pool": pool}},
		},
	})
	if err := finish(s, op, err); err != nil && !overlapped(err) {
		return err
	}
	if _, err := settle(s, name); err != nil {
		return err
	}
	return remove(s, name)
}

// imagesIn lists the images that are unpacked in a pool.
func imagesIn(s server, pool string) ([]string, error) {
	volumes, err := s.GetStoragePoolVolumes(pool)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, v := range volumes {
		if v.Type == "image" {
			names = append(names, v.Name)
		}
	}
	return names, nil
}

// ImageProperty reads a property of the image with an alias; empty if the image or property does not exist.
func (e *Engine) ImageProperty(ctx context.Context, alias, key string) (string, error) {
	s, err := e.connect(ctx)
	if err != nil {
		return "", err
	}
	entry, _, err := s.GetImageAlias(alias)
	if absent(err) {
		return "", nil
	}
	if err != nil {
		return "", translate(ctx, "reading the alias "+alias, err)
	}
	image, _, err := s.GetImage(entry.Target)
	if absent(err) {
		return "", nil
	}
	if err != nil {
		return "", translate(ctx, "reading the image "+alias, err)
	}
	return image.Properties[key], nil
}
