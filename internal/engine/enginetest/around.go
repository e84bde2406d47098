package enginetest

import (
	"context"
	"io"
	"time"

	"carrel/internal/engine"
	"carrel/internal/guest"
)

// Call is one call of an engine's method.
type Call struct {
	Method string // "Launch"
	ID     string // the machine's; empty if the call is not about a machine
}

// Around returns an engine that passes every call except Close through hook. The hook decides whether and when to call do, which
// does the work; the caller gets the hook's result. The hook must be safe for concurrent use.
func Around(e engine.Engine, hook func(c Call, do func() error) error) engine.Engine {
	return &around{Engine: e, hook: hook}
}

type around struct {
	engine.Engine
	hook func(Call, func() error) error
}

// through is a call with a result, which is zero if the call fails.
func through[T any](a *around, method, id string, call func() (T, error)) (T, error) {
	var got T
	err := a.hook(Call{method, id}, func() (err error) {
		got, err = call()
		return err
	})
	if err != nil {
		var none T
		return none, err
	}
	return got, nil
}

func (a *around) Describe(ctx context.Context) (engine.Description, error) {
	return through(a, "Describe", "", func() (engine.Description, error) { return a.Engine.Describe(ctx) })
}

func (a *around) Capacity(ctx context.Context) (engine.Capacity, error) {
	return through(a, "Capacity", "", func() (engine.Capacity, error) { return a.Engine.Capacity(ctx) })
}

func (a *around) EnsureNetwork(ctx context.Context, n engine.Network) error {
	return a.hook(Call{"EnsureNetwork", ""}, func() error { return a.Engine.EnsureNetwork(ctx, n) })
}

func (a *around) Images(ctx context.Context) ([]engine.Image, error) {
	return through(a, "Images", "", func() ([]engine.Image, error) { return a.Engine.Images(ctx) })
}

func (a *around) DeleteImage(ctx context.Context, id string) error {
	return a.hook(Call{"DeleteImage", ""}, func() error { return a.Engine.DeleteImage(ctx, id) })
}

func (a *around) PublishImage(ctx context.Context, p engine.Publication) (engine.Image, error) {
	return through(a, "PublishImage", p.Machine, func() (engine.Image, error) { return a.Engine.PublishImage(ctx, p) })
}

func (a *around) Launch(ctx context.Context, s engine.Spec) (engine.Machine, error) {
	return through(a, "Launch", s.ID, func() (engine.Machine, error) { return a.Engine.Launch(ctx, s) })
}

func (a *around) Find(ctx context.Context, id string) (engine.Machine, error) {
	return through(a, "Find", id, func() (engine.Machine, error) { return a.Engine.Find(ctx, id) })
}

func (a *around) List(ctx context.Context) ([]engine.Machine, error) {
	return through(a, "List", "", func() ([]engine.Machine, error) { return a.Engine.List(ctx) })
}

func (a *around) Addresses(ctx context.Context) ([]engine.UsedAddress, error) {
	return through(a, "Addresses", "", func() ([]engine.UsedAddress, error) { return a.Engine.Addresses(ctx) })
}

func (a *around) Own(ctx context.Context, id, installation string) error {
	return a.hook(Call{"Own", id}, func() error { return a.Engine.Own(ctx, id, installation) })
}

func (a *around) SetAside(ctx context.Context, id string, since time.Time) error {
	return a.hook(Call{"SetAside", id}, func() error { return a.Engine.SetAside(ctx, id, since) })
}

func (a *around) Start(ctx context.Context, id string) error {
	return a.hook(Call{"Start", id}, func() error { return a.Engine.Start(ctx, id) })
}

func (a *around) Stop(ctx context.Context, id string, force bool) error {
	return a.hook(Call{"Stop", id}, func() error { return a.Engine.Stop(ctx, id, force) })
}

func (a *around) Hibernate(ctx context.Context, id string) error {
	return a.hook(Call{"Hibernate", id}, func() error { return a.Engine.Hibernate(ctx, id) })
}

func (a *around) Delete(ctx context.Context, id string) error {
	return a.hook(Call{"Delete", id}, func() error { return a.Engine.Delete(ctx, id) })
}

func (a *around) Rebuild(ctx context.Context, s engine.Spec, mark string) (engine.Machine, error) {
	return through(a, "Rebuild", s.ID, func() (engine.Machine, error) { return a.Engine.Rebuild(ctx, s, mark) })
}

func (a *around) Reshape(ctx context.Context, s engine.Spec) (engine.Machine, error) {
	return through(a, "Reshape", s.ID, func() (engine.Machine, error) { return a.Engine.Reshape(ctx, s) })
}

func (a *around) Readdress(ctx context.Context, s engine.Spec) error {
	return a.hook(Call{"Readdress", s.ID}, func() error { return a.Engine.Readdress(ctx, s) })
}

func (a *around) LimitProcesses(ctx context.Context, id string, n int) error {
	return a.hook(Call{"LimitProcesses", id}, func() error { return a.Engine.LimitProcesses(ctx, id, n) })
}

func (a *around) Configure(ctx context.Context, id string, d guest.Desktop) (guest.Status, error) {
	return through(a, "Configure", id, func() (guest.Status, error) { return a.Engine.Configure(ctx, id, d) })
}

func (a *around) Await(ctx context.Context, id, account string) error {
	return a.hook(Call{"Await", id}, func() error { return a.Engine.Await(ctx, id, account) })
}

func (a *around) Status(ctx context.Context, id string) (guest.Status, error) {
	return through(a, "Status", id, func() (guest.Status, error) { return a.Engine.Status(ctx, id) })
}

func (a *around) Notify(ctx context.Context, id string, m guest.Message) error {
	return a.hook(Call{"Notify", id}, func() error { return a.Engine.Notify(ctx, id, m) })
}

func (a *around) EndSessions(ctx context.Context, id string, before time.Time) error {
	return a.hook(Call{"EndSessions", id}, func() error { return a.Engine.EndSessions(ctx, id, before) })
}

func (a *around) StartRun(ctx context.Context, id string, r guest.Run) (guest.RunState, error) {
	return through(a, "StartRun", id, func() (guest.RunState, error) { return a.Engine.StartRun(ctx, id, r) })
}

func (a *around) AwaitRun(ctx context.Context, id, run string) (guest.RunState, error) {
	return through(a, "AwaitRun", id, func() (guest.RunState, error) { return a.Engine.AwaitRun(ctx, id, run) })
}

func (a *around) StopRun(ctx context.Context, id, run string) (guest.RunState, error) {
	return through(a, "StopRun", id, func() (guest.RunState, error) { return a.Engine.StopRun(ctx, id, run) })
}

func (a *around) Snapshots(ctx context.Context) ([]engine.Snapshot, error) {
	return through(a, "Snapshots", "", func() ([]engine.Snapshot, error) { return a.Engine.Snapshots(ctx) })
}

func (a *around) TakeSnapshot(ctx context.Context, s engine.Snapshot) error {
	return a.hook(Call{"TakeSnapshot", s.Machine}, func() error { return a.Engine.TakeSnapshot(ctx, s) })
}

func (a *around) RestoreSnapshot(ctx context.Context, s engine.Snapshot, keep string) error {
	return a.hook(Call{"RestoreSnapshot", s.Machine}, func() error { return a.Engine.RestoreSnapshot(ctx, s, keep) })
}

func (a *around) DeleteSnapshot(ctx context.Context, s engine.Snapshot) error {
	return a.hook(Call{"DeleteSnapshot", s.Machine}, func() error { return a.Engine.DeleteSnapshot(ctx, s) })
}

func (a *around) Display(ctx context.Context, id, account string) (io.ReadWriteCloser, error) {
	var stream io.ReadWriteCloser
	err := a.hook(Call{"Display", id}, func() (err error) {
		stream, err = a.Engine.Display(ctx, id, account)
		return err
	})
	if err != nil && stream != nil {
		stream.Close() // no caller gets this display
		stream = nil
	}
	return stream, err
}
