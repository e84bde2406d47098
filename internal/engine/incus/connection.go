package incus

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/gorilla/websocket"
	client "github.com/lxc/incus/v6/client"
	"github.com/lxc/incus/v6/shared/api"
	"github.com/pkg/sftp"
)

// server is the part of the client's several hundred methods that this package uses.
type server interface {
	machineServer
	storageServer
	hostServer
}

type machineServer interface {
	GetInstance(name string) (*api.Instance, string, error)
	GetInstances(api.InstanceType) ([]api.Instance, error)
	GetInstancesAllProjects(api.InstanceType) ([]api.Instance, error)
	CreateInstance(api.InstancesPost) (client.Operation, error)
	UpdateInstanceState(name string, state api.InstanceStatePut, etag string) (client.Operation, error)
	RebuildInstance(name string, request api.InstanceRebuildPost) (client.Operation, error)
	DeleteInstance(name string) (client.Operation, error)
	CreateInstanceSnapshot(name string, snapshot api.InstanceSnapshotsPost) (client.Operation, error)
	GetInstanceSnapshot(name, snapshot string) (*api.InstanceSnapshot, string, error)
	DeleteInstanceSnapshot(name, snapshot string) (client.Operation, error)
	GetInstanceFileSFTP(name string) (*sftp.Client, error)
	GetOperations() ([]api.Operation, error)
	GetOperationWait(id string, timeout int) (*api.Operation, string, error)
	GetOperationWebsocket(id, secret string) (*websocket.Conn, error)
	RawQuery(method, path string, data any, etag string) (*api.Response, string, error)
	RawOperation(method, path string, data any, etag string) (client.Operation, string, error)
}

type storageServer interface {
	CreateStoragePoolVolume(pool string, volume api.StorageVolumesPost) error
	GetStoragePoolVolume(pool, kind, name string) (*api.StorageVolume, string, error)
	GetStoragePoolVolumes(pool string) ([]api.StorageVolume, error)
	UpdateStoragePoolVolume(pool, kind, name string, volume api.StorageVolumePut, etag string) error
	DeleteStoragePoolVolume(pool, kind, name string) error
	CreateStoragePoolVolumeSnapshot(pool, kind, name string, snapshot api.StorageVolumeSnapshotsPost) (client.Operation, error)
	GetStoragePoolVolumeSnapshot(pool, kind, name, snapshot string) (*api.StorageVolumeSnapshot, string, error)
	DeleteStoragePoolVolumeSnapshot(pool, kind, name, snapshot string) (client.Operation, error)
	GetStoragePool(name string) (*api.StoragePool, string, error)
	GetStoragePoolResources(name string) (*api.ResourcesStoragePool, error)
	GetStoragePools() ([]api.StoragePool, error)
	CreateStoragePool(api.StoragePoolsPost) error
	UpdateStoragePool(name string, pool api.StoragePoolPut, etag string) error
	DeleteStoragePool(name string) error
	GetImages() ([]api.Image, error)
	GetImage(fingerprint string) (*api.Image, string, error)
	CreateImage(api.ImagesPost, *client.ImageCreateArgs) (client.Operation, error)
	UpdateImage(fingerprint string, image api.ImagePut, etag string) error
	DeleteImage(fingerprint string) (client.Operation, error)
	GetImageAlias(name string) (*api.ImageAliasesEntry, string, error)
	CreateImageAlias(api.ImageAliasesPost) error
	UpdateImageAlias(name string, alias api.ImageAliasesEntryPut, etag string) error
}

type hostServer interface {
	GetServer() (*api.Server, string, error)
	GetServerResources() (*api.Resources, error)
	GetProject(name string) (*api.Project, string, error)
	CreateProject(api.ProjectsPost) error
	UpdateProject(name string, project api.ProjectPut, etag string) error
	DeleteProjectForce(name string) error
	GetProfile(name string) (*api.Profile, string, error)
	UpdateProfile(name string, profile api.ProfilePut, etag string) error
	GetNetwork(name string) (*api.Network, string, error)
	GetNetworks() ([]api.Network, error)
	GetNetworkLeases(name string) ([]api.NetworkLease, error)
	CreateNetwork(api.NetworksPost) error
	UpdateNetwork(name string, network api.NetworkPut, etag string) error
	DeleteNetwork(name string) error
	GetNetworkACL(name string) (*api.NetworkACL, string, error)
	CreateNetworkACL(api.NetworkACLsPost) error
	UpdateNetworkACL(name string, acl api.NetworkACLPut, etag string) error
	DeleteNetworkACL(name string) error
	GetNetworkACLs() ([]api.NetworkACL, error)
	GetNetworkForwards(network string) ([]api.NetworkForward, error)
	CreateNetworkForward(network string, forward api.NetworkForwardsPost) error
	DeleteNetworkForward(network, listen string) error
}

// connect returns a client whose requests end with ctx. It sends nothing: the client library binds the context to the connection,
// not to the call, and keeps no idle connections, so one client per call costs a few allocations and gives every call its own
// context.
func (e *Engine) connect(ctx context.Context) (server, error) {
	return e.connectTo(ctx, e.config.Project)
}

// connectHost is connect for what Incus keeps outside of projects: bridges and their rules are in the default one.
func (e *Engine) connectHost(ctx context.Context) (server, error) {
	return e.connectTo(ctx, api.ProjectDefaultName)
}

func (e *Engine) connectTo(ctx context.Context, project string) (server, error) {
	s, err := client.ConnectIncusUnixWithContext(ctx, e.config.Socket, &client.ConnectionArgs{SkipGetServer: true, SkipGetEvents: true})
	if err != nil {
		return nil, translate(ctx, "connecting to Incus", err)
	}
	return s.UseProject(project), nil
}

// finish waits for the end of the operation that a call began. An operation that the daemon no longer knows has ended; the caller
// reads its result from what it changed.
func finish(s server, op client.Operation, err error) error {
	if err != nil {
		return err
	}
	done, _, err := s.GetOperationWait(op.Get().ID, -1)
	if absent(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if done.Err != "" {
		return errors.New(done.Err)
	}
	return nil
}

// settle waits for the operations in progress on an instance, including those of others, and returns whether there were any.
func settle(s server, name string) (bool, error) {
	all, err := s.GetOperations()
	if err != nil {
		return false, err
	}
	waited := false
	for _, op := range all {
		if op.Class != "task" || op.StatusCode.IsFinal() || !concerns(op, name) {
			continue
		}
		waited = true
		if _, _, err := s.GetOperationWait(op.ID, -1); err != nil && !absent(err) {
			return waited, err
		}
	}
	return waited, nil
}

func concerns(op api.Operation, name string) bool {
	for _, url := range op.Resources["instances"] {
		path, _, _ := strings.Cut(url, "?")
		if strings.HasSuffix(path, "/"+name) {
			return true
		}
	}
	return false
}

// unraced repeats a step that reads and changes something, as long as others change it between the two.
func unraced(step func() error) error {
	var err error
	for range changeLooks {
		if err = step(); err == nil || !raced(err) {
			return err
		}
	}
	return err
}

func absent(err error) bool { return api.StatusErrorCheck(err, http.StatusNotFound) }

// drivers splits the server's "lxc | qemu".
func drivers(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ' ' || r == '|' })
}
