package host

import (
	"context"
	"strings"
)

// The network checks run in a network namespace of their own, which ends with the last process in it: they leave nothing, and do
// not see or change the machine's own network.

const ownKernel = "boot a kernel that has it, such as Debian's own (apt-get install linux-image-amd64)"

// inOwnNetwork runs shell commands in an empty network.
func inOwnNetwork(ctx context.Context, m Probe, script string) error {
	_, err := m.Run(ctx, "unshare", "--net", "sh", "-ec", script)
	return err
}

func checkBridge(ctx context.Context, m Probe, _ Options) Finding {
	err := inOwnNetwork(ctx, m, `ip link add probe type bridge
		ip link add inside type veth peer name outside
		ip link set outside master probe
		ip link set outside type bridge_slave isolated on`)
	if err != nil {
		return fail("a bridge with isolated ports cannot be made: "+err.Error(), "load them: modprobe -a bridge veth; if there are none, "+ownKernel)
	}
	return ok("with isolated ports")
}

func checkNAT(ctx context.Context, m Probe, _ Options) Finding {
	err := inOwnNetwork(ctx, m, `nft 'table inet probe { chain out { type nat hook postrouting priority srcnat; ip saddr 10.0.0.0/8 masquerade; }; }'`)
	if err != nil {
		return fail("nftables cannot translate addresses: "+err.Error(), "load it: modprobe -a nf_tables nft_masq nft_nat; if there is none, "+ownKernel)
	}
	return ok("nftables works")
}

func checkForwarding(ctx context.Context, m Probe, _ Options) Finding {
	if m.read("/proc/sys/net/ipv4/ip_forward") != "1" {
		return fail("off", "desktops reach the network through this machine: carrel doctor --prepare")
	}
	// Docker drops all forwarded traffic that is not its own. Without the table there is no problem.
	if rules, err := m.Run(ctx, "nft", "list", "chain", "ip", "filter", "FORWARD"); err == nil && strings.Contains(rules, "policy drop") {
		return warn("on, but the firewall drops what is forwarded (Docker sets that up)", "let desktops through: iptables -P FORWARD ACCEPT")
	}
	return ok("on")
}

// checkBridgeFilter checks for what Incus needs to apply rules to single network cards. Without it, rules for a whole network and
// the isolation of ports still work.
func checkBridgeFilter(ctx context.Context, m Probe, _ Options) Finding {
	var missing []string
	for _, feature := range []struct{ name, rule string }{
		{"NF_CONNTRACK_BRIDGE", "ct state established accept"},
		{"NFT_BRIDGE_REJECT", "reject"},
	} {
		err := inOwnNetwork(ctx, m, `nft 'table bridge probe { chain through { type filter hook forward priority filter; `+feature.rule+`; }; }'`)
		if err != nil {
			missing = append(missing, feature.name)
		}
	}
	if len(missing) > 0 {
		return warn("the kernel lacks "+strings.Join(missing, " and ")+": security groups apply to whole networks, not to single desktops",
			"load them: modprobe -a nf_conntrack_bridge nft_reject_bridge; if there are none, "+ownKernel)
	}
	return ok("security groups can apply to single desktops")
}

// checkNameService checks for a program that listens on port 53 of every address: then the name service of a desktop network
// could not start.
func checkNameService(_ context.Context, m Probe, _ Options) Finding {
	const everyAddress, port53 = "00000000", "0035"
	for line := range strings.Lines(m.read("/proc/net/udp")) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[1] == everyAddress+":"+port53 {
			return warn("another name service holds port 53 of every address", "see which with ss -lunp sport = :53, and bind it to one address")
		}
	}
	return ok("free for desktop networks")
}
