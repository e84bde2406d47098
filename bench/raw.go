package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	client "github.com/lxc/incus/v6/client"
	"github.com/lxc/incus/v6/shared/api"

	"carrel/internal/guest"
)

// rawEngine makes desktops by the Incus API alone, with as few calls as there can be: what Carrel is compared with. Its
// methods may be called concurrently.
type rawEngine struct {
	s    client.InstanceServer
	mu   sync.Mutex // guards made
	made int
}

func openRaw(ctx context.Context) (*rawEngine, error) {
	s, err := client.ConnectIncusUnixWithContext(ctx, "", &client.ConnectionArgs{SkipGetEvents: true})
	if err != nil {
		return nil, fmt.Errorf("connecting to Incus: %w", err)
	}
	return &rawEngine{s: s.UseProject(projectName)}, nil
}

// like describes an instance that is like one that Carrel has made, under a name and an address of its own.
func (r *rawEngine) like(instance string) (func() (api.InstancesPost, error), error) {
	model, _, err := r.s.GetInstance(instance)
	if err != nil {
		return nil, fmt.Errorf("reading the model %s: %w", instance, err)
	}
	fingerprint := model.Config["volatile.base_image"]
	return func() (api.InstancesPost, error) {
		r.mu.Lock()
		r.made++
		n := r.made
		r.mu.Unlock()
		name, address := "raw-"+strconv.Itoa(n), fmt.Sprintf("10.241.%d.%d", 128+n/250, 1+n%250)

		var inside guest.Desktop
		if err := json.Unmarshal([]byte(model.Config[guest.ConfigKey]), &inside); err != nil {
			return api.InstancesPost{}, fmt.Errorf("reading the model's document: %w", err)
		}
		inside.Hostname, inside.Network.Address = name, address+"/16"
		document, err := json.Marshal(inside)
		if err != nil {
			return api.InstancesPost{}, fmt.Errorf("writing the document: %w", err)
		}
		post := api.InstancesPost{
			Name: name, Type: api.InstanceTypeContainer, Start: true,
			Source:      api.InstanceSource{Type: "image", Fingerprint: fingerprint},
			InstancePut: api.InstancePut{Profiles: model.Profiles, Config: api.ConfigMap{}, Devices: api.DevicesMap{}},
		}
		for key, value := range model.Config {
			if !strings.HasPrefix(key, "volatile.") && !strings.HasPrefix(key, "image.") && !strings.HasPrefix(key, "user.carrel.desktop") {
				post.Config[key] = value
			}
		}
		post.Config[guest.ConfigKey] = string(document)
		for device, settings := range model.Devices {
			copied := maps.Clone(settings)
			if _, has := copied["ipv4.address"]; has {
				copied["ipv4.address"] = address
			}
			post.Devices[device] = copied
		}
		return post, nil
	}, nil
}

// create makes and starts an instance, in two calls.
func (r *rawEngine) create(post api.InstancesPost) error {
	op, err := r.s.CreateInstance(post)
	if _, err := r.wait(op, err); err != nil {
		return fmt.Errorf("creating %s: %w", post.Name, err)
	}
	return nil
}

// await runs "carrel-guest await" inside, which ends when the display answers or the panel is drawn, in two calls.
func (r *rawEngine) await(instance string, arguments ...string) error {
	command := append([]string{guest.Path, "await"}, arguments...)
	op, _, err := r.s.RawOperation("POST", "/instances/"+instance+"/exec", api.InstanceExecPost{Command: command}, "")
	done, err := r.wait(op, err)
	if err == nil && done.Metadata["return"] != float64(0) {
		err = fmt.Errorf("it ended with status %v", done.Metadata["return"])
	}
	if err != nil {
		return fmt.Errorf("awaiting %s: %w", instance, err)
	}
	return nil
}

// wait blocks until the operation has ended.
func (r *rawEngine) wait(op client.Operation, err error) (*api.Operation, error) {
	if err != nil {
		return nil, err
	}
	done, _, err := r.s.GetOperationWait(op.Get().ID, -1)
	if err == nil && done.Err != "" {
		err = errors.New(done.Err)
	}
	return done, err
}

// remove ends an instance and deletes it. Removing what is gone succeeds.
func (r *rawEngine) remove(name string) error {
	op, err := r.s.UpdateInstanceState(name, api.InstanceStatePut{Action: "stop", Force: true, Timeout: -1}, "")
	_, _ = r.wait(op, err) // it may be stopped already; deleting tells
	op, err = r.s.DeleteInstance(name)
	if _, err := r.wait(op, err); err != nil && !api.StatusErrorCheck(err, http.StatusNotFound) {
		return fmt.Errorf("removing %s: %w", name, err)
	}
	return nil
}

// rebuild ends an instance, gives it a new system disk and starts it, in three calls.
func (r *rawEngine) rebuild(name, fingerprint string) error {
	op, err := r.s.UpdateInstanceState(name, api.InstanceStatePut{Action: "stop", Force: true, Timeout: -1}, "")
	if _, err := r.wait(op, err); err != nil {
		return fmt.Errorf("stopping %s: %w", name, err)
	}
	op, err = r.s.RebuildInstance(name, api.InstanceRebuildPost{Source: api.InstanceSource{Type: "image", Fingerprint: fingerprint}})
	if _, err := r.wait(op, err); err != nil {
		return fmt.Errorf("rebuilding %s: %w", name, err)
	}
	op, err = r.s.UpdateInstanceState(name, api.InstanceStatePut{Action: "start", Timeout: -1}, "")
	if _, err := r.wait(op, err); err != nil {
		return fmt.Errorf("starting %s: %w", name, err)
	}
	return nil
}

// removeAll removes every instance of the project, also those that Incus is still making for a run that was interrupted.
func (r *rawEngine) removeAll(ctx context.Context) error {
	if err := r.settle(); err != nil {
		return err
	}
	instances, err := r.s.GetInstanceNames(api.InstanceTypeAny)
	if err != nil {
		return fmt.Errorf("listing instances: %w", err)
	}
	return each(ctx, 4, instances, func(name string) error { return r.remove(name) })
}

// settle waits for everything that Incus is doing in the project.
func (r *rawEngine) settle() error {
	operations, err := r.s.GetOperations()
	if err != nil {
		return fmt.Errorf("listing operations: %w", err)
	}
	for _, op := range operations {
		if op.Class != "task" || op.StatusCode.IsFinal() {
			continue
		}
		if _, _, err := r.s.GetOperationWait(op.ID, -1); err != nil && !api.StatusErrorCheck(err, http.StatusNotFound) {
			return fmt.Errorf("waiting for Incus: %w", err)
		}
	}
	return nil
}

// calm waits until the file system has freed what was deleted, which it does in the background, and a moment longer.
func (r *rawEngine) calm(ctx context.Context) error {
	pool := filepath.Join(cmp.Or(os.Getenv("INCUS_DIR"), "/var/lib/incus"), "storage-pools", poolName)
	// The first wakes the kernel's thread that frees, which otherwise looks every half minute.
	for _, what := range []string{"filesystem", "subvolume"} {
		sync := exec.CommandContext(ctx, "btrfs", what, "sync", ".")
		sync.Dir = pool
		if out, err := sync.CombinedOutput(); err != nil {
			return fmt.Errorf("waiting for the storage pool: %w: %s", err, out)
		}
	}
	select {
	case <-time.After(time.Second):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// moments tells when Incus had made and started an instance.
type moments struct {
	name             string
	created, started time.Time
}

// watch follows the instances that are made and started from now on. The channel gets one at each start; stop ends it.
func (r *rawEngine) watch() (<-chan moments, func(), error) {
	listener, err := r.s.GetEventsByType([]string{api.EventTypeLifecycle})
	if err != nil {
		return nil, nil, fmt.Errorf("listening to Incus: %w", err)
	}
	starts := make(chan moments, 256)
	var mu sync.Mutex
	created := map[string]time.Time{}
	_, err = listener.AddHandler(nil, func(e api.Event) {
		now := time.Now()
		var what api.EventLifecycle
		if json.Unmarshal(e.Metadata, &what) != nil {
			return
		}
		source, _, _ := strings.Cut(what.Source, "?")
		name := path.Base(source)
		mu.Lock()
		defer mu.Unlock()
		switch what.Action {
		case api.EventLifecycleInstanceCreated:
			created[name] = now
		case api.EventLifecycleInstanceStarted:
			select {
			case starts <- moments{name, created[name], now}:
			default: // nobody reads any more
			}
		}
	})
	if err != nil {
		listener.Disconnect()
		return nil, nil, fmt.Errorf("listening to Incus: %w", err)
	}
	return starts, listener.Disconnect, nil
}
