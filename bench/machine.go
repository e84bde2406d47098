package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	client "github.com/lxc/incus/v6/client"
)

// machine is where the figures come from.
type machine struct {
	cpu     string
	cpus    int
	memory  string
	kernel  string
	system  string
	incus   string
	carrel  string
	command string
}

// describe reads what this machine is. What cannot be read is left empty: a figure is worth more than its footnote.
func (l *lab) describe(ctx context.Context) machine {
	m := machine{cpus: runtime.NumCPU(), carrel: version(ctx, l.options.carrel)}
	m.command = strings.Join(append([]string{"go run ./bench"}, os.Args[1:]...), " ")
	m.cpu = field("/proc/cpuinfo", "model name", ":")
	m.system = strings.Trim(field("/etc/os-release", "PRETTY_NAME", "="), `"`)
	var kib float64
	if _, err := fmt.Sscan(field("/proc/meminfo", "MemTotal", ":"), &kib); err == nil {
		m.memory = fmt.Sprintf("%.0f GiB", kib/(1<<20))
	}
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err == nil {
		m.kernel = strings.TrimSpace(string(release))
	}
	if s, err := client.ConnectIncusUnixWithContext(ctx, "", nil); err == nil {
		if server, _, err := s.GetServer(); err == nil {
			m.incus = server.Environment.ServerVersion
		}
	}
	return m
}

func (m machine) lines() [][2]string {
	return [][2]string{
		{"machine", fmt.Sprintf("%d x %s, %s", m.cpus, m.cpu, m.memory)},
		{"system", m.system + ", kernel " + m.kernel},
		{"Incus", m.incus},
		{"Carrel", m.carrel},
		{"command", "`" + m.command + "`"},
	}
}

func version(ctx context.Context, program string) string {
	out, err := exec.CommandContext(ctx, program, "version").Output()
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(strings.TrimSpace(string(out)), "carrel ")
}

// field is the value of the first line of a file that begins with the key.
func field(file, key, separator string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(b)) {
		if k, value, ok := strings.Cut(line, separator); ok && strings.TrimSpace(k) == key {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// loadAverage is that of the last minute.
func loadAverage() float64 {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	var load float64
	if _, err := fmt.Sscan(string(b), &load); err != nil {
		return 0
	}
	return load
}
