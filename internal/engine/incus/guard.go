package incus

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// guardHost keeps desktops away from the host's ports under every address that it has or will have, name service, DHCP
// and the network's own error messages apart. The rules of Incus name addresses, so they know only those of the time
// when they were written; but they are there again after a reboot, and this table is not, until EnsureNetwork is called.
// A process that is not root, or a host without nft, has to do with the rules of Incus.
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

// loadTable replaces Carrel's table in one step; an empty content removes it.
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
