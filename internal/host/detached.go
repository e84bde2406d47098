package host

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// startDetached starts a program that outlives this process: in a session of its own, without this terminal and its signals, with
// its output in a log. The channel gets its result, if it ends while this process runs.
func startDetached(program string, args, env []string, log string) (<-chan string, error) {
	if err := os.MkdirAll(filepath.Dir(log), 0o755); err != nil {
		return nil, fmt.Errorf("making a folder for the log: %w", err)
	}
	output, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640) //nolint:gosec // readable by the group adm, as logs are
	if err != nil {
		return nil, fmt.Errorf("opening the log: %w", err)
	}
	defer output.Close()
	cmd := exec.Command(program, args...) //nolint:noctx // it must outlive every context of this process
	cmd.Dir = "/"
	cmd.Env = append([]string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8"}, env...)
	cmd.Stdout, cmd.Stderr = output, output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", program, err)
	}
	ended := make(chan string, 1)
	go func() {
		_ = cmd.Wait() // the state says more
		ended <- cmd.ProcessState.String()
	}()
	return ended, nil
}
