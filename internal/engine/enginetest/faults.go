package enginetest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"carrel/internal/engine"
)

// ErrFault is the error of the wrappers in this file, where engine has no error for the fault.
var ErrFault = errors.New("fault on purpose")

// LaunchFailer fails its first Launch before anything is created.
type LaunchFailer struct {
	engine.Engine
	failed atomic.Bool
}

// FailLaunchOnce returns an engine whose first Launch fails before anything is created: a transient error that a retry resolves.
func FailLaunchOnce(e engine.Engine) *LaunchFailer { return &LaunchFailer{Engine: e} }

// Launch implements engine.Engine.
func (f *LaunchFailer) Launch(ctx context.Context, s engine.Spec) (engine.Machine, error) {
	if !f.failed.Swap(true) {
		return engine.Machine{}, ErrFault
	}
	return f.Engine.Launch(ctx, s)
}

// StartHanger never answers Start.
type StartHanger struct{ engine.Engine }

// HangStart returns an engine whose Start does nothing and blocks until its context ends: only a deadline helps.
func HangStart(e engine.Engine) *StartHanger { return &StartHanger{Engine: e} }

// Start implements engine.Engine.
func (h *StartHanger) Start(ctx context.Context, _ string) error {
	<-ctx.Done()
	return ctx.Err()
}

// LaunchVanisher loses its first machine.
type LaunchVanisher struct {
	engine.Engine
	vanished atomic.Bool
}

// VanishAfterLaunch returns an engine whose first Launch succeeds and whose machine is gone when it is read: reported success is
// no proof.
func VanishAfterLaunch(e engine.Engine) *LaunchVanisher { return &LaunchVanisher{Engine: e} }

// Launch implements engine.Engine.
func (v *LaunchVanisher) Launch(ctx context.Context, s engine.Spec) (engine.Machine, error) {
	m, err := v.Engine.Launch(ctx, s)
	if err == nil && !v.vanished.Swap(true) {
		err = v.Engine.Delete(ctx, s.ID)
	}
	return m, err
}

// LaunchMuffler loses the reply of its first Launch.
type LaunchMuffler struct {
	engine.Engine
	lost atomic.Bool
}

// LoseReplyOnLaunch returns an engine whose first Launch creates the machine and then reports failure: repeating it without
// reading must not create a second machine.
func LoseReplyOnLaunch(e engine.Engine) *LaunchMuffler { return &LaunchMuffler{Engine: e} }

// Launch implements engine.Engine.
func (l *LaunchMuffler) Launch(ctx context.Context, s engine.Spec) (engine.Machine, error) {
	m, err := l.Engine.Launch(ctx, s)
	if err == nil && !l.lost.Swap(true) {
		return engine.Machine{}, ErrFault
	}
	return m, err
}

// DeleteMuffler loses the reply of its first Delete.
type DeleteMuffler struct {
	engine.Engine
	lost atomic.Bool
}

// LoseReplyOnDelete returns an engine whose first Delete deletes the machine and then reports failure: deleting again must
// succeed.
func LoseReplyOnDelete(e engine.Engine) *DeleteMuffler { return &DeleteMuffler{Engine: e} }

// Delete implements engine.Engine.
func (l *DeleteMuffler) Delete(ctx context.Context, id string) error {
	err := l.Engine.Delete(ctx, id)
	if err == nil && !l.lost.Swap(true) {
		return ErrFault
	}
	return err
}

// RebuildMuffler loses the reply of its first Rebuild.
type RebuildMuffler struct {
	engine.Engine
	lost atomic.Bool
}

// LoseReplyOnRebuild returns an engine whose first Rebuild replaces the system disk and then reports failure: repeating it with
// the same mark must not lose what was written since.
func LoseReplyOnRebuild(e engine.Engine) *RebuildMuffler { return &RebuildMuffler{Engine: e} }

// Rebuild implements engine.Engine.
func (l *RebuildMuffler) Rebuild(ctx context.Context, s engine.Spec, mark string) (engine.Machine, error) {
	m, err := l.Engine.Rebuild(ctx, s, mark)
	if err == nil && !l.lost.Swap(true) {
		return engine.Machine{}, ErrFault
	}
	return m, err
}

// Outage is an engine that can be unavailable.
type Outage struct {
	engine.Engine
	away atomic.Bool
}

// Unavailable returns an engine whose calls return engine.ErrUnavailable and do nothing, until End is called; Begin starts that
// again.
func Unavailable(e engine.Engine) *Outage {
	o := &Outage{}
	o.away.Store(true)
	o.Engine = Around(e, func(_ Call, do func() error) error {
		if o.away.Load() {
			return engine.ErrUnavailable
		}
		return do()
	})
	return o
}

// Begin makes every call fail from now on.
func (o *Outage) Begin() { o.away.Store(true) }

// End lets calls through again.
func (o *Outage) End() { o.away.Store(false) }

// ErrStopped is the error of a stopped engine: the process that called it counts as dead.
var ErrStopped = errors.New("the process has died here, on purpose")

// Stopper lets calls through until one of them, and none after that.
type Stopper struct {
	engine.Engine
	at    int
	after bool
	done  chan struct{}

	mu    sync.Mutex // guards calls
	calls int
}

// StopAtCall returns an engine at whose n-th call, counted from 1, the process "dies": that call does nothing, and it and every
// later one return ErrStopped. Going through n = 1, 2, ... until Done stays open enumerates the moments before each call at which
// a kill can happen; a kill -9 leaves exactly what the calls before it have done.
func StopAtCall(e engine.Engine, n int) *Stopper { return stop(e, n, false) }

// StopAfterCall is StopAtCall, but the n-th call does its work before the process dies, so that only its reply is lost.
func StopAfterCall(e engine.Engine, n int) *Stopper { return stop(e, n, true) }

func stop(e engine.Engine, n int, after bool) *Stopper {
	s := &Stopper{at: n, after: after, done: make(chan struct{})}
	s.Engine = Around(e, s.pass)
	return s
}

// Done returns a channel that is closed when the process has died; a test then ends the context of its processes.
func (s *Stopper) Done() <-chan struct{} { return s.done }

// Calls returns the number of calls, including the fatal one and those after it.
func (s *Stopper) Calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

func (s *Stopper) pass(_ Call, do func() error) error {
	s.mu.Lock()
	s.calls++
	call := s.calls
	s.mu.Unlock()
	switch {
	case call < s.at:
		return do()
	case call == s.at:
		defer close(s.done)
		if s.after {
			_ = do() // no caller is left who could get the result
		}
	}
	return ErrStopped
}
