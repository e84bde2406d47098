package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// DaemonState is the state of the Incus daemon.
type DaemonState string

// The states of the daemon.
const (
	DaemonAbsent   DaemonState = "absent"
	DaemonStarting DaemonState = "starting" // its process runs, and does not serve yet
	DaemonReady    DaemonState = "ready"
)

// Daemon is the observed Incus daemon of one folder.
type Daemon struct {
	Dir     string // its INCUS_DIR
	State   DaemonState
	PID     int    // 0 if absent
	Version string // if ready
	Stale   bool   // absent, but an earlier one left its socket
}

func socketOf(dir string) string { return filepath.Join(dir, "unix.socket") }

// findDaemon checks the daemon's socket and, if nothing answers there, looks for its process.
func findDaemon(ctx context.Context, o Options) Daemon {
	d := Daemon{Dir: o.incusDir(), State: DaemonAbsent}
	ready, err := askDaemon(ctx, d.Dir, &d)
	switch {
	case ready:
		d.State = DaemonReady
		return d
	case errors.Is(err, syscall.ECONNREFUSED):
		d.Stale = true
	}
	if d.PID = findProcess(d.Dir); d.PID != 0 || d.Version != "" {
		d.State, d.Stale = DaemonStarting, false
	}
	return d
}

// askDaemon sets what the daemon reports, and returns whether it has finished starting. It does not use Incus's client library,
// which cannot handle a daemon that is still starting.
func askDaemon(ctx context.Context, dir string, d *Daemon) (ready bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socketOf(dir))
		},
	}}
	get := func(path string, into any) (int, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://incus"+path, http.NoBody)
		if err != nil {
			return 0, err
		}
		response, err := client.Do(request)
		if err != nil {
			return 0, err
		}
		defer response.Body.Close()
		return response.StatusCode, json.NewDecoder(response.Body).Decode(into)
	}
	var server struct {
		Metadata struct {
			Environment struct {
				ServerVersion string `json:"server_version"`
				ServerPID     int    `json:"server_pid"`
			} `json:"environment"`
		} `json:"metadata"`
	}
	if _, err := get("/1.0", &server); err != nil {
		return false, err
	}
	d.Version, d.PID = server.Metadata.Environment.ServerVersion, server.Metadata.Environment.ServerPID
	var answer struct{}
	status, err := get("/internal/ready", &answer)
	return status == http.StatusOK, err
}

// findProcess returns the id of the daemon process that has dir as its folder, or 0.
func findProcess(dir string) int {
	processes, _ := filepath.Glob("/proc/[0-9]*") // the pattern is valid
	for _, process := range processes {
		program, err := os.Readlink(process + "/exe")
		if err != nil || strings.TrimSuffix(filepath.Base(program), " (deleted)") != "incusd" {
			continue
		}
		// Its helpers are the same program with a command as first argument ("incusd forkproxy").
		commandLine, _ := os.ReadFile(process + "/cmdline")
		if args := strings.Split(string(commandLine), "\x00"); len(args) > 1 && args[1] != "" && !strings.HasPrefix(args[1], "-") {
			continue
		}
		environment, err := os.ReadFile(process + "/environ")
		if err != nil {
			continue // it has just ended
		}
		its := DefaultIncusDir
		for variable := range strings.SplitSeq(string(environment), "\x00") {
			if value, found := strings.CutPrefix(variable, "INCUS_DIR="); found && value != "" {
				its = value
			}
		}
		if filepath.Clean(its) == filepath.Clean(dir) {
			pid, _ := strconv.Atoi(filepath.Base(process)) // the pattern allows only digits
			return pid
		}
	}
	return 0
}

// findIncusd returns the daemon's program: Debian's path, or one in PATH.
func findIncusd(m Probe) string {
	const debian = "/usr/libexec/incus/incusd"
	if m.exists(debian) {
		return debian
	}
	return m.program("incusd")
}

// startDaemon uses a daemon that is ready, waits for one that is starting, and starts one otherwise. The caller has the lock: two
// daemons on one folder would damage its database.
func startDaemon(ctx context.Context, o Options, p Progress) error {
	m := ThisMachine(o)
	d := findDaemon(ctx, o)
	var ended <-chan string
	log := daemonLog(d.Dir)
	switch {
	case d.State == DaemonReady:
		return nil
	case d.State == DaemonStarting:
		p.say("Waiting for the Incus daemon, process %d, which is starting", d.PID)
	case m.systemd() && d.Dir == DefaultIncusDir && m.exists("/lib/systemd/system/incus.service"):
		p.say("Starting the Incus daemon through systemd")
		if _, err := m.Run(ctx, "systemctl", "start", "incus.service"); err != nil {
			return fmt.Errorf("%w; its log: journalctl -u incus -n 50", err)
		}
	default:
		p.say("Starting the Incus daemon (its log: %s)", log)
		if d.Stale {
			if err := os.Remove(socketOf(d.Dir)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("removing the socket of a daemon that died: %w", err)
			}
		}
		var err error
		if ended, err = launchDaemon(ctx, m, o); err != nil {
			return err
		}
	}
	return awaitDaemon(ctx, o, ended, log)
}

// daemonLog returns the log file of a folder's daemon, by Incus's own rule.
func daemonLog(dir string) string {
	if dir == DefaultIncusDir {
		return "/var/log/incus/incusd.log"
	}
	return filepath.Join(dir, "logs", "incusd.log")
}

// outputOf returns the file for the output of a daemon that was started without systemd: everything in its log, and what comes
// before.
func outputOf(log string) string { return strings.TrimSuffix(log, ".log") + ".out" }

// lastLines returns the end of a file, for messages.
func lastLines(file string, n int) string {
	data, _ := os.ReadFile(file) // without it the message is only shorter
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// withLimits runs a program with as many open files and processes as Debian's unit gives the daemon, or as many as this machine
// allows.
const withLimits = `ulimit -n 1048576 || ulimit -n "$(ulimit -Hn)"; ulimit -u unlimited; exec "$0" "$@"`

// launchDaemon does what Debian's start-up scripts do.
func launchDaemon(ctx context.Context, m Probe, o Options) (<-chan string, error) {
	const loadProfiles = "/usr/libexec/incus/incus-apparmor-load"
	if m.exists(loadProfiles) {
		if _, err := m.Run(ctx, loadProfiles); err != nil {
			return nil, fmt.Errorf("loading the AppArmor profiles: %w", err)
		}
	}
	dir := o.incusDir()
	log := daemonLog(dir)
	args := []string{"-c", withLimits, findIncusd(m), "--logfile", log}
	if field(m.read("/etc/group"), "incus-admin", ":") != "" {
		args = append(args, "--group", "incus-admin")
	}
	var env []string
	for _, file := range []string{"/etc/environment", "/etc/default/incus"} {
		for line := range strings.Lines(m.read(file)) {
			if name, value, found := strings.Cut(strings.TrimSpace(line), "="); found && !strings.HasPrefix(name, "#") {
				env = append(env, strings.TrimPrefix(name, "export ")+"="+strings.Trim(value, `"'`))
			}
		}
	}
	if dir != DefaultIncusDir {
		env = append(env, "INCUS_DIR="+dir)
		if err := os.MkdirAll(dir, 0o711); err != nil {
			return nil, fmt.Errorf("making the daemon's folder: %w", err)
		}
	}
	return startDetached("bash", args, env, outputOf(log))
}

// awaitDaemon waits until the daemon is ready, and returns early if the started process has ended.
func awaitDaemon(ctx context.Context, o Options, ended <-chan string, log string) error {
	limited, cancel := context.WithTimeoutCause(ctx, o.startTimeout(), fmt.Errorf("it was not ready within %s", o.startTimeout()))
	defer cancel()
	err := poll(limited, 50*time.Millisecond, func() (bool, error) {
		select {
		case status := <-ended:
			return false, fmt.Errorf("it ended: %s; its output: %s\n%s", status, outputOf(log), lastLines(outputOf(log), 5))
		default:
		}
		return findDaemon(limited, o).State == DaemonReady, nil
	})
	if pid := findProcess(o.incusDir()); err != nil && pid != 0 && ctx.Err() == nil {
		return fmt.Errorf("%w; if it hangs, end it with kill %d and try again", err, pid)
	}
	return err
}
