//go:build linux

package runs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"carrel/internal/guest"
)

// Path is where runs are kept in a machine: accounts pass through it, which they may not in carrel-guest's own folder.
const Path = "/var/lib/carrel-runs"

// How many ended runs are kept in a machine, and for how long.
const (
	keptRuns = 50
	keptFor  = 7 * 24 * time.Hour
)

// Account is a login that runs scripts.
type Account struct {
	Name, Home, Shell string
	UID, GID          int
	Groups            []uint32
}

// Folder keeps the runs of a machine. Its methods may be called by several processes at once.
type Folder struct {
	Path string
	// Supervisor is the command that calls Supervise with the id that is added to it.
	Supervisor []string
	// Find finds the account of a name.
	Find func(name string) (Account, error)
}

var validID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,79}$`)

func (f Folder) of(id string) (string, error) {
	if !validID.MatchString(id) {
		return "", fmt.Errorf("a run cannot have the id %q", id)
	}
	return filepath.Join(f.Path, id), nil
}

// Start starts a run unless it has begun, and returns its state.
func (f Folder) Start(r guest.Run) (guest.RunState, error) {
	dir, err := f.of(r.ID)
	if err != nil {
		return guest.RunState{}, err
	}
	if exists(filepath.Join(dir, "begun")) {
		return f.state(dir)
	}
	f.prune(time.Now())
	if err := f.make(dir); err != nil {
		return guest.RunState{}, err
	}
	if err := putJSON(filepath.Join(dir, "run.json"), r); err != nil {
		return guest.RunState{}, err
	}
	if err := f.supervised(r.ID); err != nil {
		return guest.RunState{}, err
	}
	return f.state(dir)
}

// make makes the folder of a run. Accounts may pass through it, whatever the umask is, and see nothing but their own script.
func (f Folder) make(dir string) error {
	err := os.MkdirAll(dir, 0o711)
	for _, one := range []string{f.Path, dir} {
		err = errors.Join(err, os.Chmod(one, 0o711)) //nolint:gosec // others pass through a folder, and cannot list it
	}
	if err != nil {
		return fmt.Errorf("making the folder of the run: %w", err)
	}
	return nil
}

// supervised starts a supervisor, and returns when it has begun or found that another has. It survives this process: it has a session
// of its own and none of its files.
func (f Folder) supervised(id string) error {
	begun, end, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("making a pipe: %w", err)
	}
	defer begun.Close()
	c := exec.CommandContext(context.Background(), f.Supervisor[0], append(slices.Clone(f.Supervisor[1:]), id)...)
	c.ExtraFiles = []*os.File{end}
	c.Dir = "/"
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = c.Start()
	end.Close()
	if err != nil {
		return fmt.Errorf("starting the supervisor of the run: %w", err)
	}
	said, err := io.ReadAll(begun)
	if err == nil && len(said) > 0 {
		err = errors.New(string(said))
	}
	return errors.Join(err, c.Process.Release())
}

// Await waits until the run has ended or is lost.
func (f Folder) Await(id string) (guest.RunState, error) {
	dir, err := f.of(id)
	if err != nil {
		return guest.RunState{}, err
	}
	lock, err := os.Open(filepath.Join(dir, "lock"))
	if errors.Is(err, os.ErrNotExist) {
		return guest.RunState{Phase: guest.RunLost}, nil
	}
	if err != nil {
		return guest.RunState{}, fmt.Errorf("opening the lock of the run: %w", err)
	}
	defer lock.Close()
	if exists(filepath.Join(dir, "begun")) {
		shared := unix.Flock_t{Type: unix.F_RDLCK}
		if err := unix.FcntlFlock(lock.Fd(), unix.F_OFD_SETLKW, &shared); err != nil {
			return guest.RunState{}, fmt.Errorf("waiting for the run: %w", err)
		}
	}
	return f.state(dir)
}

// Stop kills a run and returns when it has ended. One that has not begun never will.
func (f Folder) Stop(id string) (guest.RunState, error) {
	dir, err := f.of(id)
	if err != nil {
		return guest.RunState{}, err
	}
	if err := f.make(dir); err != nil {
		return guest.RunState{}, err
	}
	lock, err := take(dir)
	switch {
	case errors.Is(err, errTaken):
		if err := f.terminate(dir); err != nil {
			return guest.RunState{}, err
		}
		return f.Await(id)
	case err != nil:
		return guest.RunState{}, err
	}
	defer lock.Close()
	if !exists(filepath.Join(dir, "begun")) {
		if err := begin(dir); err != nil {
			return guest.RunState{}, err
		}
		if err := putJSON(filepath.Join(dir, "ended.json"), guest.RunState{Phase: guest.RunEnded, Exit: -1, Cut: guest.CutStopped}); err != nil {
			return guest.RunState{}, err
		}
	}
	return f.result(dir)
}

// terminate asks the supervisor, which holds the lock, to end its script. A supervisor writes its process id before it begins.
func (f Folder) terminate(dir string) error {
	for {
		b, err := os.ReadFile(filepath.Join(dir, "begun"))
		if pid, bad := strconv.Atoi(string(bytes.TrimSpace(b))); err == nil && bad == nil {
			if err := syscall.Kill(pid, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("stopping the run: %w", err)
			}
			return nil
		}
		if held, err := held(dir); err != nil || !held {
			return err
		}
		time.Sleep(5 * time.Millisecond) // it is about to begin
	}
}

// state returns how far a run is.
func (f Folder) state(dir string) (guest.RunState, error) {
	going, err := held(dir)
	if err != nil {
		return guest.RunState{}, err
	}
	if going {
		return guest.RunState{Phase: guest.RunGoing}, nil
	}
	return f.result(dir)
}

// result returns the state of a run that nobody supervises.
func (f Folder) result(dir string) (s guest.RunState, err error) {
	b, err := os.ReadFile(filepath.Join(dir, "ended.json"))
	if errors.Is(err, os.ErrNotExist) {
		return guest.RunState{Phase: guest.RunLost}, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	if err != nil {
		return s, fmt.Errorf("reading the result of the run: %w", err)
	}
	return s, nil
}

// prune removes the folders of runs that nobody supervises: old ones, and the oldest if there are many. An error leaves the rest.
func (f Folder) prune(now time.Time) {
	entries, err := os.ReadDir(f.Path)
	if err != nil {
		return
	}
	type old struct {
		dir  string
		when time.Time
	}
	var all []old
	for _, e := range entries {
		if info, err := e.Info(); err == nil && e.IsDir() {
			all = append(all, old{filepath.Join(f.Path, e.Name()), info.ModTime()})
		}
	}
	slices.SortFunc(all, func(a, b old) int { return b.when.Compare(a.when) })
	for i, o := range all {
		if i < keptRuns && now.Sub(o.when) < keptFor {
			continue
		}
		if going, err := held(o.dir); err == nil && !going {
			_ = os.RemoveAll(o.dir)
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// putJSON writes a file completely or not at all.
func putJSON(path string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Base(path), err)
	}
	part, err := os.CreateTemp(filepath.Dir(path), ".part-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Base(path), err)
	}
	_, err = part.Write(b)
	if err == nil {
		err = part.Sync()
	}
	if err = errors.Join(err, part.Close()); err == nil {
		err = os.Rename(part.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing %s: %w", filepath.Base(path), err), os.Remove(part.Name()))
	}
	return nil
}
