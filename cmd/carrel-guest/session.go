package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"time"

	"carrel/internal/guest"
)

// ending says how a session is to end.
type ending int

const (
	inOrder ending = iota // programs have time to close
	atOnce                // the account has lost its access
)

// The time for the desktop environment, and then for the rest of the session, to close in order.
const (
	logoutTime = 4 * time.Second
	closeTime  = 2 * time.Second
)

// errEnded is the cancel cause of a session that has to end.
var errEnded = errors.New("the session was ended")

// session keeps one account's display and desktop environment running until it is ended. If either stops, by a crash or because
// the user logs out, it starts both again.
type session struct {
	login  login
	groups []uint32
	env    []string
	notify func() // called, without locks, after every change of state

	cancel context.CancelCauseFunc
	done   chan struct{}

	mu  sync.Mutex // guards what follows
	how ending
	now guest.Session

	shown map[string]*exec.Cmd // the dialogs of messages that have an id
}

// startSession starts a session in the background.
func startSession(l login, groups []uint32, locale string, notify func()) *session {
	ctx, cancel := context.WithCancelCause(context.Background())
	s := &session{
		login: l, groups: groups, env: sessionEnv(l, locale), notify: notify,
		cancel: cancel, done: make(chan struct{}),
		now: guest.Session{Account: l.Name, Begun: time.Now().UTC()},
	}
	go s.keep(ctx)
	return s
}

// end stops the session and returns when none of its processes runs any more.
func (s *session) end(how ending) {
	s.mu.Lock()
	s.how = how
	s.mu.Unlock()
	s.cancel(errEnded)
	<-s.done
}

func (s *session) keep(ctx context.Context) {
	defer close(s.done)
	log := slog.With("account", s.login.Name)
	const settled, longest = 20 * time.Second, 10 * time.Second
	var wait time.Duration
	for ctx.Err() == nil {
		began := time.Now()
		err := s.once(ctx)
		s.update(func(now *guest.Session) { now.Display, now.Panel = false, false })
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > settled {
			wait = 0
		}
		log.Warn("the session ended; starting it again", "reason", err, "wait", wait)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
		wait = min(2*wait+time.Second/4, longest)
	}
}

// once runs the session from its start to its end.
func (s *session) once(ctx context.Context) error {
	began := time.Now()
	s.update(func(now *guest.Session) { now.Begun = began.UTC() })
	out, err := openLog(s.login.Name)
	if err != nil {
		return err
	}
	defer out.Close()
	if err := prepareFolders(s.login); err != nil {
		return err
	}
	cookie, err := writeCookie(s.login)
	if err != nil {
		return err
	}
	gone := make(chan error, 3)
	defer s.clear()

	ready, err := s.startTelling(out, gone, displayArguments(s.login, memory()))
	if err != nil {
		return err
	}
	defer ready.Close()
	bus, err := s.startTelling(out, gone, busArguments(s.login))
	if err != nil {
		return err
	}
	defer bus.Close()
	go s.prepare(out, bus)
	answers := make(chan error, 1)
	go func() { answers <- awaitDisplay(ready, s.login) }()
	select {
	case err := <-answers:
		if err != nil {
			return err
		}
	case err := <-gone:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	empty, drawn := context.WithCancel(ctx)
	defer drawn()
	s.hang(empty, cookie)
	go s.relayClipboard(ctx, cookie)
	go s.limitScreen(ctx, cookie)
	s.update(func(now *guest.Session) { now.Display = true })
	slog.Info("display answers", "account", s.login.Name, "took", time.Since(began))
	return s.runDesktop(ctx, out, gone, cookie, drawn)
}

// backdropTime is the maximum time that a session waits for its backdrop.
const backdropTime = time.Second

// hang paints the backdrop and keeps it until the desktop environment has been drawn over it. Errors are ignored.
func (s *session) hang(empty context.Context, cookie []byte) {
	painted := make(chan struct{})
	done := sync.OnceFunc(func() { close(painted) })
	go func() {
		defer done()
		x, err := dialX(displayNumber(s.login), cookie)
		if err == nil {
			defer x.close()
			err = x.keepBackdrop(empty, done)
		}
		slog.Debug("the backdrop is no longer kept", "account", s.login.Name, "reason", err)
	}()
	select {
	case <-painted:
	case <-time.After(backdropTime):
	}
}

// runDesktop starts the desktop environment on the running display, calls drawn when it has been drawn, and returns when
// something ends.
func (s *session) runDesktop(ctx context.Context, out *os.File, gone chan error, cookie []byte, drawn func()) error {
	began := time.Now()
	desktop := s.command(out, sessionProgram)
	if err := desktop.Start(); err != nil {
		return fmt.Errorf("starting the desktop environment: %w", err)
	}
	left := make(chan error, 1)
	go func() { left <- ended("the desktop environment", desktop.Wait()) }()
	watch, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		if err := s.watchPanel(watch, cookie); err != nil {
			slog.Debug("the panel is not watched", "account", s.login.Name, "error", err)
			return
		}
		s.update(func(now *guest.Session) { now.Panel = true })
		drawn()
		slog.Info("panel drawn", "account", s.login.Name, "took", time.Since(began))
	}()

	select {
	case err := <-left:
		return err
	case err := <-gone:
		return err
	case <-ctx.Done():
	}
	if s.ending() == inOrder {
		_ = desktop.Process.Signal(os.Interrupt)
		select {
		case <-left:
		case <-time.After(logoutTime):
		}
	}
	return context.Cause(ctx)
}

// startTelling starts a program whose end is the end of the session. The program reports that it is ready by writing to its file
// 3, which is returned.
func (s *session) startTelling(out *os.File, gone chan error, args []string) (*os.File, error) {
	ready, tell, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("making a pipe: %w", err)
	}
	defer tell.Close()
	c := s.command(out, args[0], args[1:]...)
	c.ExtraFiles = []*os.File{tell}
	if err := c.Start(); err != nil {
		ready.Close()
		return nil, fmt.Errorf("starting %s: %w", args[0], err)
	}
	go func() { gone <- ended(args[0], c.Wait()) }()
	return ready, nil
}

// prepare starts, while the display is starting, what needs only the bus. If it fails, the desktop environment starts the same
// later.
func (s *session) prepare(out *os.File, bus io.Reader) {
	if _, err := bus.Read(make([]byte, 256)); err != nil {
		return
	}
	if err := s.command(out, prepareProgram).Run(); err != nil {
		slog.Debug("a session's preparation ended", "account", s.login.Name, "reason", err)
	}
}

func ended(name string, err error) error {
	if err != nil {
		return fmt.Errorf("%s ended: %w", name, err)
	}
	return fmt.Errorf("%s ended", name)
}

// command returns a program that will run as the session's account. Without out, its output is discarded.
func (s *session) command(out *os.File, name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(context.Background(), name, args...) // clear ends it, in order
	c.Env, c.Dir = s.env, s.login.Home
	if out != nil {
		c.Stdout, c.Stderr = out, out
	}
	c.SysProcAttr = runAs(s.login, s.groups)
	return c
}

// clear ends every process of the account, whether the session started it or not.
func (s *session) clear() {
	how := killNow
	if s.ending() == inOrder {
		how = closeFirst
	}
	if err := sweep(s.login, how); err != nil {
		slog.Error("processes of a session are left", "account", s.login.Name, "error", err)
	}
}

func (s *session) ending() ending {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.how
}

func (s *session) update(change func(now *guest.Session)) {
	s.mu.Lock()
	before := s.now
	change(&s.now)
	same := s.now == before
	s.mu.Unlock()
	if !same {
		s.notify()
	}
}

func (s *session) watchPanel(ctx context.Context, cookie []byte) error {
	x, err := dialX(displayNumber(s.login), cookie)
	if err != nil {
		return err
	}
	defer x.close()
	return x.watchPanel(ctx)
}

func (s *session) idle() (time.Duration, error) {
	cookie, err := readCookie(s.login)
	if err != nil {
		return 0, err
	}
	x, err := dialX(displayNumber(s.login), cookie)
	if err != nil {
		return 0, err
	}
	defer x.close()
	return x.idle()
}

// state returns what is known without querying the display.
func (s *session) state() guest.Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// describe queries the display as well.
func (s *session) describe() guest.Session {
	now := s.state()
	if !now.Display {
		return now
	}
	if n, err := countClients(displaySocket(s.login.Name)); err == nil {
		now.Clients = n
	}
	if idle, err := s.idle(); err == nil {
		now.Idle = idle
	}
	return now
}
