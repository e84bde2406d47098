package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

// sweepCommand is a command for the supervisor itself, not for users.
const sweepCommand = "sweep"

// thoroughness says whether processes have time to close.
type thoroughness string

const (
	killNow    thoroughness = "now"
	closeFirst thoroughness = "close"
)

// sweep ends every process of an account. A process that runs as the account sends the signal to all that it may signal: the
// kernel does that in one step, so no fork can escape it.
func sweep(l login, how thoroughness) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	c := exec.CommandContext(context.Background(), self, sweepCommand, string(how))
	c.SysProcAttr = runAs(l, nil)
	c.Env = []string{}
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("ending the processes of %q: %w: %s", l.Name, err, out)
	}
	return nil
}

// sweepSelf is the part of sweep that runs as the account. It can only signal the account's own processes.
func sweepSelf(args []string) error {
	if syscall.Getuid() == 0 || len(args) != 1 {
		return errors.New("sweep is for the supervisor only")
	}
	if thoroughness(args[0]) == closeFirst {
		if err := signalAll(syscall.SIGTERM); err != nil {
			return err
		}
		for deadline := time.Now().Add(closeTime); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			if alone() {
				return nil
			}
		}
	}
	return signalAll(syscall.SIGKILL)
}

func signalAll(sig syscall.Signal) error {
	if err := syscall.Kill(-1, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("sending %v: %w", sig, err)
	}
	return nil
}

// alone reports whether no other process of this user is left; zombies do not count.
func alone() bool {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return false
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		info, err := e.Info()
		if err != nil {
			continue
		}
		st, ok := info.Sys().(*syscall.Stat_t)
		if !ok || int(st.Uid) != syscall.Getuid() {
			continue
		}
		if exe, err := os.Readlink("/proc/" + e.Name() + "/exe"); err == nil && exe != "" {
			return false
		}
	}
	return true
}
