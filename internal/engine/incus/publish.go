package incus

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/lxc/incus/v6/shared/api"

	"carrel/internal/engine"
)

const (
	// publicationKey is on published images, as a property, and on the copies that they are made of.
	publicationKey = "user.carrel.publication"
	// cleanedKey is on a copy from which everything personal was removed.
	cleanedKey = "user.carrel.cleaned"
	// copyPrefix begins the name of the copy of a machine, before the machine's id.
	copyPrefix = "p-"
	// publicationAlias begins the alias of a published image. An alias is unique: of several images of a publication it decides which one it is.
	publicationAlias = "carrel-publication-"
	// publishSteps limits the steps of one PublishImage.
	publishSteps = 24
	// publishFailures is how many steps of one PublishImage may fail.
	publishFailures = 6
)

// PublishImage makes the image of a copy of the machine, which shares its blocks: personal things are removed there, never in the machine. The copy has
// no network and never starts.
func (e *Engine) PublishImage(ctx context.Context, p engine.Publication) (engine.Image, error) {
	doing := "making an image of " + p.Machine
	if !validID.MatchString(p.ID) {
		return engine.Image{}, fmt.Errorf("%s: %w: %q is no id of a publication", doing, engine.ErrInvalid, p.ID)
	}
	s, err := e.connect(ctx)
	if err != nil {
		return engine.Image{}, err
	}
	failures := 0
	for range publishSteps {
		image, err := e.publishStep(ctx, s, p)
		if err == nil && image != nil {
			return described(*image), nil
		}
		if err == nil {
			continue
		}
		// Incus has many texts for what another call was about to do, too: looking again decides.
		if failures++; failures > publishFailures || isFinal(err) || pause(ctx, rand.N(time.Second)) != nil {
			return engine.Image{}, translate(ctx, doing, err)
		}
	}
	return engine.Image{}, fmt.Errorf("%s: %w: others do it, too", doing, engine.ErrConflict)
}

// isFinal reports whether trying again is pointless.
func isFinal(err error) bool {
	for _, final := range []error{engine.ErrNotFound, engine.ErrConflict, engine.ErrInvalid} {
		if errors.Is(err, final) {
			return true
		}
	}
	return errors.Is(meaningOf(err), engine.ErrNoCapacity) || errors.Is(meaningOf(err), engine.ErrUnavailable)
}

// publishStep does the next thing that is missing, and returns the image when nothing is.
func (e *Engine) publishStep(ctx context.Context, s server, p engine.Publication) (*api.Image, error) {
	published, err := publications(s, p.ID)
	if err != nil {
		return nil, err
	}
	entry, _, err := s.GetImageAlias(publicationAlias + p.ID)
	switch {
	case err == nil:
		return e.conclude(s, p, entry.Target, published)
	case !absent(err):
		return nil, err
	case len(published) > 0:
		named := api.ImageAliasesPost{ImageAliasesEntry: api.ImageAliasesEntry{Name: publicationAlias + p.ID}}
		named.Target = published[0].Fingerprint
		return nil, s.CreateImageAlias(named)
	}
	found, err := find(ctx, s, p.Machine)
	if err != nil {
		return nil, err
	}
	if isVM(found) {
		return nil, fmt.Errorf("%w: it is a virtual machine", engine.ErrInvalid)
	}
	if err := restorable(found); err != nil {
		return nil, err
	}
	clone, _, err := s.GetInstance(copyPrefix + p.Machine)
	switch {
	case absent(err):
		op, err := s.CreateInstance(copyOf(found, p))
		return nil, finish(s, op, err)
	case err != nil:
		return nil, err
	}
	if busy, err := settle(s, clone.Name); busy || err != nil {
		return nil, err
	}
	switch {
	case clone.Config[publicationKey] != p.ID: // left by a call that nobody repeated
		return nil, remove(s, clone.Name)
	case clone.Config[cleanedKey] == "":
		if err := e.anonymize(ctx, s, clone.Name, found); err != nil {
			return nil, vanished(s, clone.Name, err)
		}
		return nil, vanished(s, clone.Name, e.patch(s, clone.Name, map[string]any{"config": map[string]string{cleanedKey: "true"}}, ""))
	}
	op, err := s.CreateImage(imageOf(found, p), nil)
	return nil, vanished(s, clone.Name, finish(s, op, err))
}

// vanished returns no error if a step failed because another call was done first, and has removed the copy.
func vanished(s server, name string, failure error) error {
	if failure == nil {
		return nil
	}
	if _, _, err := s.GetInstance(name); absent(err) {
		return nil
	}
	return failure
}

// publications lists the images of a publication, always in the same order. There are several if a call was given up while the daemon worked on it.
func publications(s server, id string) ([]api.Image, error) {
	all, err := s.GetImages()
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(i api.Image) bool { return i.Properties[publicationKey] != id })
	slices.SortFunc(all, func(a, b api.Image) int { return strings.Compare(a.Fingerprint, b.Fingerprint) })
	return all, nil
}

// conclude removes what is no longer needed when a publication has its image, and unpacks that, so that the first launch is a clone.
func (e *Engine) conclude(s server, p engine.Publication, fingerprint string, published []api.Image) (*api.Image, error) {
	var image *api.Image
	for _, i := range published {
		if i.Fingerprint == fingerprint {
			image = &i
			continue
		}
		op, err := s.DeleteImage(i.Fingerprint)
		if err = finish(s, op, err); err != nil && !absent(err) {
			return nil, fmt.Errorf("deleting another image of the same publication: %w", err)
		}
	}
	clone, _, err := s.GetInstance(copyPrefix + p.Machine)
	if err == nil && clone.Config[publicationKey] == p.ID {
		err = remove(s, clone.Name)
	}
	if err != nil && !absent(err) {
		return nil, err
	}
	if image == nil {
		return nil, nil // read before another call made it: look again
	}
	for _, pool := range e.pools() {
		if err := warm(s, image, pool, func(string) {}); err != nil {
			return nil, fmt.Errorf("unpacking it in the pool %s: %w", pool, err)
		}
	}
	return image, nil
}

// copyOf is the request for the copy: without network, data disks, snapshots and all that makes an instance a desktop's.
func copyOf(found *api.Instance, p engine.Publication) api.InstancesPost {
	config := api.ConfigMap{}
	for key := range found.Config {
		if strings.HasPrefix(key, "user.carrel.") {
			config[key] = ""
		}
	}
	config[publicationKey] = p.ID
	config[installationKey] = p.Installation
	devices := api.DevicesMap{}
	for name := range found.Devices {
		devices[name] = map[string]string{"type": "none"}
	}
	devices[rootDevice] = found.Devices[rootDevice]
	return api.InstancesPost{
		Name: copyPrefix + p.Machine, Type: api.InstanceTypeContainer,
		Source:      api.InstanceSource{Type: "copy", Source: found.Name, InstanceOnly: true},
		InstancePut: api.InstancePut{Description: "Becomes an image", Config: config, Devices: devices, Profiles: found.Profiles},
	}
}

// imageOf is the request for the image. Its properties are those of the image that the machine was launched from.
func imageOf(found *api.Instance, p engine.Publication) api.ImagesPost {
	properties := map[string]string{}
	for key, value := range found.Config {
		if name, its := strings.CutPrefix(key, "image."); its && "image."+name != claimKey {
			properties[name] = value
		}
	}
	maps.Copy(properties, map[string]string{"description": p.Name, publicationKey: p.ID, installationKey: p.Installation})
	return api.ImagesPost{
		ImagePut:             api.ImagePut{Properties: properties},
		Source:               &api.ImagesPostSource{Type: "instance", Name: copyPrefix + p.Machine},
		CompressionAlgorithm: "zstd",
	}
}

// anonymize removes what is personal from a stopped instance.
func (e *Engine) anonymize(ctx context.Context, s server, name string, machine *api.Instance) error {
	client, err := s.GetInstanceFileSFTP(name)
	if err != nil {
		return fmt.Errorf("opening its files: %w", err)
	}
	defer client.Close()
	stop := context.AfterFunc(ctx, func() { _ = client.Close() })
	defer stop()
	var mounts []string
	for _, slot := range slots(machine) {
		mounts = append(mounts, slot.disk.Mount)
	}
	return cmp.Or(engine.Anonymize(&files{client}, mounts), ctx.Err())
}

// removeCopy removes the copy of a machine that is deleted.
func removeCopy(s server, id string) error {
	clone, _, err := s.GetInstance(copyPrefix + id)
	if absent(err) || err == nil && clone.Config[publicationKey] == "" {
		return nil
	}
	return errors.Join(err, remove(s, copyPrefix+id))
}
