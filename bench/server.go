package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/goccy/go-yaml"

	"carrel/internal/app"
)

// server is a control plane in a process of its own.
type server struct {
	*caller
	cmd   *exec.Cmd
	ended chan struct{} // closed when the process has ended
	log   string        // file with what it logs, as JSON
}

// serve starts "carrel serve" on the lab's Incus project, or over simulated desktops, and returns when it serves. It is
// stopped when the lab closes, if not before.
func (l *lab) serve(ctx context.Context, engine string, settings map[string]any, arguments ...string) (*server, error) {
	s, address, err := l.start(ctx, l.folder(), "serve", engine, settings, arguments...)
	if err != nil {
		return nil, err
	}
	if err := s.signIn(ctx, address); err != nil {
		return nil, err
	}
	return s, nil
}

// folder is the path of a new data directory.
func (l *lab) folder() string {
	l.servers++
	return filepath.Join(l.dir, "carrel-"+strconv.Itoa(l.servers))
}

var serving = regexp.MustCompile(`(?i)serv(?:es|ing) on (https?://[^ ]+)`)

// start starts a process that serves, and returns its address when it has printed that.
func (l *lab) start(ctx context.Context, dir, command, engine string, settings map[string]any, arguments ...string) (*server, string, error) {
	config, err := l.write(dir, settings)
	if err != nil {
		return nil, "", fmt.Errorf("writing a configuration: %w", err)
	}
	s := &server{ended: make(chan struct{}), log: dir + ".log", caller: &caller{data: dir}}
	// The process outlives ctx: it is stopped in order when the lab closes.
	s.cmd = exec.CommandContext(context.WithoutCancel(ctx), l.options.carrel, append([]string{
		command, "--data", dir, "--listen", "127.0.0.1:0", "--engine", engine, "--config", config, "--log-json",
	}, arguments...)...)
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt is for the lab, which stops it in order
	log, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, "", fmt.Errorf("opening a log: %w", err)
	}
	defer log.Close()
	s.cmd.Stderr = log
	said, err := s.cmd.StdoutPipe()
	if err == nil {
		err = s.cmd.Start()
	}
	if err != nil {
		return nil, "", fmt.Errorf("starting carrel %s: %w", command, err)
	}
	addresses := make(chan string, 1)
	go s.read(said, addresses)
	l.onClose(func(context.Context) { s.stop() })
	select {
	case address := <-addresses:
		return s, address, nil
	case <-s.ended:
		why, _ := os.ReadFile(s.log)
		return nil, "", fmt.Errorf("carrel %s ended before it served: %s", command, why)
	case <-ctx.Done():
		return nil, "", ctx.Err()
	}
}

// read follows what the process prints until it ends.
func (s *server) read(said io.Reader, addresses chan<- string) {
	defer close(s.ended)
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		if found := serving.FindStringSubmatch(lines.Text()); found != nil {
			select {
			case addresses <- found[1]:
			default:
			}
		}
	}
	_ = s.cmd.Wait() // how it ended does not matter to a figure
}

// stop ends the process in order, or after half a minute at once. Stopping it again does nothing.
func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
	select {
	case <-s.ended:
	case <-time.After(30 * time.Second):
		_ = s.cmd.Process.Kill()
		<-s.ended
	}
}

func (l *lab) write(dir string, settings map[string]any) (string, error) {
	all := map[string]any{
		"incus": map[string]any{
			"project": l.config.Incus.Project, "pool_gib": l.config.Incus.PoolGiB, "classes": l.config.Incus.Classes,
		},
		"networks":   []map[string]any{{"name": networkName, "cidr": networkCIDR}},
		"overcommit": map[string]any{"disk": 1000, "memory": 1000}, // idle desktops are measured, of which more fit than may be promised
	}
	for section, values := range settings {
		more, isMap := values.(map[string]any)
		if own, has := all[section].(map[string]any); has && isMap {
			maps.Copy(own, more)
		} else {
			all[section] = values
		}
	}
	body, err := yaml.Marshal(all)
	if err != nil {
		return "", err
	}
	return dir + ".yaml", os.WriteFile(dir+".yaml", body, 0o600)
}

// bootstrap is what the control plane tells about its first project.
func bootstrap(dir string) (b app.Bootstrap, err error) {
	body, err := os.ReadFile(filepath.Join(dir, "bootstrap.json"))
	if err == nil {
		err = json.Unmarshal(body, &b)
	}
	if err != nil {
		return b, fmt.Errorf("reading bootstrap.json: %w", err)
	}
	return b, nil
}

// endings reads from the log when each sub-job of a kind has ended, by its desktop.
func (s *server) endings(kind string) (map[string]time.Time, error) {
	file, err := os.Open(s.log)
	if err != nil {
		return nil, fmt.Errorf("reading the log: %w", err)
	}
	defer file.Close()
	ended := map[string]time.Time{}
	lines := json.NewDecoder(file)
	for {
		var line struct {
			Time               time.Time
			Msg, Type, Desktop string
		}
		err := lines.Decode(&line)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return ended, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading the log: %w", err)
		}
		if line.Msg == "sub-job ended" && line.Type == kind {
			ended[line.Desktop] = line.Time
		}
	}
}

// processorTime is what the process has used of the processors since it started, to a hundredth of a second.
func (s *server) processorTime() (time.Duration, error) {
	path := fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid)
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, fmt.Errorf("reading the processor time of carrel: %w", err)
	}
	// The program's name, in brackets, may have spaces; user and system time are the 12th and 13th field after it.
	const user, system = 11, 12
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	var ticks int
	for _, i := range []int{user, system} {
		n, err := strconv.Atoi(fields[i])
		if err != nil {
			return 0, fmt.Errorf("reading %s: %w", path, err)
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / 100, nil
}
