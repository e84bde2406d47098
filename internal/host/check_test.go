package host_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"carrel/internal/host"
)

// goodMachine is one on which every check passes. Tests take away from it.
func goodMachine() host.Probe {
	files := fstest.MapFS{}
	for path, text := range map[string]string{
		"etc/os-release":                                   "PRETTY_NAME=\"Debian GNU/Linux 13 (trixie)\"\n",
		"etc/subuid":                                       "root:1000000:1000000000\n",
		"etc/subgid":                                       "root:1000000:1000000000\n",
		"proc/meminfo":                                     "MemTotal: 9 kB\nMemAvailable:   16000000 kB\n",
		"proc/self/ns/user":                                "",
		"proc/net/udp":                                     "  sl  local_address\n 1: 0100007F:0035 00000000:0000 07\n",
		"proc/sys/kernel/osrelease":                        "6.12.0",
		"proc/sys/user/max_user_namespaces":                "60000",
		"proc/sys/net/ipv4/ip_forward":                     "1",
		"sys/fs/cgroup/cgroup.controllers":                 "cpuset cpu io memory pids",
		"sys/module/apparmor/parameters/enabled":           "Y",
		"var/lib/lxcfs/proc/meminfo":                       "MemTotal: 9 kB\n",
		"usr/share/lxc/config/common.conf.d/00-lxcfs.conf": "lxc.hook.mount = x",
		"run/systemd/system":                               "",
		"dev/kvm":                                          "",
		"dev/vhost-vsock":                                  "",
		"usr/libexec/incus/incusd":                         "",
	} {
		files[path] = &fstest.MapFile{Data: []byte(text)}
	}
	for _, program := range []string{"btrfs", "mkfs.btrfs", "mmdebstrap", "dnsmasq", "nft", "ip", "newuidmap", "lxcfs", "apparmor_parser"} {
		files["usr/bin/"+program] = &fstest.MapFile{}
	}
	for _, key := range []string{
		"fs/inotify/max_user_instances", "fs/inotify/max_user_watches", "fs/inotify/max_queued_events", "kernel/keys/maxkeys",
		"kernel/keys/maxbytes", "net/ipv4/neigh/default/gc_thresh1", "vm/max_map_count", "fs/aio-max-nr", "kernel/pid_max",
	} {
		files["proc/sys/"+key] = &fstest.MapFile{Data: []byte("99999999\n")}
	}
	return host.Probe{
		System: "linux",
		Root:   true,
		Files:  files,
		Now:    func() time.Time { return time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC) },
		Run:    func(context.Context, string, ...string) (string, error) { return "", nil },
		Free:   func(string) (uint64, error) { return 100 << 30, nil },
		Listen: func(context.Context, string) error { return nil },
		Btrfs:  func(context.Context) error { return nil },
		KVM:    func(context.Context) error { return nil },
		Daemon: func(context.Context) host.Daemon {
			return host.Daemon{Dir: host.DefaultIncusDir, State: host.DaemonReady, Version: "6.0.4", PID: 7}
		},
	}
}

func check(m host.Probe) []host.Finding {
	return host.CheckMachine(context.Background(), m, host.Options{Listen: "127.0.0.1:8080", DataDir: "/srv/carrel", IncusDir: host.DefaultIncusDir})
}

func TestEveryCheckPassesOnAGoodMachine(t *testing.T) {
	for _, f := range check(goodMachine()) {
		if f.Level != host.OK || f.Remedy != "" || f.Found == "" || f.Name == "" {
			t.Errorf("%+v", f)
		}
	}
}

func TestCheckNamesWhatIsWrong(t *testing.T) {
	remove := func(path string) func(*host.Probe) {
		return func(m *host.Probe) { delete(m.Files.(fstest.MapFS), path) }
	}
	write := func(path, text string) func(*host.Probe) {
		return func(m *host.Probe) { m.Files.(fstest.MapFS)[path] = &fstest.MapFile{Data: []byte(text)} }
	}
	refuse := func(words string) func(*host.Probe) {
		return func(m *host.Probe) {
			m.Run = func(_ context.Context, name string, args ...string) (string, error) {
				if strings.Contains(name+" "+strings.Join(args, " "), words) {
					return "", errors.New("Operation not supported")
				}
				return "", nil
			}
		}
	}
	daemon := func(d host.Daemon) func(*host.Probe) {
		return func(m *host.Probe) { m.Daemon = func(context.Context) host.Daemon { return d } }
	}
	space := func(bytes uint64) func(*host.Probe) {
		return func(m *host.Probe) { m.Free = func(string) (uint64, error) { return bytes, nil } }
	}
	for _, c := range []struct {
		sentence, name string
		breaks         func(*host.Probe)
		level          host.Level
		found          string
	}{
		{"another system", "operating system", func(m *host.Probe) { m.System = "darwin" }, host.Fail, "darwin"},
		{"an ordinary user", "root", func(m *host.Probe) { m.Root = false }, host.Fail, "ordinary user"},
		{"a clock that was never set", "clock", func(m *host.Probe) { m.Now = func() time.Time { return time.Unix(0, 0) } }, host.Fail, "1970"},
		{"little memory", "memory", write("proc/meminfo", "MemAvailable: 1000000 kB\n"), host.Warn, "976 MiB"},
		{"hardly any memory", "memory", write("proc/meminfo", "MemAvailable: 100000 kB\n"), host.Fail, "97 MiB"},
		{"little space", "disk space", space(10 << 30), host.Warn, "10 GiB"},
		{"no space", "disk space", space(1 << 30), host.Fail, "1 GiB"},
		{"a missing program", "programs", remove("usr/bin/mmdebstrap"), host.Fail, "missing: mmdebstrap"},
		{"no Incus", "Incus", remove("usr/libexec/incus/incusd"), host.Fail, "not installed"},
		{"user namespaces switched off", "user namespaces", write("proc/sys/user/max_user_namespaces", "0"), host.Fail, "at most 0"},
		{"no ids for containers", "user id ranges", write("etc/subgid", "ann:100000:65536\nroot:1:10\n"), host.Fail, "/etc/subgid"},
		{"a control group that is missing", "control groups", write("sys/fs/cgroup/cgroup.controllers", "cpu pids"), host.Fail, "missing: memory"},
		{"AppArmor without its parser", "AppArmor", remove("usr/bin/apparmor_parser"), host.Warn, "parser"},
		{"no btrfs", "btrfs", func(m *host.Probe) { m.Btrfs = func(context.Context) error { return errors.New("unknown type") } }, host.Fail, "unknown type"},
		{"no bridges", "bridges", refuse("type bridge"), host.Fail, "not supported"},
		{"no port isolation", "bridges", refuse("isolated on"), host.Fail, "not supported"},
		{"no NAT", "NAT", refuse("masquerade"), host.Fail, "not supported"},
		{"no forwarding", "forwarding", write("proc/sys/net/ipv4/ip_forward", "0"), host.Fail, "off"},
		{"a firewall that drops what is forwarded", "forwarding", func(m *host.Probe) {
			m.Run = func(context.Context, string, ...string) (string, error) { return "type filter; policy drop;", nil }
		}, host.Warn, "drops"},
		{"no state for bridges", "per-desktop rules", refuse("ct state"), host.Warn, "lacks NF_CONNTRACK_BRIDGE:"},
		{"no refusal on bridges", "per-desktop rules", refuse("; reject"), host.Warn, "lacks NFT_BRIDGE_REJECT:"},
		{"a name service everywhere", "name service port", write("proc/net/udp", " 1: 00000000:0035 0 07\n"), host.Warn, "port 53"},
		{"lxcfs that does not answer", "lxcfs", remove("var/lib/lxcfs/proc/meminfo"), host.Warn, "does not answer"},
		{"a daemon that does not use lxcfs", "lxcfs", write("proc/7/environ", "A=b\x00INCUS_LXC_TEMPLATE_CONFIG=/opt/\x00"), host.Warn, "/opt/common.conf.d"},
		{"Debian's own inotify limit", "limit: inotify", write("proc/sys/fs/inotify/max_user_instances", "128"), host.Warn, "40th"},
		{"KVM that is not there", "virtual machines", remove("dev/kvm"), host.Warn, "no KVM"},
		{"KVM that does not work", "virtual machines", func(m *host.Probe) { m.KVM = func(context.Context) error { return errors.New("hangs") } }, host.Warn, "hangs"},
		{"no vsock", "virtual machines", remove("dev/vhost-vsock"), host.Warn, "vhost_vsock"},
		{"no daemon", "Incus", daemon(host.Daemon{State: host.DaemonAbsent, Dir: "/x"}), host.Fail, "does not run at /x"},
		{"a daemon that died", "Incus", daemon(host.Daemon{State: host.DaemonAbsent, Stale: true}), host.Fail, "without cleaning up"},
		{"a daemon that is starting", "Incus", daemon(host.Daemon{State: host.DaemonStarting, PID: 42}), host.Warn, "process 42"},
		{"a daemon that is too old", "Incus", daemon(host.Daemon{State: host.DaemonReady, Version: "5.21"}), host.Fail, "5.21"},
		{"an address in use", "listen address", func(m *host.Probe) {
			m.Listen = func(context.Context, string) error { return errors.New("address already in use") }
		}, host.Fail, "in use"},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			m := goodMachine()
			c.breaks(&m)
			findings := check(m)
			i := slices.IndexFunc(findings, func(f host.Finding) bool { return f.Name == c.name })
			if i < 0 {
				t.Fatalf("no check is called %q", c.name)
			}
			if f := findings[i]; f.Level != c.level || !strings.Contains(f.Found, c.found) || f.Remedy == "" {
				t.Errorf("found %+v, wanted %s with %q and a remedy", f, c.level, c.found)
			}
		})
	}
}

// Whatever is missing from a machine, in whatever combination, every remark comes with what to do about it.
func TestEveryRemarkHasARemedy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := goodMachine()
		files := m.Files.(fstest.MapFS)
		for _, path := range slices.Sorted(maps.Keys(files)) {
			switch rapid.SampledFrom([]string{"there", "gone", "nonsense", "zero"}).Draw(t, path) {
			case "gone":
				delete(files, path)
			case "nonsense":
				files[path] = &fstest.MapFile{Data: []byte("\x00\nMemAvailable:\nroot:x\n=")}
			case "zero":
				files[path] = &fstest.MapFile{Data: []byte("0\n")}
			}
		}
		broken := func(what string) error {
			if rapid.Bool().Draw(t, what) {
				return errors.New(what + " is broken")
			}
			return nil
		}
		m.Root = rapid.Bool().Draw(t, "root")
		m.Run = func(context.Context, string, ...string) (string, error) { return "policy drop", broken("a program") }
		m.Free = func(string) (uint64, error) {
			return rapid.Uint64Range(0, 50<<30).Draw(t, "free"), broken("the disk")
		}
		m.KVM = func(context.Context) error { return broken("KVM") }
		m.Btrfs = func(context.Context) error { return broken("btrfs") }
		m.Listen = func(context.Context, string) error { return broken("the port") }
		m.Daemon = func(context.Context) host.Daemon {
			return host.Daemon{
				State:   rapid.SampledFrom([]host.DaemonState{host.DaemonAbsent, host.DaemonStarting, host.DaemonReady}).Draw(t, "state"),
				Version: rapid.SampledFrom([]string{"", "4.0", "6.0.4", "6.20", "10.1"}).Draw(t, "version"),
				Stale:   rapid.Bool().Draw(t, "stale"),
			}
		}
		names := map[string]bool{}
		for _, f := range check(m) {
			if (f.Level == host.OK) != (f.Remedy == "") || f.Found == "" || f.Name == "" || names[f.Name] {
				t.Fatalf("%+v", f)
			}
			names[f.Name] = true
		}
	})
}

func TestReportEndsWithWhatItMeans(t *testing.T) {
	var b bytes.Buffer
	m := goodMachine()
	m.KVM = func(context.Context) error { return errors.New("hangs") }
	host.Report(&b, check(m))
	if text := b.String(); !strings.Contains(text, "→ ") || !strings.HasSuffix(text, "Desktops can run here; 1 of 26 checks have a remark.\n") {
		t.Error(text)
	}
}

func TestCheckStopsWhereIncusCannotRun(t *testing.T) {
	m := goodMachine()
	m.System = "darwin"
	if findings := check(m); len(findings) != 1 || !strings.Contains(findings[0].Remedy, "--engine sim") {
		t.Errorf("%+v", findings)
	}
}
