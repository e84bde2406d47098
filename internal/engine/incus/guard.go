package incus

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// guardHost blocks desktops from the host's ports under every address that it has or will have, except for name service, DHCP and
// the network's own error messages. The rules of Incus contain addresses, so they know only those at the time they were written;
// but Incus restores them after a reboot, while this table is missing until EnsureNetwork is called. Without root, or without nft
// on the host, only the rules of Incus apply.
func guardHost(ctx context.Context, project string, bridges []string) error {
	if len(bridges) == 0 {
		return loadTable(ctx, project, "")
	}
	return loadTable(ctx, project, `
	chain input {
		type filter hook input priority -10; policy accept;
		iifname != { "`+strings.Join(bridges, `", "`)+`" } accept
		ct state established,related accept
		udp dport { 53, 67 } accept
		tcp dport 53 accept
		icmp type { destination-unreachable, time-exceeded, parameter-problem } accept
		drop
	}
`)
}

// loadTable replaces Carrel's table in one step; empty content removes it.
func loadTable(ctx context.Context, project, content string) error {
	nft, err := exec.LookPath("nft")
	if err != nil || os.Geteuid() != 0 {
		return nil
	}
	name := "inet carrel_" + strings.ReplaceAll(project, "-", "_")
	rules := "table " + name + " {}\ndelete table " + name + "\n"
	if content != "" {
		rules += "table " + name + " {" + content + "}\n"
	}
	load := exec.CommandContext(ctx, nft, "--file", "-")
	load.Stdin = strings.NewReader(rules)
	if out, err := load.CombinedOutput(); err != nil {
		return fmt.Errorf("loading the packet filter: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}
