package incus

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"carrel/internal/engine"
)

// bridge is a network for which the host is guarded.
type bridge struct {
	name     string
	nameless []string // addresses that get no name service
	forwards []engine.Forward
}

// A limit of n Mbit/s is n*125 kB/s. What comes faster is dropped, so a connection needs some room to find its speed: a tenth of a second.
const (
	bytesOfKbit   = 125
	burstPart     = 10
	smallestBurst = 64 // kB, which a few packets that the kernel has joined are
)

// guardHost blocks desktops from the host's ports under every address that it has or will have, except for name service, DHCP and
// the network's own error messages. The rules of Incus contain addresses, so they know only those at the time they were written;
// but Incus restores them after a reboot, while this table is missing until EnsureNetwork is called. Without root, or without nft
// on the host, only the rules of Incus apply.
//
// The table limits the speed of public addresses, too, and has what their desktops send come from them: of these Incus forwards only what comes in.
func guardHost(ctx context.Context, project string, bridges []bridge) error {
	if len(bridges) == 0 {
		return loadTable(ctx, project, "")
	}
	var names []string
	var silent, limits, sources strings.Builder
	for _, b := range bridges {
		names = append(names, b.name)
		if len(b.nameless) > 0 {
			from := "\t\tiifname \"" + b.name + "\" ip saddr { " + strings.Join(b.nameless, ", ") + " } "
			silent.WriteString(from + "udp dport 53 drop\n" + from + "tcp dport 53 drop\n")
		}
	}
	within := `{ "` + strings.Join(names, `", "`) + `" }`
	for _, b := range bridges {
		for _, f := range b.forwards {
			if f.Mbit > 0 {
				rate := fmt.Sprintf(" limit rate over %d kbytes/second burst %d kbytes drop\n", f.Mbit*bytesOfKbit, max(f.Mbit*bytesOfKbit/burstPart, smallestBurst))
				limits.WriteString("\t\tiifname \"" + b.name + "\" ip saddr " + f.Target + " oifname != " + within + rate)
				limits.WriteString("\t\toifname \"" + b.name + "\" ip daddr " + f.Target + " iifname != " + within + rate)
			}
			sources.WriteString("\t\tip saddr " + f.Target + " oifname != " + within + " snat ip to " + f.Listen + "\n")
		}
	}
	return loadTable(ctx, project, `
	chain forward {
		type filter hook forward priority -10; policy accept;
`+limits.String()+`	}
	chain postrouting {
		type nat hook postrouting priority 90; policy accept;
`+sources.String()+`	}
	chain input {
		type filter hook input priority -10; policy accept;
		iifname != `+within+` accept
`+silent.String()+`		ct state established,related accept
		udp dport { 53, 67 } accept
		tcp dport 53 accept
		icmp type { destination-unreachable, time-exceeded, parameter-problem } accept
		drop
	}
`)
}

// relay has the host answer for the other machines of a bridge, whose ports are isolated: what one sends to another passes the host, and the rules
// that apply there. Without root nothing passes between them, whatever the rules allow. A reboot undoes it.
func relay(name string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	for setting, value := range map[string]string{"proxy_arp_pvlan": "1", "send_redirects": "0"} {
		path := "/proc/sys/net/ipv4/conf/" + name + "/" + setting
		if err := os.WriteFile(path, []byte(value), 0); err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("relaying on the bridge %s: %w", name, err)
		}
	}
	return nil
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
