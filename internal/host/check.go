package host

import (
	"context"
	"time"
)

// check is one precondition. Its function is pure except for what it reads through the probe.
type check struct {
	name string
	look func(ctx context.Context, m Probe, o Options) Finding
}

const listenCheck = "listen address"

// checks are all preconditions, in the order in which one would fix them.
var checks = []check{
	{"operating system", checkSystem},
	{"root", checkRoot},
	{"clock", checkClock},
	{"memory", checkMemory},
	{"disk space", checkDisk},
	{"programs", checkPrograms},
	{"user namespaces", checkUserNamespaces},
	{"user id ranges", checkIDRanges},
	{"control groups", checkControlGroups},
	{"AppArmor", checkAppArmor},
	{"btrfs", checkBtrfs},
	{"bridges", checkBridge},
	{"NAT", checkNAT},
	{"forwarding", checkForwarding},
	{"per-desktop rules", checkBridgeFilter},
	{"name service port", checkNameService},
	{"lxcfs", checkLXCFS},
	{"limit: inotify", checkLimits("inotify")},
	{"limit: kernel keys", checkLimits("kernel keys")},
	{"limit: neighbours", checkLimits("neighbours")},
	{"limit: memory maps", checkLimits("memory maps")},
	{"limit: async I/O", checkLimits("async I/O")},
	{"limit: processes", checkLimits("processes")},
	{"virtual machines", checkKVM},
	{"Incus", checkDaemon},
	{listenCheck, checkListen},
}

// Check checks each precondition of running desktops on Incus and returns a finding for each, always in the same order. It makes
// no lasting change. It takes about a second, and no single check more than ten.
func Check(ctx context.Context, o Options) []Finding { return CheckMachine(ctx, ThisMachine(o), o) }

// CheckMachine is Check for a machine that is read through m. If Incus cannot run at all, it stops at the reason.
func CheckMachine(ctx context.Context, m Probe, o Options) []Finding {
	findings := make([]Finding, 0, len(checks))
	for _, c := range checks {
		if c.name == listenCheck && o.Listen == "" {
			continue
		}
		limited, cancel := context.WithTimeout(ctx, 10*time.Second)
		f := c.look(limited, m, o)
		cancel()
		f.Name = c.name
		findings = append(findings, f)
		if suitable(m) != nil && f.Level == Fail {
			break
		}
	}
	return findings
}
