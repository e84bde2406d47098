package host

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

const simulated = "try Carrel with simulated desktops: carrel serve --engine sim"

func checkSystem(_ context.Context, m Probe, _ Options) Finding {
	if m.System != "linux" {
		return fail(m.System, "Incus needs a Linux kernel; "+simulated)
	}
	name := field(m.read("/etc/os-release"), "PRETTY_NAME", "=")
	if name == "" {
		name = "Linux"
	}
	initSystem := "without systemd"
	if m.systemd() {
		initSystem = "with systemd"
	}
	return ok("%s, kernel %s, %s", strings.Trim(name, `"`), m.read("/proc/sys/kernel/osrelease"), initSystem)
}

func checkRoot(_ context.Context, m Probe, _ Options) Finding {
	if !m.Root {
		return fail("this is an ordinary user",
			"Incus makes containers, mounts disks and builds networks: run the same command with sudo, or "+simulated)
	}
	return ok("this process is root")
}

func checkClock(_ context.Context, m Probe, _ Options) Finding {
	const written = 2026 // the year in which this was written: a clock that shows an earlier one is wrong
	now := m.Now().UTC()
	if now.Year() < written {
		return fail("the clock says "+now.Format("2006-01-02 15:04"),
			"signatures and certificates need the right time: timedatectl set-ntp true, or date -s '2026-01-31 12:00'")
	}
	return ok("%s UTC", now.Format("2006-01-02 15:04"))
}

func checkMemory(_ context.Context, m Probe, _ Options) Finding {
	available := field(m.read("/proc/meminfo"), "MemAvailable", ":")
	kib, err := strconv.ParseUint(strings.TrimSuffix(available, " kB"), 10, 64)
	if err != nil {
		return warn("the free memory cannot be read", "mount it: mount -t proc proc /proc")
	}
	found := fmt.Sprintf("%d MiB available", kib>>10)
	const more = "a desktop in use needs about 500 MiB: end other programs (see ps aux --sort=-rss), or add memory"
	switch {
	case kib < 512<<10:
		return fail(found, more)
	case kib < 2<<20:
		return warn(found, more)
	}
	return ok("%s", found)
}

func checkDisk(_ context.Context, m Probe, o Options) Finding {
	dirs := []string{o.incusDir()}
	if o.DataDir != "" {
		dirs = append(dirs, o.DataDir)
	}
	var found []string
	level := OK
	for _, dir := range dirs {
		bytes, err := m.Free(dir)
		if err != nil {
			return warn(err.Error(), "look at it yourself: df -h "+dir)
		}
		found = append(found, fmt.Sprintf("%d GiB free for %s", bytes>>30, dir))
		switch {
		case bytes < 5<<30:
			level = Fail
		case bytes < 20<<30 && level == OK:
			level = Warn
		}
	}
	f := Finding{Level: level, Found: strings.Join(found, ", ")}
	if level != OK {
		f.Remedy = "the image and a few desktops need about 20 GiB: free some (du -xh / | sort -h | tail), or move them to a larger disk"
	}
	return f
}

func checkBtrfs(ctx context.Context, m Probe, _ Options) Finding {
	if err := m.Btrfs(ctx); err != nil {
		return fail("a file cannot be mounted as btrfs: "+err.Error(),
			"desktops are clones on btrfs: modprobe -a btrfs loop, and apt-get install btrfs-progs")
	}
	return ok("a file can be mounted")
}

func checkPrograms(_ context.Context, m Probe, o Options) Finding {
	var missing []string
	for _, program := range []string{"btrfs", "mkfs.btrfs", "mmdebstrap", "dnsmasq", "nft", "ip", "newuidmap", "lxcfs"} {
		if m.program(program) == "" {
			missing = append(missing, program)
		}
	}
	if findIncusd(m) == "" {
		missing = append(missing, "incusd")
	}
	if len(missing) > 0 {
		return fail("missing: "+strings.Join(missing, ", "), "install them: make setup")
	}
	return ok("all there")
}

func checkUserNamespaces(_ context.Context, m Probe, _ Options) Finding {
	if !m.exists("/proc/self/ns/user") {
		return fail("the kernel has none", "unprivileged containers need them: boot a kernel with CONFIG_USER_NS, such as Debian's own")
	}
	if most, err := strconv.Atoi(m.read("/proc/sys/user/max_user_namespaces")); err == nil && most < 1000 {
		return fail(fmt.Sprintf("at most %d", most), "allow more: sysctl -w user.max_user_namespaces=60000")
	}
	return ok("allowed")
}

func checkIDRanges(_ context.Context, m Probe, _ Options) Finding {
	for _, file := range idRangeFiles {
		if !hasIDRange(m.read(file)) {
			return fail("root has no range in "+file, "Carrel adds one: carrel doctor --prepare")
		}
	}
	return ok("root has ranges")
}

// checkControlGroups accepts the unified hierarchy (v2), with or without the older one (v1) beside it.
func checkControlGroups(_ context.Context, m Probe, _ Options) Finding {
	needed := []string{"cpu", "memory", "pids"}
	unified := strings.Fields(m.read("/sys/fs/cgroup/cgroup.controllers"))
	kind, missing := "v2", []string(nil)
	for _, controller := range needed {
		if !slices.Contains(unified, controller) && !m.exists("/sys/fs/cgroup/"+controller+"/tasks") {
			missing = append(missing, controller)
		}
	}
	if len(unified) == 0 {
		kind = "v1"
	}
	if len(missing) > 0 {
		return fail("missing: "+strings.Join(missing, ", "),
			"a desktop's CPU and memory are limited by them: mount them (mount -t cgroup2 cgroup2 /sys/fs/cgroup), or boot without cgroup_disable=")
	}
	return ok("%s with %s", kind, strings.Join(needed, ", "))
}

func checkAppArmor(_ context.Context, m Probe, _ Options) Finding {
	switch {
	case m.read("/sys/module/apparmor/parameters/enabled") != "Y":
		return ok("not in use")
	case m.program("apparmor_parser") == "":
		return warn("in use, but its parser is missing, so desktops run without it", "install it: apt-get install apparmor, then restart Incus")
	}
	return ok("confines desktops")
}

// checkLXCFS also checks whether the daemon configures lxcfs for containers: it includes a folder of settings for that.
func checkLXCFS(ctx context.Context, m Probe, _ Options) Finding {
	settings := "/usr/share/lxc/config"
	if d := m.Daemon(ctx); d.PID != 0 {
		for variable := range strings.SplitSeq(m.read(fmt.Sprintf("/proc/%d/environ", d.PID)), "\x00") {
			if dir, found := strings.CutPrefix(variable, "INCUS_LXC_TEMPLATE_CONFIG="); found && dir != "" {
				settings = dir
			}
		}
	}
	if hook := path.Join(settings, "common.conf.d/00-lxcfs.conf"); !m.exists(hook) {
		return warn("Incus does not use it, for want of "+hook+": programs in desktops see the whole machine's memory and processors",
			"apt-get install --reinstall lxcfs, and start Incus without INCUS_LXC_TEMPLATE_CONFIG")
	}
	if !m.exists(lxcfsDir + "/proc/meminfo") {
		return warn("it does not answer, so programs in desktops see the whole machine's memory and processors",
			"start it: carrel doctor --prepare")
	}
	return ok("desktops see their own memory and processors")
}

func checkKVM(ctx context.Context, m Probe, _ Options) Finding {
	const containersOnly = "containers run without it; for images of virtual machines switch on virtualisation in the firmware, or nested virtualisation on the outer host"
	if !m.exists("/dev/kvm") {
		return warn("no KVM: only images of containers can be launched", containersOnly)
	}
	if err := m.KVM(ctx); err != nil {
		return warn("KVM does not work ("+err.Error()+"): only images of containers can be launched", containersOnly)
	}
	if !m.exists("/dev/vhost-vsock") {
		return warn("KVM works, but the kernel has no vhost_vsock, which Incus needs to talk to its agent", "load it: modprobe vhost_vsock")
	}
	return ok("KVM works")
}

func checkDaemon(ctx context.Context, m Probe, _ Options) Finding {
	if findIncusd(m) == "" {
		return fail("not installed", "install it: make setup")
	}
	d := m.Daemon(ctx)
	switch d.State {
	case DaemonReady:
		if major, _, _ := strings.Cut(d.Version, "."); len(major) < 2 && major < "6" {
			return fail("version "+d.Version, "Carrel needs 6.0 or newer: make setup")
		}
		return ok("version %s answers at %s", d.Version, d.Dir)
	case DaemonStarting:
		return warn(fmt.Sprintf("process %d has not answered yet", d.PID),
			fmt.Sprintf("it may still be starting: ask again in a minute, and if that is no better, kill %d and carrel doctor --prepare", d.PID))
	case DaemonAbsent:
	}
	if d.Stale {
		return fail("it ended without cleaning up at "+d.Dir, "start it again: carrel doctor --prepare")
	}
	return fail("it does not run at "+d.Dir, "start it: carrel doctor --prepare")
}

func checkListen(ctx context.Context, m Probe, o Options) Finding {
	if err := m.Listen(ctx, o.Listen); err != nil {
		return fail(err.Error(), "see who has it with ss -ltnp, or choose another with --listen")
	}
	return ok("%s is free", o.Listen)
}

// field returns the value of a line "name<separator> value" of a text.
func field(text, name, separator string) string {
	for line := range strings.Lines(text) {
		if value, found := strings.CutPrefix(line, name+separator); found {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
