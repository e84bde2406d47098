//go:build linux

package runs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"carrel/internal/guest"
)

// grace is the time between asking a script to end and killing it.
const grace = 5 * time.Second

// drain is how long a script's output is read after its end, if a process that it has left behind keeps it open.
const drain = time.Second

var errTaken = errors.New("the run is supervised")

// take locks a run until the file is closed. errTaken if another has it.
func take(dir string) (*os.File, error) {
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the lock of the run: %w", err)
	}
	whole := unix.Flock_t{Type: unix.F_WRLCK}
	err = unix.FcntlFlock(lock.Fd(), unix.F_OFD_SETLK, &whole)
	switch {
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EACCES):
		return nil, errors.Join(errTaken, lock.Close())
	case err != nil:
		return nil, errors.Join(fmt.Errorf("locking the run: %w", err), lock.Close())
	}
	return lock, nil
}

// held reports whether a run has a supervisor. It takes no lock, which would keep one from beginning.
func held(dir string) (bool, error) {
	lock, err := os.Open(filepath.Join(dir, "lock"))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("opening the lock of the run: %w", err)
	}
	defer lock.Close()
	whole := unix.Flock_t{Type: unix.F_RDLCK} // only a supervisor's lock is in its way
	if err := unix.FcntlFlock(lock.Fd(), unix.F_OFD_GETLK, &whole); err != nil {
		return false, fmt.Errorf("looking at the lock of the run: %w", err)
	}
	return whole.Type != unix.F_UNLCK, nil
}

// begin writes that the run has begun, to the disk: it must not begin again after a power cut.
func begin(dir string) error {
	mark, err := os.OpenFile(filepath.Join(dir, "begun"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("noting that the run has begun: %w", err)
	}
	defer mark.Close()
	if _, err = fmt.Fprintln(mark, os.Getpid()); err == nil {
		err = mark.Sync()
	}
	if folder, bad := os.Open(dir); bad == nil {
		err = errors.Join(err, folder.Sync(), folder.Close())
	}
	if err != nil {
		return fmt.Errorf("noting that the run has begun: %w", err)
	}
	return nil
}

// Supervise is the whole life of the process that Start starts. It closes file 3 once the run has begun; what it writes there before is
// the reason why it cannot.
func (f Folder) Supervise(id string) error {
	ready := os.NewFile(3, "ready")
	syscall.CloseOnExec(3) // the script must not keep it open
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	dir, err := f.of(id)
	if err != nil {
		return err
	}
	lock, err := take(dir)
	if errors.Is(err, errTaken) {
		return nil
	}
	if err == nil {
		defer lock.Close()
		if exists(filepath.Join(dir, "begun")) {
			return nil
		}
		err = begin(dir)
	}
	if err != nil {
		_, _ = fmt.Fprint(ready, err)
		return err
	}
	ready.Close()
	result := guest.RunState{Phase: guest.RunEnded, Exit: -1}
	if err := f.carryOut(dir, stop, &result); err != nil {
		result.Error = err.Error()
	}
	return putJSON(filepath.Join(dir, "ended.json"), result)
}

// carryOut runs the script to its end. An error means that it could not be started.
func (f Folder) carryOut(dir string, stop <-chan os.Signal, result *guest.RunState) error {
	var r guest.Run
	b, err := os.ReadFile(filepath.Join(dir, "run.json"))
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err != nil {
		return fmt.Errorf("reading the run: %w", err)
	}
	c, err := f.command(dir, r)
	if err != nil {
		return err
	}
	var output guest.Output
	c.Stdout, c.Stderr = &output, &output
	c.WaitDelay = drain
	if err := c.Start(); err != nil {
		return fmt.Errorf("starting the script: %w", err)
	}
	ended := make(chan struct{})
	go func() {
		_ = c.Wait() // ProcessState has the result
		close(ended)
	}()
	limit := time.NewTimer(r.Limit)
	defer limit.Stop()
	select {
	case <-ended:
	case <-limit.C:
		result.Cut = guest.CutLate
	case <-stop:
		result.Cut = guest.CutStopped
	}
	if result.Cut != "" {
		kill(c.Process.Pid, ended)
	}
	result.Exit, result.Output = c.ProcessState.ExitCode(), output.String()
	return nil
}

// kill ends the script with all processes of its group, and returns when it has ended.
func kill(group int, ended <-chan struct{}) {
	_ = syscall.Kill(-group, syscall.SIGTERM)
	patience := time.NewTimer(grace)
	defer patience.Stop()
	select {
	case <-ended:
	case <-patience.C:
	}
	_ = syscall.Kill(-group, syscall.SIGKILL) // also what has outlived the script
	<-ended
}

// command is what runs the script: in a session of its own, which is also the group that kill ends.
func (f Folder) command(dir string, r guest.Run) (*exec.Cmd, error) {
	who := Account{Name: "root", Home: "/root", Shell: "/bin/sh"}
	if r.Account != "" {
		var err error
		if who, err = f.Find(r.Account); err != nil {
			return nil, fmt.Errorf("finding the account %q: %w", r.Account, err)
		}
	}
	script := filepath.Join(dir, "script")
	if err := os.WriteFile(script, []byte(r.Script), 0o500); err != nil {
		return nil, fmt.Errorf("writing the script: %w", err)
	}
	if err := os.Chown(script, who.UID, who.GID); err != nil {
		return nil, fmt.Errorf("giving the script to the account: %w", err)
	}
	c := exec.CommandContext(context.Background(), "/bin/sh", script) // kill ends it, with its group
	if strings.HasPrefix(r.Script, "#!") {
		c = exec.CommandContext(context.Background(), script)
	}
	c.Env = []string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + who.Home, "USER=" + who.Name, "LOGNAME=" + who.Name,
		"SHELL=" + who.Shell, "LANG=C.UTF-8",
	}
	if c.Dir = who.Home; !exists(c.Dir) {
		c.Dir = "/"
	}
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if r.Account != "" {
		c.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(who.UID), Gid: uint32(who.GID), Groups: who.Groups}
	}
	return c, nil
}
